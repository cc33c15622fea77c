"""IPFS nodes and pinning services."""
