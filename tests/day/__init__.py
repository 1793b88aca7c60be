"""One scripted day in a shop, whatever its tills are: acts, people's hands and eyes, and the sum."""
