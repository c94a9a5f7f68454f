"""The box of seals (決裁欄) of a case, and what the one whose seal is next reads before giving it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext

from madoguchi.cases import queries as cases
from madoguchi.cases.models import Approval, Case, Step
from madoguchi.cases.queries import Seat
from madoguchi.cases.rules.sealing import Turn
from madoguchi.desk.presenting.words import day_words, time_words
from madoguchi.events import Actor
from madoguchi.people.queries import there_today


@dataclass(frozen=True, slots=True)
class SeatLine:
    """One place of the box. ``state``: sealed, passed, now or ahead; ``mark`` 代決 where another post gave it."""

    post: str
    state: str
    mark: str
    who: str
    words: str
    said: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SealBox:
    """All that ``desk/_seals.html`` shows. ``review_url``: where this reader says to have looked at a 代決."""

    seats: Sequence[SeatLine]
    review_url: str
    reviewed: str


def seal_box(case: Case, by: Actor) -> SealBox | None:
    """The newest approval of a case, None where there was none."""
    found = cases.box(case)
    if found is None:
        return None
    step, seats = found
    passed = [one.post for one in seats if one.state == "passed"]
    own = cases.examiners(case.pk) if passed else frozenset()
    there = there_today(passed) if passed else {}
    stand_in = any(one.approval is not None and one.approval.stood_in for one in seats)
    mine = stand_in and cases.to_review(by).filter(step=step).exists()
    stood_in = {one.stands_in for one in seats}
    return SealBox(
        seats=[_seat(one, bool(there.get(one.post, frozenset()) & own), one.post in stood_in) for one in seats],
        review_url=reverse("desk:review", args=(case.number, step.pk)) if mine else "",
        reviewed=next((_reviewed(one.approval) for one in seats if one.approval and one.approval.reviewed_at), ""),
    )


def _seat(seat: Seat, examined: bool, stands_in: bool) -> SeatLine:
    given = seat.approval
    said: list[tuple[str, str]] = []
    if given is not None:
        words = time_words(given.at)
        said = [(gettext("代決の理由"), given.because), (gettext("書き添え"), given.note)]
    elif seat.state == "passed":
        words = gettext("代決する職") if stands_in else gettext("審査した人") if examined else gettext("不在")
    else:
        words = gettext("いま") if seat.state == "now" else gettext("これから")
    stood = gettext("代決（%(post)s）") % {"post": cases.post_title(seat.stands_in)} if seat.stands_in else ""
    return SeatLine(
        post=cases.post_title(seat.post),
        state=seat.state,
        mark=stood,
        who=given.account.display_name if given is not None else "",
        words=words,
        said=[(title, text) for title, text in said if text],
    )


def _reviewed(approval: Approval) -> str:
    by = approval.reviewed_by.display_name if approval.reviewed_by else ""
    return f"{day_words(approval.reviewed_at)} {by}" if approval.reviewed_at else ""


# -- before a seal is given -------------------------------------------------------------------------------------------


def lead(now: Turn) -> str:
    """What is asked of whoever seals next."""
    if now.stands_in:
        words = gettext("「%(post)s」がいま決裁できないため、代わって決裁（代決）してください。")
        return words % {"post": cases.post_title(now.seat)}
    if now.decides:
        return gettext("審査の結果と決定の案を確かめて、決裁してください。")
    return gettext("審査の結果と決定の案を確かめて、承認してください。決裁する職へ回ります。")


def label(now: Turn) -> str:
    """The choice that goes on."""
    return gettext("代決する") if now.stands_in else gettext("決裁する") if now.decides else gettext("承認して次へ回す")


def button(now: Turn, choices: int) -> str:
    """The words of the one button."""
    if choices > 1:
        return gettext("決裁を確定する") if now.decides else gettext("承認・差戻しを確定する")
    return label(now)


def follows(step: Step, now: Turn, by: Actor) -> str:
    """What happens after the seal, where it is not the last; who looks at it afterwards, where somebody stands in."""
    if now.stands_in:
        return gettext("「%(post)s」が後で確かめます（後閲）。") % {"post": cases.post_title(now.seat)}
    if now.decides:
        return ""
    then = cases.turn_of(step, after=(now.seat, by.who))
    return gettext("次は「%(post)s」です。") % {"post": cases.post_title(then.post)} if then else ""


def why_not_there(step: Step) -> str:
    """What the system knows of why the deciding post does not decide: the one who stands in may write better."""
    post = step.route[-1]
    there = there_today([post]).get(post)
    title = {"post": cases.post_title(post)}
    return (gettext("%(post)sが審査した案件のため") if there else gettext("%(post)sが不在のため")) % title


def outcome_of_seal(step: Step, by: Actor) -> str:
    """What the seal that ``by`` has just given was: one on the way, 代決, or the decision."""
    given = Approval.objects.filter(step_id=step.pk, account_id=by.who).first()
    open_ = Step.objects.filter(pk=step.pk, done_at=None).exists()
    return "seal" if open_ else "stand-in" if given is not None and given.stood_in else "approve"
