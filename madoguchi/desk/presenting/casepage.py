"""One case, one page: who, what is asked of me now, the evidence, the verdict, where it stands, what happened."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext

from madoguchi.cases import queries as cases
from madoguchi.cases.actions.noting import mendable
from madoguchi.cases.models import Case, Decision, Departure, Note, State, Step
from madoguchi.cases.queries import Stage
from madoguchi.desk.presenting.consulting import ConsultingBlock, consulting_block
from madoguchi.desk.presenting.cosigning import CosignBlock, cosign_block
from madoguchi.desk.presenting.counter import confirmed_words
from madoguchi.desk.presenting.delegating import mandate_words
from madoguchi.desk.presenting.editing import DepartureLine, departures
from madoguchi.desk.presenting.evidence import GivenSection, Seen, Tick, evidence, ticks
from madoguchi.desk.presenting.history import HistoryLine, history_lines, readings
from madoguchi.desk.presenting.keeping import KeepingBlock, keeping_block
from madoguchi.desk.presenting.mapping import MapAnswerLine, map_answer_lines
from madoguchi.desk.presenting.panels import Panel, Typed, panels
from madoguchi.desk.presenting.payments import PaymentLine, payments_block
from madoguchi.desk.presenting.phrases import OfferedUse, offered
from madoguchi.desk.presenting.records import RecordLine, records
from madoguchi.desk.presenting.seals import SealBox, seal_box
from madoguchi.desk.presenting.sharing import SharingBlock, sharing_block
from madoguchi.desk.presenting.signing import SignatureLine, signature_lines
from madoguchi.desk.presenting.since import Since, since_last_look
from madoguchi.desk.presenting.thread import Thread, thread
from madoguchi.desk.presenting.verdict import Verdict, decided, verdicts
from madoguchi.desk.presenting.words import day_words, holders_words, promise_words, time_words
from madoguchi.events import Actor
from madoguchi.ground import clock
from madoguchi.ground.kana import to_katakana
from madoguchi.messages import queries as messages
from madoguchi.messages.models import Letter
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules import speaking
from madoguchi.procedures.rules.flow import Node
from madoguchi.procedures.rules.form import get
from madoguchi.procedures.rules.picture import Progress
from madoguchi.procedures.rules.published import Published

#: Steps of the machine that say nothing about where a case stands.
QUIET: Final = frozenset({"look_up", "notify"})


@dataclass(frozen=True, slots=True)
class StageLine:
    """One step of the flow. ``state``: done, now or ahead."""

    title: str
    who: str
    state: str
    words: str


@dataclass(frozen=True, slots=True)
class Draft:
    """The decision as it would be made, or was. ``departures``: where it is not what the tables say."""

    title: str
    granted: bool
    values: Sequence[tuple[str, str]]
    reasons: Sequence[str]
    departures: Sequence[DepartureLine]
    examiner: str
    made: str


@dataclass(frozen=True, slots=True)
class NoteLine:
    """What somebody wrote for colleagues when doing a step."""

    what: str
    who: str
    words: str


@dataclass(frozen=True, slots=True)
class MemoLine:
    """A note of the office (庁内メモ). ``mendable``: the reader wrote it just now."""

    id: str
    text: str
    who: str
    mendable: bool
    is_new: bool


@dataclass(frozen=True, slots=True)
class LetterLine:
    """``post_url``: where to say on which day it was posted (``day``, between ``first`` and ``last``)."""

    url: str
    title: str
    words: str
    post_url: str
    posted: bool
    day: str
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A line of the summary on top."""

    anchor: str
    label: str
    message: str


@dataclass(frozen=True, slots=True)
class Sibling:
    """Another case that was applied for in the same life event."""

    title: str
    number: str
    applicant: str
    section: str
    state: str
    url: str


@dataclass(frozen=True, slots=True)
class LifeEventPage:
    """What ``desk/life_event.html`` shows: the life event itself is read by no section."""

    number: str
    parts: Sequence[Sibling]


