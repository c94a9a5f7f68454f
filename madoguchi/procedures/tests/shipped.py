"""What this checkout ships, read once per process for all tests: the catalogue and the city that offers it."""

import datetime as dt
from functools import cache

from madoguchi.events import SYSTEM
from madoguchi.facts.actions import permit
from madoguchi.ground import clock
from madoguchi.procedures import actions, queries
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules.city import City, load_city
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


def publish(*codes: str) -> dict[str, Procedure]:
    """Packages as the city offers them today; without ``codes`` every one. Needs the database."""
    permit(list(permits(catalogue().laws)), by=SYSTEM)
    return {
        code: actions.publish(_offered(code, clock.today()), catalogue().facts, by=SYSTEM)
        for code in codes or catalogue().packages
    }


@cache
def _offered(code: str, day: dt.date) -> Package:
    city = queries.city()
    return city.localise(catalogue().packages[code], city.offer(code, day))
