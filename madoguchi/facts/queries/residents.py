"""Who lives at which address, for an office that a law lets tell them: first how many, then who.

Addresses come without persons and persons without addresses: whoever chooses among addresses learns of nobody, and
whoever is told is in no list with where they live.
"""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from django.db import connection

from madoguchi.events import Actor
from madoguchi.events.acting import current_cause
from madoguchi.events.rules import ACTS, ActSpec
from madoguchi.facts.queries.ledger import NoBasis
from madoguchi.facts.rules import BY_BASIS, Purpose
from madoguchi.ground import clock

ACTS |= {
    "facts.count": ActSpec(
        "facts.count", "住所ごとの人数の参照: how many people live at each address, without who they are.", (BY_BASIS,),
        "madoguchi.facts.queries.residents.addresses",
    ),
}  # fmt: skip

_KEYS: Final = ("person.registered_address",)


def addresses(purpose: Purpose, *, by: Actor) -> dict[str, int]:
    """Every address at which somebody lives today, as the records write it, and how many people. One event.

    Raises NoBasis where no law names this office, or where it does not hold of persons under 支援措置, too.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM fact_addresses(%s, %s, %s, %s, %s, %s, %s)",
            [clock.now(), by.kind, by.id, by.channel, current_cause(), purpose.code, purpose.office],
        )
        rows = cursor.fetchall()
    if rows and rows[0][0] is not None:
        raise NoBasis(_KEYS, purpose)
    return {address: people for _, address, people in rows}


def living_at(chosen: Collection[str], purpose: Purpose, *, by: Actor) -> list[UUID]:
    """Whoever lives at one of these addresses today; each has the reading in their log. Raises NoBasis."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM fact_living_at(%s, %s, %s, %s, %s, %s, %s, %s)",
            [clock.now(), by.kind, by.id, by.channel, current_cause(), list(chosen), purpose.code, purpose.office],
        )
        rows = cursor.fetchall()
    if rows and rows[0][0] is not None:
        raise NoBasis(_KEYS, purpose)
    return [person for _, person in rows]
