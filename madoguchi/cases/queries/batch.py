"""What a deed for many cases would do to each, before it is done; and what became of each, from the log."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from madoguchi.cases.models import Batch, Case, Decision, Step
from madoguchi.cases.queries.checking import unchecked
from madoguchi.cases.queries.consulting import open_questions
from madoguchi.cases.queries.found import course_of
from madoguchi.cases.queries.sealing import turn_of, why_not_seal
from madoguchi.cases.queries.staff import after, visible
from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.ground.errors import NotFound, Problem
from madoguchi.people.models import Account
from madoguchi.people.queries import actor_of_account, leads
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.flow import Node

Deed = Literal["claim", "assign", "release", "accept", "approve", "do", "remind", "print", "post"]
#: Each deed with the act that it is for one case.
DEEDS: Final[Mapping[Deed, str]] = {
    "claim": "step.claim",
    "assign": "step.assign",
    "release": "step.release",
    "accept": "case.examine",
    "approve": "case.approve",
    "do": "case.do",
    "remind": "case.remind",
    "print": "letter.print",
    "post": "letter.post",
}
#: Cases of one batch at most: as many as a person can read through before confirming.
MOST_AT_ONCE: Final = 200

_NO_STEP = Problem("batch-no-step", "この操作ができる段階が、いまありません。")
_NOT_ALLOWED = Problem("not-allowed", "この操作をする権限がありません。")


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What the deed would do to one case: ``follows`` is what happens next; ``refusal`` says why nothing would.

    ``draft`` is the digest of the decision that would be made.
    """

    case: Case
    step: Step | None = None
    node: Node | None = None
    follows: tuple[Node, ...] = ()
    refusal: Problem | None = None
    draft: str = ""


def foresee(deed: Deed, keys: Sequence[UUID], by: Actor, to: Account | None = None) -> list[Foreseen]:
    """For each of these cases that ``by`` may see, in the order given, what the deed would do. Changes nothing."""
    if by.kind != "staff":
        return []
    wanted = list(dict.fromkeys(keys))[:MOST_AT_ONCE]
    rows = Case.objects.filter(visible(by), pk__in=wanted).select_related("procedure").prefetch_related("steps__letter")
    cases = {one.pk: one for one in rows.defer("procedure__data", "procedure__graph", "typed")}
    found = [cases[key] for key in wanted if key in cases]
    if deed in ("print", "post"):
        return [one for case in found for one in _letters(deed, case, by)]
    return [_foreseen(deed, case, by, to) for case in found]


def hindrance(deed: Deed, step: Step, by: Actor, to: Account | None = None) -> Problem | None:
    """Why the deed may not be done to this open step as one of many. What the act itself asks, it asks again."""
    mine = (bool(step.section) and step.section in by.sections) or not by.posts.isdisjoint(step.posts)
    if deed == "remind":
        return None if step.case.section in by.sections else _NOT_ALLOWED
    if deed in ("print", "post"):
        return _not_printable(step, by, again=deed == "print")
    if deed == "assign":
        return _may_be_given(step, by, to)
    if deed == "release":
        own = step.taken_by_id in {by.who, *by.covers}
        return None if own or leads(by, {step.section or step.case.section}) else _NOT_ALLOWED
    if not mine:
        on_its_way = deed == "approve" and not by.posts.isdisjoint(step.route)
        return (_not_sealable(step, by) if on_its_way else None) or _NOT_ALLOWED
    if step.taken_by_id is not None and step.taken_by_id not in {by.who, *by.covers}:
        return Problem("step-taken", "ほかの職員が担当しています。")
    if deed == "accept":
        return _not_plain(step)
    return _not_sealable(step, by) if deed == "approve" else None


@dataclass(frozen=True, slots=True)
class Became:
    """What became of one step of a batch; ``code`` is that of the refusal."""

    step: Step
    state: Literal["waiting", "done", "refused"]
    code: str = ""


def batch_of(key: UUID, by: Actor) -> Batch:
    """A batch that this member of staff has begun. Raises NotFound for any other."""
    batch = Batch.objects.select_related("to").filter(pk=key, account_id=by.who).first() if by.kind == "staff" else None
    if batch is None:
        raise NotFound("batch-unknown", "このまとめて処理は見つかりません。")
    return batch


def became(batch: Batch, by: Actor) -> list[Became]:
    """Step by step, in the order confirmed, what the log says; of cases that ``by`` may still see."""
    told: dict[UUID, Became] = {}
    rows = Step.objects.filter(pk__in=batch.steps, case__in=Case.objects.filter(visible(by)))
    steps = {one.pk: one for one in rows.select_related("case__procedure")}
    for event in events_of(batch):
        step = steps.get(event.subject_id) if event.subject_id else None
        if step is not None and (event.subject_id not in told or event.outcome == "done"):
            state: Literal["done", "refused"] = "done" if event.outcome == "done" else "refused"
            told[step.pk] = Became(step, state, event.reason if event.outcome == "refused" else "")
    return [told.get(key) or Became(steps[key], "waiting") for key in batch.steps if key in steps]


