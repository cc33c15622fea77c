"""Which handler answers a request: werkzeug's rules over paths as they were sent.

werkzeug's server decodes a path before it looks for its rule. GitLab's clients write the project
``group/name`` as ``group%2Fname``, so here the path keeps its percent-encoding.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, MapAdapter, Rule

from local.loopback import HOST, Request

# A method, a path as werkzeug writes it, and the handler or the name that it leads to.
Line = tuple[str, str, Any]
# The handler, and what the path says.
Found = tuple[Any, Mapping[str, Any]]


class Routes:
    """A table of methods and paths."""

    def __init__(self, lines: Iterable[Line]) -> None:
        rules = [Rule(path, methods=[method], endpoint=to) for method, path, to in lines]
        self._map = Map(rules, merge_slashes=False)

    def find(
        self, method: str, path: str, *, any_method: bool = False
    ) -> tuple[Any, Mapping[str, Any]] | None:
        """Where the request leads, with the path's values.

        ``any_method`` also finds the handler of the same path for another method.
        """
        adapter: MapAdapter = self._map.bind(HOST)
        try:
            return adapter.match(path, method)
        except MethodNotAllowed as error:
            others = sorted(error.valid_methods or [])
            return adapter.match(path, others[0]) if any_method and others else None
        except NotFound:
            return None

    def route(self, request: Request) -> Any | None:
        """The handler of this request, which then has its path's values."""
        match = self.find(request.method, request.raw_path)
        if match is None:
            return None
        request.values_in_path = match[1]
        return match[0]
