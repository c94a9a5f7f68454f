"""How a register's file is read: the layout that a city writes, and each line as an entry or as the reason why not.

A line is somebody else's text: nothing of it but its number and the name of a column gets into a message.
"""

import csv
import datetime as dt
import hashlib
import hmac
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from madoguchi.facts.rules.matching import SUBSTITUTE
from madoguchi.ground.errors import Invalid
from madoguchi.ground.kana import to_fullwidth, to_katakana
from madoguchi.ground.text import clean
from madoguchi.ground.wareki import ERAS

Form = Literal["text", "kana", "YYYY-MM-DD", "YYYYMMDD", "EYYYYMMDD", "EYYMMDD"]
"""How a column is written. E is the digit of the era (1明治 … 5令和); after it stands the Western year with four
digits, as on the cards' certificates, or the year of the era with two."""
Encoding = Literal["utf-8", "cp932"]

MAX_LENGTH: Final = 300
#: Facts of a register that mean something to the import itself.
NAME: Final = "person.full_name"
HOUSEHOLD: Final = "person.household_number"
RELATION: Final = "person.relation_to_head"
CONFIDENTIAL: Final = "person.confidential"
#: The day from which somebody is no resident any more.
UNTIL: Final = "person.resident_until"

#: By the digit of the era, from 1.
_ERAS: Final = tuple(reversed(ERAS))
#: What stands where somebody has no household; else all of these would be one.
_NO_HOUSEHOLD: Final = re.compile("0*|9*")
_UNSAID: Final = re.compile("[09\\s/-]*")
_GAIJI: Final = re.compile("[\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd]")
_NUMBER: Final = re.compile("[0-9A-Za-z-]{1,40}")


@dataclass(frozen=True, slots=True)
class Column:
    """Where a fact stands. ``codes``: what the register writes → the value; ``otherwise``: for whatever is not in them.
    ``since``: the column that says from which day on it holds, written as ``since_form``."""

    name: str
    form: Form = "text"
    codes: Mapping[str, str | bool] = field(default_factory=dict)
    otherwise: str | bool | None = None
    since: str = ""
    since_form: Form = "YYYY-MM-DD"


@dataclass(frozen=True, slots=True)
class Layout:
    """A register's file. ``register`` names the register, ``office`` is the section that keeps it, ``number`` the
    column of the 宛名番号. ``whole``: everybody stands in it, so that whoever does not has left; else it has changes.
    ``kept_years``: for so long after somebody has left the register what it said of them is kept; None: for ever.
    """

    register: str
    office: str
    number: str
    columns: Mapping[str, Column]
    encoding: Encoding = "utf-8"
    delimiter: str = ","
    whole: bool = True
    kept_years: int | None = None

    def digest(self) -> str:
        """SHA-256 (hex) of all that it says about how the file is read."""
        said = {name: value for name, value in asdict(self).items() if name != "kept_years"}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    def left_before(self, today: dt.date) -> dt.date | None:
        """Whoever has left before this day is kept no longer today (民法143条: of 29 February its last day); None where
        everybody is kept."""
        if self.kept_years is None or self.kept_years >= today.year:
            return None
        is_leap_day = (today.month, today.day) == (2, 29)
        try:
            return today.replace(year=today.year - self.kept_years)
        except ValueError:
            assert is_leap_day  # no such day in that year: 28 February was its last
            return dt.date(today.year - self.kept_years, 2, 28)

    def names(self) -> frozenset[str]:
        """Every column that must be there."""
        named = {self.number, *(one.name for one in self.columns.values())}
        return frozenset(named | {one.since for one in self.columns.values() if one.since})


