"""What this checkout ships, read once per process for all tests: the catalogue and the city that offers it."""

import datetime as dt
from functools import cache
from typing import Any

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


@cache
def catalogue() -> Catalogue:
    """Every package with its laws, facts and letters."""
    return load_catalogue(CATALOGUE)


@cache
def daito() -> City:
    """The first city."""
    return load_city(CITY)


@cache
def telling() -> tuple[str, ...]:
    """Procedures that between them use all that packages can: the fewest that do, found greedily, always the same ones.

    What is slow (a browser from the phone to the letter) is played with these; every package by itself is held by the
    check, its examples in memory, through real acts and on SpiffWorkflow, its letters and its forms.
    """
    left = {code: _features(one) for code, one in catalogue().packages.items() if one.procedure.kind != "journey"}
    wanted, chosen = set().union(*left.values()), []
    while wanted:
        best = max(sorted(left), key=lambda code: len(left[code] & wanted))
        wanted -= left[best]
        chosen.append(best)
    return tuple(sorted(chosen))


def _features(package: Package) -> set[str]:
    """What of the format a package uses: steps by kind and channel, questions by type, rows, gates, who may speak."""
    one, facts = package.procedure, catalogue().facts
    asked = {
        (facts[ask.fact].type if isinstance(ask, FactField) else ask.type) for part in one.asks for ask in part.ask
    }
    rows = {f"rows:{bool(part.at_least)}" for part in one.asks if part.each}
    return {
        *(f"step:{node.kind}:{node.channel}" for node in package.graph.steps),
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

    Published once in a process; another test that has none of them yet gets the same rows.
    """
    permit(list(permits(catalogue().laws, daito().ordinances)), by=SYSTEM)
    wanted, day = codes or tuple(catalogue().packages), clock.today()
    kept = {code: _PUBLISHED[code, day] for code in wanted if (code, day) in _PUBLISHED}
    if len(kept) == len(wanted) and not Procedure.objects.filter(code__in=wanted).exists():
        rows = [Procedure(**values) for values in kept.values()]
        Procedure.objects.bulk_create(rows)
        return dict(zip(kept, rows, strict=True))
    rows_ = {code: actions.publish(_offered(code, day), catalogue().facts, by=SYSTEM) for code in wanted}
    names = [one.attname for one in Procedure._meta.concrete_fields]
    _PUBLISHED.update({(code, day): {name: getattr(row, name) for name in names} for code, row in rows_.items()})
    return rows_


_PUBLISHED: dict[tuple[str, dt.date], dict[str, Any]] = {}


@cache
def _offered(code: str, day: dt.date) -> Package:
    city = queries.city()
    return city.localise(catalogue().packages[code], city.offer(code, day))