@dataclass(slots=True)
class CasePage:
    """All that ``desk/case.html`` shows."""

    number: str
    url: str
    title: str
    applicant: str
    speaker: str
    mandate: str
    kana: str
    state: str
    received: str
    entry: str
    promised: str
    days: str
    tone: str
    turn: str
    panels: Sequence[Panel]
    sections: Sequence[GivenSection]
    fixing: str
    verdicts: Sequence[Verdict]
    draft: Draft | None
    notes: Sequence[NoteLine]
    memos: Sequence[MemoLine]
    memo: str
    map_answers: Sequence[MapAnswerLine]
    since: Since | None
    unchecked: Sequence[Tick]
    may_check: bool
    letters: Sequence[LetterLine]
    offered: Sequence[OfferedUse]
    stages: Sequence[StageLine]
    flow: Progress
    history: Sequence[HistoryLine]
    readings: Sequence[HistoryLine]
    thread: Thread
    records: Sequence[RecordLine]
    sharing: SharingBlock
    rests_on: Sequence[str]
    whole: str
    siblings: Sequence["Sibling"]
    signatures: Sequence[SignatureLine]
    cosigning: CosignBlock | None
    seals: SealBox | None
    consulting: ConsultingBlock
    keeping: KeepingBlock
    payments: Sequence[PaymentLine]
    next_url: str
    next_name: str
    refusal: str = ""
    status: int = 200
    problems: Sequence[Problem] = ()
    lost: Sequence[tuple[str, str]] = field(default=())
    words: str = ""

    @property
    def first(self) -> bool:
        """Whether nothing is asked of the reader before the steps themselves (後閲, 合議)."""
        return not self.consulting.mine and not (self.seals and self.seals.review_url)

    def refuse(self, message: str, status: int, *, anchor: str, label: str) -> None:
        """Say on top that a form beside the steps was refused, and where."""
        self.refusal, self.status = message, status
        self.problems = [Problem(anchor, label, message)]


def case_page(case: Case, by: Actor, typed: Typed | None = None) -> CasePage:
    """The page of a case that the reader may see; ``typed`` is a post that changed nothing and is shown again."""
    package = procedures.package(cases.whole(case).procedure)
    decision, departed = cases.decision_of(case), cases.departures(case)
    ticked = ticks(case, package) if case.received_at is not None else {}
    asked = panels(case, package, by, typed, ticked, decision, departed)
    fixing = next((one.form_id for one in asked if one.may_return and not one.denied), "")
    letters, mails = messages.all_letters_about(case.pk), messages.all_messages_about(case.pk)
    happenings = cases.history(case, letters, mails)
    since = since_last_look(case, package, by, happenings)
    may_check = any(one.kind == "examine" and not one.denied for one in asked)
    seen = Seen(
        ticks=ticked if may_check else {key: one for key, one in ticked.items() if one.done},
        before=since.before,
        new=since.new,
    )
    standing = cases.standing(case)
    following = cases.following(case, by)
    page = CasePage(
        number=case.number or "",
        url=reverse("desk:case", args=(case.number,)),
        title=package.procedure.title["ja"],
        applicant=applicant_of(case) or gettext("（名前なし）"),
        speaker=speaker_of(case, package),
        mandate=mandate_words(cases.mandate_of(case)),
        kana=to_katakana(get(case.answers, "person.full_name_kana") or ""),
        state=State(case.state).label,
        received=day_words(case.received_at) if case.received_at else "",
        entry=confirmed_words(case) if case.channel == "counter" or case.sitting_id is not None else "",
        promised=day_words(case.due_on) if case.due_on else "",
        turn=_turn(standing.stages, package, case),
        panels=asked,
        sections=evidence(case, package, typed.notes if typed else {}, typed.notes_wrong() if typed else {}, seen),
        fixing=fixing,
        verdicts=list(verdicts(case, package, decision)),
        draft=_draft(package, decision, departed),
        notes=[_note(one, package) for one in cases.notes(case)],
        memos=[_memo(one, by, since) for one in cases.case_notes(case)],
        memo="",
        map_answers=map_answer_lines(case, by),
        since=since if since.lines else None,
        unchecked=[one for one in ticked.values() if not one.done],
        may_check=may_check,
        letters=[_letter(case, one, by) for one in letters],
        offered=offered(case, by),
        stages=list(_stages(standing.stages, package, case)),
        flow=standing.progress(package.graph),
        history=history_lines(happenings, package, departed),
        readings=readings(happenings, package),
        thread=thread(case, mails),
        records=list(records(case, package, decision, by)),
        sharing=sharing_block(case, by),
        rests_on=[_rests_on(one) for one in cases.rests_on(case)],
        whole=(case.part_of.number or "") if case.part_of is not None else "",
        siblings=[_sibling(one) for one in cases.siblings(case, by)],
        signatures=signature_lines(case),
        cosigning=cosign_block(case, by),
        seals=seal_box(case, by),
        consulting=consulting_block(case, by),
        keeping=keeping_block(case, by),
        payments=payments_block(case, by),
        next_url=reverse("desk:case", args=(following[0],)) if following else "",
        next_name=following[1] if following else "",
        days=promise_words(case),
        tone="late" if cases.is_late(case) else "",
    )
    if typed is not None:
        page.refusal, page.status = typed.message, typed.status
        page.problems = [Problem(*one) for one in typed.summary(case, package, asked)]
        page.lost = typed.lost(case, package) if not any(one.step_id == typed.step for one in asked) else ()
    return page


