"""The invented chain of shops, and how it is generated."""
