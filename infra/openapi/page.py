"""The description as a page for people: docs/reference/http.md."""

from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

_REF = "#/components/"
_NULL = {"type": "null"}
HEAD = """\
<!-- Written by python -m infra.openapi; edit the handlers and infra/openapi. -->
# HTTP reference

{about}

A deployment serves the same as OpenAPI 3.1 at `GET /openapi.json`. `text(t)` is a short ASCII text as a
field, its bytes least significant first; keys enter as `x` and `isOdd`. `service` is
`H("sealrun:service", [high, low])` of the SHA-256 of the service's origin, such as `https://calls.example`.
Names in *italics* may be left out.

## Requests
"""


def page(document: Mapping[str, Any]) -> str:
    """Markdown of the whole description."""
    lines = [HEAD.format(about=document["info"]["description"])]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            lines += [f"### {method.upper()} {_escaped(path)}", "", *_operation(operation)]
    lines += ["## Documents", ""]
    for name, schema in document["components"]["schemas"].items():
        lines += [f"### {name}", "", *_document(schema)]
    return "\n".join(lines).rstrip() + "\n"


def _operation(operation: Mapping[str, Any]) -> Iterator[str]:
    yield from (operation["summary"], "", *_paragraph(operation))
    if parameters := operation.get("parameters"):
        rows = (
            [_named(each["name"], each["required"]), each["in"], _kind(each["schema"])] for each in parameters
        )
        yield from _table(("parameter", "in", "value"), rows)
    if body := operation.get("requestBody"):
        yield from (f"Body: {_kind(_schema(body))}.", "")
    yield from _table(("status", "answer"), map(_answer, sorted(operation["responses"].items())))


def _answer(item: tuple[str, Mapping[str, Any]]) -> list[str]:
    status, response = item
    if "$ref" in response:
        return [status, HTTPStatus(int(status)).phrase]
    types = _schema(response).get("properties", {}).get("type", {}).get("enum", ())
    words = ", ".join(f"`{each.removeprefix('urn:sealrun:problem:')}`" for each in types)
    headers = "".join(f"; header `{name}`" for name in response.get("headers", {}))
    return [status, (words or _kind(_schema(response))) + headers]


def _document(schema: Mapping[str, Any]) -> Iterator[str]:
    yield from _paragraph(schema)
    rows = list(_rows(schema))
    if rows:
        yield from _table(("name", "value"), rows)
    else:
        yield from (f"Value: {_kind({**schema, 'description': ''})}.", "")


def _rows(schema: Mapping[str, Any], under: str = "") -> Iterator[list[str]]:
    """One row for each name; names inside an object follow a dot."""
    for name, value in schema.get("properties", {}).items():
        optional = name not in schema.get("required", ())
        yield [_named(f"{under}{name}", not optional), _kind(value)]
        inner = next((each for each in value.get("anyOf", ()) if each != _NULL), value)
        inner, dot = (inner["items"], "[].") if "items" in inner else (inner, ".")
        yield from _rows(inner, f"{under}{name}{dot}")


def _kind(schema: Mapping[str, Any]) -> str:
    """A value in a few words; named schemas are links."""
    words = _escaped(schema["description"]) if schema.get("description") else ""
    return ": ".join(filter(None, (_form(schema), words)))


def _form(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in schema:
        return f"`{schema['const']!r}`".replace("'", '"')
    for several in ("enum", "anyOf", "oneOf"):
        if several in schema:
            return _several(schema[several])
    if "contentSchema" in schema:
        return f"base64 of the JSON of {_kind(schema['contentSchema'])}"
    return _typed(schema)


def _several(choices: Iterable[Any]) -> str:
    return " or ".join(_kind(each) if isinstance(each, Mapping) else f"`{each}`" for each in choices)


def _typed(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type", "any JSON")
    if kind == "array":
        bound = f", at most {schema['maxItems']}" if "maxItems" in schema else ""
        return (
            f"list of {_kind(schema['items']) if 'properties' not in schema['items'] else 'objects'}{bound}"
        )
    if kind == "integer":
        return (
            f"whole number, {schema['minimum']} to {schema['maximum']}"
            if "maximum" in schema
            else "whole number"
        )
    if "pattern" in schema:
        return f"text `{_escaped(schema['pattern'])}`"
    words = {"string": "text", "boolean": "true or false", "null": "null"}
    return " or ".join(words.get(each, each) for each in ([kind] if isinstance(kind, str) else kind))


def _schema(holder: Mapping[str, Any]) -> Mapping[str, Any]:
    content: Mapping[str, Any] = next(iter(holder["content"].values()))["schema"]
    return content


def _named(name: str, required: bool) -> str:  # noqa: FBT001  # one flag, of one table's cells
    return f"`{name}`" if required else f"*`{name}`*"


def _paragraph(holder: Mapping[str, Any]) -> tuple[str, ...]:
    words = holder.get("description")
    return (words, "") if words else ()


def _table(head: tuple[str, ...], rows: Iterable[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


def _escaped(text: str) -> str:
    """Escape bars, which would end a cell of the table even within code."""
    return text.replace("|", "\\|").replace("\n", " ")
