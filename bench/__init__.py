"""Floors and figures: what things cost, printed by a command each."""
