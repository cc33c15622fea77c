"""What a run left: leaves, index, call stacks, and the search for secrets."""
