"""How well and how fast addresses are found: spellings by hand (addresses.yaml) and by rule, of every town.

Hit rates by kind: the first candidate, and among those shown. Then over 100,000 parcels in a database of its own:
addresses a second by the batch, milliseconds for one as a page asks it. With the data pack, how many addresses of real
shelters are found in the town in which the shelter stands.

    python tests/bench/geocoding.py [--parcels 100000]
"""

import argparse
import json
import os
import random
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import django  # noqa: E402  # after the path
from ruamel.yaml import YAML  # noqa: E402

from madoguchi.places.rules.addressing import Found, Gazetteer  # noqa: E402
from madoguchi.places.rules.layer import Layer  # noqa: E402
from madoguchi.procedures.rules.city import Town  # noqa: E402
from tests.bench.case import database  # noqa: E402

if TYPE_CHECKING:
    from madoguchi.places.queries import Where  # which wants Django set up

ADDRESSES = Path(__file__).with_name("addresses.yaml")
#: The first day of the map of the measurement, and its corner (degrees), somewhere in the city.
AS_OF, WEST, SOUTH = "2026-04-01", 135.58, 34.68
BLOCKS = 30


@dataclass(frozen=True, slots=True)
class Wanted:
    """A text and the town (several: exactly these) and lot that it means."""

    text: str
    kind: str
    towns: frozenset[str]
    lot: tuple[int, ...] = ()


@dataclass(slots=True)
class Hits:
    """By kind: how many there are, whose first candidate is right, and that have it among those shown."""

    asked: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    first: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    shown: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    missed: list[str] = field(default_factory=list)

    def rate(self, of: Mapping[str, int]) -> float:
        return sum(of.values()) / sum(self.asked.values())


def by_hand() -> tuple[list[Wanted], list[str]]:
    """The spellings of addresses.yaml; and the texts that must find nothing."""
    data = YAML(typ="safe").load(ADDRESSES.read_text())
    wanted = [
        Wanted(
            one["q"],
            one["kind"],
            frozenset(one.get("any") or [one["town"]]),
            tuple(int(part) for part in one["lot"].split("-")) if "lot" in one else (),
        )
        for one in data["addresses"]
    ]
    return wanted, data["nothing"]


_KANJI = "〇一二三四五六七八九"


def in_kanji(number: int) -> str:
    """二十三, 百五."""
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    words = "" if not hundreds else "百" if hundreds == 1 else f"{_KANJI[hundreds]}百"
    words += "" if not tens else "十" if tens == 1 else f"{_KANJI[tens]}十"
    return words + (_KANJI[ones] if ones or not words else "")


def wide(text: str) -> str:
    return text.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000})


def by_rule(towns: Sequence[Town], seed: int = 27218) -> Iterator[Wanted]:
    """Six spellings of an address in every town."""
    dice = random.Random(seed)
    for town in towns:
        chome = int(town.id[4:])
        name = town.name.split("丁目")[0].rstrip(_KANJI) if chome else town.name
        first, second = dice.randint(1, BLOCKS), dice.randint(1, 27)
        n, k = (f"{chome}-", f"{in_kanji(chome)}丁目") if chome else ("", "")
        bare = name.removeprefix("大字")
        for kind, text in (
            ("written out", f"大阪府大東市{name}{k}{first}番{second}号"),
            ("in kanji", f"大東市{name}{k}{in_kanji(first)}番地の{in_kanji(second)}"),
            ("dashes", f"{bare}{n}{first}{dice.choice('-－ー−‐–—')}{second}"),
            ("full width", wide(f"〒574-0000 大東市{bare}{n}{first}-{second}")),
            (
                "with a room",
                f"{bare}{n}{first}-{second} {dice.choice(['見本荘', 'コーポ見本', '見本ビル'])}{second}01号",
            ),
            ("apart", f"大東市 {name} {f'{chome} 丁目 ' if chome else ''}{first} 番 {second} 号"),
        ):
            # 寺川3-5 may be the third 丁目 or the 大字: without 大字 and 丁目 such a name leaves it open.
            twins = [one.id for one in towns if one.name.removeprefix("大字").split("丁目")[0].rstrip(_KANJI) == bare]
            open_to = {town.id}
            if kind in ("dashes", "full width", "with a room"):
                open_to |= {one for one in twins if one.endswith("000")}
                open_to |= {one for one in twins if not chome and int(one[4:]) == first}
            yield Wanted(text, kind, frozenset(open_to), (first, second))


