"""What is known about a person now, with its source and date."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from madoguchi.facts.models import Fact, Source


@dataclass(frozen=True, slots=True)
class Known:
    """A fact as it is shown beside a question: its value, who vouches for it and for which day."""

    key: str
    value: Any
    source: Source
    as_of: dt.date


def known(person_id: UUID, keys: Iterable[str]) -> dict[str, Known]:
    """The newest fact for each of ``keys`` that there is one for (facts of the person, not of rows)."""
    rows = Fact.objects.filter(person_id=person_id, key__in=list(keys), row="")
    newest = rows.order_by("key", "-recorded_at", "-id").distinct("key")
    return {one.key: Known(one.key, one.value, Source(one.source), one.as_of) for one in newest}


#: Sources that the person has no hand in.
VOUCHED = (Source.CARD, Source.REGISTER)


def vouched(person_id: UUID, keys: Iterable[str]) -> dict[str, Any]:
    """What the card or a register says of the person, newest first; what they say of themselves does not count."""
    rows = Fact.objects.filter(person_id=person_id, key__in=list(keys), row="", source__in=VOUCHED)
    return {one.key: one.value for one in rows.order_by("key", "-recorded_at", "-id").distinct("key")}


def known_rows(person_id: UUID, group: str) -> dict[str, dict[str, Known]]:
    """The rows of a group (``child``): row → key → newest fact, rows in the order in which they were first told."""
    rows = Fact.objects.filter(person_id=person_id, key__startswith=f"{group}.").exclude(row="")
    result: dict[str, dict[str, Known]] = {}
    for one in rows.order_by("recorded_at", "id"):
        result.setdefault(one.row, {})[one.key] = Known(one.key, one.value, Source(one.source), one.as_of)
    return result
