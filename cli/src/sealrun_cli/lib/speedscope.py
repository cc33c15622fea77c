"""Folded stacks as a file for https://www.speedscope.app, which draws it in the browser; nothing is uploaded.

The form is that of speedscope's own schema (file-format-schema.json of its npm package), type ``sampled``.
"""

import re
from collections.abc import Mapping
from typing import Any

from sealrun.encoding.fields import canonical

SCHEMA = "https://www.speedscope.app/file-format-schema.json"
_PLACED = re.compile(r"(?P<name>.+) \((?P<file>[^()]+)\)")


def speedscope(stacks: Mapping[tuple[str, ...], int], title: str) -> bytes:
    """The file, as canonical JSON: the same stacks are the same bytes.

    Weights count samples. Stacks stand in order, since folded ones do not know when they were taken.
    """
    ordered = sorted(stacks.items())
    names = sorted({name for frames, _ in ordered for name in frames})
    index = {name: at for at, name in enumerate(names)}
    profile = {
        "type": "sampled",
        "name": title,
        "unit": "none",
        "startValue": 0,
        "endValue": sum(stacks.values()),
        "samples": [[index[name] for name in frames] for frames, _ in ordered],
        "weights": [count for _, count in ordered],
    }
    shared = {"frames": [_frame(name) for name in names]}
    return canonical(
        {"$schema": SCHEMA, "exporter": "sealrun", "name": title, "shared": shared, "profiles": [profile]}
    )


def _frame(name: str) -> dict[str, Any]:
    """``function (file)`` in two; a process has a name only."""
    match = _PLACED.fullmatch(name)
    return {"name": match["name"], "file": match["file"]} if match else {"name": name}
