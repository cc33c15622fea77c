"""A class that is made by ``sealrun.values`` does what one that is made by ``dataclasses`` does."""

import copy
import dataclasses
import pickle
import subprocess
import sys
from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

import pytest

from sealrun import values

FROZEN = "cannot (assign to|delete) field"


class Point(NamedTuple):
    """A value within a value."""

    across: int
    up: int


def shapes(module: Any) -> tuple[Any, Any]:
    """The same two classes, made by either module."""

    @module.dataclass(frozen=True)
    class Inner:
        secret: str = module.field(repr=False)
        nodes: tuple[int, ...] = module.field(default=(), compare=False)

        def __repr__(self) -> str:
            return "an inner one"

    @module.dataclass(frozen=True)
    class Outer:
        """With a default of each kind."""

        count: int
        inner: Inner
        name: str = "none"
        quotas: dict[str, int] = module.field(default_factory=dict)
        points: tuple[Point, ...] = ()

        def __post_init__(self) -> None:
            object.__setattr__(self, "name", self.name.lower())

        @property
        def twice(self) -> int:
            return 2 * self.count

        @cached_property
        def kept(self) -> int:
            return 3 * self.count

    return Inner, Outer


THEIRS, OURS = shapes(dataclasses), shapes(values)


def made(kinds: tuple[Any, Any]) -> list[Any]:
    inner, outer = kinds
    first = outer(1, inner("a"), "UP", {"b": 2}, (Point(1, 2),))
    return [
        inner("a"),
        inner("a", (1, 2)),
        inner(secret="b", nodes=(3,)),
        outer(1, inner("a")),
        outer(1, inner=inner("a"), name="Other"),
        outer(inner=inner("a"), count=True),
        first,
        outer(1, inner("a"), "up", {"b": 2}, (Point(1, 2),)),
    ]


def told(value: Any) -> str:
    return repr(value).replace("shapes.<locals>.", "")


def test_values_look_the_same() -> None:
    assert list(map(told, made(OURS))) == list(map(told, made(THEIRS)))
    assert [list(vars(value)) for value in made(OURS)] == [list(vars(value)) for value in made(THEIRS)]


def test_values_are_equal_and_hashed_where_those_of_dataclasses_are() -> None:
    ours, theirs = made(OURS), made(THEIRS)
    assert [[a == b for b in ours] for a in ours] == [[a == b for b in theirs] for a in theirs]
    assert hash(ours[1]) == hash(theirs[1]) == hash(ours[0])
    assert ours[0] != theirs[0]
    with pytest.raises(TypeError, match="unhashable type: 'dict'"):
        hash(ours[6])


@pytest.mark.parametrize("kinds", [OURS, THEIRS])
def test_a_value_never_changes(kinds: tuple[Any, Any]) -> None:
    value = made(kinds)[3]
    for name in ("count", "other"):
        with pytest.raises(dataclasses.FrozenInstanceError, match=FROZEN):
            setattr(value, name, 2)
    with pytest.raises(dataclasses.FrozenInstanceError, match=FROZEN):
        del value.count
    assert (value.count, value.twice, value.kept, value.kept) == (1, 2, 3, 3)


@pytest.mark.parametrize("kinds", [OURS, THEIRS])
def test_what_was_computed_once_is_no_member(kinds: tuple[Any, Any]) -> None:
    value = made(kinds)[3]
    assert value.kept == 3
    assert value == made(kinds)[3]
    assert "kept" not in dataclasses.asdict(value)
    assert "kept" not in vars(dataclasses.replace(value))


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda inner: inner(), "expected all members, got none for secret"),
        (lambda inner: inner(nodes=(1,)), "expected all members, got none for secret"),
        (lambda inner: inner("hidden", (), 3), "expected at most 2 values, got 3"),
        (lambda inner: inner("hidden", secret="hidden"), "expected each member once, got secret"),
        (lambda inner: inner("hidden", key="hidden"), "expected no other members, got key"),
    ],
)
def test_members_that_are_given_wrongly_are_named_and_no_value_is(
    make: Callable[[Any], object], why: str
) -> None:
    with pytest.raises(TypeError, match=why) as raised:
        make(OURS[0])
    assert "hidden" not in str(raised.value)
    with pytest.raises(TypeError):
        make(THEIRS[0])


def test_another_value_with_changes_is_made_by_either_replace() -> None:
    for value, theirs in zip(made(OURS)[3:], made(THEIRS)[3:], strict=True):
        changed = told(dataclasses.replace(theirs, count=5))
        assert told(values.replace(value, count=5)) == changed
        assert told(dataclasses.replace(value, count=5)) == changed
    with pytest.raises(TypeError, match="expected no other members, got other"):
        values.replace(made(OURS)[3], other=1)


def test_all_of_a_value_is_told_by_either_asdict() -> None:
    for value, theirs in zip(made(OURS), made(THEIRS), strict=True):
        assert values.asdict(value) == dataclasses.asdict(value) == dataclasses.asdict(theirs)


def test_dataclasses_knows_the_members() -> None:
    def known(kind: Any) -> list[Any]:
        each = dataclasses.fields(kind)
        return [
            (one.name, one.type if isinstance(one.type, type) else "", one.repr, one.compare) for one in each
        ]

    for ours, theirs in zip(OURS, THEIRS, strict=True):
        assert [each[0] for each in known(ours)] == [each[0] for each in known(theirs)]
        assert [each[2:] for each in known(ours)] == [each[2:] for each in known(theirs)]
        assert ours.__match_args__ == theirs.__match_args__
    assert dataclasses.is_dataclass(OURS[0])
    assert OURS[0].__dataclass_fields__ is OURS[0].__dataclass_fields__, "they are made once"
    assert values.defaults(OURS[1]) == {"name": "none", "points": ()}


@values.dataclass(frozen=True)
class Kept:
    """At the top of a module, as pickle wants it."""

    name: str
    more: tuple[int, ...] = ()


def test_values_are_copied_and_pickled() -> None:
    value = Kept("a", (1,))
    assert pickle.loads(pickle.dumps(value)) == copy.deepcopy(value) == copy.copy(value) == value  # noqa: S301


def test_what_these_classes_cannot_be_is_refused() -> None:
    class Child(Kept):
        """Has a parent."""

    class Shared:
        """Has a default that its values would share."""

        names: list[str] = []  # noqa: RUF012

    make: Any = values.dataclass
    with pytest.raises(TypeError, match="expected a data class without parents"):
        make(frozen=True)(Child)
    with pytest.raises(TypeError, match="expected a default that cannot change"):
        make(frozen=True)(Shared)
    with pytest.raises(TypeError, match="expected frozen=True"):
        make(frozen=False)


def test_a_record_is_made_without_dataclasses() -> None:
    """They are loaded by whoever asks them about it, and by nobody else."""
    seen = "import sys, sealrun.runs.record; print('dataclasses' in sys.modules)"
    done = subprocess.run([sys.executable, "-S", "-c", seen], capture_output=True, text=True, check=True,
                          env={"PYTHONPATH": ":".join(sys.path)})  # fmt: skip
    assert done.stdout == "False\n"
