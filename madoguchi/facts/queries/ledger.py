"""The one door to the ledger. Whoever reads says for what; the database asks by which right, and leaves an event.

Guard, record and answer are one SQL function (migration 0002): there is no way to a fact that its person does not see.
"""

import datetime as dt
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, Case, DateTimeField, F, Func, Q, QuerySet, Value, When
from django.db.models.functions import TruncDay

from madoguchi.events import Actor
from madoguchi.events.acting import current_cause
from madoguchi.events.composing import composed_once
from madoguchi.events.models import Event
from madoguchi.events.rules import ACTS, ActSpec
from madoguchi.facts.models import Basis, Level, Pair, Source
from madoguchi.facts.rules import BY_BASIS, OWN, Purpose
from madoguchi.ground import clock
from madoguchi.ground.errors import NotAllowed
from madoguchi.ground.ids import uuid7

#: Hot acts: each is one SQL function that contains its guard, its record and its answer.
ACTS |= {
    "facts.read": ActSpec(
        "facts.read", "事実の参照: what is known is read, by its person or by a legal basis.", (OWN, BY_BASIS),
        "madoguchi.facts.queries.ledger.read",
    ),
    "facts.find": ActSpec(
        "facts.find", "事実による本人さがし: whoever is looked for by what a written request bears.", (BY_BASIS,),
        "madoguchi.facts.queries.ledger.holders",
    ),
}  # fmt: skip


class NoBasis(NotAllowed):
    """No law permits this reading today. It is in the log: as an event of its own, or, where an act ends by it, in the
    event of that refusal."""

    def __init__(self, keys: Collection[str], purpose: Purpose, person: UUID | None = None) -> None:
        super().__init__("no-basis", "この情報を見ることを認める法令の定めが、登録されていません。")
        self.keys = tuple(sorted(keys))
        self.log = {"keys": self.keys, "purpose": purpose.code, "person": person}
        if purpose.procedure:
            self.log["procedure"] = purpose.procedure


@dataclass(frozen=True, slots=True)
class Known:
    """A fact as it is shown beside a question: its value, who vouches for it, for which day and how far."""

    key: str
    value: Any
    source: Source
    as_of: dt.date
    recorded_at: dt.datetime
    row: str = ""
    level: Level = Level.STATED
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    case_id: UUID | None = None
    evidence: str = ""
    id: UUID | None = None


#: Sources that the person has no hand in.
VOUCHED: Final = (Source.CARD, Source.REGISTER)


def read(
    person_id: UUID,
    keys: Iterable[str],
    purpose: Purpose,
    *,
    by: Actor,
    day: dt.date | None = None,
    known_at: dt.datetime | None = None,
    sources: Iterable[Source] = (),
) -> list[Known]:
    """What is known of ``keys`` about ``day`` (today), as it was known at ``known_at`` (now): one for each key and row.

    Raises NoBasis where no law permits it.
    """
    wanted = list(keys)
    if not wanted:
        return []
    return _read(person_id, wanted, purpose, by, day, known_at, sources=list(sources))


def known(
    person_id: UUID, keys: Iterable[str], purpose: Purpose, *, by: Actor, sources: Iterable[Source] = ()
) -> dict[str, Known]:
    """The facts of the person itself (not of rows) by key. Raises NoBasis."""
    return {one.key: one for one in read(person_id, keys, purpose, by=by, sources=sources) if not one.row}


def known_rows(person_id: UUID, keys: Iterable[str], purpose: Purpose, *, by: Actor) -> dict[str, dict[str, Known]]:
    """The rows of a group (``child``): row → key → fact, rows in the order in which they were told. Raises NoBasis."""
    result: dict[str, dict[str, Known]] = {}
    for one in sorted(read(person_id, keys, purpose, by=by), key=_told):
        if one.row:
            result.setdefault(one.row, {})[one.key] = one
    return result


def all_known(person_id: UUID, purpose: Purpose, *, by: Actor) -> list[Known]:
    """What is known today, whatever it is: for each key and row what the records say, and behind it what was only said
    (by the person, or for them). Raises NoBasis."""
    return _read(person_id, [], purpose, by, None, None, apart=True)


def everything(person_id: UUID, purpose: Purpose, *, by: Actor) -> list[Known]:
    """Every fact that was ever recorded, by key and row, newest first. Raises NoBasis."""
    return _read(person_id, [], purpose, by, None, None, history=True)


