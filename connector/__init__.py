"""Keeps customers, products, prices and stock the same in every channel, in both directions.

The flow: adapters hand pages of native rows to ``observe``; mappings turn them into canonical
fields; ``decide`` (pure) merges each against what was agreed and against this channel's shadow;
the ``ledger`` stores page, merges, debts and cursor in one transaction; ``deliver`` pays the
debts through the adapters, with an intent before and a receipt after each write.

Read ``round.py`` first (one round, top to bottom), then ``contract.py`` (what an adapter is),
``decide/merge.py`` (the numbered rules) and ``ledger/tables.py`` (what is remembered).
"""
