"""A state that lies in a branch of a Git repository."""
