"""Identifiers: time-ordered UUIDs for rows, reference numbers for people, secret tokens for links.

They are apart because each has its own enemy: index locality, a mistyped digit, a guess.
"""

from __future__ import annotations

import os
import re
import secrets
import threading
import time
import unicodedata
from typing import Final
from uuid import UUID

from madoguchi.ground.errors import Invalid

# --- UUID version 7 ---------------------------------------------------------------------------------------------

_TAIL_BITS: Final = 74


class _Clockwork:
    """The last moment and tail given out by this process."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """A forked child starts afresh: it must not continue the tail of its parent."""
        self._lock, self._millisecond, self._tail = threading.Lock(), 0, 0

    def tick(self, millisecond: int, entropy: int) -> tuple[int, int]:
        """The next (millisecond, tail), strictly greater than the last, whatever the machine's clock does."""
        with self._lock:
            if millisecond > self._millisecond:
                self._millisecond = millisecond
                self._tail = entropy >> 1  # headroom, so that steps within the millisecond rarely overflow
            else:
                self._tail += (entropy & 0xFFFF_FFFF) + 1
                if self._tail >> _TAIL_BITS:
                    self._millisecond += 1
                    self._tail = entropy >> 1
            return self._millisecond, self._tail


_clockwork: Final = _Clockwork()
os.register_at_fork(after_in_child=_clockwork.restart)


def uuid7() -> UUID:
    """A new UUID version 7 (RFC 9562), strictly greater than every earlier one of this process.

    Within one millisecond the random tail grows by a random step (method 2 of the RFC), so that neither order
    nor unguessability is lost. The machine's own time is used, never a travelled one: an id orders, it does not date.
    """
    entropy = int.from_bytes(os.urandom(10), "big") >> (80 - _TAIL_BITS)
    millisecond, tail = _clockwork.tick(time.time_ns() // 1_000_000, entropy)
    high, low = tail >> 62, tail & (1 << 62) - 1
    return UUID(int=millisecond << 80 | 7 << 76 | high << 64 | 0b10 << 62 | low)


# --- reference numbers (受付番号) ----------------------------------------------------------------------------------

# A weakly totally anti-symmetric quasigroup of order 10 (H. M. Damm, "Total anti-symmetrische Quasigruppen",
# Marburg 2004): every single wrong digit and every swap of neighbours changes the check digit.
_DAMM: Final = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)
_HYPHENS: Final = re.compile("[-\u2010-\u2015\u2212\u30fc\uff70\\s]")


def check_digit(digits: str) -> int:
    """The Damm check digit of ASCII digits; over digits that end in their own check digit it is 0."""
    interim = 0
    for digit in digits:
        interim = _DAMM[interim][int(digit)]
    return interim


def new_reference(year: int) -> str:
    """A new 受付番号 such as `26-4831-0957-6`: year, eight random digits, check digit.

    Random, so that it tells nobody how many cases came before; 10^8 a year, so the writer must retry on a clash.
    """
    body = f"{year % 100:02}{secrets.randbelow(10**8):08}"
    return _hyphenated(f"{body}{check_digit(body)}")


def parse_reference(text: str) -> str:
    """The canonical form of a 受付番号 as typed: full-width digits, other dashes, spaces or none are accepted.

    Raises Invalid `reference-form` where it is not eleven digits, `reference-check` where a digit was mistyped.
    """
    digits = _HYPHENS.sub("", unicodedata.normalize("NFKC", text))
    if not re.fullmatch(r"[0-9]{11}", digits):
        raise Invalid("reference-form", "受付番号は「26-4831-0957-6」のような11桁の数字です。桁数をお確かめください。")
    if check_digit(digits) != 0:
        raise Invalid("reference-check", "受付番号の数字のどれかが違っています。もう一度お確かめください。")
    return _hyphenated(digits)


def _hyphenated(digits: str) -> str:
    return f"{digits[:2]}-{digits[2:6]}-{digits[6:10]}-{digits[10]}"


# --- tokens -----------------------------------------------------------------------------------------------------


def new_token(n_bytes: int = 32) -> str:
    """An unguessable URL-safe token of `n_bytes` bytes of entropy (at least 16). Store only its hash."""
    if n_bytes < 16:
        raise ValueError("a token needs at least 16 bytes of entropy")
    return secrets.token_urlsafe(n_bytes)
