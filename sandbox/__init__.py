"""Stand-ins that speak the real systems' protocols on loopback, for the demo, for trying a mapping, and for tests.

They import nothing from ``adapters`` or ``connector`` and nothing there imports them, so that a
misunderstanding of a system cannot cancel out between the two sides. What each one does is held
against the contract recordings and notes by tests.

Reading order: ``stand.py`` (what every stand-in shares: server, clock, faults, call log),
``shop/`` (the invented chain of shops all three are seeded with), then one package a system.
"""
