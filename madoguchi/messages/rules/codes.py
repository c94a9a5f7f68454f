"""The verification code of a letter: unguessable, and readable from paper over the telephone."""

import re
import secrets
import unicodedata
from typing import Final

#: Crockford's base 32: no I, L, O, U, so that nothing is mistaken for 1, 0 or a word.
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH: Final = 20  # 100 bits

_SEPARATORS: Final = re.compile("[-\u2010-\u2015\u2212\u30fc\uff70\\s]")
_MISREAD: Final = str.maketrans("ILO", "110")


def new_code() -> str:
    """A new code of 20 characters (100 bits), as it is stored."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def shown(code: str) -> str:
    """The code as it is printed: in fours."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def parse(typed: str) -> str | None:
    """The stored form of a code as typed (any width, case, hyphens; I, L and O read as 1, 1 and 0), or None."""
    text = _SEPARATORS.sub("", unicodedata.normalize("NFKC", typed[:200])).upper().translate(_MISREAD)
    return text if len(text) == LENGTH and set(text) <= set(ALPHABET) else None
