"""Vouchers, dues and x402: how calls are paid."""
