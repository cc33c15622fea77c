"""Offers that sellers list on a board, each checked before it is shown, and the catalogue of them."""
