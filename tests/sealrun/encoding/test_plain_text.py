"""Names have one fixed set of characters, whatever Unicode version Python or a browser knows."""

import json
import sys
from pathlib import Path

import pytest

from sealrun.encoding.plain_text import is_plain
from sealrun.errors import Malformed
from sealrun.evidence.call_stacks import name_of
from sealrun.evidence.leaves import checked_label

# web/shared/test/plain_text.test.ts compares every code point with the same file.
VECTORS = Path(__file__).parents[2] / "vectors" / "plain_text.json"


def test_e5_every_code_point_is_plain_or_not_as_on_the_page() -> None:
    ranges = json.loads(VECTORS.read_text())["not_plain"]
    wanted = {point for first, last in ranges for point in range(first, last + 1)}
    assert {point for point in range(sys.maxunicode + 1) if not is_plain(chr(point))} == wanted


def test_e5_each_name_that_any_python_took_before_is_still_taken() -> None:
    refused = [
        f"{point:x}" for point in range(sys.maxunicode + 1) if chr(point).isprintable() > is_plain(chr(point))
    ]
    assert refused == []


@pytest.mark.parametrize("name", ["\u088f", "\U0001fae9", "\U000323b0", "a b"])
def test_e5_a_character_that_this_python_does_not_know_yet_is_taken(name: str) -> None:
    assert checked_label(f"build/{name}") == f"build/{name}"
    assert name_of("".join(f"%{byte:02X}" for byte in name.encode())) == name


@pytest.mark.parametrize("name", ["\ud800", "\u202e", "\u2028", "\xa0", "\ue000", "\x00", "\U000e0041"])
def test_e5_a_character_that_hides_or_turns_others_is_refused(name: str) -> None:
    with pytest.raises(Malformed, match="label: expected"):
        checked_label(f"build/{name}")
