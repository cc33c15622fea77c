"""Cut a small OpenAPI description out of a provider's own: some paths, and all that they refer to.

Left out: what says nothing about form (descriptions, examples, links to documentation, extensions).
"""

from collections.abc import Iterable, Mapping
from typing import Any

_NOT_FORM = frozenset({"description", "example", "examples", "externalDocs", "summary", "tags"})
# Members of these are names that the API chose, so none of them is left out by its name.
_MAPS = frozenset({"properties", "schemas", "parameters", "responses", "headers", "requestBodies", "paths"})


def cut(document: Mapping[str, Any], operations: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The description of these operations (path, method) and the components they need."""
    paths: dict[str, dict[str, Any]] = {}
    for path, method in operations:
        whole = document["paths"][path]
        shared = {"parameters": whole["parameters"]} if "parameters" in whole else {}
        paths[path] = {**shared, **paths.get(path, {}), method: whole[method]}
    made = {name: document[name] for name in ("openapi", "info", "servers") if name in document}
    made["paths"] = paths
    components: dict[str, dict[str, Any]] = {}
    for kind, name in _needed(document, paths):
        components.setdefault(kind, {})[name] = document["components"][kind][name]
    return {**_form(made), "components": _sorted(_form(components)), "info": _form(made["info"])}


def _needed(document: Mapping[str, Any], value: Any) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    waiting = [value]
    while waiting:
        for kind, name in _references(_form(waiting.pop())):
            if (kind, name) not in found:
                found.add((kind, name))
                waiting.append(document["components"][kind][name])
    return found


def _references(value: Any) -> Iterable[tuple[str, str]]:
    if isinstance(value, dict):
        if isinstance(reference := value.get("$ref"), str):
            kind, name = reference.removeprefix("#/components/").split("/")
            yield kind, name
        for member in value.values():
            yield from _references(member)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def _form(value: Any, *, names_of: str = "") -> Any:
    """The value without what says nothing about form; ``names_of`` says what its members are, if names."""
    if isinstance(value, list):
        return [_form(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = value if names_of else {k: v for k, v in value.items() if k not in _NOT_FORM and k[:2] != "x-"}
    made = {n: _form(m, names_of=n if not names_of and n in _MAPS else "") for n, m in kept.items()}
    if names_of == "responses":  # a description is what a response must have
        made = {n: m if "$ref" in m else {"description": "", **m} for n, m in made.items()}
    return made


def _sorted(components: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    return {kind: dict(sorted(components[kind].items())) for kind in sorted(components)}
