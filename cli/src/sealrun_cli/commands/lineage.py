"""``sealrun lineage``: draw which receipts a call read, and which calls its run made."""

import json
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from sealrun.adapters.files.evidence_folder import DiskFolder
from sealrun.verification.claims import READS, RECEIPT
from sealrun.verification.lineage import Lineage, Link, Node, read_lineage
from sealrun_cli.lib import options
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.output import speaking
from sealrun_cli.lib.verifying import BROKEN

SHORT = 12
_MARKED = (Link.MISSING, Link.CYCLE, Link.BROKEN)
# Whatever could be HTML, Markdown, a formula, an icon, a line's end or a directive (%%{...}%%) in a label.
# https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters
_MARKUP = re.compile("[^A-Za-z0-9 ]")


class Form(StrEnum):
    """How the graph is drawn."""

    TREE = "tree"
    MERMAID = "mermaid"
    DOT = "dot"


def lineage(
    folder: Annotated[Path, typer.Argument(help="An evidence folder.", metavar="DIR")],
    *,
    form: Annotated[Form, typer.Option("--as", help="How to draw it.")] = Form.TREE,
    as_json: options.Json = False,
) -> None:
    """Draw which receipts a call read, and what its run called.

    Earlier ones lie under reads/, those that the run called among its outputs, by their signed hashes.
    Status 1 if one does not fit.
    """
    with speaking(as_json=as_json) as out:
        within = DiskFolder(folder)
        receipt = within.document(RECEIPT)
        if receipt is None:
            detail = f"{folder}: expected an evidence folder with {RECEIPT}, got none"
            raise CliError("file", detail, "fetch one with `sealrun evidence CALL_URL --to DIR`")
        graph = read_lineage(receipt, within)
        out.result(value(graph), *drawn(graph, form))
    if not graph.holds:
        raise typer.Exit(BROKEN)


def value(graph: Lineage) -> dict[str, Any]:
    """As JSON."""
    nodes = {
        name: {
            "link": node.link.value,
            "says": node.says,
            "call": node.call,
            "title": node.title,
            "status": node.status,
            "grade": node.grade,
            "reads": list(node.reads),
            "calls": list(node.calls),
        }
        for name, node in graph.nodes.items()
    }
    return {"holds": graph.holds, "root": graph.root, "nodes": nodes, "strays": graph.strays}


def drawn(graph: Lineage, form: Form) -> Iterator[str]:
    """The lines of the picture."""
    if form is Form.MERMAID:
        return _mermaid(graph)
    return _dot(graph) if form is Form.DOT else _text(graph)


def _text(graph: Lineage) -> Iterator[str]:
    """A tree; a node that was drawn above is repeated without its reads."""
    waiting, seen = [(graph.root, 0)], set()
    while waiting:
        name, depth = waiting.pop()
        node = graph.nodes[name]
        again = name in seen
        below = (*node.reads, *node.calls)
        yield f"{'  ' * depth}{_line(node)}{' (see above)' if again and below else ''}"
        if not again and not node.bad:
            waiting += [(each, depth + 1) for each in reversed(below)]
        seen.add(name)
    for name in sorted(set(graph.nodes) - seen):
        yield f"{_line(graph.nodes[name])}"
    for name in graph.strays:
        yield f"STRAY: {name[:SHORT]}… lies under {READS}/ and nothing reads it"


def _line(node: Node) -> str:
    mark = f"{node.link.name}: " if node.link in _MARKED else ""
    if not node.status:
        return f"{node.hash[:SHORT]}… {mark}{node.says}"
    named = f"{node.title or 'offer not here'}, {node.status}, grade {node.grade} by its own word"
    return f"{node.hash[:SHORT]}… {named}; {mark}{node.says}"


def _mermaid(graph: Lineage) -> Iterator[str]:
    """A flowchart: https://mermaid.js.org/syntax/flowchart.html."""
    yield "flowchart BT"
    for at, node in _numbered(graph):
        yield f'  n{at}["{_MARKUP.sub(_entity, _label(node))}"]'
        if node.link is not Link.FOLLOWED:
            yield f"  class n{at} {node.link.value}"
    for one, other, called in _edges(graph):
        yield f"  n{one} {'-. called .-' if called else '--'}> n{other}"
    yield "  classDef missing stroke-dasharray: 4"
    yield "  classDef sealed stroke-dasharray: 1"
    yield "  classDef broken stroke:#c00"
    yield "  classDef cycle stroke:#c00"


def _dot(graph: Lineage) -> Iterator[str]:
    """For Graphviz: https://graphviz.org/doc/info/lang.html."""
    yield "digraph lineage {"
    yield "  rankdir=BT; node [shape=box];"
    for at, node in _numbered(graph):
        style = {Link.MISSING: " style=dashed", Link.SEALED: " style=dotted"}.get(node.link, "")
        yield f"  n{at} [label={_quoted(node)}{' color=red' if node.bad else style}];"
    for one, other, called in _edges(graph):
        yield f"  n{one} -> n{other}{' [style=dashed label=called]' if called else ''};"
    yield "}"


def _numbered(graph: Lineage) -> Iterator[tuple[int, Node]]:
    return iter(enumerate(graph.nodes.values()))


def _edges(graph: Lineage) -> Iterator[tuple[int, int, bool]]:
    """Edges, each from a receipt to one that reads it or whose run called it; numbers as in ``_numbered``."""
    place = {name: at for at, name in enumerate(graph.nodes)}
    for name, node in graph.nodes.items():
        for earlier in node.reads:
            yield place[earlier], place[name], False
        for child in node.calls:
            yield place[child], place[name], True


def _entity(match: re.Match[str]) -> str:
    """A character as Mermaid writes it where it is to be itself and nothing else."""
    return f"#{ord(match[0])};"


def _quoted(node: Node) -> str:
    """A quoted label. Titles are printable ASCII; a double quote in one would end the label."""
    return json.dumps(_label(node).replace('"', "'"))


def _label(node: Node) -> str:
    return f"{node.title or node.link.value} {node.hash[:SHORT]} {node.status}".strip()
