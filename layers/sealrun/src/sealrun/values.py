"""Frozen data classes that compile nothing when they are defined.

The first call of a function waits for all that is loaded for it. ``dataclasses`` compiles six functions for
each class, and loads ``inspect`` and ``ast``: together a tenth of that wait. So the modules that such a call
loads take ``dataclass`` and its companions from here, and others may. To a type checker they are those of
``dataclasses``.

At run time they do the same for frozen classes without parents, and no more. To ``dataclasses`` itself, as to
its ``replace`` and ``fields``, a class that is made here is a data class.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import asdict, dataclass, field, replace

__all__ = ["asdict", "dataclass", "defaults", "field", "replace"]

_MISSING: Any = object()
# The attribute of a class that has its members by their names.
_MEMBERS = "__sealrun_members__"
# The one by which ``dataclasses`` knows its classes.
_FIELDS = "__dataclass_fields__"

_Members = Mapping[str, "_Member"]


class _Member:
    """What ``field`` says of a member."""

    __slots__ = ("compared", "default", "factory", "shown")

    def __init__(
        self, default: Any, factory: Any = _MISSING, *, shown: bool = True, compared: bool = True
    ) -> None:
        self.default, self.factory, self.shown, self.compared = default, factory, shown, compared

    @property
    def required(self) -> bool:
        return self.default is _MISSING and self.factory is _MISSING


class _Fields:
    """``__dataclass_fields__``, which ``dataclasses`` makes when something first asks for it."""

    def __get__(self, _instance: object, owner: type) -> Mapping[str, Any]:
        import dataclasses  # noqa: PLC0415

        def described(member: _Member) -> Any:
            given = {"default": member.default, "default_factory": member.factory}
            given = {name: each for name, each in given.items() if each is not _MISSING}
            return dataclasses.field(repr=member.shown, compare=member.compared, **given)

        members: _Members = getattr(owner, _MEMBERS)
        named = [(name, owner.__annotations__[name], described(each)) for name, each in members.items()]
        made = dataclasses.make_dataclass(owner.__name__, named, frozen=True)
        fields = {each.name: each for each in dataclasses.fields(made)}
        setattr(owner, _FIELDS, fields)
        return fields


def defaults(kind: type) -> dict[str, Any]:
    """The members of a data class that have a default, each with it."""
    return {name: vars(kind)[name] for name in kind.__annotations__ if name in vars(kind)}


if not TYPE_CHECKING:

    def dataclass(*, frozen: bool) -> Callable[[type], type]:
        """``dataclasses.dataclass(frozen=True)``, for a class without parents."""
        if not frozen:
            raise TypeError("dataclass: expected frozen=True, got False")
        return _made

    def field(*, default=_MISSING, default_factory=_MISSING, repr=True, compare=True) -> Any:  # noqa: A002, ANN001
        """``dataclasses.field``, of what is used here."""
        return _Member(default, default_factory, shown=repr, compared=compare)

    def replace(value: Any, /, **changes: Any) -> Any:
        """``dataclasses.replace``: another value, with these changes."""
        return type(value)(**{**_told(value), **changes})

    def asdict(value: Any) -> dict[str, Any]:
        """``dataclasses.asdict``, of values that never change: what has no members is not copied."""
        return {name: _plain(each) for name, each in _told(value).items()}


def _told(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in getattr(type(value), _MEMBERS)}


def _plain(value: Any) -> Any:
    if hasattr(type(value), _MEMBERS):
        return {name: _plain(each) for name, each in _told(value).items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(_plain, value))
    if isinstance(value, (list, tuple)):
        return type(value)(map(_plain, value))
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return value


def _made(kind: Any) -> Any:
    """The class, with what makes it a frozen data class.

    Raises:
        TypeError: it has parents, or a default that can change.
    """
    if kind.__bases__ != (object,):
        raise TypeError(f"{kind.__name__}: expected a data class without parents, got {kind.__bases__}")
    members = {name: _member(kind, name) for name in kind.__annotations__}
    for name, each in members.items():
        if each.default is not _MISSING:
            setattr(kind, name, each.default)
        elif each.factory is not _MISSING:
            delattr(kind, name)
    compared = _getter([name for name, each in members.items() if each.compared])
    methods: dict[str, Any] = {
        "__init__": _init(members, after=hasattr(kind, "__post_init__")),
        "__repr__": _repr([name for name, each in members.items() if each.shown]),
        "__eq__": _eq(compared),
        "__hash__": lambda self: hash(compared(self)),
        "__setattr__": _refusing(kind, members, "__setattr__", "assign to"),
        "__delattr__": _refusing(kind, members, "__delattr__", "delete"),
    }
    for name, method in methods.items():
        if vars(kind).get(name) is None:  # what the class has of its own stays
            method.__name__, method.__qualname__ = name, f"{kind.__qualname__}.{name}"
            setattr(kind, name, method)
    about = {"__match_args__": tuple(members), _FIELDS: _Fields(), _MEMBERS: members}
    for name, told in about.items():
        setattr(kind, name, told)
    return kind


def _member(kind: Any, name: str) -> _Member:
    given = vars(kind).get(name, _MISSING)
    if isinstance(given, (list, dict, set)):
        raise TypeError(f"{kind.__name__}.{name}: expected a default that cannot change, got {type(given)}")
    return given if isinstance(given, _Member) else _Member(given)


def _init(members: _Members, *, after: bool) -> Any:
    """What takes the members by position or by name, and calls ``__post_init__`` then."""
    names = tuple(members)
    usual = {name: each.default for name, each in members.items()}
    factories = [(name, each.factory) for name, each in members.items() if each.factory is not _MISSING]
    required = [name for name, each in members.items() if each.required]

    def init(self: Any, /, *values: Any, **named: Any) -> None:
        own = vars(self)
        own.update(usual)  # first, so that each value has its members in one order
        own.update(zip(names, values, strict=False))
        own.update(named)
        for name, make in factories:
            if own[name] is _MISSING:
                own[name] = make()
        if (
            len(values) > len(names)
            or len(own) > len(names)
            or not named.keys().isdisjoint(names[: len(values)])
        ):
            raise TypeError(_mistake(type(self).__name__, members, len(values), named))
        for name in required:
            if own[name] is _MISSING:
                raise TypeError(_mistake(type(self).__name__, members, len(values), named))
        if after:
            self.__post_init__()

    return init


def _mistake(kind: str, members: _Members, values: int, named: Mapping[str, Any]) -> str:
    """What was given wrongly, by names: no value is told, which may be a secret."""
    first = [*members][:values]
    mistakes = {
        f"at most {len(members)} values": [str(values)] if values > len(members) else [],
        "no other members": [name for name in named if name not in members],
        "each member once": [name for name in first if name in named],
        "all members": [
            f"none for {name}"
            for name, each in members.items()
            if each.required and name not in first and name not in named
        ],
    }
    return "; ".join(f"{kind}: expected {how}, got {', '.join(got)}" for how, got in mistakes.items() if got)


def _getter(names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    """What takes the values of these members."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple(getattr(value, name) for name in names)


def _repr(names: Sequence[str]) -> Any:
    def told(self: Any) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    return told


def _eq(compared: Callable[[Any], tuple[Any, ...]]) -> Any:
    def equals(self: Any, other: object) -> Any:
        return compared(self) == compared(other) if type(other) is type(self) else NotImplemented

    return equals


def _refusing(kind: type, members: _Members, method: str, what: str) -> Any:
    """What lets no member change. ``cached_property`` writes past it."""

    def refuse(self: Any, name: str, *value: Any) -> None:
        if type(self) is kind or name in members:
            from dataclasses import FrozenInstanceError  # noqa: PLC0415

            raise FrozenInstanceError(f"cannot {what} field {name!r}")
        getattr(super(kind, self), method)(name, *value)

    return refuse
