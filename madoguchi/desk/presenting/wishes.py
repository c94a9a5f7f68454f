"""要望 at the desk: what was refused for want of a law, the wishes that were made of it, and what became of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from madoguchi.cases import queries as cases
from madoguchi.cases.models import Addressee, Wish, WishState
from madoguchi.desk.presenting.words import day_words
from madoguchi.facts.models import Basis
from madoguchi.ground import clock
from madoguchi.ground.errors import Refused, fill
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.format import FactField

#: For what somebody wanted to read; only what a wish can be about.
PURPOSES: Final[Mapping[str, str]] = {
    "look_up": gettext_noop("審査のために照会する"),
    "household": gettext_noop("入力らんに同じ世帯の方を出す"),
    "prefill": gettext_noop("入力らんに分かっていることを出す"),
    "confirm": gettext_noop("頼まれたご本人かどうかを照合する"),
}


@dataclass(frozen=True, slots=True)
class WishLine:
    """A wish in the list."""

    url: str
    title: str
    to: str
    state: str
    since: str
    refusals: int
    files: int
    is_true: bool


@dataclass(frozen=True, slots=True)
class RefusalLine:
    """Readings that were refused, by procedure and facts; ``url`` leads to a wish that begins with them."""

    procedure: str
    purpose: str
    facts: Sequence[str]
    count: int
    last: str
    url: str


@dataclass(frozen=True, slots=True)
class WishesPage:
    """All that ``desk/wishes.html`` shows."""

    lines: Sequence[WishLine]
    refused: Sequence[RefusalLine]
    procedures: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class NewWish:
    """A wish being written: what was typed, what can be chosen (value, label, chosen), what is wrong."""

    url: str
    procedure: str
    procedure_title: str
    purposes: Sequence[tuple[str, str, bool]]
    facts: Sequence[tuple[str, str, bool]]
    facts_problem: str
    attachments: Sequence[tuple[str, str, bool]]
    to: Sequence[tuple[str, str, bool]]
    given: Mapping[str, str]
    problems: Mapping[str, str]
    problem: str


@dataclass(frozen=True, slots=True)
class WishPage:
    """One wish. ``bases``: by which laws it has come true; ``can``: send, answer or nothing, with what was typed."""

    url: str
    title: str
    procedure: str
    purpose: str
    facts: Sequence[str]
    attachments: Sequence[str]
    why: str
    law: str
    to: str
    made: str
    sent: str
    number: str
    answered: str
    answer: str
    refusals: int
    files: int
    cases: int
    bases: Sequence[str]
    can: str
    today: str
    given: Mapping[str, str]
    problems: Mapping[str, str]
    problem: str


def wishes_page() -> WishesPage:
    """Wishes, then what was refused and is no wish yet."""
    offered = [(row.code, _title(row.code)) for row in procedures.offered()]
    return WishesPage([_line(one) for one in cases.wishes()], [_refused(one) for one in cases.refusals()], offered)


def new_wish(
    code: str,
    purpose: str,
    keys: Sequence[str],
    given: Mapping[str, str],
    chosen: Sequence[str],
    refusal: Refused | None,
) -> NewWish:
    """A form that begins with a refused reading, or with what was typed. ``chosen``: attachments."""
    row = procedures.current(code)
    package = procedures.package(row) if row is not None else None
    asked = [
        one.fact
        for section in (package.procedure.asks if package else ())
        for one in section.ask
        if isinstance(one, FactField)
    ]
    looked = [key for node in (package.graph.steps if package else ()) if node.kind == "look_up"
              for key in node.arguments["facts"]]  # fmt: skip
    known = procedures.vocabulary()
    there = [key for key in dict.fromkeys([*keys, *looked, *asked]) if key in known]
    return NewWish(
        url=reverse("desk:new-wish"),
        procedure=code,
        procedure_title=_title(code),
        purposes=[(one, gettext(words), one == purpose) for one, words in PURPOSES.items()],
        facts=[(key, _fact(key), key in keys) for key in there],
        facts_problem=_problems(refusal).get("keys", ""),  # a template would find the method of the mapping
        attachments=[(one.name, one.label["ja"], one.name in chosen) for one in cases.attachable(code)],
        to=[(one.value, str(one.label), one.value == given.get("to", Addressee.STATE)) for one in Addressee],
        given=given,
        problems=_problems(refusal),
        problem=fill(gettext(refusal.message), refusal.params) if refusal else "",
    )


def wish_page(one: Wish, given: Mapping[str, str] | None = None, refusal: Refused | None = None) -> WishPage:
    """``given`` and ``refusal`` are of a post that was refused."""
    counts, labels = cases.spared(one), {field.name: field.label["ja"] for field in cases.attachable(one.procedure)}
    return WishPage(
        url=reverse("desk:wish", args=(one.pk,)),
        title=one.title,
        procedure=_title(one.procedure),
        purpose=gettext(PURPOSES.get(one.purpose, one.purpose)),
        facts=[_fact(key) for key in one.keys],
        attachments=[labels.get(name, name) for name in one.attachments],
        why=one.why,
        law=one.law,
        to=str(Addressee(one.to).label),
        made=gettext("%(day)s　%(who)s") % {"day": day_words(one.made_at), "who": one.made_by.display_name},
        sent=day_words(one.sent_on) if one.sent_on else "",
        number=one.sent_as,
        answered=day_words(one.answered_on) if one.answered_on else "",
        answer=one.answer,
        refusals=counts.refusals,
        files=counts.files,
        cases=counts.cases,
        bases=[_basis(row) for row in cases.came_true(one)],
        can={WishState.MADE: "send", WishState.SENT: "answer"}.get(WishState(one.state), ""),
        today=clock.today().isoformat(),
        given=given or {},
        problems=_problems(refusal),
        problem=fill(gettext(refusal.message), refusal.params) if refusal else "",
    )


def _line(one: Wish) -> WishLine:
    counts, true = cases.spared(one), cases.came_true(one)
    since = one.answered_on or one.sent_on or one.made_at
    return WishLine(
        reverse("desk:wish", args=(one.pk,)),
        one.title,
        str(Addressee(one.to).label),
        gettext("かないました") if true else str(WishState(one.state).label),
        _basis(true[0]) if true else day_words(since),
        counts.refusals,
        counts.files,
        bool(true),
    )


def _refused(one: cases.Refusal) -> RefusalLine:
    said = {"procedure": one.procedure, "purpose": one.purpose, "keys": ",".join(one.keys)}
    return RefusalLine(
        _title(one.procedure),
        gettext(PURPOSES.get(one.purpose, one.purpose)),
        [_fact(key) for key in one.keys],
        one.count,
        day_words(one.last),
        f"{reverse('desk:new-wish')}?{urlencode(said)}",
    )


def _basis(row: Basis) -> str:
    return gettext("%(law)s（%(day)sから）") % {"law": row.title, "day": day_words(row.since)}


def _title(code: str) -> str:
    row = procedures.current(code)
    return procedures.package(row).procedure.title["ja"] if row is not None else code


def _fact(key: str) -> str:
    known = procedures.vocabulary()
    return known[key].label["ja"] if key in known else key


def _problems(refusal: Refused | None) -> dict[str, str]:
    return {name: fill(gettext(one.message), one.params) for name, one in (refusal.fields if refusal else {}).items()}
