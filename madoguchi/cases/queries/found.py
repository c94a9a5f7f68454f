"""What the handling of a case has found so far, as conditions and tables see it, and the case as a whole."""

from typing import Any, Final
from uuid import UUID

from django.db import models
from django.db.models import Prefetch, QuerySet, prefetch_related_objects

from madoguchi.cases.models import Case, Consultation, Decision, Payment, Step
from madoguchi.events.composing import Asked, composed_once, nothing, statement
from madoguchi.ground import clock
from madoguchi.procedures.rules.course import Course
from madoguchi.procedures.rules.published import Published


def _table(model: type[models.Model], relation: str) -> str:
    return str(model._meta.get_field(relation).related_model._meta.db_table)  # type: ignore[union-attr]  # a relation


#: What hangs on a case, or on its steps, and mostly is not there.
_OF_CASE: Final = (
    *("checks", "consultations", "cosigners", "documents", "hand_overs", "holds", "notes", "payments", "remarks"),
    *("map_answers", "services", "signatures"),
)
_OF_STEPS: Final = ("approvals", "departures", "timers")
_THERE: Final = "SELECT " + ", ".join(  # noqa: S608 -- names of our tables
    [f'EXISTS (SELECT FROM "{_table(Case, one)}" WHERE case_id = %(case)s)' for one in _OF_CASE]
    + [
        f'EXISTS (SELECT FROM "{_table(Step, one)}" JOIN case_step ON case_step.id = step_id WHERE case_id = %(case)s)'
        for one in _OF_STEPS
    ]
)


def whole(case: Case) -> Case:
    """The case with all that hangs on it, for a page that looks at it from every side.

    One query says what there is, and of that one a table is read. It is of that moment: what an act changes afterwards
    does not show in this instance.
    """
    [there] = _there_asked(case).rows()
    case.lacks = frozenset(name for name, held in zip((*_OF_CASE, *_OF_STEPS), there, strict=True) if not held)
    read: dict[str, str | Prefetch[str]] = {
        "consultations": Prefetch(
            "consultations", Consultation.objects.select_related("asked_by", "answered_by", "dropped_by")
        ),
        "payments": Prefetch("payments", Payment.objects.select_related("refund_by", "step")),
        "documents": "documents",
        "cosigners": "cosigners",
        "services": "services",
    }
    prefetch_related_objects([case], *(one for name, one in read.items() if name not in case.lacks))
    decision, steps = next(iter(_decisions(case.pk)), None), case.steps.all()
    steps._result_cache = _steps(case.pk)
    for step in steps:
        step.case = case
    if decision is not None:
        decision.case = case
    # What follows is as prefetching leaves it.
    Case._meta.get_field("decision").set_cached_value(case, decision)
    held = {"steps": steps, **{name: nothing(getattr(case, name).all()) for name in case.lacks & read.keys()}}
    case.__dict__.setdefault("_prefetched_objects_cache", {}).update(held)
    return case


def whole_asked(case: Case) -> list[Asked]:
    """What :func:`whole` asks of any case."""
    return [_there_asked(case), _decisions.of(case.pk), _steps.of(case.pk)]


def _there_asked(case: Case) -> Asked:
    return statement.of(_THERE, {"case": case.pk})


@composed_once
def _decisions(case: UUID) -> QuerySet[Decision]:
    return Decision.objects.select_related("drafted_by", "made_by").filter(case=case)


@composed_once
def _steps(case: UUID) -> QuerySet[Step]:
    return Step.objects.select_related("account", "taken_by").filter(case=case).order_by("token")


def went_back(case: Case) -> bool:
    """Whether it was ever returned for correction; asked of the steps where :func:`whole` has read them."""
    read = "steps" in getattr(case, "_prefetched_objects_cache", {})
    return not read or any(one.kind == "correction" for one in case.steps.all())


def decision_of(case: Case) -> Decision | None:
    """The decision as it was drafted or made, None before any table or examiner has said something."""
    if Case._meta.get_field("decision").is_cached(case):
        return getattr(case, "decision", None)
    return Decision.objects.select_related("drafted_by", "made_by").filter(case=case).first()


def course_of(case: Case) -> Course:
    """What has been found in the handling of this case so far."""
    decision = decision_of(case)
    return Course.from_json(decision.course) if decision else Course()


def scope_of(case: Case, package: Published, course: Course) -> dict[str, Any]:
    """What conditions and tables see of a case."""
    received = clock.day_of(case.received_at) if case.received_at else clock.today()
    return course.within({**package.form.scope(case.answers), "received_on": received})