@dataclass(frozen=True, slots=True)
class Told:
    """A value, and since when it holds where the register says a day."""

    value: str | bool = field(repr=False)
    since: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as its line says it: fact → value."""

    at: int
    number: str = field(repr=False)
    told: Mapping[str, Told] = field(repr=False)

    def digest(self, key: bytes) -> bytes:
        """By what the next import knows that nothing has changed. With a key, because a bare digest of a name and a
        flag would tell whoever knows the name what the flag says."""
        said = {name: [one.value, one.since and one.since.isoformat()] for name, one in self.told.items()}
        return hmac.digest(key, json.dumps(said, sort_keys=True, ensure_ascii=False).encode(), "sha256")


@dataclass(frozen=True, slots=True)
class Unread:
    """A line that was refused: where, in which column (empty: the whole line) and why; ``number`` if it had one.

    ``is_confidential``: what could be read of it says 支援措置, which holds whatever else could not be read.
    """

    at: int
    column: str
    why: str
    number: str = field(default="", repr=False)
    is_confidential: bool = field(default=False, repr=False)


class _Refuses(Exception):
    """A column that cannot be read."""

    def __init__(self, column: str, why: str) -> None:
        super().__init__(column, why)
        self.column, self.why = column, why


def read(layout: Layout, lines: Iterable[str]) -> Iterator[Line | Unread]:
    """The lines of a file after its header, in order. Raises Invalid ``register-header`` where columns are missing.

    Undecodable bytes must arrive as lone surrogates (``errors="surrogateescape"``). A number that comes again is
    refused. Every line is read by itself, so that a stray quote spoils its own and swallows nobody behind it.
    """
    numbered = enumerate(lines, 1)
    header = _header(layout, next(numbered, (1, ""))[1])
    places, seen = {name: at for at, name in enumerate(header)}, set[str]()
    for began, line in numbered:
        cells = _cells(layout, line)
        if cells is None:
            yield Unread(began, "", "引用符か区切りの書き方が正しくありません")
            continue
        if not cells:
            continue
        number = ""
        try:
            if len(cells) != len(header):
                raise _Refuses("", f"列が{len(cells)}あります。見出しは{len(header)}列です")
            number = _number(layout, cells[places[layout.number]])
            if number in seen:
                raise _Refuses(layout.number, "同じ番号の行が前にあります")
            seen.add(number)
            yield Line(began, number, dict(_told(layout, cells, places)))
        except _Refuses as refusal:
            flagged = bool(number) and _is_confidential(layout, cells, places)
            yield Unread(began, refusal.column, refusal.why, number, flagged)


def _cells(layout: Layout, line: str) -> list[str] | None:
    """The cells of one physical line; None where a quote is left open, or stands where none may."""
    try:
        rows = list(csv.reader([line], delimiter=layout.delimiter, strict=True))
    except csv.Error:
        return None
    return rows[0] if rows else []


def _header(layout: Layout, line: str) -> list[str]:
    header = [one.strip("\ufeff \u3000") for one in _cells(layout, line) or []]
    missing = sorted(layout.names() - set(header))
    twice = sorted({one for one in layout.names() if header.count(one) > 1})
    if missing or twice:
        raise Invalid(
            "register-header",
            "1行目（見出し）の列が対応表と合いません。文字コードも確かめてください。"
            "ない列: %(missing)s。二度ある列: %(twice)s。",
            {"missing": "、".join(missing) or "なし", "twice": "、".join(twice) or "なし"},
        )
    return header


def _number(layout: Layout, text: str) -> str:
    number = unicodedata.normalize("NFKC", text).strip()
    if _NUMBER.fullmatch(number) is None:
        raise _Refuses(layout.number, "番号がないか、英数字ではありません")
    return number


def _told(layout: Layout, cells: Sequence[str], places: Mapping[str, int]) -> Iterator[tuple[str, Told]]:
    for key, column in layout.columns.items():
        text = cells[places[column.name]]
        value = _value(column, text) if key != CONFIDENTIAL else _confidential(column, text)
        if key == HOUSEHOLD and _NO_HOUSEHOLD.fullmatch(unicodedata.normalize("NFKC", str(value))):
            continue
        if value == "":
            if key == NAME:
                raise _Refuses(column.name, "氏名がありません")
            continue
        since = None
        if column.since:
            day = _day(column.since, column.since_form, cells[places[column.since]])
            since = dt.date.fromisoformat(day) if day else None
        yield key, Told(value, since)


def _confidential(column: Column, text: str) -> str | bool:
    """支援措置 fails closed: a code that the layout does not know may be a new kind of protection, and means one."""
    code = unicodedata.normalize("NFKC", text).strip()
    return column.codes.get(code, True) if code else ""


def _is_confidential(layout: Layout, cells: Sequence[str], places: Mapping[str, int]) -> bool:
    column = layout.columns.get(CONFIDENTIAL)
    return column is not None and _confidential(column, cells[places[column.name]]) is True


def _value(column: Column, text: str) -> str | bool:
    if column.codes:
        code = unicodedata.normalize("NFKC", text).strip()
        if code in column.codes:
            return column.codes[code]
        if column.otherwise is None and code:
            raise _Refuses(column.name, "対応表の codes にない値です")
        return column.otherwise if code and column.otherwise is not None else ""
    if column.form not in ("text", "kana"):
        return _day(column.name, column.form, text)
    try:
        said = clean(_GAIJI.sub(SUBSTITUTE, text), max_length=MAX_LENGTH)
    except Invalid as unread:
        why = "長すぎます" if unread.code == "text-too-long" else "使えない文字か、文字コードの違う文字があります"
        raise _Refuses(column.name, why) from None
    return to_fullwidth(to_katakana(said)) if column.form == "kana" else said


def _day(name: str, form: Form, text: str) -> str:
    """As ISO 8601; empty where the register does not know it whole (0000, 99): a day is never made up."""
    said = unicodedata.normalize("NFKC", text).strip()
    if _UNSAID.fullmatch(said):
        return ""
    pattern = {
        "YYYY-MM-DD": r"(?P<year>\d{4})[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})",
        "YYYYMMDD": r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
        "EYYYYMMDD": r"(?P<era>[1-5])(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
        "EYYMMDD": r"(?P<era>[1-5])(?P<year>\d{2})(?P<month>\d{2})(?P<day>\d{2})",
    }[form]
    found = re.fullmatch(pattern, said, re.ASCII)
    if found is None:
        raise _Refuses(name, f"日付が {form} の形ではありません")
    year, month, day = int(found["year"]), int(found["month"]), int(found["day"])
    if {month, day} & {0, 99} or (month <= 12 and day == 99):
        return ""
    era = _ERAS[int(found["era"]) - 1] if "era" in found.groupdict() else None
    if era is not None and form == "EYYMMDD":
        year += era.year_one() - 1
    try:
        date = dt.date(year, month, day)
    except ValueError:
        raise _Refuses(name, "その日はカレンダーにありません") from None
    if era is not None and not era.first <= date <= era.last:
        raise _Refuses(name, "元号とその日が合いません")
    return date.isoformat()


def as_facts(line: Line, *, known: bool) -> dict[str, Told]:
    """What is stated of an entry. That one is *not* under 支援措置 is said only where it may have been otherwise."""
    return {key: one for key, one in line.told.items() if known or one.value is not False}


def has_left(line: Line, day: dt.date) -> dt.date | None:
    """Since when the entry is no resident's, as of the day of the file."""
    until = line.told.get(UNTIL)
    since = dt.date.fromisoformat(str(until.value)) if until is not None else None
    return since if since is not None and since <= day else None


def is_confidential(line: Line) -> bool:
    """Whether it says 支援措置."""
    told = line.told.get(CONFIDENTIAL)
    return told is not None and told.value is True


def values_of(line: Line) -> dict[str, Any]:
    """Fact → value, as matching compares them."""
    return {key: one.value for key, one in line.told.items()}
