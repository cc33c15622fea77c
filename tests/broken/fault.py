"""What a fault is, and the few ways of making one."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sealrun.encoding.fields import canonical
from tests.broken.sale import OPENED, Files, Sale

Make = Callable[[Sale, Files], Files]


@dataclass(frozen=True)
class Fault:
    """A folder that is refused: which claim breaks first, and what it says."""

    name: str
    claim: str
    says: str  # stands in the claim's text
    make: Make
    named: bool = True  # the verifier names the oracle that it trusts


def text(file: str, before: str, after: str) -> Make:
    """The first place where the text stands in the file, changed."""

    def make(_: Sale, good: Files) -> Files:
        assert before.encode() in good[file], f"{before} in {file}"
        return {**good, file: good[file].replace(before.encode(), after.encode(), 1)}

    return make


def value(file: str, change: Callable[[Any], object]) -> Make:
    """The file's JSON changed in place, and written in canonical form again."""

    def make(_: Sale, good: Files) -> Files:
        found = json.loads(good[file])
        change(found)
        return {**good, file: canonical(found)}

    return make


def pretty(file: str) -> Make:
    """The same JSON in another form."""
    return lambda _, good: {**good, file: json.dumps(json.loads(good[file]), indent=1).encode()}


def without(make: Make, *names: str) -> Make:
    """That fault, in a folder that lacks some files."""

    def made(sale: Sale, good: Files) -> Files:
        return {name: data for name, data in make(sale, good).items() if name not in names}

    return made


def strangers(make: Make) -> Make:
    """That fault, in what somebody holds who is not the buyer: nothing of the hidden items."""

    def made(sale: Sale, good: Files) -> Files:
        trees = {"outputs": sale.outputs, "profile": sale.profile}
        hidden = {
            f"{tree}/{item.label}" for tree, items in trees.items() for item in items if not item.public
        }
        return without(make, "openings.json", OPENED, *hidden)(sale, good)

    return made


def lean(make: Make) -> Make:
    """The same without the statements, which would repeat what is wrong."""
    return strangers(without(make, "receipt.intoto.jsonl"))
