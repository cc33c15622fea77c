"""E1: salted leaves, both trees, and that any leaf can be shown by itself."""

import hashlib
import hmac
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mina.poseidon import hash_with_prefix
from sealrun.encoding.merkle import Merkle
from sealrun.errors import Malformed, Refused
from sealrun.evidence.evidence import disclosure
from sealrun.evidence.leaves import DEPTH, TREE, TWIN, Kind, Leaf, checked_label, salt, tree_hash

SEED = bytes(range(32))
LEAF = Leaf(3, Kind.OUTPUT, "build/dist/a.zip", "ab" * 32, 1234, salt(SEED, "outputs", 3))
TEXTS = Merkle(depth=3, node=lambda left, right: f"({left}{right})", empty=".")


def test_e1_a_leaf_is_the_hash_of_index_kind_label_digest_and_salt() -> None:
    name = hashlib.sha256(b"build/dist/a.zip").digest()
    halves = [int.from_bytes(name[:16], "big"), int.from_bytes(name[16:], "big")]
    fields = [3, 1, hash_with_prefix("sealrun:label", halves), *[int("ab" * 16, 16)] * 2, int(LEAF.salt, 16)]
    assert LEAF.hash == hash_with_prefix("sealrun:leaf", fields)


def test_e1_a_salt_has_248_bits_and_nobody_without_the_seed_can_make_it() -> None:
    expected = hmac.new(SEED, b"outputs:3", hashlib.sha256).digest()[:31]
    assert bytes.fromhex(LEAF.salt) == expected
    salts = {salt(SEED, tree, index) for tree in ("outputs", "profile") for index in range(50)}
    assert len(salts) == 100
    with pytest.raises(ValueError, match="expected 32 bytes, got 5"):
        salt(b"short", "outputs", 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"index": 4},
        {"kind": Kind.LOG},
        {"label": "build/dist/b.zip"},
        {"sha256": "ab" * 31 + "ac"},
        {"sha256": "ac" + "ab" * 31},
        {"salt": "00" * 31},
    ],
)
def test_e1_a_leaf_with_one_value_changed_is_another_in_both_trees(changes: dict[str, object]) -> None:
    changed = replace(LEAF, **changes)  # type: ignore[arg-type]
    assert changed.hash != LEAF.hash
    assert changed.twin != LEAF.twin


def test_e1_the_count_is_in_the_signed_root() -> None:
    assert tree_hash("sealrun:outputs", [5]) != tree_hash("sealrun:outputs", [5, 0])
    assert TREE.root([5]) == TREE.root([5, 0]), "an empty leaf is 0, so the root alone does not tell"
    assert tree_hash("sealrun:outputs", []) != tree_hash("sealrun:profile", [])


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 9), st.data())
def test_e1_every_leaf_leads_to_the_root_of_both_trees(count: int, data: st.DataObject) -> None:
    leaves = [replace(LEAF, index=at, salt=salt(SEED, "outputs", at)) for at in range(count)]
    hashes, twins = [leaf.hash for leaf in leaves], [leaf.twin for leaf in leaves]
    at = data.draw(st.integers(0, count - 1))
    assert TREE.climb(leaves[at].hash, at, TREE.path(hashes, at)) == TREE.root(hashes)
    assert TWIN.climb(leaves[at].twin, at, TWIN.path(twins, at)) == TWIN.root(twins)
    other = (at + 1) % 2**DEPTH
    assert TREE.climb(leaves[at].hash, other, TREE.path(hashes, at)) != TREE.root(hashes)


def test_a_tree_of_fixed_depth_is_written_out() -> None:
    assert TEXTS.root("abc") == "(((ab)(c.))((..)(..)))"
    assert TEXTS.root("") == "(((..)(..))((..)(..)))"
    assert TEXTS.path("abc", 2) == [".", "(ab)", "((..)(..))"]
    assert TEXTS.climb("c", 2, TEXTS.path("abc", 2)) == TEXTS.root("abc")


def test_a_tree_refuses_what_it_has_no_room_for() -> None:
    with pytest.raises(Refused, match="at most 8 leaves, got 9"):
        TEXTS.root("a" * 9)
    with pytest.raises(Refused, match="expected 3 siblings, got 2"):
        TEXTS.climb("a", 0, ["b", "c"])
    with pytest.raises(Refused, match="expected an index below 8, got 8"):
        TEXTS.climb("a", 8, ["b", "c", "d"])
    with pytest.raises(IndexError, match="expected one of 3, got 3"):
        TEXTS.path("abc", 3)


def test_a_leaf_that_is_not_there_is_not_disclosed() -> None:
    for index in (-1, 1):
        with pytest.raises(IndexError):
            disclosure("outputs", [replace(LEAF, index=0)], index)


def test_a_leaf_reads_back() -> None:
    assert Leaf.parse(LEAF.opening()) == LEAF


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"index": 4096}, "index: expected a whole number from 0 to 4095"),
        ({"kind": "file"}, "kind: expected one of output, run"),
        ({"label": 5}, "label: expected at most 512 bytes"),
        ({"label": "é" * 257}, "label: expected at most 512 bytes"),
        ({"sha256": "AB" * 32}, "sha256: expected 64"),
        ({"salt": "ab" * 32}, "salt: expected 62"),
        ({"size": -1}, "size: expected a whole number"),
        ({"more": 1}, "got also more"),
    ],
)
def test_a_leaf_that_is_not_of_its_form_is_refused(changes: dict[str, object], text: str) -> None:
    with pytest.raises(Malformed, match=text):
        Leaf.parse({**LEAF.opening(), **changes})


@pytest.mark.parametrize(
    "label", ["../a", "a/../b", "/etc/passwd", "a//b", "a\\b", "C:/x", "", "a/.", "a\nb"]
)
def test_a_label_stays_inside_the_folder(label: str) -> None:
    with pytest.raises(Malformed, match="label: expected"):
        checked_label(label)
