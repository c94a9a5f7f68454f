"""What differs between two wordings, by words: what went, what came, what stayed."""

import difflib
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

#: A value in braces, a run of Latin letters and digits, and every other character by itself: Japanese has no spaces.
_WORD: Final = re.compile(r"\{[^{}]*\}|[A-Za-z0-9À-ỹ]+|\s+|.", re.DOTALL)


class Piece(NamedTuple):
    """A run of text: ``same``, ``gone`` or ``new``."""

    kind: str
    words: str


def differences(before: str, after: str) -> list[Piece]:
    """The pieces in order; joined without ``new`` they are ``before``, without ``gone`` ``after``."""
    return list(_pieces(_WORD.findall(before), _WORD.findall(after)))


def _pieces(one: list[str], other: list[str]) -> Iterator[Piece]:
    for kind, a, b, c, d in difflib.SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if kind == "equal":
            yield Piece("same", "".join(one[a:b]))
            continue
        if a < b:
            yield Piece("gone", "".join(one[a:b]))
        if c < d:
            yield Piece("new", "".join(other[c:d]))
