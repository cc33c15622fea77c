"""What a Mina node must show of an account and of an offer's contract."""