def history_of(person_id: UUID, keys: Iterable[str], purpose: Purpose, *, by: Actor) -> list[Known]:
    """The same of these keys alone. Raises NoBasis."""
    return _read(person_id, list(keys), purpose, by, None, None, history=True)


def count(person_id: UUID) -> int:
    """How many things are known of somebody, however often each was said."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT fact_count(%s)", [person_id])
        return int(cursor.fetchone()[0])


def holders(key: str, value: Any, purpose: Purpose, *, by: Actor, most: int) -> list[UUID]:
    """Persons of whom the ledger says this, at most ``most``. Raises NoBasis."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM fact_find(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [*_who(by), key, json.dumps(value, ensure_ascii=False), purpose.code, purpose.office, most],
        )
        found = [one for (one,) in cursor.fetchall()]
    if None in found:
        raise NoBasis([key], purpose)
    return found


def open_to(persons: Iterable[UUID], purpose: Purpose) -> frozenset[UUID]:
    """Those of whom a reader for this purpose may know at all: others are under 支援措置 (秘匿), and are not there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM fact_open_to(%s, %s, %s, %s)", [list(persons), purpose.code, purpose.office, clock.now()]
        )
        return frozenset(one for (one,) in cursor.fetchall())


class Shown(Func):
    """Of a column of persons: whether they may be found by where they live or where something is. Nobody under 支援措置
    (秘匿) may, and no law opens this: what is on a map is seen by whoever stands before it.

    Those who may not are few and asked for once in a statement, whether it is about one case or about all of a city.
    """

    template = "(%(expressions)s)))"
    arg_joiner = " NOT IN (SELECT fact_hidden_at("
    output_field = BooleanField()

    def __init__(self, person: str, **more: Any) -> None:
        super().__init__(F(person), Value(clock.now(), output_field=DateTimeField()), **more)


def bases_in_force() -> list[Basis]:
    """The legal bases by which somebody may read today, but those that a law keeps from whoever is read."""
    return _bases_on(clock.today())


@composed_once
def _bases_on(day: dt.date) -> QuerySet[Basis]:
    rows = Basis.objects.filter(withdrawn_at=None, undisclosed=False, since__lte=day)
    return rows.filter(Q(until=None) | Q(until__gte=day)).order_by("purpose", "reference", "published_at", "id")


@dataclass(frozen=True, slots=True)
class Reading:
    """That somebody read, or was refused: for its person to see. ``laws`` are the articles as they are cited.

    Of what is no reading of facts (``also``) ``purpose`` is the verb, ``about`` the id of what the event is about and
    ``data`` what the event says of it.

    ``day_only``: which procedure a resident prepares, and when, is not told to those who live with them; ``at`` is then
    the beginning of that day.
    """

    id: UUID
    at: dt.datetime
    done: bool
    actor_kind: str
    actor_id: UUID | None
    purpose: str
    keys: tuple[str, ...]
    laws: tuple[str, ...]
    procedure: str
    office: str
    day_only: bool = False
    about: UUID | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


def of_the_day(event: Event) -> bool:
    """Whether somebody's own household was read for a form of theirs, or what is known of a household or a place for
    another of it: whoever was read is told the day, and no more."""
    for_a_form = event.actor_kind == "resident" and event.data.get("purpose") == "household"
    return event.verb == "facts.read" and (for_a_form or event.data.get("shared") is True)


def beginning_of_day(moment: dt.datetime) -> dt.datetime:
    """Midnight in Japan before a moment."""
    return clock.in_tokyo(moment).replace(hour=0, minute=0, second=0, microsecond=0)


#: No event at all.
NONE: Final = Q(pk__in=())
#: Readings that are in memory at a time.
CHUNK: Final = 1000


def readings(
    person_id: UUID, *, own: bool = False, before: UUID | None = None, most: int, also: Q = NONE
) -> list[Reading]:
    """Who has read what is known of a person, newest first: others, or with ``own`` the person. ``before``: the last
    that was shown; an id that is none of these begins anew. Not what a law keeps from its person
    (``Basis.undisclosed``). With those who read what a register said of them while nobody knew that it was they.
    ``also``: other events by which something of theirs came before somebody's eyes."""
    rows = _logged(person_id, also)
    rows = rows.filter(actor_id=person_id) if own else rows.exclude(actor_id=person_id)
    last = rows.filter(pk=before).values_list("at", flat=True).first() if before is not None else None
    if last is not None:
        rows = rows.filter(Q(at__lt=last) | Q(at=last, id__lt=before))
    return _as_readings(list(rows.order_by("-at", "-id")[:most]))


