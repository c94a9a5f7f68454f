"""What this checkout ships, read once per process for all tests: the catalogue and the city that offers it."""

import datetime as dt
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, TypeVar

import psycopg
from django.db import connection
from psycopg import sql

from madoguchi.events import SYSTEM
from madoguchi.facts.actions import permit
from madoguchi.ground import clock
from madoguchi.procedures import actions, queries
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules.city import City, load_city
from madoguchi.procedures.rules.format import FactField
from madoguchi.procedures.rules.load import Catalogue, Package, load_catalogue
from madoguchi.procedures.rules.vocabulary import permits
from madoguchi.procedures.tests.packages import CATALOGUE, CITY

#: What is chosen from.
K = TypeVar("K", str, tuple[str, str])


@cache
def catalogue() -> Catalogue:
    """Every package with its laws, facts and letters."""
    return load_catalogue(CATALOGUE)


@cache
def daito() -> City:
    """The first city."""
    return load_city(CITY)


@cache
def telling(*of: str) -> tuple[str, ...]:
    """Procedures that between them use all that packages can: the fewest that do, found greedily, always the same ones.

    ``of``: only this of the format (``type``: questions, ``rows``, ``step`` …), all of it where nothing is said. What
    is slow (a browser from the phone to the letter) is played with these; every package by itself is held by the check,
    its examples in memory, through real acts and on SpiffWorkflow, its letters and its forms.
    """
    left = {
        code: {name for name in _features(one) if not of or name.partition(":")[0] in of}
        for code, one in catalogue().packages.items()
        if one.procedure.kind != "journey"
    }
    return fewest(left)


def fewest(left: Mapping[K, set[str]]) -> tuple[K, ...]:
    """Those that between them have all that any of them has: the fewest that do, found greedily, always the same."""
    wanted, chosen = set().union(*left.values()), []
    while wanted:
        best = max(sorted(left), key=lambda one: len(left[one] & wanted))
        wanted -= left[best]
        chosen.append(best)
    return tuple(sorted(chosen))


def steps_of(code: str) -> set[str]:
    """The kinds of step of a package, each with whose turn it is."""
    return {f"step:{node.kind}:{node.channel}" for node in catalogue().packages[code].graph.steps}


def _features(package: Package) -> set[str]:
    """What of the format a package uses: steps by kind and channel, questions by type, rows, gates, who may speak."""
    one, facts = package.procedure, catalogue().facts
    asked = {
        (facts[ask.fact].type if isinstance(ask, FactField) else ask.type) for part in one.asks for ask in part.ask
    }
    rows = {f"rows:{bool(part.at_least)}" for part in one.asks if part.each}
    return {
        *steps_of(one.code),
        *(f"type:{type_}" for type_ in asked),
        *rows,
        *(f"for:{relation}" for relation in one.apply_for_others),
        *(["mandate"] if one.mandate else []),
        *(["gate"] if one.gates else []),
        f"kind:{one.kind}",
        f"identity:{one.identity}",
    }


def publish(*codes: str) -> dict[str, Procedure]:
    """Packages as the city offers them today; without ``codes`` every one. Needs the database.

    Published once in a process; another test that has none of them yet gets the same rows, copied within the database:
    they are some megabytes, and most tests need them.
    """
    permit(list(permits(catalogue().laws, daito().ordinances)), by=SYSTEM)
    wanted, day = codes or tuple(catalogue().packages), clock.today()
    kept = {code: _PUBLISHED[code, day] for code in wanted if (code, day) in _PUBLISHED}
    if len(kept) == len(wanted) and not Procedure.objects.filter(code__in=wanted).exists():
        rows = {code: Procedure(**values) for code, values in kept.items()}
        with connection.cursor() as cursor:
            keys = [row.pk for row in rows.values()]
            cursor.execute("INSERT INTO procedure SELECT * FROM kept.procedure WHERE id = ANY(%s)", [keys])
            assert cursor.rowcount == len(rows)
        for row in rows.values():
            row._state.adding, row._state.db = False, "default"
        return rows
    rows = {code: actions.publish(_offered(code, day), catalogue().facts, by=SYSTEM) for code in wanted}
    names = [one.attname for one in Procedure._meta.concrete_fields]
    fresh = {key: row for code, row in rows.items() if (key := (code, day)) not in _PUBLISHED}
    _PUBLISHED.update({key: {name: getattr(row, name) for name in names} for key, row in fresh.items()})
    _keep(fresh.values())
    return rows


_PUBLISHED: dict[tuple[str, dt.date], dict[str, Any]] = {}


def _keep(rows: Iterable[Procedure]) -> None:
    """In a schema that Django does not know and no test empties; by a connection of the owner's, past the test's."""
    columns = Procedure._meta.concrete_fields
    values = [[one.get_db_prep_save(getattr(row, one.attname), connection) for one in columns] for row in rows]
    way = {**connection.get_connection_params(), "options": "", "cursor_factory": psycopg.Cursor}
    with psycopg.connect(**way) as own, own.cursor() as cursor:
        cursor.execute("CREATE SCHEMA IF NOT EXISTS kept")
        cursor.execute("GRANT USAGE ON SCHEMA kept TO madoguchi_app")
        cursor.execute("CREATE TABLE IF NOT EXISTS kept.procedure (LIKE procedure)")
        cursor.execute("GRANT SELECT ON kept.procedure TO madoguchi_app")
        names = sql.SQL(", ").join([sql.Identifier(str(one.column)) for one in columns])
        marks = sql.SQL(", ").join(sql.Placeholder() * len(columns))
        cursor.executemany(sql.SQL("INSERT INTO kept.procedure ({}) VALUES ({})").format(names, marks), values)


@cache
def _offered(code: str, day: dt.date) -> Package:
    city = queries.city()
    return city.localise(catalogue().packages[code], city.offer(code, day))
