"""Reading what the provider says of a person: name, address, date of birth, sex. Pure Python.

The published documents name the claims but not all their spellings, so several are understood; whatever cannot be read
with certainty is left out and named, never guessed.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from madoguchi.ground import clock
from madoguchi.ground.errors import Refused
from madoguchi.ground.text import clean
from madoguchi.people.ports import Sex

T = TypeVar("T")

# 性別 as GIF and the JPKI certificate code it, and as OpenID Connect spells it.
_SEXES: Final[Mapping[str, Sex]] = {
    "0": "unknown",
    "1": "male",
    "2": "female",
    "9": "not-applicable",
    "male": "male",
    "female": "female",
    "unknown": "unknown",
    "男性": "male",
    "女性": "female",
    "男": "male",
    "女": "female",
}
# First days of 明治 (of the solar calendar), 大正, 昭和, 平成, 令和; the JPKI certificate numbers them 1 to 5.
_ERAS: Final = (
    dt.date(1873, 1, 1),
    dt.date(1912, 7, 30),
    dt.date(1926, 12, 25),
    dt.date(1989, 1, 8),
    dt.date(2019, 5, 1),
)
_DATE: Final = re.compile(
    r"(?P<era>[0-5])?(?P<year>\d{4})(?P<dash>-?)(?P<month>\d{2})(?P=dash)(?P<day>\d{2})", re.ASCII
)


class UnreadableError(ValueError):
    """The claim is there, but not in a form that can be read with certainty."""


def name_from(value: object) -> str:
    """The full name with the characters as the card has them; its parts parted by one half-width space (GIF).

    A substitute character (〓, ●) stays one: matching reads it as unknown.
    """
    return re.sub(r"\s+", " ", _text(value, 200))


def address_from(value: object) -> str:
    """One line. The claim is a string, or the object of OpenID Connect Core 5.1.1 with ``formatted`` or its parts."""
    if isinstance(value, Mapping):
        if value.get("formatted"):
            value = value["formatted"]
        else:
            parts = [value.get(key) for key in ("region", "locality", "street_address")]
            value = "".join(part for part in parts if isinstance(part, str))
    return re.sub(r"\s*\n\s*", "　", _text(value, 400, multiline=True))


def birth_date_from(value: object) -> dt.date:
    """``YYYY-MM-DD``, ``YYYYMMDD``, or the certificate's ``EYYYYMMDD``: a digit for the era, then the Gregorian date.

    Partial dates exist in the register and are unreadable here, and so are an era that does not hold the date and a
    day that is still to come.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    found = _DATE.fullmatch(unicodedata.normalize("NFKC", value).strip()) if isinstance(value, str) else None
    if found is None or (found["era"] and found["dash"]):
        raise UnreadableError
    try:
        date = dt.date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        raise UnreadableError from None
    if (found["era"] and not _in_era(date, int(found["era"]))) or date > clock.today():
        raise UnreadableError
    return date


def _in_era(date: dt.date, era: int) -> bool:
    """The day on which one era gives way to the next is written either way, so both are right on it."""
    if era == 0:
        return False
    ends = _ERAS[era] if era < len(_ERAS) else dt.date.max
    return _ERAS[era - 1] <= date <= ends


def sex_from(value: object) -> Sex:
    """Code or word."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    sex = _SEXES.get(unicodedata.normalize("NFKC", text).strip().lower()) if isinstance(text, str) else None
    if sex is None:
        raise UnreadableError
    return sex


def read(raw: Mapping[str, Any]) -> tuple[dict[str, Any], frozenset[str]]:
    """The attributes of ``userinfo`` as keyword arguments of ``Claims``, and the names of those left unread."""
    found: dict[str, Any] = {}
    unreadable: set[str] = set()
    readers: tuple[tuple[str, str, Callable[[object], object]], ...] = (
        ("full_name", "name", name_from),
        ("address", "address", address_from),
        ("birth_date", "birthdate", birth_date_from),
        ("sex", "gender", sex_from),
    )
    for attribute, claim, reader in readers:
        if raw.get(claim) in (None, ""):
            continue
        try:
            found[attribute] = reader(raw[claim])
        except (UnreadableError, Refused):
            unreadable.add(attribute)
    return found, frozenset(unreadable)


def _text(value: object, max_length: int, *, multiline: bool = False) -> str:
    text = clean(value, max_length=max_length, multiline=multiline)
    if not text:
        raise UnreadableError
    return text
