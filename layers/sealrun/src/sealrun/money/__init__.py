"""Vouchers, dues and x402: who owes what to whom."""
