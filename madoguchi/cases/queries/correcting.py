"""訂正: what a person may correct of what is known of them, by which form, who keeps it, and how a request stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from madoguchi.cases.models import Case, Decision
from madoguchi.cases.queries.known import question
from madoguchi.events import Actor
from madoguchi.events.composing import composed_once
from madoguchi.facts.models import Source
from madoguchi.facts.queries import Known
from madoguchi.ground.clock import day_of
from madoguchi.ground.errors import NotFound
from madoguchi.ground.languages import LocalText
from madoguchi.ground.wareki import format_both
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.form import UPLOADED, Form, FormField, FormSection

#: The procedure by which a record is asked to be corrected.
CODE: Final = "fact-correction"
#: What was only said: the person's own word takes its place at once. All else is a record, and somebody keeps it.
SAID: Final = (Source.SELF, Source.PROXY)
#: The fields of the form on which a correction is written.
VALUE, WHY = "value", "why"
#: Of the package: which fact, what the record says, what it should say.
ITEM, STANDS, SHOULD_BE = "item", "stands", "should_be"
_WHY_LABEL: Final = LocalText(
    {
        "ja": "訂正を求める理由",
        "ja-simple": "なぜ ちがうと 思いますか",
        "en": "Why it should be corrected",
        "zh-hans": "请求更正的理由",
        "ko": "정정을 요청하는 이유",
        "vi": "Lý do đề nghị sửa",
        "pt": "Por que deve ser corrigido",
    }
)


@dataclass(frozen=True, slots=True)
class Asked:
    """That a fact was asked to be corrected, and what came of it: ``granted`` is None while it is open."""

    case: Case
    on: date
    decided_on: date | None
    granted: bool | None


def is_word(fact: Known) -> bool:
    """Whether nobody but a person has said it."""
    return fact.source in SAID


def may_be_corrected(fact: Known) -> bool:
    """Whether its person may correct it on a form: whatever the vocabulary asks in words. A consent is taken back."""
    asked = question(fact.key)
    return fact.key in procedures.vocabulary() and asked.type not in UPLOADED and asked.type != "consent"


def own_fact(fact_id: UUID, known: Sequence[Known]) -> Known:
    """One of what is known of a person (:func:`known.of_person`), by its id. Raises NotFound for any other, existing or
    not, and for what is not corrected on a form."""
    found = next((one for one in known if one.id == fact_id), None)
    if found is None or not may_be_corrected(found):
        raise NotFound("fact-unknown", "この情報は見つかりません。わたしの情報から開き直してください。")
    return found


def form_for(fact: Known) -> Form:
    """One page: the value as the vocabulary asks it and, of a record, why it is wrong."""
    asked = replace(question(fact.key), name=VALUE, required=True, when=None)
    reason = FormField(
        name=WHY, type="lines", label=_WHY_LABEL, help=None, required=True, when=None, options={}, max_length=2000,
        digits=None, low=None, high=None, at_least=0, at_most=1, fact=None, again_because=None,
    )  # fmt: skip
    fields = (asked,) if is_word(fact) else (asked, reason)
    return Form((FormSection("correction", asked.label, None, None, 0, 1, None, fields),))


def keeper_of(fact: Known) -> str:
    """The section that keeps a record: of the register, of the register from which a card is written, or that of the
    case in which it was recorded. Empty where nobody can say."""
    if fact.source in (Source.REGISTER, Source.CARD):
        return next((one.office for one in procedures.registers() if fact.key in one.columns), "")
    if fact.case_id is None:
        return ""
    return Case.objects.filter(pk=fact.case_id).values_list("section", flat=True).first() or ""


def plain(field: FormField, value: Any) -> str:
    """A value as a clerk reads it, in Japanese."""
    if field.type == "date" and isinstance(value, str):
        return format_both(date.fromisoformat(value))
    if field.type in ("choice", "choices"):
        chosen: Sequence[Any] = value if isinstance(value, list) else [value]
        return "、".join(field.options[one]["ja"] if one in field.options else str(one) for one in chosen)
    if isinstance(value, bool):
        return "はい" if value else "いいえ"
    if field.type == "bank_account" and isinstance(value, Mapping):
        kind = {"ordinary": "普通", "current": "当座"}.get(str(value.get("kind")), "")
        parts = (value.get("bank"), value.get("branch"), kind, value.get("number"), value.get("holder"))
        return " ".join(str(one) for one in parts if one)
    if field.type == "place" and isinstance(value, Mapping):
        return str(value.get("text", ""))
    return f"{value:,}円" if field.type == "money" else str(value)


def asked_of(by: Actor) -> dict[tuple[str, str], Asked]:
    """The newest request of the resident for each fact (key, row), drafts and withdrawn ones left out."""
    found = {}
    for case in _asked_by(by.who):
        asked = case.corrects or {}
        found[(asked["key"], asked["row"])] = how_it_stands(case)
    return found


@composed_once
def _asked_by(person: UUID) -> QuerySet[Case]:
    cases = Case.objects.filter(person_id=person, corrects__isnull=False, received_at__isnull=False)
    standing = cases.filter(withdrawn_at=None, erased_at=None).order_by("received_at")
    return standing.select_related("decision", "procedure").defer("procedure__data", "procedure__graph")


def how_it_stands(case: Case) -> Asked:
    """How far a submitted request has come."""
    decision: Decision | None = getattr(case, "decision", None)
    return Asked(
        case,
        day_of(case.received_at or case.opened_at),
        day_of(case.decided_at) if case.decided_at else None,
        decision.granted if decision is not None and decision.made_at is not None else None,
    )


def draft_of(fact: Known, by: Actor) -> Case | None:
    """The request for this fact that is open, submitted or not."""
    rows = Case.objects.filter(person_id=by.who, withdrawn_at=None, closed_at=None)
    return rows.filter(corrects__key=fact.key, corrects__row=fact.row).select_related("procedure").first()
