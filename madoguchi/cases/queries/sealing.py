"""The seals of an approval (決裁): whose is next, why somebody may not give it, what is to be looked at afterwards."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from django.db.models import QuerySet

from madoguchi.cases.models import Approval, Case, Step
from madoguchi.cases.rules.sealing import Turn, turn
from madoguchi.events import Actor
from madoguchi.events.composing import composed_once
from madoguchi.ground.errors import NotAllowed, Refused, Stale
from madoguchi.people.queries import there_today
from madoguchi.procedures import queries as procedures

SeatState = Literal["sealed", "passed", "now", "ahead"]


@dataclass(frozen=True, slots=True)
class Seat:
    """One place of the box of seals (決裁欄). ``stands_in``: the post that gives or has given it for this one."""

    post: str
    state: SeatState
    decides: bool
    approval: Approval | None = None
    stands_in: str = ""


def turn_of(step: Step, *, after: tuple[str, UUID] | None = None) -> Turn | None:
    """Whose seal is next on an approval; None where it has no way, because a whole section may give it.

    ``after``: a seat and an account, as if that had been sealed, too.
    """
    if not step.route:
        return None
    given = list(Approval.objects.filter(step_id=step.pk).values_list("post", "account_id"))
    given += [after] if after is not None else []
    gone = examiners(step.case_id) | {account for _, account in given}
    there = there_today([*step.route, *step.in_absence])
    able = {post: accounts - gone for post, accounts in there.items()}
    return turn(step.route, step.in_absence, {post for post, _ in given}, able)


def examiners(case: UUID) -> frozenset[UUID]:
    """The accounts that have examined the case, and so have no part in its approval."""
    done = Step.objects.filter(case_id=case, kind="examine", done_at__isnull=False, account__isnull=False)
    return frozenset(done.values_list("account_id", flat=True))


def why_not_seal(step: Step, by: Actor) -> Refused | None:
    """Why this member of staff may not seal an open approval now; None where they may."""
    if by.id in examiners(step.case_id):
        return NotAllowed("own-work", "ご自分が審査した案件は決裁できません。代決者か上席にお願いしてください。")
    if Approval.objects.filter(step_id=step.pk, account_id=by.who).exists():
        return NotAllowed(
            "sealed-already", "この案件には、ご自分がすでに承認しています。続きはほかの職の人が行います。"
        )
    now = turn_of(step)
    if now is None or by.id in now.accounts:
        return None
    return Stale("not-your-turn", "いまは「%(post)s」が承認する番です。", {"post": post_title(now.post)})


def post_title(post: str) -> str:
    """A post as staff call it: 子ども室課長."""
    found = procedures.city().organisation.posts().get(post)
    return found[0].title["ja"] if found else post


def box(case: Case) -> tuple[Step, list[Seat]] | None:
    """The newest approval of a case with its seals in order, None where there is none with a way."""
    approvals = [one for one in case.steps.all() if one.kind == "approve" and one.route]
    step = max(approvals, key=lambda one: one.token, default=None)
    if step is None:
        return None
    step.case = case
    given = {} if "approvals" in case.lacks else {one.post: one for one in _seals(step.pk)}
    now = turn_of(step) if step.done_at is None and case.ended_at is None else None
    return step, [_seat(post, step.route, given, now) for post in step.route]


@composed_once
def _seals(step: UUID) -> QuerySet[Approval]:
    return Approval.objects.filter(step=step).select_related("account", "reviewed_by")


def _seat(post: str, way: Sequence[str], given: dict[str, Approval], now: Turn | None) -> Seat:
    decides = post == way[-1]
    if (approval := given.get(post)) is not None:
        return Seat(post, "sealed", decides, approval, approval.stood_in)
    if now is not None and now.seat == post:
        return Seat(post, "now", decides, stands_in=now.post if now.stands_in else "")
    reached = [way.index(one) for one in given if one in way] + ([way.index(now.seat)] if now else [])
    return Seat(post, "passed" if way.index(post) < max(reached, default=0) else "ahead", decides)


def decided_for(by: Actor) -> QuerySet[Approval]:
    """What was decided by others for a post that this member of staff holds (代決)."""
    return Approval.objects.filter(post__in=by.posts).exclude(stood_in="")


def to_review(by: Actor) -> QuerySet[Approval]:
    """Of that, what has not been looked at yet (後閲)."""
    return decided_for(by).filter(reviewed_at=None).exclude(account_id=by.who)


def unmanned(posts: Collection[str]) -> frozenset[str]:
    """Those of these posts that nobody fills today: vacant, or everybody away."""
    there = there_today(posts)
    return frozenset(post for post in posts if not there.get(post))