def evaluate(gazetteer: Gazetteer, wanted: Iterable[Wanted]) -> Hits:
    """What this gazetteer makes of them."""
    hits = Hits()
    for one in wanted:
        hits.asked[one.kind] += 1
        found = gazetteer.find(one.text)
        right = [_is(one, candidate, gazetteer) for candidate in found]
        several = len(one.towns) > 1
        shown = {id_ for candidate in found for id_ in _towns(candidate, gazetteer)}
        first = one.towns <= shown if several else bool(right and right[0])
        hits.first[one.kind] += first
        hits.shown[one.kind] += first or any(right)
        if not first:
            hits.missed.append(f"{one.text} ({one.kind}): {[candidate.words for candidate in found][:3]}")
    return hits


def _towns(found: Found, gazetteer: Gazetteer) -> list[str]:
    return [found.town] if found.town else gazetteer.part_of(found.name)


def _is(wanted: Wanted, found: Found, gazetteer: Gazetteer) -> bool:
    """Whether the candidate is the town and has the lot; behind it may stand the number of a room."""
    right = wanted.towns.intersection(_towns(found, gazetteer)) and found.lot[: len(wanted.lot)] == wanted.lot
    return bool(right) and (bool(wanted.lot) or not found.lot)


def told(hits: Hits, title: str) -> None:
    print(f"\n{title:24}{'n':>5}{'first':>8}{'shown':>8}")
    for kind, asked in hits.asked.items():
        print(f"{kind:24}{asked:5}{hits.first[kind] / asked:8.1%}{hits.shown[kind] / asked:8.1%}")
    print(f"{'all':24}{sum(hits.asked.values()):5}{hits.rate(hits.first):8.1%}{hits.rate(hits.shown):8.1%}")
    if hits.missed:
        print("not first:", *hits.missed, sep="\n  ")


# -- over a hundred thousand parcels ----------------------------------------------------------------------------------


