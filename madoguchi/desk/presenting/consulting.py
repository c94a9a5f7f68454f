"""合議 on the way, as the page of a case shows it: what was asked of whom, what they said, and who may be asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext

from madoguchi.cases import queries as cases
from madoguchi.cases.actions.consulting import PERIODS
from madoguchi.cases.actions.reasons import APPROVES, EXAMINES
from madoguchi.cases.models import Case, Consultation
from madoguchi.desk.presenting.words import day_words, days_words, time_words
from madoguchi.events import Actor
from madoguchi.ground import clock
from madoguchi.procedures import queries as procedures

#: A form of the page that was refused: the name of the form, what was typed, and what was wrong by field.
Refusal = tuple[str, Mapping[str, Sequence[str]], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class QuestionLine:
    """One question to one section. ``state``: open, late, agreed, opinion or dropped; ``url`` answers or drops it.

    ``said`` and ``problems`` are what was typed into its form and refused.
    """

    key: str
    section: str
    question: str
    asked: str
    due: str
    state: str
    words: str
    answer: str
    url: str
    may_answer: bool
    may_drop: bool
    said: Mapping[str, str]
    problems: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AskForm:
    """The form that asks: departments with their sections, and the days until which an answer can be asked for."""

    url: str
    departments: Sequence[tuple[str, Sequence[tuple[str, str, bool]]]]
    periods: Sequence[tuple[str, str, bool]]
    question: str
    problems: Mapping[str, str]
    opened: bool


@dataclass(frozen=True, slots=True)
class ConsultingBlock:
    """All that ``desk/_consulting.html`` and ``desk/_opinion.html`` show."""

    mine: Sequence[QuestionLine]
    lines: Sequence[QuestionLine]
    form: AskForm | None

    @property
    def awaited(self) -> bool:
        """Whether nothing can be decided now."""
        return any(one.state in ("open", "late") for one in self.lines)


def consulting_block(case: Case, by: Actor, refusal: Refusal | None = None) -> ConsultingBlock:
    """Of a case that the reader may see; ``refusal`` is a form that is shown again as it was typed."""
    may_ask = case.ended_at is None and (EXAMINES.holds(by, case) or APPROVES.holds(by, case))
    lines = [_line(one, case, by, may_ask, refusal) for one in cases.questions(case)]
    return ConsultingBlock(
        mine=[one for one in lines if one.may_answer],
        lines=lines,
        form=_form(case, refusal) if may_ask else None,
    )


def _line(one: Consultation, case: Case, by: Actor, may_ask: bool, refusal: Refusal | None) -> QuestionLine:
    section = procedures.city().organisation.section(one.section)
    awaited = one.answered_at is None and one.dropped_at is None and case.ended_at is None
    typed, problems = (refusal[1], refusal[2]) if refusal and refusal[0] == str(one.pk) else ({}, {})
    state, words = _became(one, case)
    left = procedures.calendar().between(clock.today(), one.due_on)
    return QuestionLine(
        key=str(one.pk),
        section=section.name["ja"] if section else one.section,
        question=one.question,
        asked=f"{one.asked_by.display_name} {time_words(one.asked_at)}",
        due=gettext("%(day)sまで・%(left)s") % {"day": day_words(one.due_on), "left": days_words(left)},
        state=state,
        words=words,
        answer=one.answer or one.dropped_because,
        url=reverse("desk:question", args=(case.number, one.pk)),
        may_answer=awaited and one.section in by.sections,
        may_drop=awaited and may_ask,
        said={name: values[-1] for name, values in typed.items() if values},
        problems=problems,
    )


def _became(one: Consultation, case: Case) -> tuple[str, str]:
    if one.answered_at is not None:
        who = f"{one.answered_by.display_name if one.answered_by else ''} {time_words(one.answered_at)}"
        return ("agreed", f"{gettext('異議なし')} {who}") if one.agreed else ("opinion", f"{gettext('意見あり')} {who}")
    if one.dropped_at is not None:
        who = f"{one.dropped_by.display_name if one.dropped_by else ''} {time_words(one.dropped_at)}"
        return "dropped", f"{gettext('取下げ')} {who}"
    if case.ended_at is not None:
        return "dropped", gettext("回答のないまま案件が終わりました")
    late = one.due_on < clock.today()
    return ("late", gettext("回答の期限を過ぎています")) if late else ("open", gettext("回答待ち"))


def _form(case: Case, refusal: Refusal | None) -> AskForm | None:
    typed, problems = (refusal[1], refusal[2]) if refusal and refusal[0] == "ask" else ({}, {})
    chosen = set(typed.get("section", ()))
    period = (typed.get("days") or ["3"])[-1]
    departments: dict[str, list[tuple[str, str, bool]]] = {}
    for department, section in cases.can_be_asked(case):
        departments.setdefault(department.name["ja"], []).append((section.id, section.name["ja"], section.id in chosen))
    if not departments:
        return None
    calendar, today = procedures.calendar(), clock.today()
    return AskForm(
        url=reverse("desk:ask-opinion", args=(case.number,)),
        departments=list(departments.items()),
        periods=[
            (
                str(days),
                gettext("%(days)s開庁日（%(day)sまで）") % {"days": days, "day": day_words(calendar.add(today, days))},
                str(days) == period,
            )
            for days in PERIODS
        ],
        question=(typed.get("question") or [""])[-1],
        problems=problems,
        opened=bool(problems),
    )
