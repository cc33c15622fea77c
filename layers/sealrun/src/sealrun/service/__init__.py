"""What the functions say and hold: views, problem documents, credentials."""
