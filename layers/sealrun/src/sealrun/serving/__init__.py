"""The whole service in one process, on machines of one's own: ``sealrun serve``."""
