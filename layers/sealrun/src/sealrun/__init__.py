"""Offers, calls and receipts: sell one CI job as a Mina zkApp call."""
