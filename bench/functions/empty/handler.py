"""The peer of the cold starts: a function that imports nothing and does nothing."""


def handler(_event: object, _context: object) -> dict[str, object]:
    """Lambda's entry point."""
    return {}