def speaker_of(case: Case, package: Published) -> str:
    """「家族　見本 太郎」, where somebody asks for the applicant; empty otherwise."""
    if case.subject_id is None:
        return ""
    relation = speaking.speakers(package.procedure).get(case.answers.get(speaking.RELATION, ""))
    said = (relation["ja"] if relation else "", case.answers.get(speaking.OFFICE), case.answers.get(speaking.NAME))
    return "　".join(str(one) for one in said if one)


def applicant_of(case: Case) -> str:
    """The applicant's name as it was written into the form; empty where none was asked."""
    return str(get(case.answers, "person.full_name") or get(case.answers, "applicant_name") or "")


def _rests_on(other: Case) -> str:
    """「転居届（市内での引っ越し） 26-… 受付済み」: no more than the result that is awaited."""
    title = procedures.package(other.procedure).procedure.title["ja"]
    how = gettext("認めなかった") if cases.is_refused(other) else State(other.state).label
    return f"{title} {other.number or ''} {how}"


def _sibling(one: Case) -> Sibling:
    section = procedures.city().organisation.section(one.section)
    return Sibling(
        procedures.package(one.procedure).procedure.title["ja"],
        one.number or "",
        one.applicant,
        section.name["ja"] if section else "",
        State(one.state).label,
        reverse("desk:case", args=(one.number,)),
    )


def life_event_page(parts: Sequence[Case]) -> LifeEventPage:
    """The parts of a life event that the reader may see; there is at least one."""
    whole = parts[0].part_of
    return LifeEventPage((whole.number or "") if whole is not None else "", [_sibling(one) for one in parts])


def _turn(stages: Sequence[Stage], package: Published, case: Case) -> str:
    now = [package.graph[one.node] for one in stages if one.state == "now"]
    sealing = (one for one in case.steps.all() if one.kind == "approve" and one.done_at is None and one.route)
    seal = next((one.posts for one in sealing), [])
    whose = "・".join(map(cases.post_title, seal))
    by = [whose if one.kind == "approve" and whose else holders_words(one, package, case.section) for one in now]
    return "、".join(f"{title_of(node)}（{who}）" for node, who in zip(now, by, strict=True))


def outcome_words(outcome: str) -> str:
    """How a step ended; empty where there was only one way."""
    return {
        "accept": gettext("認めた"),
        "return": gettext("補正を求めた"),
        "refuse": gettext("認めないこととした"),
        "approve": gettext("決裁した"),
        "send_back": gettext("差し戻した"),
        "issued": gettext("発行した"),
        "confirm": gettext("全員が確認した"),
        "decline": gettext("確認されずに戻った"),
    }.get(outcome, "")


