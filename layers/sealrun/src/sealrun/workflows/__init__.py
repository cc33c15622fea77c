"""What sealrun does, over ports: one file per thing it does."""
