"""Whose money is where? The ledger, payments and their approval, payouts, disputes, statements.

Knows the record only, so that `jobs` (an acceptance sets money aside) and `visits` (an approval makes it due) call it.
"""
