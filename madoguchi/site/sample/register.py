"""An invented file of the residents' register (見本データ), written as the city's layout says, to try an import with.

The same people as of the sample city of the same seed: households, a few under 支援措置, a few whose name holds a
character that the register could not write.
"""

import csv
import datetime as dt
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from django.conf import settings

from madoguchi.facts.rules.register import Column, Form, Layout
from madoguchi.ground import clock
from madoguchi.ground.wareki import ERAS, era_of
from madoguchi.procedures import queries as procedures
from madoguchi.site.sample.residents import Resident, populations, residents

#: Shares of residents under 支援措置, and of names with a substitute character (〓).
_CONFIDENTIAL: Final = 0.004
_SUBSTITUTED: Final = 0.003


def write(file: Path, count: int, seed: int, *, day: dt.date | None = None, register: str = "residents") -> int:
    """Write ``count`` residents as of ``day`` (today); the same seed gives the same file. Returns how many."""
    layout, today = procedures.register(register), day or clock.today()
    city = procedures.city()
    prefix = f"{city.file.prefecture['ja']}{city.name['ja']}"
    weights = populations(city.towns, settings.DATA_PACK)
    people = residents(count, prefix, city.towns, weights, today, random.Random(seed))  # noqa: S311 -- a sample
    names = list(dict.fromkeys([layout.number, *_columns(layout)]))
    written = 0
    with file.open("w", encoding=layout.encoding, errors="replace", newline="") as stream:
        out = csv.writer(stream, delimiter=layout.delimiter)
        out.writerow(names)
        for number, cells in enumerate(_lines(layout, people, random.Random(seed + 1)), 1):  # noqa: S311
            out.writerow([{layout.number: f"{number:010}", **cells}.get(name, "") for name in names])
            written = number
    return written


def _columns(layout: Layout) -> Iterator[str]:
    for one in layout.columns.values():
        yield one.name
        if one.since:
            yield one.since


def _lines(layout: Layout, people: Iterator[Resident], rng: random.Random) -> Iterator[dict[str, str]]:
    for one in people:
        since = one.born + dt.timedelta(days=rng.randint(0, (clock.today() - one.born).days))
        name = one.name
        if rng.random() < _SUBSTITUTED:
            name = f"〓{name[1:]}"
        values: dict[str, str | bool] = {
            "person.full_name": name,
            "person.full_name_kana": one.kana,
            "person.date_of_birth": one.born.isoformat(),
            "person.sex": one.sex,
            "person.registered_address": one.address,
            "person.household_number": f"{one.household:08}",
            "person.relation_to_head": one.relation,
            "person.resident_since": since.isoformat(),
            "person.last_change": "born" if since == one.born else "moved_in",
            "person.confidential": rng.random() < _CONFIDENTIAL,
        }
        cells = {column.name: _written(column, values[key]) for key, column in layout.columns.items() if key in values}
        yield cells | {
            column.since: _day(since, column.since_form) for column in layout.columns.values() if column.since
        }


def _written(column: Column, value: str | bool) -> str:
    if column.codes:
        return next((code for code, said in column.codes.items() if said == value), "")
    if column.form in ("text", "kana"):
        return str(value)
    return _day(dt.date.fromisoformat(str(value)), column.form)


def _day(day: dt.date, form: Form) -> str:
    era = era_of(day)
    digit = len(ERAS) - ERAS.index(era) if era else 0
    year = day.year - era.year_one() + 1 if era else 0
    return {
        "YYYYMMDD": f"{day:%Y%m%d}",
        "EYYYYMMDD": f"{digit}{day:%Y%m%d}",
        "EYYMMDD": f"{digit}{year:02}{day:%m%d}",
    }.get(form, day.isoformat())
