"""Stock between the ledger and the formula: figures and facts in, targets and debts out.

The arithmetic is pure and stands in ``decide/stock.py``; here it meets records and bindings.
"""
