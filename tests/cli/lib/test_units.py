"""Figures as people read them."""

import pytest

from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.tools import _result
from sealrun_cli.lib.units import lasting, size, slot_date, slots, when


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1.0 KiB (1024 bytes)"),
        (8 << 30, "8.0 GiB (8589934592 bytes)"),
        (1 << 60, "1048576.0 TiB (1152921504606846976 bytes)"),
    ],
)
def test_a_size_has_its_binary_multiple_beside_the_bytes(count: int, said: str) -> None:
    assert size(count) == said


def test_slots_have_a_time_and_moments_a_date() -> None:
    assert slots(80) == "80 slots (about 4 h)"
    assert (lasting(59), lasting(5400)) == ("59 s", "5400 s (1 h 30 min)")
    assert slot_date(9, 1_796_044_757) == "slot 9 (about 2026-11-30 13:19 UTC)"
    assert slot_date(9, 0) == "slot 9", "the date of a node that does not tell its slot is unknown"
    assert when(1_796_044_757) == "2026-11-30 13:19 UTC"
    assert when(253_402_300_799) == "9999-12-31 23:59 UTC"
    assert when(2**53 - 1) == "9007199254740991 (Unix seconds)"


def test_a_node_that_does_not_answer_is_named() -> None:
    answer = '{"error": {"type": "node-unavailable", "title": "No node", "detail": "expected an answer"}}'
    with pytest.raises(CliError, match=r"expected an answer \(asked https://mina.test/graphql\)"):
        _result(answer, [], "https://mina.test/graphql")