def events_of(batch: Batch) -> list[Event]:
    """What the batch has left in the log so far."""
    verb = DEEDS[batch.deed]  # type: ignore[index]  # the act that begins a batch knows its deeds
    return list(
        Event.objects.filter(
            subject_id__in=batch.steps, verb=verb, actor_id=batch.account_id, at__gte=batch.begun_at, channel="batch"
        ).order_by("at")
    )


# -- within -----------------------------------------------------------------------------------------------------------


def _foreseen(deed: Deed, case: Case, by: Actor, to: Account | None) -> Foreseen:
    open_ = [one for one in case.steps.all() if one.done_at is None and _suits(deed, one)]
    for one in open_:
        one.case = case
    tried = [(one, hindrance(deed, one, by, to)) for one in sorted(open_, key=lambda one: one.token)]
    if not tried:
        return Foreseen(case, refusal=_NO_STEP)
    step, refusal = next(((one, why) for one, why in tried if why is None), tried[0])
    node = procedures.package(case.procedure).graph[step.node]
    outcome = {"accept": "accept", "approve": "approve", "do": "done"}.get(deed)
    follows = tuple(after(case, step, outcome)) if outcome and refusal is None else ()
    if deed == "approve" and refusal is None and (now := turn_of(step)) is not None and not now.decides:
        follows = (node,)  # the next seal of the same approval
    decision = Decision.objects.filter(case=case).first() if deed == "approve" else None
    return Foreseen(case, step, node, follows, refusal, decision.digest if decision is not None else "")


def _letters(deed: Deed, case: Case, by: Actor) -> Iterator[Foreseen]:
    """Each letter that the case has issued, in their order."""
    package = procedures.package(case.procedure)
    issued = sorted((one for one in case.steps.all() if one.letter_id is not None), key=lambda one: one.token)
    for one in issued:
        one.case = case
        yield Foreseen(case, one, package.graph.nodes.get(one.node), refusal=hindrance(deed, one, by))
    if not issued:
        yield Foreseen(case, refusal=Problem("letter-none-yet", "発行した通知書がありません。"))


def _not_printable(step: Step, by: Actor, *, again: bool) -> Problem | None:
    """Why its letter is not taken out or was not posted; ``again``: whether it may be, although it was before."""
    if step.case.section not in by.sections:
        return _NOT_ALLOWED
    if step.letter is not None and step.letter.revoked_at is not None:
        return Problem("letter-revoked-already", "この通知書はすでに取り消されています。")
    if step.letter is not None and step.letter.posted_on is not None and not again:
        return Problem("letter-posted", "発送した日は、もう記録されています。直すときは案件を開いてください。")
    return None


def _not_sealable(step: Step, by: Actor) -> Problem | None:
    """Only the seal whose turn it is, of a post that is there; 代決 needs a reason for each case."""
    if (refusal := why_not_seal(step, by)) is not None:
        return refusal.as_problem()
    if (now := turn_of(step)) is not None and now.stands_in:
        return Problem("batch-stands-in", "代決には理由が要ります。案件を開いて決裁してください。")
    if open_questions().filter(case=step.case_id).exists():
        return Problem("question-open", "合議の回答を待っています。")
    course = course_of(step.case)
    if course.edits or course.wording:
        return Problem("batch-departs", "審査で判定表と変えています。案件を開いて、わけを確かめてください。")
    return None


def _suits(deed: Deed, step: Step) -> bool:
    """Whether a deed is for steps of this kind."""
    if deed == "remind":
        return step.kind == "correction"
    if not step.section and not step.posts:
        return False
    kinds = {"accept": {"examine"}, "approve": {"approve"}}.get(deed)
    if deed == "do":
        return step.kind not in {"examine", "approve", "consult"} and step.channel != "screen"
    return kinds is None or step.kind in kinds


def _may_be_given(step: Step, by: Actor, to: Account | None) -> Problem | None:
    if not leads(by, {step.section or step.case.section}):
        return _NOT_ALLOWED
    if to is None:
        return Problem("assignee-missing", "担当する職員を選んでください。")
    doer = actor_of_account(to)
    if (step.section and step.section in doer.sections) or not doer.posts.isdisjoint(step.posts):
        return None
    return Problem("assignee-outside", "その職員は、この段階を担当する課・職ではありません。")


def _not_plain(step: Step) -> Problem | None:
    """Only what a table grants and what leaves nothing to look at is accepted among many."""
    package = procedures.package(step.case.procedure)
    if "accept" not in package.graph[step.node].outcomes:
        return Problem("outcome-unknown", "この段階では選べない結果です。")
    if package.findings.get(step.node):
        return Problem("batch-findings", "調べた結果の入力が要ります。案件を開いて審査してください。")
    judged = [one["granted"] for one in course_of(step.case).judged.values()]
    if True not in judged or False in judged:
        return Problem("batch-not-granted", "判定表が「認める」としていません。案件を開いて審査してください。")
    if open_questions().filter(case=step.case_id).exists():
        return Problem("question-open", "合議の回答を待っています。")
    if any(one.startswith(f"line:{step.node}:") for one in unchecked(step.case, package)):
        return Problem("batch-unchecked", "まだ確認していない項目があります。案件を開いて確認してください。")
    return None
