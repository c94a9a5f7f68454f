"""What a leader sees of a section: who has how much, what is late, where cases wait; every figure leads to cases."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet

from madoguchi.cases.models import Case, Step
from madoguchi.cases.queries.worklist import late_cases
from madoguchi.events import Actor
from madoguchi.ground import clock
from madoguchi.ground.errors import NotAllowed
from madoguchi.ground.languages import LocalText
from madoguchi.people.models import Account
from madoguchi.people.queries import colleagues, leads
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure

#: Business days that are looked back upon for what was done.
LOOK_BACK: Final = 20


@dataclass(frozen=True, slots=True)
class PersonLoad:
    """Open steps that somebody has taken, those of them whose case is late, and what they did lately."""

    account: Account
    taken: int
    late: int
    oldest: int
    done: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """The open steps of one kind of one procedure: how many, and for how many business days (median and oldest)."""

    code: str
    procedure: LocalText
    node: str
    title: LocalText | None
    kind: str
    count: int
    median: int
    oldest: int


@dataclass(frozen=True, slots=True)
class SectionLoad:
    """All of it, for the sections that one leads. ``late`` counts cases by how late, in business days;
    ``at_counter`` are those of the ``received`` that a clerk typed before their resident."""

    people: tuple[PersonLoad, ...]
    free: int
    waiting: tuple[Waiting, ...]
    late: tuple[tuple[str, int], ...]
    running: int
    received: int
    at_counter: int
    ended: int


def led_sections(by: Actor) -> frozenset[str]:
    """The sections whose work this member of staff gives out. A department's head leads each of its sections."""
    if by.kind != "staff":
        return frozenset()
    return frozenset(one.id for one in procedures.city().organisation.sections() if leads(by, {one.id}))


def section_load(by: Actor) -> SectionLoad:
    """The load of the sections that ``by`` leads. Raises NotAllowed for whoever leads none."""
    sections = led_sections(by)
    if not sections:
        raise NotAllowed("not-leading", "この画面は、課の仕事を割り振る職の人が使います。")
    today = clock.today()
    running = Case.objects.filter(
        section__in=sections, received_at__isnull=False, closed_at__isnull=True, withdrawn_at__isnull=True
    )
    since = _midnight(_business_days_ago(LOOK_BACK))
    return SectionLoad(
        people=_people(sections, since),
        free=_of_people(sections).filter(taken_by=None).count(),
        waiting=_waiting(sections),
        late=_late(running.filter(late_cases(today)).values_list("due_on", flat=True)),
        running=running.count(),
        received=Case.objects.filter(section__in=sections, received_at__gte=since).count(),
        at_counter=Case.objects.filter(section__in=sections, received_at__gte=since, channel="counter").count(),
        ended=Case.objects.filter(section__in=sections, received_at__isnull=False, ended_at__gte=since).count(),
    )


# -- within -----------------------------------------------------------------------------------------------------------


def _of_people(sections: Iterable[str]) -> QuerySet[Step]:
    """The open steps that people of the office do: the section's own, and those at a post in its cases."""
    at_post = Q(section="", case__section__in=sections) & ~Q(posts=[])
    return Step.objects.filter(Q(section__in=sections) | at_post, done_at=None)


def _people(sections: frozenset[str], since: dt.datetime) -> tuple[PersonLoad, ...]:
    today = clock.today()
    staff = colleagues(sections)
    keys = [one.pk for one in staff]
    late = late_cases(today, "case__")
    own = Q(section__in=sections) | Q(case__section__in=sections)  # what they do elsewhere is for the heads there
    rows = Step.objects.filter(own, taken_by__in=keys, done_at=None).values("taken_by")
    taken = {
        row["taken_by"]: row for row in rows.annotate(n=Count("pk"), late=Count("pk", late), oldest=Min("opened_at"))
    }
    done = dict(
        Step.objects.filter(own, account__in=keys, done_at__gte=since)
        .values_list("account")
        .annotate(Count("pk"))
        .order_by()
    )
    return tuple(
        PersonLoad(
            one,
            taken[one.pk]["n"] if one.pk in taken else 0,
            taken[one.pk]["late"] if one.pk in taken else 0,
            _days_since(clock.day_of(taken[one.pk]["oldest"]), today) if one.pk in taken else 0,
            done.get(one.pk, 0),
        )
        for one in staff
    )


def _waiting(sections: frozenset[str]) -> tuple[Waiting, ...]:
    """By procedure and step, what waits longest on top."""
    today = clock.today()
    open_ = Step.objects.filter(case__section__in=sections, done_at=None)
    days: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    newest: dict[str, UUID] = {}
    rows = open_.values_list("case__procedure__code", "case__procedure_id", "node", "kind", "opened_at")
    for code, key, node, kind, opened in rows.order_by("case__procedure__version").iterator():
        newest[code] = key
        days[(code, node, kind)].append(_days_since(clock.day_of(opened), today))
    packages = {code: procedures.package(Procedure(pk=key)) for code, key in newest.items()}
    found = []
    for (code, node, kind), waits in days.items():
        waits.sort()
        step = packages[code].graph.nodes.get(node)
        found.append(
            Waiting(
                code,
                packages[code].procedure.title,
                node,
                step.title if step else None,
                kind,
                len(waits),
                waits[len(waits) // 2],
                waits[-1],
            )
        )
    return tuple(sorted(found, key=lambda one: (-one.median, -one.count, one.code, one.node)))


def _late(days: Iterable[dt.date | None]) -> tuple[tuple[str, int], ...]:
    """How many are late by up to 5, up to 20 and by more business days."""
    today = clock.today()
    found = {"5": 0, "20": 0, "more": 0}
    for day in days:
        late = _days_since(day, today) if day else 0
        found["5" if late <= 5 else "20" if late <= 20 else "more"] += 1
    return tuple(found.items())


def _business_days_ago(count: int) -> dt.date:
    calendar, day = procedures.calendar(), clock.today()
    while calendar.between(day, clock.today()) < count:
        day -= dt.timedelta(days=1)
    return day


@lru_cache(maxsize=4096)
def _days_since(day: dt.date, today: dt.date) -> int:
    return procedures.calendar().between(day, today)


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), clock.TOKYO)
