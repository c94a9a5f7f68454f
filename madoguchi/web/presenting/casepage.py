"""The status page of a case: the one thing to do next, the date promised, the way it goes, what was decided."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case
from madoguchi.cases.queries import Stage, Standing
from madoguchi.ground import clock
from madoguchi.ground.dates import format_date, format_month
from madoguchi.ground.errors import Refused
from madoguchi.ground.languages import LocalText
from madoguchi.messages import queries as messages
from madoguchi.messages.models import Letter, Message
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.picture import Progress
from madoguchi.web.presenting import wholes
from madoguchi.web.presenting.billing import Billing, billing
from madoguchi.web.presenting.cards import Card, is_running, tone_of, turn_words, whose_turn
from madoguchi.web.presenting.companies import Told
from madoguchi.web.presenting.companies import told as companies_told
from madoguchi.web.presenting.cosigning import Asked, Refusal
from madoguchi.web.presenting.cosigning import asked as asked_of
from madoguchi.web.presenting.formpage import AnswerSection, Draft, asked_words, key_of, section_url
from madoguchi.web.presenting.journeys import Besides, besides
from madoguchi.web.presenting.thread import Thread, by_company, headline, thread
from madoguchi.web.words import language, said

#: Steps of the machine that mean nothing to a resident; they are part of the flow drawn, not of the line of dates.
QUIET = frozenset({"look_up", "notify", "tell"})
#: How a part of a life event ended, in words.
ENDED = {
    "granted": gettext_noop("決定しました"),
    "refused": gettext_noop("認められませんでした。ほかの手続きは、このまま進みます。"),
    "withdrawn": gettext_noop("取り下げました。ほかの手続きは、このまま進みます。"),
    "left-out": gettext_noop("申し込んでいません"),
}

#: The same where no other goes on.
STOPPED_ALONE = {"refused": gettext_noop("認められませんでした"), "withdrawn": gettext_noop("取り下げました")}


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop of the vertical line. ``state``: done, now, you, stopped or empty (still to come)."""

    title: str
    state: str
    icon: str
    at: datetime | None = None
    words: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True)
class CorrectionLine:
    """What is to be corrected, in the reader's language where there is one; ``original`` is then what was written."""

    label: str
    message: str
    original: str


@dataclass(frozen=True, slots=True)
class DecisionCard:
    title: str
    made_at: datetime | None
    values: Sequence[tuple[str, str]]
    reasons: Sequence[str]
    fresh: bool


