"""What can be asked for today, and the published version that a case runs on."""

import datetime as dt
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from madoguchi.events.composing import Asked, planned
from madoguchi.facts.rules.register import Layout
from madoguchi.ground import clock
from madoguchi.ground.calendar import Calendar
from madoguchi.ground.expressions import Expression
from madoguchi.places import queries as places
from madoguchi.places.queries import Spot
from madoguchi.places.rules.addressing import Gazetteer
from madoguchi.places.rules.applying import Applies
from madoguchi.places.rules.layer import Audience, Layer, Reader
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules import format as formats
from madoguchi.procedures.rules.city import City, Holders, Route, Section, load_city
from madoguchi.procedures.rules.flow import Graph
from madoguchi.procedures.rules.helping import HelpPage, load_help
from madoguchi.procedures.rules.layers import load_layers
from madoguchi.procedures.rules.load import load_facts
from madoguchi.procedures.rules.published import Published, published
from madoguchi.procedures.rules.registers import load_register
from madoguchi.procedures.rules.search import Found, Index, entry, load_synonyms
from madoguchi.procedures.rules.vocabulary import Facts


@cache
def city() -> City:
    """This municipality (``cities/<city>/``), read once per process."""
    return load_city(settings.CITY)


@cache
def calendar() -> Calendar:
    """The business days of this city hall."""
    return city().calendar()


def town_of(address: str) -> str:
    """The 町字ID of the town of this city that an address names as people write it; empty where it names none."""
    found = [one.town for one in gazetteer().find(address) if one.exact]
    return found[0] if len(found) == 1 else ""


def address_of(text: str) -> str:
    """An address of this city as it writes it (谷川一丁目1番1), however it was written; empty where it is none or in
    doubt."""
    found = [one for one in gazetteer().find(text) if one.exact]
    return found[0].words if len(found) == 1 and found[0].town else ""


@cache
def vocabulary() -> Facts:
    """Every fact that the catalogue knows, with its label; read once per process."""
    return load_facts(settings.CATALOGUE / "facts.yaml")


def section_of(procedure: formats.Procedure) -> Section:
    """The section in charge. Raises LookupError where the organisation names none (``madoguchi check`` says so)."""
    section = city().section_of(procedure)
    if section is None:
        raise LookupError(f"organisation.yaml names no section for {procedure.office}")
    return section


def holders(role: str, procedure: formats.Procedure) -> Holders:
    """Who may do what the package gives to ``role``."""
    return city().holders(role, procedure)


def route(
    role: str, procedure: formats.Procedure, scope: Mapping[str, object] | None = None, section: str = ""
) -> Route:
    """The way of an approval that the package gives to ``role``, for the decision that ``scope`` tells of, in the
    ``section`` that has the case."""
    return city().route(role, procedure, scope, section)


@lru_cache(maxsize=256)
def expression(text: str) -> Expression:
    """A condition of a published package; it was checked when it was published."""
    return Expression.parse(text)


_COLUMNS: Final = ", ".join(
    f'"{one.column}"' for one in Procedure._meta.concrete_fields if one.name not in ("data", "graph")
)
_IN_FORCE: Final = (
    "FROM procedure WHERE version <= %s AND withdrawn_at IS NULL ORDER BY code, version DESC, revision DESC"
)
#: Asked at nearly every page: written once. Without what they hold, which :func:`package` gives.
_NEWEST: Final = f"SELECT DISTINCT ON (code) {_COLUMNS} {_IN_FORCE}"
_NEWEST_KEYS: Final = f"SELECT DISTINCT ON (code) id, code {_IN_FORCE}"


def offered() -> list[Procedure]:
    """The versions in force today (Asia/Tokyo) of all that the city offers, by code."""
    today = clock.today()
    return [row for row in Procedure.objects.raw(_NEWEST, [today]) if city().offer(row.code, today) is not None]


def packages_offered() -> list[Published]:
    """What those hold; asked beside every page of the desk."""
    found = packages_asked().rows()
    return [package_of(key) for key, code in found if city().offer(code, clock.today()) is not None]


def packages_asked() -> Asked:
    """What :func:`packages_offered` asks."""
    return planned.of(_NEWEST_KEYS, [clock.today()])


