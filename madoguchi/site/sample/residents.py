"""Invented residents in households: ages as in a Japanese suburb, towns by their population, one address a household.

Shares of households and ages are round figures near the census of 2020 (国勢調査: 2.2 persons a household, a third of
households of one, 27 % of people aged 65 or more); nothing is to be concluded from them.
"""

import datetime as dt
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from madoguchi.ground.kana import search_key
from madoguchi.procedures.rules.city import Town
from madoguchi.site.sample.names import FAMILIES, FOREIGN, GIVEN

#: Share of households (%), ages of the adults as (youngest, oldest), and how many children live with them.
_KINDS: Final = (
    (14, ((20, 59),), 0),
    (20, ((60, 94),), 0),
    (10, ((25, 59), (25, 59)), 0),
    (20, ((62, 88), (60, 86)), 0),
    (11, ((26, 50), (26, 50)), 1),
    (12, ((28, 50), (28, 50)), 2),
    (3, ((30, 50), (30, 50)), 3),
    (5, ((28, 52),), 1),
    (5, ((55, 80), (26, 48)), 0),
)
_FOREIGN_SHARE: Final = 0.03
#: The census writes 諸福８丁目, the register of addresses 諸福八丁目.
_NUMERALS: Final = str.maketrans("１２３４５６７８９", "一二三四五六七八九")


@dataclass(frozen=True, slots=True)
class Resident:
    """One invented person. ``key`` is the person's id; the address stands in the city, with the town's 町字ID.

    ``household`` is its number, ``relation`` that to its head (values of ``person.relation_to_head``).
    """

    key: str
    name: str
    kana: str
    born: dt.date
    address: str
    town: Town
    language: str
    parent: bool
    sex: str
    household: int
    relation: str

    def age(self, day: dt.date) -> int:
        """Full years on ``day``."""
        return day.year - self.born.year - ((day.month, day.day) < (self.born.month, self.born.day))

    @property
    def sought(self) -> str:
        """The name as searches compare it."""
        return search_key(self.name)


def residents(
    count: int, city: str, towns: Sequence[Town], weights: Sequence[float], today: dt.date, rng: random.Random
) -> Iterator[Resident]:
    """``count`` people, household by household; ``city`` begins every address (大阪府大東市)."""
    made = 0
    number = 0
    while made < count:
        _, adults, children = rng.choices(_KINDS, [share for share, *_ in _KINDS])[0]
        number += 1
        town = rng.choices(towns, weights)[0]
        address = f"{city}{town.name}{rng.randint(1, 30)}番{rng.randint(1, 25)}号"
        if rng.random() < 0.45:
            address += f" 見本ハイツ{number % 90 + 101}"
        foreign = rng.choice(FOREIGN) if rng.random() < _FOREIGN_SHARE else None
        family = rng.choice(FAMILIES)
        for place, ages in enumerate([*adults, *[(0, 17)] * children]):
            if made == count:
                return
            made += 1
            grown = place < len(adults)
            born = today - dt.timedelta(days=rng.randint(ages[0] * 365, ages[1] * 365 + 364))
            sex = place % 2 if grown and len(adults) == 2 else rng.randint(0, 1)
            if foreign and place == 0:
                name, kana, language = foreign
                kana = kana.replace(" ", "　")
            else:
                given = rng.choice(GIVEN[2 * (0 if born.year < 1950 else 1 if born.year < 1980 else 2) + sex])
                name, kana, language = f"{family[0]} {given[0]}", f"{family[1]}　{given[1]}", "ja"
            key = f"{rng.getrandbits(128):032x}"
            yield Resident(
                f"{key[:8]}-{key[8:12]}-7{key[13:16]}-a{key[17:20]}-{key[20:]}",
                name,
                kana,
                born,
                address,
                town,
                language,
                parent=grown and children > 0,
                sex=("female", "male")[sex],
                household=number,
                relation="self" if place == 0 else "spouse" if grown and _is_couple(adults) else "child",
            )


def _is_couple(adults: Sequence[tuple[int, int]]) -> bool:
    """Two of about the same age; else a parent with a grown child."""
    return len(adults) == 2 and abs(adults[0][0] - adults[1][0]) < 20


def populations(towns: Sequence[Town], pack: Path | None) -> list[float]:
    """How many live in each town: of the census in the data pack, where it is there, else alike everywhere."""
    file = pack / "daito" / "towns_census2015.geojson" if pack else None
    if file is None or not file.exists():
        return [1.0] * len(towns)
    told: Mapping[str, float] = {
        one["properties"]["name"].translate(_NUMERALS): float(one["properties"]["pop_2015"] or 0)
        for one in json.loads(file.read_text(encoding="utf-8"))["features"]
    }
    return [told.get(town.name, 0.0) + 1.0 for town in towns]