def fill(towns: Sequence[Town], parcels: int) -> int:
    """The towns as fields of a chessboard, each with thirty blocks of lots; how many parcels there are."""
    from django.db import connection

    from madoguchi.ground.ids import uuid7
    from madoguchi.site.owner import owner

    lots = -(-parcels // (len(towns) * BLOCKS))
    with owner(), connection.cursor() as cursor:
        for layer in ("towns", "parcels"):
            edition = uuid7()
            cursor.execute(
                "INSERT INTO layer_edition (id, layer, number, as_of, recorded_at, why, digest, report)"
                " VALUES (%s, %s, 1, %s, now(), '', '', '{\"read\": 0}')",
                [edition, layer, AS_OF],
            )
            cursor.execute(
                _TOWNS if layer == "towns" else _PARCELS,
                {
                    "towns": [one.name for one in towns],
                    "edition": edition,
                    "as_of": AS_OF,
                    "west": WEST,
                    "south": SOUTH,
                    "blocks": BLOCKS,
                    "lots": lots,
                },
            )
        cursor.execute("SELECT count(*) FROM layer_feature WHERE layer = 'parcels'")
        (count,) = cursor.fetchone()
        cursor.execute("VACUUM ANALYZE layer_feature")
    return int(count)


_TOWNS = """
    INSERT INTO layer_feature (id, layer, key, properties, geom, digest, valid_from, added_in_id)
    SELECT gen_random_uuid(), 'towns', name, jsonb_build_object('name', name),
           ST_MakeEnvelope(west, south, west + 0.004, south + 0.003, 6668), '', %(as_of)s, %(edition)s
    FROM (SELECT name, %(west)s + (n - 1) %% 12 * 0.004 AS west, %(south)s + (n - 1) / 12 * 0.003 AS south
          FROM unnest(%(towns)s::text[]) WITH ORDINALITY AS one (name, n)) AS town
"""
_PARCELS = """
    INSERT INTO layer_feature (id, layer, key, properties, geom, digest, valid_from, added_in_id)
    SELECT gen_random_uuid(), 'parcels', concat(name, ' ', block, '-', lot),
           jsonb_build_object('town', name, 'lot', concat(block, '-', lot)),
           ST_MakeEnvelope(west + (lot - 1) * 0.004 / %(lots)s, south + (block - 1) * 0.003 / %(blocks)s,
                           west + lot * 0.004 / %(lots)s, south + block * 0.003 / %(blocks)s, 6668),
           '', %(as_of)s, %(edition)s
    FROM (SELECT name, %(west)s + (n - 1) %% 12 * 0.004 AS west, %(south)s + (n - 1) / 12 * 0.003 AS south
          FROM unnest(%(towns)s::text[]) WITH ORDINALITY AS one (name, n)) AS town,
         generate_series(1, %(blocks)s) AS block, generate_series(1, %(lots)s) AS lot
"""


def measure(towns: Sequence[Town], parcels: int) -> None:
    from madoguchi.places import queries as places
    from madoguchi.procedures import queries as procedures

    began = time.monotonic()
    count = fill(towns, parcels)
    print(f"\n{count:,} parcels in {len(towns)} towns: {time.monotonic() - began:.0f} s to fill")
    gazetteer, plane = procedures.gazetteer(), procedures.city().file.plane
    layers = [*procedures.layers().values()]
    if not any(one.code == "parcels" for one in layers):
        layers.append(parcels_layer(layers))
    wanted = [one for one in by_rule(towns) if one.kind != "with a room"]
    random.Random(1).shuffle(wanted)
    texts = [one.text for one in (wanted * 3)[:1_000]]
    places.locate_many(texts[:10], gazetteer, layers, plane, reader="staff")
    rates, found = [], []
    for _ in range(5):
        began = time.perf_counter()
        found = places.locate_many(texts, gazetteer, layers, plane, reader="staff")
        rates.append(len(texts) / (time.perf_counter() - began))
    to_the_lot = sum(bool(several) and several[0].level == "lot" for several in found)
    print(f"locate_many, 1,000 addresses: {statistics.median(rates):,.0f} a second (slowest {min(rates):,.0f})")
    print(f"found to the lot: {to_the_lot / len(texts):.1%}")
    began = time.perf_counter()
    for text in texts:
        gazetteer.find(text)
    print(f"rules alone: {len(texts) / (time.perf_counter() - began):,.0f} a second")
    for name, ask in (
        ("locate, one address", lambda text: places.locate(text, gazetteer, layers, plane, reader="staff")),
        ("reverse, one point", lambda _: places.reverse(_point(), gazetteer, layers, plane, reader="staff")),
    ):
        taken = []
        for text in texts[:300]:
            began = time.perf_counter()
            ask(text)
            taken.append((time.perf_counter() - began) * 1000)
        print(f"{name}: {statistics.median(taken):.1f} ms median, {statistics.quantiles(taken, n=100)[-1]:.1f} ms p99")


_points = random.Random(2)


def _point() -> "Where":
    from madoguchi.places import queries

    return queries.Where(WEST + _points.random() * 0.044, SOUTH + _points.random() * 0.03)


def parcels_layer(layers: Sequence[Layer]) -> Layer:
    """A layer of parcels, where the city has none yet: like that of the towns, with a lot."""
    towns = next(one for one in layers if one.code == "towns")
    town = replace(towns.attributes[0], key="town")
    return replace(towns, code="parcels", accuracy=1.0, attributes=(town, replace(town, key="lot")), key=())


# -- the addresses of real shelters -----------------------------------------------------------------------------------


def real(gazetteer: Gazetteer, pack: Path) -> tuple[int, int, list[str]]:
    """Of the shelters of the data pack: how many stand in the town that their address names (± 30 m), of how many."""
    import shapely

    towns = json.loads((pack / "daito/towns_census2015.geojson").read_text())["features"]
    shapes = {}
    for one in towns:
        [town] = gazetteer.find(one["properties"]["name"])
        shapes[town.town] = shapely.geometry.shape(one["geometry"])
    shelters = json.loads((pack / "daito/shelters_gsi.geojson").read_text())["features"]
    here = [one for one in shelters if one["properties"]["住所"].startswith("大阪府大東市")]
    missed = []
    for one in here:
        point = shapely.geometry.shape(one["geometry"])
        address = one["properties"]["住所"]
        found = [candidate for candidate in gazetteer.find(address) if candidate.exact]
        # 0.0003 degrees are some thirty metres: the stated error of the shelters.
        if not any(shapes[candidate.town].distance(point) < 0.0003 for candidate in found if candidate.town in shapes):
            missed.append(address)
    return len(here) - len(missed), len(here), missed


def main(parcels: int) -> None:
    with database() as url:
        os.environ |= {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "madoguchi.site.settings"}
        os.environ.pop("MADOGUCHI_POOL", None)
        django.setup()
        from django.conf import settings
        from django.db import connections

        from madoguchi.procedures import queries as procedures
        from madoguchi.site.owner import make_tables

        gazetteer, towns = procedures.gazetteer(), procedures.city().towns
        hand, nothing = by_hand()
        told(evaluate(gazetteer, hand), "written by hand")
        told(evaluate(gazetteer, by_rule(towns)), "made by rule")
        print("found though not here:", [text for text in nothing if gazetteer.find(text)] or "nothing")
        if settings.DATA_PACK is not None:
            right, of, missed = real(gazetteer, Path(settings.DATA_PACK))
            print(f"addresses of real shelters: {right} of {of} stand in the town that is named", *missed, sep="\n  ")
        make_tables()
        measure(towns, parcels)
        connections.close_all()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parcels", type=int, default=100_000)
    main(parser.parse_args().parcels)
