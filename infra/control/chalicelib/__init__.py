"""What the operator's control plane does, behind the routes of ``app.py``."""
