"""The letters of a case before they go out (通知書の案): set as they would be, without number and signature."""

from collections.abc import Mapping, Sequence
from typing import Final

from django.conf import settings

from madoguchi.cases.actions import writing
from madoguchi.cases.actions.handling import find
from madoguchi.cases.models import Case, Step
from madoguchi.cases.queries import course_of, scope_of
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotFound
from madoguchi.messages.rules import letters
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules import form as forms
from madoguchi.procedures.rules.course import Course
from madoguchi.procedures.rules.departing import Wanted
from madoguchi.procedures.rules.outlook import letters_ahead
from madoguchi.procedures.rules.published import Published

#: Outcomes that lead back, and to no letter.
BACK: Final = frozenset({"return", "send_back"})


def draft_letters(
    step: Step,
    outcome: str,
    *,
    reasons: Sequence[str] = (),
    findings: forms.Raw | None = None,
    wanted: Wanted | None = None,
) -> list[bytes]:
    """The letters (PDF) that would go out if this open step ended so and all went well after it.

    Changes nothing. Refuses what the act itself would refuse, and says so (Invalid) where no letter follows, or where
    somebody has yet to find out what it says.
    """
    case = step.case
    package, course = procedures.package(case.procedure), course_of(case)
    if step.kind == "examine":
        given = scope_of(case, package, course)
        find(package, course, step.node, outcome, given=given, reasons=reasons, findings=findings, wanted=wanted)
    if outcome in BACK:
        raise Invalid("letter-none", "この結果では、通知書は出ません。")
    named = letters_ahead(package, course, step.node, outcome, scope_of(case, package, course))
    if named is None:
        raise Invalid("letter-later", "通知書の内容は、この後の段階で決まります。そのときに案を見られます。")
    if not named:
        raise Invalid("letter-none", "この結果では、通知書は出ません。")
    return [_draft(case, package, course, one) for one in named]


def may_draft(step: Step, package: Published) -> bool:
    """Whether a letter can follow from this step, as far as is known before anything is found out in it."""
    if package.findings.get(step.node):
        return True
    held = course_of(step.case).as_json()
    for outcome in package.graph[step.node].outcomes:
        course = Course.from_json(held)
        if step.kind == "examine":
            course.examine(step.node, outcome)
        given = scope_of(step.case, package, course)
        if outcome not in BACK and letters_ahead(package, course, step.node, outcome, given):
            return True
    return False


def enclosure(step: Step) -> bytes:
    """What is put into the envelope with the thing itself (PDF): the letter of a step that goes by post.

    It has no number and is not kept: the thing is what is issued. Changes nothing. Raises NotFound for other steps.
    """
    case, package = step.case, procedures.package(step.case.procedure)
    named = package.graph[step.node].arguments.get("letter")
    if step.kind != "issue" or step.channel == "screen" or named is None or step.done_at is not None:
        raise NotFound("letter-unknown", "この通知書は見つかりません。")
    data: Mapping[str, object] = {
        **writing.letter_data(case, package, course_of(case)),
        "letter": {"number": "", "date": clock.today().isoformat(), "sample": settings.DEMO},
    }
    return letters.render(settings.CATALOGUE, writing.template_of(case, named), data)


def _draft(case: Case, package: Published, course: Course, letter: str) -> bytes:
    data: Mapping[str, object] = {
        **writing.letter_data(case, package, course),
        "letter": {"number": "", "date": clock.today().isoformat(), "draft": True, "sample": settings.DEMO},
    }
    return letters.render(settings.CATALOGUE, writing.template_of(case, letter), data)
