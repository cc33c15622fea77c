"""What the workflows need from the world. Adapters implement it, and so do the fakes of the tests."""
