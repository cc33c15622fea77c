"""One file a step; ``v0001`` makes the first schema."""
