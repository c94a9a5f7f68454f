"""決裁: the seals of an approval, given in order; 代決 while who decides is not there, and 後閲 once they are back."""

from madoguchi.cases.actions import consulting, driving
from madoguchi.cases.actions.handling import MAX_NOTE, check_outcome, open_step
from madoguchi.cases.models import Approval, Case, Step
from madoguchi.cases.queries.sealing import decided_for, turn_of, why_not_seal
from madoguchi.cases.rules.permission import POST_OF_STEP
from madoguchi.cases.rules.sealing import Turn
from madoguchi.events import SYSTEM, Actor, Reason, act, record
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotAllowed, Problem, Stale
from madoguchi.ground.text import clean

ON_THE_WAY = Reason(
    "post-of-step",
    "この段階を決裁する職だから",
    lambda actor, step: (
        POST_OF_STEP.holds(actor, step)
        or (actor.kind == "staff" and not actor.posts.isdisjoint([*step.route, *step.in_absence]))
        or (actor.kind == "staff" and bool(step.section) and step.section in actor.sections)
    ),
)
STOOD_IN_FOR = Reason(
    "stood-in-for",
    "自分の職に代わって決裁された案件だから",
    lambda actor, step: actor.kind == "staff" and decided_for(actor).filter(step_id=step.pk).exists(),
)


@act("case.approve", allow=(ON_THE_WAY,))
def approve(
    step: Step, outcome: str, *, by: Actor, note: str = "", because: str = "", draft: str | None = None
) -> Case:
    """決裁: seal what was drafted, or send it back; never one's own work. The last seal on the way decides.

    ``because`` says why somebody decides for a post that is not there (代決), and is needed only then. Raises Stale
    where it is another's turn, and where ``draft``, the digest of the decision that was shown, is not that of the
    present one. Sent back, the seals given until then are void: a new approval begins with none.
    """
    case, fresh = open_step(step, "approve", by)
    drive = driving.Drive(case)
    check_outcome(drive.package.graph[fresh.node].outcomes, outcome)
    if (refusal := why_not_seal(fresh, by)) is not None:
        raise refusal
    said = clean(note, multiline=True, max_length=MAX_NOTE)
    if outcome == "send_back":
        if not said:
            raise _missing("note", "note-missing", "差し戻す理由を書いてください。", "理由を書いてください。")
        drive.course.reopen()
        driving.complete(case, fresh, outcome, by=by, note=said, drive=drive)
        record(step=fresh.node, outcome=outcome, case=case.pk)
        return case
    if draft is not None and draft != (drive.decision.digest if drive.decision else ""):
        raise Stale("draft-changed", "表示した後に、決定の案が変わりました。いまの案を確かめてから決裁してください。")
    consulting.none_open(case)
    now = turn_of(fresh)
    why = clean(because, multiline=True, max_length=MAX_NOTE)
    if now is not None and now.stands_in and not why:
        raise _missing("because", "because-missing", "代わって決裁する理由を書いてください。", "理由を書いてください。")
    decides = now is None or now.decides
    _seal(fresh, now, by, why, "" if decides else said)
    if decides:
        driving.complete(case, fresh, outcome, by=by, note=said, drive=drive)
        record(step=fresh.node, outcome="stand-in" if now and now.stands_in else outcome, case=case.pk)
        return case
    driving.go_on_to_next_seal(case, fresh)
    record(step=fresh.node, outcome="seal", case=case.pk)
    return case


def _seal(step: Step, now: Turn | None, by: Actor, why: str, note: str) -> None:
    stood_in = now.post if now is not None and now.stands_in else ""
    Approval.objects.create(
        step=step,
        post=now.seat if now is not None else step.section,
        account_id=by.who,
        at=clock.now(),
        stood_in=stood_in,
        because=why if stood_in else "",
        note=note,
    )
    if now is not None:
        record(seat=now.seat, passed=list(now.passed), **({"stood_in": stood_in} if stood_in else {}))


@act("case.review-afterwards", allow=(STOOD_IN_FOR,))
def review_afterwards(step: Step, *, by: Actor) -> Approval:
    """後閲: who was not there looks at what was decided in their place. Nothing is decided anew."""
    approval = decided_for(by).select_for_update().filter(step_id=step.pk).first()
    if approval is None or approval.reviewed_at is not None:
        raise Stale("reviewed-already", "この代決は、すでに後閲されています。")
    if approval.account_id == by.who:
        raise NotAllowed("own-work", "ご自分が代決した案件は、後閲できません。")
    approval.reviewed_at, approval.reviewed_by_id = clock.now(), by.who
    approval.save(update_fields=["reviewed_at", "reviewed_by"])
    record(step=step.node, seat=approval.post)
    return approval


@act("case.seat", allow=(BY_SYSTEM,))
def seat(step: Step, *, by: Actor = SYSTEM) -> Step:
    """決裁の順番の見直し: somebody went away, came back or took up a post, so another's seal may be next."""
    case = driving.locked(step.case)
    fresh = Step.objects.get(pk=step.pk)
    fresh.case = case
    if fresh.done_at is None and driving.seat(case, fresh):
        fresh.save(update_fields=["posts", "taken_by", "taken_at"])
        case.save(update_fields=["seen_by"])
    record(step=fresh.node)
    return fresh


def _missing(field: str, code: str, message: str, short: str) -> Invalid:
    return Invalid(code, message, fields={field: Problem(code, short)})
