"""A small register for tests: its layout, its file, and who may do what with it."""

import csv
import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from madoguchi.events import SYSTEM
from madoguchi.facts.actions import Report, import_register, permit
from madoguchi.facts.rules import Permit
from madoguchi.facts.rules.register import Column, Layout

LAYOUT: Final = Layout(
    register="residents",
    office="residents",
    number="宛名番号",
    columns={
        "person.full_name": Column("氏名"),
        "person.full_name_kana": Column("カナ", "kana"),
        "person.date_of_birth": Column("生年月日", "YYYY-MM-DD"),
        "person.sex": Column("性別", codes={"1": "male", "2": "female"}),
        "person.registered_address": Column("住所", since="住定日", since_form="YYYYMMDD"),
        "person.household_number": Column("世帯番号"),
        "person.relation_to_head": Column(
            "続柄", codes={"世帯主": "self", "夫": "spouse", "妻": "spouse", "子": "child"}, otherwise="other"
        ),
        "person.resident_until": Column("消除日", "YYYYMMDD"),
        "person.confidential": Column("支援措置", codes={"0": False, "1": True}),
    },
)
#: One line, by its columns.
HANAKO: Final[Mapping[str, str]] = {
    "宛名番号": "0001",
    "氏名": "見本　花子",
    "カナ": "ﾐﾎﾝ ﾊﾅｺ",
    "生年月日": "1990-04-12",
    "性別": "2",
    "住所": "大阪府大東市谷川一丁目1番1号",
    "住定日": "20200401",
    "世帯番号": "77",
    "続柄": "世帯主",
    "消除日": "",
    "支援措置": "0",
}
DAY: Final = dt.date(2026, 11, 1)
FIVE: Final = ("person.full_name", "person.full_name_kana", "person.date_of_birth", "person.sex",
               "person.registered_address", "person.confidential")  # fmt: skip
MATCH: Final = Permit(
    reference="kojin-joho-hogo-ho/第65条",
    title="個人情報の保護に関する法律第65条",
    kind="内部利用",
    purpose="match",
    since=dt.date(2023, 4, 1),
    facts=FIVE,
    offices=("residents",),
    confidential=True,
)


def person(number: str, **cells: str) -> dict[str, str]:
    """A line like 花子's under another number."""
    return {**HANAKO, "宛名番号": number, **cells}


def written(folder: Path, lines: Sequence[Mapping[str, str]], name: str = "residents.csv") -> Path:
    """The file with these lines."""
    file = folder / name
    with file.open("w", encoding="utf-8", newline="") as stream:
        out = csv.DictWriter(stream, list(HANAKO))
        out.writeheader()
        out.writerows(lines)
    return file


def imported(folder: Path, lines: Sequence[Mapping[str, str]], day: dt.date = DAY, layout: Layout = LAYOUT) -> Report:
    """The report of taking these lines in."""
    permit([MATCH], by=SYSTEM)
    return import_register(layout, written(folder, lines), day, by=SYSTEM, operator="test")
