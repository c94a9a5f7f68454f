"""What the handling of a case has found so far, as conditions and tables see it."""

from typing import Any

from madoguchi.cases.models import Case, Decision
from madoguchi.ground import clock
from madoguchi.procedures.rules.course import Course
from madoguchi.procedures.rules.published import Published


def course_of(case: Case) -> Course:
    """What has been found in the handling of this case so far."""
    decision = Decision.objects.filter(case=case).first()
    return Course.from_json(decision.course) if decision else Course()


def scope_of(case: Case, package: Published, course: Course) -> dict[str, Any]:
    """What conditions and tables see of a case."""
    received = clock.day_of(case.received_at) if case.received_at else clock.today()
    return {**package.form.scope(case.answers), "received_on": received, **course.scope()}
