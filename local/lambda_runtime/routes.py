"""Which function answers a request: the routes of the functions as API Gateway writes them."""

import re

from local.routing import Line

_PARAMETER = re.compile(r"\{([a-z_]+)(\+?)\}")


def line(route: str, function: str) -> Line:
    """Read ``POST /offers/{offer}/calls``: ``{name}`` is one segment, ``{name+}`` one or more."""
    method, _, path = route.partition(" ")
    return method, _PARAMETER.sub(lambda match: f"<{'path:' if match[2] else ''}{match[1]}>", path), function
