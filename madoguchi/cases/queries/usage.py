"""The log of readings as another system shows it to its person: the words of Estonia's data tracker (findUsage 1.6)."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from madoguchi.cases.queries.known import WHAT_FOR, Read, usages
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.people.models import Identity, Person
from madoguchi.procedures import queries as procedures

#: So many usages are told at once.
MOST: Final = 1000
_SELF: Final = "ご本人"
_OTHER: Final = "ほかの方"


@dataclass(frozen=True, slots=True)
class Usage:
    """That somebody has read, or was refused: ``receiver_code`` is a section's, a partner's or a kind of actor."""

    logtime: dt.datetime
    action: str
    receiver_code: str
    receiver_name: str
    receiver_system: str


def find_usage(
    person: UUID, *, since: dt.datetime | None, until: dt.datetime | None, offset: int, limit: int
) -> tuple[int, list[Usage]]:
    """How many readings there were in the period, and a page of them, newest first. What a law keeps from its person is
    in neither."""
    total, found = usages(person, since=since, until=until, offset=offset, most=min(limit, MOST))
    return total, [_usage(one) for one in found]


def as_told(found: Sequence[Usage]) -> list[dict[str, Any]]:
    """Usages under the names of Estonia's data tracker."""
    return [
        {
            "logtime": one.logtime,
            "action": one.action,
            "receiverCode": one.receiver_code,
            "receiverName": one.receiver_name,
            "receiverSystem": one.receiver_system,
        }
        for one in found
    ]


def usage_period() -> tuple[dt.datetime, dt.datetime]:
    """From when until when the log tells: since its first event, until now. Nothing in it is ever deleted."""
    first = Event.objects.order_by("id").values_list("at", flat=True).first()
    return first or clock.now(), clock.now()


def person_known_as(partner: UUID, code: str) -> Person | None:
    """Whom a partner has identified under a code of its own; no other partner's code is of any use to it."""
    found = Identity.objects.select_related("person").filter(issuer=f"partner:{partner}", subject=code).first()
    return found.person if found is not None else None


def _usage(one: Read) -> Usage:
    reading = one.reading
    names = "・".join(f"{unit['ja']}（{post['ja']}）" if post else unit["ja"] for unit, post in one.offices)
    if reading.actor_kind == "partner":
        code = str(reading.actor_id)
    elif reading.actor_kind == "resident":
        code = "other" if one.is_other else "self"
    else:
        code = reading.office or reading.actor_kind
    name = names or (_OTHER if one.is_other else _SELF) if reading.actor_kind == "resident" else names
    if one.company is not None:
        name = f"{one.company['ja']}（{names}）" if names else one.company["ja"]
    what = "、".join([*(label["ja"] for label in one.labels), *one.what]) or "すべて"
    said = [WHAT_FOR.get(reading.purpose, reading.purpose), what]
    said += [one.procedure["ja"]] if one.procedure is not None else []
    said += one.laws
    if one.consented_at is not None:
        said.append(f"ご本人の同意（{clock.day_of(one.consented_at).isoformat()}）")
    if not reading.done:
        said.append("法令の定めがないため、見ることができなかった")
    return Usage(reading.at, "／".join(said), code, name or "自動", f"{procedures.city().name['ja']} 窓口")
