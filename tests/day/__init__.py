"""One scripted day in a shop, whatever its tills are (docs/adr/0017): acts, people's hands and eyes, and the sum."""
