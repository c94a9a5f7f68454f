"""Who lives with somebody, as the register says: what a form begins with where nothing was told yet.

Where anybody of a household is under 支援措置 (秘匿), the door shows nobody of it (``fact_household``), so that no row,
gap, figure or refusal tells of them.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection

from madoguchi.events import Actor
from madoguchi.events.acting import current_cause
from madoguchi.facts.models import Level, Source
from madoguchi.facts.queries.ledger import Known, NoBasis
from madoguchi.facts.rules import Purpose
from madoguchi.ground import clock

#: The row of a group → the fact of the person from which it is known.
_FACTS: Final[Mapping[str, str]] = {
    "full_name": "person.full_name",
    "full_name_kana": "person.full_name_kana",
    "date_of_birth": "person.date_of_birth",
    "relation_to_head": "person.relation_to_head",
    "address": "person.registered_address",
}
#: Groups of forms that are about those who live with the applicant: everybody, or the applicant's children.
GROUPS: Final = ("member", "child")


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of the household: what is known of them by fact, and whether they are the asker's child."""

    known: Mapping[str, Known]
    is_child: bool


def household_of(person: UUID, keys: Iterable[str], purpose: Purpose, *, by: Actor) -> list[Member]:
    """The others who live with the person today, oldest first; each of them has the reading in their log.

    Raises NoBasis where somebody is there whom no law lets be read. Residents ask for themselves alone, by the card.
    """
    if by.kind == "resident" and not by.level.startswith("card"):
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM fact_household(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                *(clock.now(), by.kind, by.id, by.channel, current_cause(), person, list(keys)),
                *(purpose.code, purpose.procedure, purpose.office, purpose.case),
            ],
        )
        rows = cursor.fetchall()
    if rows and rows[0][0] is not None:
        raise NoBasis(rows[0][0], purpose, person)
    found: dict[UUID, dict[str, Known]] = {}
    children = set()
    for _, one, is_child, key, value, source, level, as_of, at in rows:
        known = Known(key, json.loads(value), Source(source), as_of, at, level=Level(level))
        found.setdefault(one, {})[key] = known
        if is_child:
            children.add(one)
    members = [Member(known, one in children) for one, known in found.items()]
    return sorted(members, key=lambda one: str(_value(one, "person.date_of_birth")))


def household_rows(group: str, names: Iterable[str], purpose: Purpose, *, by: Actor) -> list[dict[str, Any]]:
    """Rows of a group (``member``, ``child``) for the resident who asks, with as many of the ``names`` of its fields as
    the register knows. Empty where it knows nobody, or no law lets it be shown.
    """
    names = set(names)
    asked = {name: key for name, key in _FACTS.items() if name in names}
    if group not in GROUPS or not asked:
        return []
    try:
        members = household_of(by.who, asked.values(), purpose, by=by)
    except NoBasis:  # in the log; the form is simply empty
        return []
    rows = []
    for one in members:
        if group == "child" and not one.is_child:
            continue
        row = {name: value for name, key in asked.items() if (value := _value(one, key)) != ""}
        rows.append({**row, "relationship": "child"} if group == "child" and "relationship" in names else row)
    return rows


def _value(one: Member, key: str) -> Any:
    return one.known[key].value if key in one.known else ""
