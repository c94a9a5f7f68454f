"""What is known of a household or of a place, for another of that household or at that place.

A household and a place are nobody, so what is known of them is a fact of whoever the city knows it through, in a row
that names the household (the database finds it: migration 0009) or the place. So it shows in their log, is hidden with
them under 支援措置, and goes with their record.
"""

import datetime as dt
import hmac
import json
from collections.abc import Collection, Iterable
from typing import Any, Final
from uuid import UUID

from django.db import connection

from madoguchi.events import Actor
from madoguchi.events.acting import current_cause
from madoguchi.facts.models import Level, Source
from madoguchi.facts.queries.ledger import Known, NoBasis
from madoguchi.facts.queries.matching import entry_key
from madoguchi.facts.rules import Purpose
from madoguchi.facts.rules.matching import place_of
from madoguchi.ground import clock
from madoguchi.ground.kana import search_key

#: Begins the row of what is known of a place.
PLACE: Final = "place:"


def place_row(address: str, within: Collection[str], names: Iterable[Any] = ()) -> str:
    """The row of what is known of the place with this address, told apart by ``names`` (the day of a disaster); empty
    where the address names no lot. Keyed, so that it tells nothing by itself.

    ``within`` is what may be left out before the town (大阪府, 大東市). How numbers are written does not matter
    (:func:`place_of`); whoever leaves out a building or a room means another place.
    """
    town, numbers, building = (search_key(one) for one in place_of(address))
    for one in within:
        town = town.removeprefix(search_key(one))
    if not town or not numbers:
        return ""
    said = "/".join([town, numbers, building, *(search_key(str(one)) for one in names)])
    return PLACE + hmac.new(entry_key(), said.encode(), "sha256").hexdigest()[:32]


def shared(
    person: UUID,
    keys: Collection[str],
    purpose: Purpose,
    *,
    by: Actor,
    place: str = "",
    day: dt.date | None = None,
    known_at: dt.datetime | None = None,
) -> dict[str, Known]:
    """What the records say of ``keys`` about the household of ``person``, or about a ``place`` (:func:`place_row`),
    about ``day`` (today), as it was known at ``known_at`` (now).

    A household is those who lived together on that day: with whoever comes or goes nothing is known of it any more.
    Raises NoBasis where no law permits it to this office by name.
    """
    if not keys:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM fact_shared(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                *(clock.now(), by.kind, by.id, by.channel, current_cause(), person, list(keys), place),
                *(purpose.code, purpose.procedure, purpose.office, purpose.case),
                *(day or clock.today(), known_at or clock.now()),
            ],
        )
        rows = cursor.fetchall()
    if rows and rows[0][0] is not None:
        raise NoBasis(rows[0][0], purpose, person)
    return {
        key: Known(key, json.loads(value), Source(source), as_of, at, "", Level(level), since, until, id=pk)
        for _, pk, key, value, source, level, as_of, since, until, at in rows
    }
