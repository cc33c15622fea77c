"""Git trees as Poseidon Merkle trees, so that a circuit can read which file stood at a commit."""
