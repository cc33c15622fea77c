"""A8: due and root prove each other."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mina.keys import PrivateKey
from sealrun.encoding.fields import tagged_hash
from sealrun.errors import Malformed, Refused
from sealrun.money.dues import DEPTH, RESERVED_LEAVES, TREE, Due, DueLeaf, DueTree, root_from_path
from sealrun.offers.asset import MINA
from sealrun.offers.limits import MAX_AT_ONCE

ACCOUNT = PrivateKey.from_scalar(3003).public_key()


def grown(prices: list[int]) -> tuple[DueTree, list[DueLeaf]]:
    tree, leaves = DueTree(), []
    for index, price in enumerate(prices):
        tree, leaf = tree.add(call_hash=100 + index, receipt_hash=200 + index, price_due=price)
        leaves.append(leaf)
    return tree, leaves


def beside(tree: DueTree, index: int, leaves: list[DueLeaf]) -> dict[int, DueLeaf]:
    """Only the leaves that the tree asks for."""
    return {end: leaves[end] for end in tree.beside(index).values()}


def plain_root(hashes: list[int]) -> int:
    """The obvious way: every level in full, as far as there are leaves."""
    row, empty = list(hashes), 0
    for _ in range(DEPTH):
        row = row + [empty] * (len(row) % 2)
        row = [tagged_hash("sealrun:node", row[at : at + 2]) for at in range(0, len(row), 2)]
        empty = tagged_hash("sealrun:node", [empty, empty])
    return row[0] if row else empty


@given(st.lists(st.integers(min_value=0, max_value=2**40), max_size=9), st.data())
@settings(max_examples=15, deadline=None)
def test_a8_the_growing_tree_is_the_plain_tree_and_every_leaf_is_in_it(
    prices: list[int], data: st.DataObject
) -> None:
    tree, leaves = grown(prices)
    hashes = [leaf.hash for leaf in leaves]
    assert tree.root == plain_root(hashes)
    assert tree.due == sum(prices)
    if leaves:
        leaf = data.draw(st.sampled_from(leaves))
        siblings = tree.path(leaf.index, beside(tree, leaf.index, leaves))
        assert siblings == TREE.path(hashes, leaf.index)
        assert root_from_path(leaf, siblings) == tree.root


def test_a8_the_last_running_total_is_the_due() -> None:
    tree, leaves = grown([5, 0, 7])
    assert [leaf.running_total for leaf in leaves] == [5, 5, 12]
    assert (tree.due, tree.count) == (12, 3)


def test_a8_every_call_that_runs_when_an_account_takes_no_more_finds_its_leaf() -> None:
    """Also where three offers of its terms each have as many as an offer may."""
    last = DueTree(count=2**DEPTH - RESERVED_LEAVES - 1)
    assert (last.full, replace(last, count=last.count + 1).full) == (False, True)
    assert 2**DEPTH - 1 - last.count >= 3 * MAX_AT_ONCE


def test_a8_a_leaf_that_says_anything_else_is_not_in_the_tree() -> None:
    tree, leaves = grown([5, 0, 7])
    siblings = tree.path(1, beside(tree, 1, leaves))
    for name in ("index", "call_hash", "receipt_hash", "price_due", "running_total"):
        lie = replace(leaves[1], nodes=(), **{name: getattr(leaves[1], name) + 1})
        assert root_from_path(lie, siblings) != tree.root


def test_l14_a_leaf_from_outside_is_what_it_says_and_brings_no_hash_of_its_own() -> None:
    _, leaves = grown([5])
    said: dict[str, object] = {name: str(number) for name, number in leaves[0].fields.items()} | {"index": 0}
    assert DueLeaf.parse(said) == leaves[0]
    assert DueLeaf.parse(said).nodes == ()
    for lie in ({"nodes": [1]}, {"index": 2**DEPTH}, {"price_due": str(2**64)}, {"call_hash": 5}):
        with pytest.raises(Malformed, match="expected"):
            DueLeaf.parse({**said, **lie})
    with pytest.raises(Malformed, match="leaf: expected"):
        DueLeaf.parse(None)


def test_a8_the_signed_root_binds_the_number_of_leaves() -> None:
    due = Due("mina:devnet", ACCOUNT, MINA, 12, 99, 3)
    assert replace(due, count=4).root != due.root
    assert due.root in due.due_fields()


def test_a6_the_buyers_figure_is_no_due() -> None:
    due = Due("mina:devnet", ACCOUNT, MINA, 12, 99, 3)
    assert due.due_fields()[1:] == due.figure_fields()[1:]
    assert due.due_fields()[0] != due.figure_fields()[0]


def test_a8_a_proof_of_another_length_is_refused() -> None:
    tree, leaves = grown([5])
    with pytest.raises(Refused, match="expected 20 siblings, got 1"):
        root_from_path(leaves[0], [0])
    with pytest.raises(IndexError, match="expected one of 1, got 1"):
        tree.path(1, {})


def test_l14_a_path_in_a_full_tree_takes_one_leaf_a_level() -> None:
    tree = DueTree(count=2**DEPTH - 1)
    for index in (0, 1, 2**19, 2**DEPTH - 2):
        wanted = tree.beside(index)
        assert len(wanted) <= DEPTH
        assert len(set(wanted.values())) == len(wanted)
