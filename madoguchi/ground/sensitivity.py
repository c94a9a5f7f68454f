"""How secret a piece of information is. Every field of every model carries one of four classes.

The classes follow the 自治体機密性 of the 総務省 guideline on municipal information security policies
(地方公共団体における情報セキュリティポリシーに関するガイドライン), and the 個人情報保護法 where it draws a finer line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeVar

Model = TypeVar("Model")


class Sensitivity(StrEnum):
    """From harmless to harmful; members compare by rank (`at_least`), not by their text."""

    PUBLIC = "public"
    """自治体機密性1: made to be published (a procedure's text, open data)."""

    INTERNAL = "internal"
    """自治体機密性2: not published as it stands, names nobody (states, deadlines, ids, counts)."""

    PERSONAL = "personal"
    """自治体機密性3B-like: 個人情報 (個人情報保護法2条1項): name, address, answers, uploads."""

    SPECIAL = "special"
    """自治体機密性3A-like, the strictest handling: 要配慮個人情報 (同法2条3項) such as illness, disability,
    crime victimhood; and what opens accounts (secrets, keys)."""

    @property
    def rank(self) -> int:
        """0 (public) … 3 (special)."""
        return _RANKS[self]

    def at_least(self, other: Sensitivity) -> bool:
        """Whether this class asks for at least the care of the other."""
        return self.rank >= other.rank


_RANKS: Final = {member: rank for rank, member in enumerate(Sensitivity)}


def classified(**fields: Sensitivity) -> Callable[[type[Model]], type[Model]]:
    """Class decorator: name the sensitivity of every concrete field of a model.

    Stored as `__sensitivity__`; classes of (abstract) bases are inherited and may be overridden.
    """

    def decorate(model: type[Model]) -> type[Model]:
        merged = {**sensitivity_of(model), **fields}
        type.__setattr__(model, "__sensitivity__", MappingProxyType(merged))
        return model

    return decorate


def sensitivity_of(model: type) -> Mapping[str, Sensitivity]:
    """Field name → class, as declared for a model and its bases; empty where nothing was declared."""
    merged: dict[str, Sensitivity] = {}
    for base in reversed(model.__mro__):
        merged.update(vars(base).get("__sensitivity__", {}))
    return merged


def differences(model: type, field_names: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """For the house test: (fields without a class, classes without a field)."""
    declared, actual = frozenset(sensitivity_of(model)), frozenset(field_names)
    return actual - declared, declared - actual