def usages(
    person_id: UUID, *, since: dt.datetime | None, until: dt.datetime | None, offset: int, most: int, also: Q = NONE
) -> tuple[int, list[Reading]]:
    """How many readings the person may be told of in a period (``until`` belongs to it), their own among them, and some
    of them, newest first. Of those whose hour is not told, the period and the order know the day only."""
    period = (Q(told_at__gte=since) if since is not None else Q()) & (Q(told_at__lte=until) if until else Q())
    rows = _told_at(_logged(person_id, also)).filter(period)
    return rows.count(), _as_readings(list(rows[offset : offset + most]))


def every_reading(person_id: UUID, *, also: Q = NONE) -> Iterator[list[Reading]]:
    """All of them, their own among them, newest first, some at a time."""
    rows = _told_at(_logged(person_id, also)).iterator(chunk_size=CHUNK)
    while some := list(islice(rows, CHUNK)):
        yield _as_readings(some)


def _told_at(rows: QuerySet[Event]) -> QuerySet[Event]:
    midnight = TruncDay("at", tzinfo=clock.TOKYO)
    is_hidden = Q(verb="facts.read", actor_kind="resident", data__purpose="household") | Q(data__shared=True)
    return rows.annotate(told_at=Case(When(is_hidden, then=midnight), default=F("at"))).order_by("-told_at", "-id")


def _logged(person_id: UUID, also: Q) -> QuerySet[Event]:
    """Every reading of the person that its person may be told of."""
    of_facts = Q(subject_id__in=[person_id, *_earlier(person_id)], verb="facts.read") & ~Q(data__keys=[])
    return Event.objects.filter(of_facts | also)


@composed_once
def _earlier(person: UUID) -> QuerySet[Pair, UUID | None]:
    """As what the person was known before they were linked with somebody."""
    return Pair.objects.filter(person=person, replaced__isnull=False).values_list("replaced", flat=True)


def _as_readings(found: Sequence[Event]) -> list[Reading]:
    cited = {reference for one in found for reference in _cited(one)}
    titles = dict(Basis.objects.filter(reference__in=cited).order_by("published_at").values_list("reference", "title"))
    return [
        Reading(
            one.id,
            beginning_of_day(one.at) if of_the_day(one) else one.at,
            one.outcome == "done",
            one.actor_kind,
            one.actor_id,
            one.data["purpose"] if one.verb == "facts.read" else one.verb,
            tuple(one.data["keys"]) if one.verb == "facts.read" else (),
            tuple(titles.get(reference, reference) for reference in _cited(one)),
            one.data.get("procedure", "") if not of_the_day(one) else "",
            one.data.get("office", ""),
            of_the_day(one),
            one.subject_id,
            one.data if one.verb != "facts.read" else {},
        )
        for one in found
    ]


def _cited(one: Event) -> Sequence[str]:
    """The articles by which facts were read; an export's ``basis`` is another thing."""
    found: Sequence[str] = one.data.get("basis", ()) if one.verb == "facts.read" else ()
    return found


def _read(
    person_id: UUID,
    keys: list[str],
    purpose: Purpose,
    by: Actor,
    day: dt.date | None,
    known_at: dt.datetime | None,
    *,
    sources: Collection[Source] = (),
    apart: bool = False,
    history: bool = False,
) -> list[Known]:
    who = _who(by)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM fact_read(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                *who,
                person_id,
                keys,
                purpose.code,
                purpose.procedure,
                purpose.office,
                purpose.case,
                day or clock.today(),
                known_at or clock.now(),
                ["*"] if apart else [one.value for one in sources],
                history,
            ],
        )
        rows = cursor.fetchall()
    if rows and rows[0][0] is not None:
        raise NoBasis(rows[0][0], purpose, person_id)
    return [
        Known(key, json.loads(value), Source(source), as_of, at, row, Level(level), since, until, case, shown, pk)
        for _, pk, key, row, value, source, level, as_of, since, until, at, case, shown in rows
    ]


def _who(by: Actor) -> list[Any]:
    return [uuid7(), clock.now(), by.kind, by.id, by.channel, current_cause()]


def _told(one: Known) -> tuple[str, int, str]:
    case, _, number = one.row.rpartition(":")
    return (case, int(number), "") if number.isdigit() else (one.row, 0, "")
