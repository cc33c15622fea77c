"""What keys and signatures have in common: immutable, comparable, hashable.

Written by hand because importing `dataclasses` costs a cold process about as much as verifying a signature.
"""


class Value:
    """An immutable object that equals another of its class with the same contents."""

    __slots__ = ()

    def _contents(self) -> tuple[object, ...]:
        raise NotImplementedError

    def _fill(self, **contents: object) -> None:
        """Set the attributes, once, in the constructor."""
        for name, content in contents.items():
            object.__setattr__(self, name, content)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable: cannot set {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable: cannot delete {name}")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._contents() == other._contents()

    def __hash__(self) -> int:
        return hash((type(self), self._contents()))
