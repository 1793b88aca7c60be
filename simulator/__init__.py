"""Plays a shop's years in minutes: the real engine and ledger between systems in memory (docs/adr/0020).

Reading order: ``chain.py`` (three systems and a connector between them), ``crash.py`` (processes that end),
``script.py`` (one integer, and all that happens), ``stage.py`` (it happens), ``log.py`` (what the systems saw),
``checker.py`` (whether that may be), ``story.py`` (all of it once), ``shrink.py`` (no more of it than breaks).
"""
