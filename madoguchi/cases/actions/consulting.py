"""合議 on the way: other sections are asked beside the flow, all at once; nothing goes on until they have answered or
the question is dropped (docs/adr/0024)."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from madoguchi.cases.actions import driving
from madoguchi.cases.actions.reasons import APPROVES, CONSULTED, EXAMINES
from madoguchi.cases.models import Case, Consultation
from madoguchi.cases.queries.consulting import can_be_asked, open_questions
from madoguchi.events import Actor, act, record
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotFound, Problem, Stale
from madoguchi.ground.text import clean
from madoguchi.procedures import queries as procedures

MAX_QUESTION: Final = 2000
#: Business days within which an answer can be asked for.
PERIODS: Final = (1, 2, 3, 5, 10)


@act("case.ask-opinion", allow=(EXAMINES, APPROVES))
def ask_opinion(
    case: Case, sections: Iterable[str], question: str, business_days: int, *, by: Actor
) -> list[Consultation]:
    """合議を求める: each of ``sections`` is asked the same, to be answered within so many business days.

    They see the case from now on.
    """
    fresh = _running(case)
    wanted = list(dict.fromkeys(sections))
    if not wanted or not set(wanted) <= {section.id for _, section in can_be_asked(fresh)}:
        raise _invalid(
            "question-section", "合議を求める課を選んでください。すでに聞いている課は選べません。", "sections"
        )
    said = clean(question, multiline=True, max_length=MAX_QUESTION)
    if not said:
        raise _invalid("question-empty", "聞きたいことを書いてください。", "question")
    if business_days not in PERIODS:
        raise _invalid("question-period", "回答の期限を選んでください。", "business_days")
    due = procedures.calendar().add(clock.today(), business_days)
    asked = [
        Consultation(case=fresh, section=one, question=said, due_on=due, asked_by_id=by.who, asked_at=clock.now())
        for one in wanted
    ]
    Consultation.objects.bulk_create(asked)
    for one in wanted:
        fresh.show_to(one)
    _changed(fresh)
    record(sections=wanted, due_on=due, questions=[one.pk for one in asked])
    return asked


@act("case.give-opinion", allow=(CONSULTED,))
def give_opinion(case: Case, question: UUID, agreed: bool | None, words: str, *, by: Actor) -> Consultation:
    """合議への回答: 異議なし, or an opinion in words. Given once."""
    fresh = _running(case)
    asked = _open(fresh, question, sections=by.sections)
    said = clean(words, multiline=True, max_length=MAX_QUESTION)
    if agreed is None:
        raise _invalid("opinion-missing", "異議がないか、意見があるかを選んでください。", "agreed")
    if not agreed and not said:
        raise _invalid("opinion-empty", "意見を書いてください。", "answer")
    asked.agreed, asked.answer = agreed, said
    asked.answered_at, asked.answered_by_id = clock.now(), by.who
    asked.save(update_fields=["agreed", "answer", "answered_at", "answered_by"])
    _changed(fresh)
    record(question=asked.pk, section=asked.section)
    return asked


@act("case.drop-question", allow=(EXAMINES, APPROVES))
def drop_question(case: Case, question: UUID, why: str, *, by: Actor) -> Consultation:
    """合議の取下げ: the answer is no longer awaited, and why. Who was asked no longer sees the case for it."""
    fresh = _running(case)
    asked = _open(fresh, question)
    said = clean(why, multiline=True, max_length=MAX_QUESTION)
    if not said:
        raise _invalid("drop-why", "取り下げる理由を書いてください。", "why")
    asked.dropped_at, asked.dropped_by_id, asked.dropped_because = clock.now(), by.who, said
    asked.save(update_fields=["dropped_at", "dropped_by", "dropped_because"])
    _hide_from(fresh, asked.section)
    _changed(fresh)
    record(question=asked.pk, section=asked.section)
    return asked


def none_open(case: Case) -> None:
    """Raises Stale while an answer is awaited: nothing is decided over the head of whoever was asked."""
    if open_questions().filter(case=case).exists():
        raise Stale(
            "question-open",
            "合議の回答を待っています。待たずに進めるときは、理由を書いて合議を取り下げてください。",
        )


# -- within -----------------------------------------------------------------------------------------------------------


def _running(case: Case) -> Case:
    fresh = driving.locked(case)
    if fresh.ended_at is not None or fresh.received_at is None:
        raise Stale("case-ended", "この手続は終わっているため、変更できません。")
    return fresh


def _open(case: Case, question: UUID, sections: frozenset[str] | None = None) -> Consultation:
    found = Consultation.objects.select_for_update().filter(case=case, pk=question).first()
    if found is None or (sections is not None and found.section not in sections):
        raise NotFound("question-unknown", "この合議は見つかりません。")
    if found.answered_at is not None or found.dropped_at is not None:
        raise Stale("question-over", "この合議は、すでに回答されたか、取り下げられました。")
    return found


def _hide_from(case: Case, section: str) -> None:
    """Whoever was asked in vain, and has nothing else to do with the case, has no reason to see it."""
    others = case.consultations.filter(section=section, dropped_at=None).exists()
    if section != case.section and not others and not case.steps.filter(section=section).exists():
        case.seen_by = [one for one in case.seen_by if one != section]


def _changed(case: Case) -> None:
    case.changed_at = clock.now()
    case.save(update_fields=["changed_at", "seen_by"])


def _invalid(code: str, message: str, field: str) -> Invalid:
    return Invalid(code, message, fields={field: Problem(code, message)})
