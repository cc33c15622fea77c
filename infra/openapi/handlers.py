"""The routes of the functions, read from their source without importing it."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Its requests and answers are another protocol's, which describes itself.
OTHER_PROTOCOLS = ("mcp",)
METHODS = ("get", "post", "put", "patch", "delete", "head", "options")


@dataclass(frozen=True)
class Handled:
    """One decorated function of a handler."""

    function: str  # the folder's name, which is the Lambda function's
    name: str
    method: str
    path: str  # with {parameters}
    words: str  # its docstring

    @property
    def route(self) -> str:
        """Method and path, as in ``routes.py``."""
        return f"{self.method} {self.path}"

    @property
    def parameters(self) -> list[str]:
        """The names in the path."""
        return re.findall(r"\{(\w+)\}", self.path)


def handled(functions: Path) -> list[Handled]:
    """Every route of every ``NAME/handler.py`` of the HTTP API, by function and then in the handler's order.

    Raises:
        ValueError: a route's path is no plain text, or its function has no docstring.
    """
    return [
        route
        for file in sorted(functions.glob("*/handler.py"))
        if file.parent.name not in OTHER_PROTOCOLS
        for route in _routes(file.parent.name, ast.parse(file.read_text(encoding="utf-8")))
    ]


def _routes(function: str, module: ast.Module) -> Iterator[Handled]:
    for node in module.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        for method, path in filter(None, map(_decorated, node.decorator_list)):
            words = ast.get_docstring(node)
            if words is None:
                raise ValueError(f"{function}.{node.name}: expected a docstring, got none")
            yield Handled(function, node.name, method, re.sub(r"<(\w+)>", r"{\1}", path), words)


def _decorated(node: ast.expr) -> tuple[str, str] | None:
    """Method and path of ``@app.get("/...")``; None for any other decorator."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return None
    if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "app"):
        return None
    if node.func.attr not in METHODS:
        raise ValueError(f"app.{node.func.attr}: expected one of {', '.join(METHODS)}")
    match node.args:
        case [ast.Constant(value=str(path))]:
            return node.func.attr.upper(), path
    raise ValueError(f"app.{node.func.attr}: expected a path as plain text, got something else")
