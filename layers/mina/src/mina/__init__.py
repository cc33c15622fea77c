"""Mina's field, curve, hash and signatures in pure Python, without any import beyond the standard library.

    poseidon   hashes of field elements, kimchi and legacy       encoding   fields from bytes and text
    keys       private and public keys                           signature  the pair (r, s)
    sign       needs a private key                               verify     needs none
    tokens     token ids                                         base58     base58check with version bytes
    field, pallas, glv, multiply   the arithmetic below them

Nothing here reads a clock, a file, the environment or a source of randomness. Input that is no field element,
key or signature raises `ValueError`, whose text never repeats the input. Python integers do not run in
constant time: see `mina.sign`.
"""
