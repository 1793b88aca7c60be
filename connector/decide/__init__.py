"""The decisions, pure: no I/O, clock, randomness or logging in here; a test enforces it."""
