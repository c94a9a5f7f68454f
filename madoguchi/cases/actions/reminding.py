"""Asking the applicant once more for a correction that does not come."""

import datetime as dt

from madoguchi.cases.actions import driving, telling
from madoguchi.cases.models import Step
from madoguchi.events import Actor, Reason, act, record
from madoguchi.events.acting import current_event
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, Stale

OFFICE_OF_STEP = Reason(
    "section-of-case",
    "この手続を担当する課だから",
    lambda actor, step: actor.kind == "staff" and step.case.section in actor.sections,
)
#: Nobody is reminded of the same twice within this time.
PAUSE = dt.timedelta(days=1)


@act("case.remind", allow=(OFFICE_OF_STEP,))
def remind(step: Step, *, by: Actor) -> Step:
    """補正のお願いの再送: the applicant is told once more what is to be corrected; at most once a day."""
    case = driving.locked(step.case)
    fresh = Step.objects.get(pk=step.pk)
    if fresh.kind != "correction":
        raise Invalid("step-kind", "この段階では行えない操作です。")
    if fresh.done_at is not None or case.ended_at is not None:
        raise Stale("not-returned", "この手続はいま直す必要がありません。")
    lately = Event.objects.filter(
        subject_id=step.pk, verb="case.remind", outcome="done", at__gt=clock.now() - PAUSE
    ).exists()
    if lately:
        raise Stale("reminded-lately", "きょうすでに再送しています。1日たってからにしてください。")
    telling.tell(case, "returned", event=current_event(), by=by)
    record(step=fresh.node, case=case.pk)
    return fresh
