"""What is kept how long: what is to be told, what is to be deleted, what is held, what has no keeping period."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import NamedTuple

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from madoguchi.cases.models import Case, Cosigner, Hold
from madoguchi.cases.rules.keeping import DRAFT_KEPT, DRAFT_NOTICE, RECORD_NOTICE
from madoguchi.events import Actor
from madoguchi.facts.models import Entry
from madoguchi.facts.rules.register import Layout
from madoguchi.ground import clock
from madoguchi.people.models import Identity, Person
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules.format.retention import Outcome, Retention


class Due(NamedTuple):
    """How many of each there are now; ``kept_for_ever`` have ended and have no keeping period, ``leavers`` have left a
    register longer ago than it keeps them."""

    drafts_to_warn: int
    drafts_to_delete: int
    cases_to_warn: int
    cases_to_delete: int
    held: int
    kept_for_ever: int
    leavers: int


def retention_of(case: Case) -> Retention | None:
    """What the procedure says of keeping, in the version that the case runs under."""
    return procedures.package(case.procedure).procedure.retention


def kept_until(case: Case, outcome: Outcome, ended_at: datetime) -> date | None:
    """The last day of the keeping period of a case that ends so; None where the procedure does not say."""
    retention = retention_of(case)
    return retention.of(outcome).until(clock.day_of(ended_at)) if retention is not None else None


def active_holds() -> QuerySet[Hold]:
    """Holds that are neither released nor over."""
    return Hold.objects.filter(released_at=None, until__gte=clock.today())


def holds_of(case: Case) -> list[Hold]:
    """Every hold of the case, newest first."""
    if "holds" in case.lacks:
        return []
    return list(case.holds.select_related("held_by", "released_by").order_by("-held_at"))


def is_held(case: Case) -> bool:
    return active_holds().filter(case=case).exists()


def drafts_to_warn() -> QuerySet[Case]:
    """Drafts of whose silence their owners have not been told."""
    before = clock.now() - (DRAFT_KEPT - DRAFT_NOTICE)
    untold = Q(warned_at=None) | Q(warned_at__lt=F("saved_at"))
    return _drafts().filter(untold, saved_at__lte=before).order_by("saved_at")


def drafts_to_delete() -> QuerySet[Case]:
    """Drafts silent for the whole time, of which their owners were told long enough ago."""
    now = clock.now()
    told = Q(warned_at__gte=F("saved_at"), warned_at__lte=now - DRAFT_NOTICE)
    return _drafts().filter(told, saved_at__lte=now - DRAFT_KEPT).order_by("saved_at")


def cases_to_warn() -> QuerySet[Case]:
    """Ended cases whose period is about to end, where the procedure wants the applicant to be told. Of a draft that
    they have deleted themselves nothing is left to be told of."""
    soon = clock.today() + RECORD_NOTICE
    untold = _ended().filter(keep_until__lte=soon, warned_at=None, received_at__isnull=False)
    return untold.filter(procedure__in=_with_notice()).order_by("keep_until")


def cases_to_delete() -> QuerySet[Case]:
    """Ended cases whose period is over, which nothing holds, and whose applicants were told where they must be."""
    told = ~Q(procedure__in=_with_notice()) | Q(received_at=None) | Q(warned_at__lte=clock.now() - RECORD_NOTICE)
    return _ended().filter(told, keep_until__lt=clock.today()).order_by("keep_until")


def due() -> Due:
    """The figures of a dry run."""
    ended = Case.objects.filter(ended_at__isnull=False, erased_at=None)
    return Due(
        drafts_to_warn().count(),
        drafts_to_delete().count(),
        cases_to_warn().count(),
        cases_to_delete().count(),
        active_holds().values("case").distinct().count(),
        ended.filter(keep_until=None).count(),
        sum(rows.count() for _, rows in _leavers()),
    )


def leavers_to_forget(limit: int) -> list[tuple[Person, Layout]]:
    """Whoever has left a register longer ago than it keeps them, with its layout; those who left first come first.

    Nobody of whom a case is kept, and nobody who still signs in: they go after that.
    """
    found = []
    for layout, rows in _leavers():
        found += [(one.person, layout) for one in rows.select_related("person").order_by("gone_since", "pk")[:limit]]
    return found[:limit]


def _leavers() -> Iterator[tuple[Layout, QuerySet[Entry]]]:
    concerned = Case.objects.filter(Q(person=OuterRef("person")) | Q(subject=OuterRef("person")))
    confirmed = Cosigner.objects.filter(person=OuterRef("person"))
    recognised = Identity.objects.filter(person=OuterRef("person"))
    for layout in procedures.registers():
        if (before := layout.left_before(clock.today())) is not None:
            rows = Entry.objects.filter(register=layout.register, gone_since__lt=before)
            yield layout, rows.exclude(Exists(concerned)).exclude(Exists(confirmed)).exclude(Exists(recognised))


def ending_soon(by: Actor, until: date, limit: int = 200) -> list[Case]:
    """Ended cases of this member's sections whose period ends by that day, held ones included, soonest first."""
    rows = Case.objects.filter(section__in=by.sections, erased_at=None, keep_until__lte=until)
    held = Exists(active_holds().filter(case=OuterRef("pk")))
    rows = rows.filter(received_at__isnull=False).annotate(held=held).select_related("procedure")
    return list(rows.defer("answers", "typed").order_by("keep_until", "number")[:limit])


def erased(by: Actor, limit: int = 50) -> list[Case]:
    """What was deleted of this member's sections, newest first: number, procedure and dates are all that is left."""
    rows = Case.objects.filter(section__in=by.sections, erased_at__isnull=False, received_at__isnull=False)
    return list(rows.select_related("procedure").order_by("-erased_at")[:limit])


def _drafts() -> QuerySet[Case]:
    return Case.objects.filter(received_at=None, withdrawn_at=None, erased_at=None)


def _ended() -> QuerySet[Case]:
    cases = Case.objects.filter(ended_at__isnull=False, erased_at=None)
    return cases.exclude(Exists(active_holds().filter(case=OuterRef("pk"))))


def _with_notice() -> list[Procedure]:
    """The published versions that want a notice, among those of which a case is about to be deleted."""
    soon = clock.today() + RECORD_NOTICE
    keys = Case.objects.filter(erased_at=None, keep_until__lte=soon).values("procedure").distinct()
    rows = Procedure.objects.filter(pk__in=keys)
    return [
        one
        for one in rows
        if (retention := procedures.package(one).procedure.retention) is not None and retention.notice
    ]
