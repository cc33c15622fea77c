"""Poseidon against o1js, mina-signer and a permutation written the obvious way."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mina import poseidon, poseidon_kimchi, poseidon_legacy
from mina.field import P
from tests.mina import naive, strategies
from tests.mina.vectors import integers, load

VECTORS = load("poseidon")


@pytest.mark.parametrize(("module", "name"), [(poseidon_kimchi, "kimchi"), (poseidon_legacy, "legacy")])
def test_the_constants_are_those_of_the_peers(module: Any, name: str) -> None:
    constants = VECTORS["constants"][name]
    assert constants["power"] == module.ALPHA
    assert tuple(tuple(integers(row)) for row in constants["mds"]) == module.MDS
    used = constants["fullRounds"] + constants["hasInitialRoundConstant"]
    rows = constants["roundConstants"][:used]
    assert len(rows) == used
    assert tuple(tuple(integers(row)) for row in rows) == module.ROUND_CONSTANTS
    assert (constants["stateSize"], constants["rate"], constants["partialRounds"]) == (3, 2, 0)


@pytest.mark.parametrize("case", VECTORS["hashes"], ids=lambda case: f"{len(case['fields'])}-fields")
def test_hashes_are_those_of_the_peers(case: dict[str, Any]) -> None:
    fields = integers(case["fields"])
    assert str(poseidon.hash(fields)) == case["hash"]
    assert str(poseidon.hash(tuple(fields))) == case["hash"]
    assert str(poseidon.hash_legacy(fields)) == case["legacy"]


@pytest.mark.parametrize("case", VECTORS["prefixed"], ids=lambda case: repr(case["prefix"]))
def test_prefixed_hashes_are_those_of_the_peers(case: dict[str, Any]) -> None:
    fields = integers(case["fields"])
    assert str(poseidon.hash_with_prefix(case["prefix"], fields)) == case["hash"]
    assert str(poseidon.hash_legacy_with_prefix(case["prefix"], fields)) == case["legacy"]


states = st.tuples(strategies.fields, strategies.fields, strategies.fields)


@given(states)
def test_the_kimchi_permutation_is_the_obvious_one(state: poseidon.State) -> None:
    module = poseidon_kimchi
    expected = naive.permute(state, module.ALPHA, module.MDS, module.ROUND_CONSTANTS)
    assert list(poseidon._kimchi()(*state)) == expected


@given(states)
def test_the_legacy_permutation_is_the_obvious_one(state: poseidon.State) -> None:
    module = poseidon_legacy
    first, *rest = module.ROUND_CONSTANTS
    start = [(x + constant) % P for x, constant in zip(state, first, strict=True)]
    assert list(poseidon._legacy()(*state)) == naive.permute(start, module.ALPHA, module.MDS, rest)


@given(strategies.fields)
def test_the_length_is_not_hashed(field: int) -> None:
    """A known property of Mina's Poseidon, which is why callers hash fixed lengths only."""
    assert poseidon.hash([field]) == poseidon.hash([field, 0])


def test_the_prefix_is_not_padded() -> None:
    assert poseidon.hash_with_prefix("a", [1]) != poseidon.hash_with_prefix("a" + "*" * 19, [1])


@pytest.mark.parametrize("function", [poseidon.hash, poseidon.hash_legacy])
@pytest.mark.parametrize("fields", [[P], [0, -1], [1, True], ["1"], [None]])
def test_hashing_refuses_what_is_no_field(function: Any, fields: Any) -> None:
    with pytest.raises(ValueError, match=r"fields\[.\]: expected an integer from 0 to p - 1, got "):
        function(fields)
    with pytest.raises(ValueError, match=r"fields\[.\]: expected an integer from 0 to p - 1, got "):
        poseidon.hash_with_prefix("a", fields)
    with pytest.raises(ValueError, match=r"fields\[.\]: expected an integer from 0 to p - 1, got "):
        poseidon.hash_legacy_with_prefix("a", fields)


@pytest.mark.parametrize(
    ("prefix", "fault"),
    [
        ("a" * 32, "at most 31 bytes, got 32 characters"),
        ("a" * 10**6, "at most 31 bytes, got 1000000 characters"),
        ("é", "ASCII without NUL, got another character at 0"),
        ("a\0", "ASCII without NUL, got another character at 1"),
        ("\ud800", "text, got half a surrogate pair at 0"),
        (b"a", "text, got bytes"),
        (None, "text, got NoneType"),
    ],
)
def test_a_prefix_that_is_no_short_ascii_text_is_refused(prefix: Any, fault: str) -> None:
    with pytest.raises(ValueError, match=f"^prefix: expected {fault}$"):
        poseidon.hash_with_prefix(prefix, [1])