def title_of(node: Node | None) -> str:
    """A case that was moved to a newer version may remember a step that this one no longer has."""
    return node.title["ja"] if node is not None and node.title is not None else ""


def _note(step: Step, package: Published) -> NoteLine:
    node = package.graph.nodes.get(step.node)
    what = " ".join(one for one in (title_of(node), outcome_words(step.outcome)) if one)
    by = step.account.display_name if step.account is not None else ""
    return NoteLine(what, f"{by} {time_words(step.done_at) if step.done_at else ''}".strip(), step.note)


def _memo(note: Note, by: Actor, since: Since) -> MemoLine:
    words = f"{note.written_by.display_name} {time_words(note.written_at)}"
    if note.amended_at is not None:
        words += gettext("（書き直した）")
    mine = note.written_by_id == by.id
    new = since.at is not None and note.written_at > since.at and not mine
    return MemoLine(str(note.pk), note.text, words, mine and mendable(note), new)


def _stages(stages: Sequence[Stage], package: Published, case: Case) -> Iterator[StageLine]:
    """The line of the case. What is done was done by the section that had it then."""
    did = {(one.node, one.done_at): one.section for one in case.steps.all()}
    for one in stages:
        if one.kind not in QUIET:
            yield _stage(one, package, did.get((one.node, one.until)) or case.section)


def _stage(stage: Stage, package: Published, section: str) -> StageLine:
    node = package.graph.nodes.get(stage.node)
    if stage.state == "done" and stage.until is not None:
        words = " ".join(one for one in (time_words(stage.until), outcome_words(stage.outcome)) if one)
    elif stage.state == "now" and stage.since is not None:
        words = gettext("%(day)sから") % {"day": day_words(stage.since)}
    else:
        words = ""
    if not stage.digital:
        words = f"{words} {gettext('画面の外で行う段階')}".strip()
    who = holders_words(node, package, section) if node is not None else ""
    return StageLine(stage.title["ja"], who, stage.state, words)


def _draft(package: Published, decision: Decision | None, departed: Sequence[Departure]) -> Draft | None:
    if decision is None:
        return None
    made = decision.made_at is not None
    if made:
        title = gettext("認める決定") if decision.granted else gettext("認めない決定")
    elif decision.drafted_by is not None:
        title = gettext("案：認める") if decision.granted else gettext("案：認めない")
    else:
        title = gettext("判定による案：認める") if decision.granted else gettext("判定による案：認めない")
    return Draft(
        title=title,
        granted=decision.granted,
        values=list(decided(package, decision)) if decision.granted else [],
        departures=departures(package, decision, departed),
        reasons=[one["ja"] for one in decision.reasons],
        examiner=decision.drafted_by.display_name if decision.drafted_by else "",
        made=" ".join([time_words(decision.made_at), decision.made_by.display_name if decision.made_by else ""]).strip()
        if decision.made_at
        else "",
    )


def _letter(case: Case, one: Letter, by: Actor) -> LetterLine:
    gone = []
    if one.printed_at is not None:
        gone.append(gettext("%(when)sに印刷") % {"when": time_words(one.printed_at)})
    if one.posted_on is not None:
        gone.append(gettext("%(day)sに発送") % {"day": day_words(one.posted_on)})
    posted = one.posted_on or clock.today()
    return LetterLine(
        url=reverse("desk:letter", args=(case.number, one.pk)),
        title=one.title,
        words=f"{one.number}（{'、'.join(gone)}）" if gone else one.number,
        post_url=reverse("desk:posted", args=(case.number, one.pk))
        if case.section in by.sections and one.revoked_at is None
        else "",
        posted=one.posted_on is not None,
        day=posted.isoformat(),
        first=clock.day_of(one.issued_at).isoformat(),
        last=clock.today().isoformat(),
    )
