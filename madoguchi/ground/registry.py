"""Registries: how a lower noun offers a place that higher nouns and bridges fill at start-up.

An instance, not a global: a test makes its own. A name is taken once, and an unknown name says which there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")
Entry = TypeVar("Entry")


class Registry(Generic[T]):
    """Named things of one kind; iteration yields names in sorted order.

    >>> CHANNELS: Registry[type] = Registry("channel")
    >>> @CHANNELS.register("mail")
    ... class Mail: ...
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self._entries: dict[str, T] = {}

    def register(self, name: str) -> Callable[[Entry], Entry]:
        """Decorator that gives the decorated thing this name and hands it back unchanged.

        Raises ValueError at import where the name is taken.
        """

        def decorate(entry: Entry) -> Entry:
            self.add(name, entry)  # type: ignore[arg-type]  # keeps the decorated thing's own, narrower type
            return entry

        return decorate

    def add(self, name: str, entry: T) -> None:
        """The same without a decorator, for instances."""
        if name in self._entries:
            raise ValueError(f"{self.what} {name!r} is registered already (as {self._entries[name]!r})")
        self._entries[name] = entry

    def get(self, name: str) -> T:
        """The thing of that name. Raises LookupError that names what exists."""
        try:
            return self._entries[name]
        except KeyError:
            raise LookupError(f"no {self.what} {name!r}; there are: {', '.join(self) or 'none'}") from None

    def items(self) -> Iterator[tuple[str, T]]:
        """Names and things, sorted by name."""
        return ((name, self._entries[name]) for name in self)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._entries))

    def __len__(self) -> int:
        return len(self._entries)
