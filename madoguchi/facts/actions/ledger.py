"""Appending to the ledger, and the register of legal bases by which it is read.

Facts are stated as part of an act of a higher noun (a sign-in, a submission, a record step).
"""

import datetime as dt
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, astuple
from typing import Any, Final
from uuid import UUID

from django.db import connection

from madoguchi.events import Actor, Reason, act, record
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.facts.models import Basis, Level, Pair, Source
from madoguchi.facts.queries import ledger as queries
from madoguchi.facts.rules import IN_THE_DOOR, OWN, Permit, Purpose, consent_to
from madoguchi.ground import clock
from madoguchi.ground.errors import NotFound
from madoguchi.ground.ids import uuid7
from madoguchi.people.models import Person

IN_SERVICE = Reason("in-service", "職員が手続の中で確認したから", lambda actor, _: actor.kind == "staff")
FILED = Reason("filed-by-partner", "連携先がご本人の手続を提出したから", lambda actor, _: actor.kind == "partner")

NO_CONSENT: Final = "取り消せる同意がありません。すでに取り消されています。"
#: How far what a source says is verified, where nothing else is said.
LEVELS: Final[Mapping[Source, Level]] = {
    Source.CARD: Level.ATTESTED,
    Source.REGISTER: Level.REGISTERED,
    Source.STAFF: Level.CHECKED,
}

_KINDS: Final = {code: kind for kind, code in IN_THE_DOOR.items()}


@act("facts.state", allow=(OWN, IN_SERVICE, FILED, BY_SYSTEM))
def state(
    person: Person,
    values: Mapping[tuple[str, str], Any],
    source: Source,
    *,
    by: Actor,
    case_id: UUID | None = None,
    valid: tuple[dt.date | None, dt.date | None] = (None, None),
    level: Level | None = None,
    evidence: str = "",
) -> None:
    """事実の記録: append ``(key, row) → value`` for the person; what is already known so, is not repeated.

    Whoever confirms what a card or a register has said adds nothing to it: the better source stays. ``valid``: from a
    day until the day before another, in the world; ``evidence``: SHA-256 (hex) of the document that shows it. What of
    it was new is told to nobody: whoever guesses learns nothing.
    """
    rows = [
        row_of(person.pk, key, value, row=row, valid=valid)
        for (key, row), value in values.items()
        if value not in (None, "", [], {})
    ]
    append(rows, source, level=level, case_id=case_id, evidence=evidence)
    record(source=source, keys=sorted({row["key"] for row in rows}))


def row_of(
    person: UUID,
    key: str,
    value: Any,
    *,
    row: str = "",
    valid: tuple[dt.date | None, dt.date | None] = (None, None),
) -> dict[str, Any]:
    """A fact to be appended."""
    return {
        "id": str(uuid7()), "person": str(person), "key": key, "row": row, "value": value, "valid_from": valid[0],
        "valid_to": valid[1],
    }  # fmt: skip


def append(
    rows: Collection[dict[str, Any]],
    source: Source,
    *,
    day: dt.date | None = None,
    level: Level | None = None,
    case_id: UUID | None = None,
    evidence: str = "",
) -> None:
    """Append these facts, of one person or of many, for acts that leave the event.

    ``day`` (today): for which the source vouches.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT fact_state(%s, %s, %s, %s, %s, %s, %s)",
            [
                json.dumps(rows, default=str, ensure_ascii=False),
                source.value,
                (level or LEVELS.get(source, Level.STATED)).value,
                case_id,
                evidence,
                day or clock.today(),
                clock.now(),
            ],
        )


@act("facts.withdraw_consent", allow=(OWN,))
def withdraw_consent(person: Person, procedure: str, *, by: Actor) -> Person:
    """同意の取消し: from now on nobody looks anything up in this procedure on the ground of consent."""
    key = consent_to(procedure)
    if re.fullmatch(r"[a-z0-9-]{1,80}", procedure) is None:  # no code of a procedure: nothing to look for
        raise NotFound("consent-unknown", NO_CONSENT)
    given = queries.known(person.pk, [key], Purpose("view"), by=by).get(key)
    if given is None or given.value is not True:
        raise NotFound("consent-unknown", NO_CONSENT)
    record(procedure=procedure)
    state(person, {(key, ""): False}, Source.SELF, by=by)
    return person


@act("facts.forget", allow=(BY_SYSTEM,))
def forget(case_id: UUID | None, *, by: Actor, person_id: UUID | None = None) -> None:
    """事実の廃棄: what was told in a case goes with its record, and with a person all that is left of theirs.

    What a register says of its entry stays, as the register's; that somebody may be one of its entries does not. How
    many facts that were is told to nobody: whoever stated a guess in the case would learn whether it was one more.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT fact_forget(%s, %s)", [case_id, person_id])
    if person_id is not None:
        Pair.objects.filter(person=person_id).exclude(is_same=True).delete()
    record(case=case_id, person=person_id)


@act("facts.permit", allow=(BY_SYSTEM,))
def permit(permits: Collection[Permit], *, by: Actor) -> None:
    """法的根拠の登録: from now on facts are read by these rows and no others; what is there already stays as it is."""
    there = {
        astuple(_permit(one)): one for one in Basis.objects.filter(withdrawn_at=None).order_by("published_at", "pk")
    }
    wanted = {astuple(one): one for one in permits}
    gone = [one.pk for key, one in there.items() if key not in wanted]
    fresh = [_row(one) for key, one in wanted.items() if key not in there]
    with connection.cursor() as cursor:
        cursor.execute("SELECT fact_permit(%s, %s, %s)", [gone, json.dumps(fresh, default=str), clock.now()])
    record(added=[one["reference"] for one in fresh], withdrawn=gone)


def _row(one: Permit) -> dict[str, Any]:
    return {**asdict(one), "id": str(uuid7()), "kind": IN_THE_DOOR.get(one.kind, one.kind)}


def _permit(one: Basis) -> Permit:
    return Permit(
        reference=one.reference,
        title=one.title,
        kind=_KINDS.get(one.kind, one.kind),  # type: ignore[arg-type]  # written from a Permit
        purpose=one.purpose,  # type: ignore[arg-type]
        since=one.since,
        until=one.until,
        procedures=tuple(one.procedures),
        facts=tuple(one.facts),
        offices=tuple(one.offices),
        undisclosed=one.undisclosed,
        confidential=one.confidential,
    )
