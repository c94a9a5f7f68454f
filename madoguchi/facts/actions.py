"""Appending to the ledger. Always part of an act of a higher noun (a sign-in, a submission, a record step)."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from madoguchi.events import Actor, Reason, act, record
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.facts import queries
from madoguchi.facts.models import Fact, Source
from madoguchi.people.models import Person

OWN = Reason(
    "own-facts", "ご本人の情報だから", lambda actor, person: actor.kind == "resident" and actor.id == person.pk
)
IN_SERVICE = Reason("in-service", "職員が手続の中で確認したから", lambda actor, _: actor.kind == "staff")
FILED = Reason("filed-by-partner", "連携先がご本人の手続を提出したから", lambda actor, _: actor.kind == "partner")


@act("facts.state", allow=(OWN, IN_SERVICE, FILED, BY_SYSTEM))
def state(
    person: Person,
    values: Mapping[tuple[str, str], Any],
    source: Source,
    *,
    by: Actor,
    case_id: UUID | None = None,
) -> Person:
    """事実の記録: append ``(key, row) → value`` for the person; what is already known so, is not repeated."""
    current = _current(person.pk, values)
    fresh = [
        Fact(person=person, key=key, row=row, value=value, source=source, case_id=case_id)
        for (key, row), value in values.items()
        if value not in (None, "", [], {}) and not _is_known(current.get((key, row)), value, source)
    ]
    Fact.objects.bulk_create(fresh)
    record(source=source, keys=sorted({one.key for one in fresh}))
    return person


def _current(person_id: UUID, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[Any, str]]:
    plain = queries.known(person_id, {key for key, row in keys if not row})
    result: dict[tuple[str, str], tuple[Any, str]] = {(k, ""): (one.value, one.source) for k, one in plain.items()}
    for group in {key.partition(".")[0] for key, row in keys if row}:
        for row, cells in queries.known_rows(person_id, group).items():
            result |= {(key, row): (one.value, one.source) for key, one in cells.items()}
    return result


def _is_known(known: tuple[Any, str] | None, value: Any, source: Source) -> bool:
    """A person who confirms what a card or a register has said adds nothing to it: the better source stays."""
    return known is not None and known[0] == value and source in (known[1], Source.SELF)