def current(code: str) -> Procedure | None:
    """The version of this procedure in force today, None where the city does not offer it."""
    return next((row for row in offered() if row.code == code), None)


def package(row: Procedure) -> Published:
    """The published version, built once per process."""
    return package_of(row.pk)


@lru_cache(maxsize=512)
def package_of(key: UUID) -> Published:
    """The published version of this row's key."""
    row = Procedure.objects.get(pk=key)
    return published(row.data, Graph.from_json(row.graph))


def version(key: UUID) -> Procedure:
    """The row of this key, without content: a version never changes but that it is withdrawn, which is asked anew."""
    return copy(_version(key))


@lru_cache(maxsize=512)
def _version(key: UUID) -> Procedure:
    return Procedure.objects.defer("data", "graph", "withdrawn_at").get(pk=key)


def search(said: str) -> Found:
    """The codes of the procedures offered today that fit what a person typed. What was typed is kept nowhere."""
    return _index(tuple(row.pk for row in offered())).find(said)


@lru_cache(maxsize=2)
def _index(keys: tuple[UUID, ...]) -> Index:
    """Built once for what is offered: some milliseconds a procedure."""
    groups = load_synonyms(settings.CATALOGUE / "synonyms.yaml")
    packages = [package_of(key) for key in keys]
    sections = [city().section_of(one.procedure) for one in packages]
    return Index([entry(one, at.name if at else None, groups) for one, at in zip(packages, sections, strict=True)])


@cache
def registers() -> tuple[Layout, ...]:
    """The registers of which this city says how their files are written, read once per process."""
    names = sorted(one.stem for one in (settings.CITY / "registers").glob("*.yaml"))
    return tuple(register(one) for one in names)


def register(name: str) -> Layout:
    """How the file of this city's register of that name is written. Raises BrokenPackage where it does not load."""
    return load_register(settings.CITY / "registers" / f"{name}.yaml", vocabulary())


@cache
def layers() -> Mapping[str, Layer]:
    """The layers of this city's map by code, read once per process."""
    return load_layers(city())


def what_applies(
    at: Spot,
    *,
    reader: Audience | Reader = "public",
    on: dt.date | None = None,
    error: float = 0.0,
    known: Mapping[str, int] | None = None,
) -> list[Applies]:
    """What every layer of this city says about a point or an area; see :func:`madoguchi.places.queries.applies`."""
    plane = city().file.plane
    return places.applies(layers().values(), at, plane, reader=reader, on=on, error=error, known=known)


@dataclass(frozen=True, slots=True)
class Following:
    """A procedure that may be needed at a place, and the layers that say so."""

    procedure: Published
    because: tuple[Layer, ...]


def following(found: Iterable[Applies]) -> list[Following]:
    """The procedures that fit what applies, of those that the city offers today. What was not told decides nothing."""
    wanted: dict[str, list[Layer]] = {}
    for one in found:
        for follows in one.layer.procedures if one.verdict == "applies" else ():
            because = wanted.setdefault(follows.code, [])
            if one.layer not in because and any(_fits(follows.when, hit.properties) for hit in one.hits):
                because.append(one.layer)
    offers = {one.procedure.code: one for one in packages_offered()} if wanted else {}
    return [Following(offers[code], tuple(because)) for code, because in wanted.items() if because and code in offers]


def _fits(when: str, properties: Mapping[str, Any]) -> bool:
    exact = {name: Decimal(str(one)) if isinstance(one, float) else one for name, one in properties.items()}
    return not when or expression(when).holds(exact)


@cache
def gazetteer() -> Gazetteer:
    """The towns of this city, by which addresses are understood; made once per process."""
    file, towns = city().file, city().towns
    return Gazetteer.of(
        ((one.id, one.name) for one in towns),
        prefecture=file.prefecture["ja"],
        city=file.name["ja"],
        romaji=file.name["en"].split(" ")[0],
        readings={one.id: one.kana for one in towns if one.kana},
    )


@cache
def help_pages() -> tuple[HelpPage, ...]:
    """The residents' help pages, read once per process."""
    return load_help(settings.CATALOGUE / "help.yaml")
