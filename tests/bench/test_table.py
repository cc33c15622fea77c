"""The table of measured figures."""

import json

from bench.table import as_json, as_text, row


def test_a_row_beside_a_peer_is_judged_by_its_ratio() -> None:
    within = row("verify", "ms", [1.0, 2.0, 3.0], peer=("peer", [4.0, 4.0, 4.0]), reach=0.5)
    assert (within.median, within.peer_median, within.ratio, within.reached()) == (2.0, 4.0, 0.5, True)
    beyond = row("verify", "ms", [1.0, 2.1, 3.0], peer=("peer", [4.0, 4.0, 4.0]), reach=0.5)
    assert beyond.reached() is False


def test_the_ratio_is_that_of_the_turns_not_of_the_medians() -> None:
    busy_once = row("verify", "ms", [1.0, 10.0, 10.0], peer=("peer", [2.0, 20.0, 2.0]))
    assert busy_once.ratio == 0.5
    assert busy_once.reached() is None


def test_a_row_without_a_peer_is_judged_by_its_median() -> None:
    assert row("call", "ms", [20.0, 21.0], reach=25).reached() is True
    assert row("call", "ms", [30.0, 31.0], reach=25).reached() is False


def test_the_table_names_what_was_missed() -> None:
    rows = [row("call", "ms", [30.0, 32.0], reach=25), row("other", "MB", [200.4, 200.4])]
    head, first, second = as_text(rows).splitlines()
    assert head.split()[:3] == ["what", "median", "spread"]
    assert first.split() == ["call", "31", "3", "ms", "-", "-", "-", "25", "MISSED"]
    assert second.split()[:2] == ["other", "200"]
    assert [each["name"] for each in json.loads(as_json(rows))] == ["call", "other"]