@dataclass(frozen=True, slots=True)
class LetterLink:
    title: str
    url: str
    signed: bool
    id: UUID | None = None
    posted_on: date | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A message as it stands below the line."""

    at: datetime
    subject: str
    body: str
    returned: bool


@dataclass(frozen=True, slots=True)
class Signed:
    """That it was signed, last when, and whether by a test certificate."""

    at: datetime
    is_test: bool


@dataclass(slots=True)
class CasePage:
    """All that ``web/case.html`` shows."""

    title: str
    number: str
    url: str
    tone: str
    turn: str
    now: str
    due_on: date | None
    late: str
    received_at: datetime | None
    at_counter: bool
    email: str
    promised: bool
    corrections: Sequence[CorrectionLine]
    correction_due: datetime | None
    correction_url: str
    bill: Billing | None
    decision: DecisionCard | None
    letters: Sequence[LetterLink]
    all_letters: Sequence[LetterLink]
    timeline: Sequence[Stop]
    flow: Progress
    messages: Sequence[Said]
    sections: Sequence[AnswerSection]
    receipt_url: str
    procedure_url: str
    can_withdraw: bool
    withdraw_url: str
    office: str
    opinion_url: str
    thread: Thread
    asked: Asked | None
    parts: Sequence[Card]
    told: Sequence[Told]
    besides: Sequence[Besides]
    part_of: tuple[str, str] | None
    signed: Signed | None


def case_page(case: Case, *, typed: str = "", refusal: Refused | None = None, asked: Refusal | None = None) -> CasePage:
    """The status page of a case that the reader may see; ``typed`` is a message that was refused, ``asked`` an
    address that could not be written to."""
    key, standing, draft = key_of(case), cases.standing(cases.whole(case)), Draft(case)
    parts = cases.journey_parts(case) if cases.is_journey(case) else []
    timeline = list(_line(case, standing, {one.procedure.code: one for one in parts}))
    bill = cases.bill(case) if case.payable_at else None
    correction = next((one for one in case.steps.all() if one.kind == "correction" and one.done_at is None), None)
    today, letters, latest = clock.today(), messages.all_letters_about(case.pk), _latest(case)
    companies = cases.companies_in(latest) if parts else {}
    due_on = max((one.due_on for one in parts if one.due_on and is_running(one)), default=case.due_on)
    waiting = tone_of(case) == "city"
    over = bool(due_on and due_on < today)
    late, mine = over and waiting and not parts, whose_turn(parts)
    return CasePage(
        title=draft.title,
        number=case.number or "",
        url=reverse("web:case", args=(key,)),
        tone="you" if mine else tone_of(case),
        turn=gettext("あなたの番です") if mine else turn_words(case),
        now=mine or _now(case, lettered=any(one.person_id == case.person_id for one in letters)),
        due_on=due_on,
        late=gettext("お約束の日を過ぎています。お待たせして申し訳ありません。担当が急いで確認しています。")
        if late
        else "",
        received_at=case.received_at,
        at_counter=case.channel == "counter" and case.received_at is not None,
        email=case.email,
        promised=bool(case.due_on) and waiting and not (parts and over),
        corrections=list(_corrections(draft, standing)),
        correction_due=_last_day(correction.due_at) if correction is not None else None,
        correction_url=_correction_url(draft),
        bill=billing(case, bill) if bill else None,
        decision=_decision(case, standing, draft),
        letters=[_letter(key, one) for one in letters if one.person_id == case.person_id],
        all_letters=[_letter(key, one) for one in letters],
        timeline=timeline,
        flow=standing.progress(draft.package.graph),
        messages=[
            Said(
                one.created_at,
                by_company(headline(one.subject), companies.get(one.pk)),
                one.body,
                one.failed_at is not None,
            )
            for one in latest
        ],
        sections=_answers(case),
        receipt_url=reverse("web:receipt", args=(key,)) if case.number else "",
        procedure_url=reverse("web:procedure", args=(case.procedure.code,)),
        can_withdraw=standing.may_withdraw and not parts,
        withdraw_url=reverse("web:withdraw", args=(key,)),
        office=office_words(draft),
        opinion_url=reverse("web:opinion", args=(key,)) if cases.may_rate(case) else "",
        thread=thread(case, office_words(draft), typed=typed, refusal=refusal),
        asked=asked_of(case, asked),
        parts=wholes.part_cards(case, parts),
        told=companies_told(case) if parts else [],
        besides=besides(case) if parts else [],
        part_of=(Draft(case.part_of).title, reverse("web:case", args=(key_of(case.part_of),)))
        if case.part_of
        else None,
        signed=next((Signed(one.kept_at, one.is_test) for one in cases.signatures(case)), None),
    )


def office_words(draft: Draft) -> str:
    """The section in charge, by its name."""
    city = procedures.city()
    section = city.organisation.section(draft.case.section) or city.section_of(draft.package.procedure)
    return said(section.name) if section else ""


def _answers(case: Case) -> list[AnswerSection]:
    """All answers, also while a correction shows only what must be corrected."""
    whole = Draft(case)
    whole.correcting = False
    return whole.answers()


def _corrections(draft: Draft, standing: Standing) -> Iterator[CorrectionLine]:
    """What is to be put right; what was said of several fields in the same words is said once."""
    labels: dict[tuple[str, str], list[str]] = {}
    for one in standing.corrections:
        labels.setdefault((asked_words(one), one.message), []).append(draft.label(one.path))
    for (words, written), of in labels.items():
        yield CorrectionLine(gettext("、").join(of), words, "" if words == written else written)


def _correction_url(draft: Draft) -> str:
    sections = draft.sections() if draft.correcting and draft.asked else []
    return section_url(draft.case, sections[0]) if sections else ""


def _now(case: Case, *, lettered: bool) -> str:
    tone = tone_of(case)
    if tone == "over":
        return gettext("取り下げたので、この手続きはここで終わりです。あらためて申し込むこともできます。")
    if tone == "others":
        return gettext(
            "お願いした方の確認がすべて済むと、市が審査を始めます。それまでの日数は、決定の予定日に加わります。"
        )
    if tone == "city":
        return gettext("市が内容を確かめています。いま、あなたがすることはありません。")
    if tone == "done" and not case.closed_at and not lettered:
        return gettext("決定しました。通知書を用意しています。")
    return ""


def _last_day(due_at: datetime | None) -> datetime | None:
    """Deadlines end with the last moment of a day; the day itself is what a person is told."""
    return due_at - timedelta(seconds=1) if due_at else None


def _line(case: Case, standing: Standing, parts: Mapping[str, Case]) -> Iterator[Stop]:
    """``parts``: those of a life event, by code."""
    yield Stop(gettext("受け付けました"), "done", "check", case.received_at)
    graph = procedures.package(case.procedure).graph
    for stage in standing.stages:
        if stage.kind == "apply":
            node = graph.nodes.get(stage.node)  # a newer version may lack it
            part = parts.get(node.arguments["procedure"]) if node is not None else None
            yield _part(stage, part, case.closed_at is None)
        elif stage.kind not in QUIET:
            yield _stop(stage)
    if case.withdrawn_at:
        yield Stop(gettext("取り下げました"), "stopped", "stop", case.withdrawn_at, current=True)
    elif case.closed_at:
        yield Stop(gettext("終わりました"), "done", "check", case.closed_at, current=True)


def _part(stage: Stage, part: Case | None, others_go_on: bool) -> Stop:
    """A part of a life event: how it ended, or that it goes on and whose turn it is."""
    title = said(stage.title)
    if stage.state == "done":
        stopped = stage.outcome in ("refused", "withdrawn")
        words = gettext((STOPPED_ALONE if stopped and not others_go_on else ENDED)[stage.outcome])
        return Stop(title, "stopped" if stopped else "done", "stop" if stopped else "check", stage.until, words)
    tone = tone_of(part) if part is not None and is_running(part) else "city"
    if part is not None and tone in ("you", "others"):
        return Stop(title, "you" if tone == "you" else "now", "person", None, turn_words(part), current=True)
    late = part is not None and wholes.is_late(part)
    words = gettext("お約束の日を過ぎています。") if late else gettext("進んでいます。")
    return Stop(title, "now" if stage.state == "now" else "", "city", None, words, current=stage.state == "now")


def _stop(stage: Stage) -> Stop:
    title = said(stage.title)
    paper = "" if stage.digital else gettext("この段階は画面の外で行います。")
    if stage.state == "done":
        outcomes = {
            "return": gettext("直しをお願いしました"),
            "confirm": gettext("確認が済みました"),
            "decline": gettext("確認されませんでした"),
            "refuse": gettext("認められないと判断しました"),
            "send_back": gettext("もう一度確かめることになりました"),
            "accept": gettext("内容を確かめました"),
            "approve": gettext("決まりました"),
        }
        by_itself = gettext("自動で行いました") if stage.turn == "machine" else ""
        return Stop(title, "done", "check", stage.until, outcomes.get(stage.outcome, by_itself) or paper)
    if stage.state == "now":
        if stage.turn == "applicant":
            paying = stage.kind == "pay"
            waits = gettext("お支払いを待っています。") if paying else gettext("あなたが直すのを待っています。")
            return Stop(title, "you", "person", None, waits, current=True)
        if stage.turn == "cosigner":
            return Stop(title, "now", "person", None, gettext("お願いした方の確認を待っています。"), current=True)
        words = gettext("市がいま行っています。") if stage.turn == "office" else gettext("まもなく終わります。")
        return Stop(title, "now", "city", None, words + paper, current=True)
    return Stop(title, "", "dot", None, paper)


def _decision(case: Case, standing: Standing, draft: Draft) -> DecisionCard | None:
    made = standing.decision
    if made is None:
        return None
    return DecisionCard(
        title=gettext("認められました") if made.granted else gettext("認められませんでした"),
        made_at=made.made_at,
        values=list(_values(draft, made.values)) if made.granted else [],
        reasons=[said(LocalText(reason)) for reason in made.reasons],
        fresh=case.closed_at is None or (clock.now() - case.closed_at).days < 30,
    )


def _values(draft: Draft, decided: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What was decided, as far as the package says how people call it: 月額 25,000円."""
    for table in draft.package.tables.values():
        for name, label in table.labels.items():
            value = decided.get(name)
            if value in (None, "", False):
                continue
            words, unit = said(label), ""
            for mark, spoken in (("（円）", "円"), (" (yen)", " yen")):
                if words.endswith(mark):
                    words, unit = words.removesuffix(mark), spoken
            yield words, _value(value, words) + unit


def _value(value: Any, label: str) -> str:
    if value is True:
        return gettext("はい")
    if isinstance(value, int):
        return f"{value:,}"
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        return str(value)
    if label.endswith(("月", "month")):  # a month is kept as its first day
        return format_month(day, language())
    return format_date(day, language())


def _letter(key: str, one: Letter) -> LetterLink:
    return LetterLink(
        one.title, reverse("web:letter", args=(key, one.pk)), one.signed_at is not None, one.pk, one.posted_on
    )


def _latest(case: Case) -> list[Message]:
    shown = [one for one in messages.all_messages_about(case.pk) if one.person_id == case.person_id]
    return sorted(shown, key=lambda one: one.created_at, reverse=True)
