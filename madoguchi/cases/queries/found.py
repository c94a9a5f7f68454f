"""What the handling of a case has found so far, as conditions and tables see it, and the case as a whole."""

from typing import Any

from django.db.models import Prefetch, prefetch_related_objects

from madoguchi.cases.models import Case, Consultation, Decision, Payment, Step
from madoguchi.ground import clock
from madoguchi.procedures.rules.course import Course
from madoguchi.procedures.rules.published import Published


def whole(case: Case) -> Case:
    """The case with all that hangs on it, one query a table: for a page that looks at it from every side.

    It is of that moment: what an act changes afterwards does not show in this instance.
    """
    prefetch_related_objects(
        [case],
        Prefetch("decision", Decision.objects.select_related("drafted_by", "made_by")),
        Prefetch("steps", Step.objects.select_related("account", "taken_by").order_by("token")),
        Prefetch("consultations", Consultation.objects.select_related("asked_by", "answered_by", "dropped_by")),
        Prefetch("payments", Payment.objects.select_related("refund_by", "step")),
        "documents",
        "cosigners",
    )
    return case


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
