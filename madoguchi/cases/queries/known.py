"""わたしの情報: what is known of a person and who has read it, as that person sees it."""

import json
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext_noop

from madoguchi.cases.queries.companies import company
from madoguchi.events import Actor
from madoguchi.facts import queries as facts
from madoguchi.facts.queries import Known, Reading
from madoguchi.facts.rules import Purpose
from madoguchi.facts.rules.delegating import KEY
from madoguchi.ground.clock import day_of
from madoguchi.ground.languages import LocalText
from madoguchi.people.queries import partner_names, posts_on
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.form import Cell, FormField, field_of
from madoguchi.procedures.rules.format import FactField

#: How many readings stand on one page.
PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Read:
    """A reading with ``offices``, the names of section and post of that day (or of the partner's system); ``agent`` is
    the name of whoever read as one's agent."""

    reading: Reading
    offices: tuple[tuple[LocalText, LocalText | None], ...]
    labels: tuple[LocalText, ...]
    procedure: LocalText | None
    is_other: bool
    agent: str = ""


def of_person(by: Actor) -> list[Known]:
    """What is known today of the resident who asks; it is a reading like any other. What they have said themselves
    stands behind the record of the same where it was said since, and differs."""
    told: dict[tuple[str, str], list[Known]] = {}
    for one in facts.all_known(by.who, Purpose("view"), by=by):
        told.setdefault((one.key, one.row), []).append(one)
    return [one for both in told.values() for one in both if one is both[0] or _adds(one, both[0])]


def _adds(word: Known, known: Known) -> bool:
    return word.as_of >= known.as_of and _folded(word.value) != _folded(known.value)


def _folded(value: Any) -> Any:
    """A text without width and spaces, in which one source writes a name as another does not."""
    return "".join(unicodedata.normalize("NFKC", value).split()) if isinstance(value, str) else value


#: For what facts are read.
WHAT_FOR: Final[Mapping[str, str]] = {
    "prefill": gettext_noop("入力らんに、分かっていることを出すため"),
    "confirm": gettext_noop("確認を頼まれたご本人かどうかを照合するため"),
    "view": gettext_noop("ご本人が、自分についての記録を見るため"),
    "look_up": gettext_noop("手続きの審査に要ることを確かめるため"),
    "disclosure": gettext_noop("開示の求めに応じるため"),
    "match": gettext_noop("市の台帳に記載のある方かどうかを確かめるため"),
    "sign": gettext_noop("電子署名をした方がご本人かどうかを照合するため"),
    "counter": gettext_noop("窓口で、職員がご本人の前で手続きを入力するため"),
    "household": gettext_noop("同じ世帯の方の手続きで、入力らんに世帯の方を出すため"),
    "represent": gettext_noop("代理人の入力らんに、分かっていることを出すため"),
    "delegate": gettext_noop("代理人を登録するため"),
}


def readings(by: Actor, *, own: bool, before: UUID | None) -> list[Read]:
    """Who has read what is known of the resident who asks, newest first: a page, and one more where there is more."""
    return told(facts.readings(by.who, own=own, before=before, most=PAGE + 1), by.who, by)


def told(found: Sequence[Reading], person: UUID, by: Actor | None = None) -> list[Read]:
    """Readings of a person with the names of whoever read, of what, and for which procedure; agents are named where
    the person themselves asks (``by``)."""
    staff = {(one.actor_id, day_of(one.at)) for one in found if one.actor_kind == "staff" and one.actor_id}
    posts = posts_on(staff)
    partners = partner_names({one.actor_id for one in found if one.actor_kind == "partner" and one.actor_id})
    asks = by is not None and any(one.purpose == "represent" for one in found)
    agents = facts.names_of_agents(by) if by is not None and asks else {}
    titles = {one.procedure: _title(one.procedure) for one in found if one.procedure}
    return [
        Read(
            one,
            _offices(one, posts.get((one.actor_id, day_of(one.at)), []) if one.actor_id else [], partners),
            tuple(question(key).label for key in one.keys if key != "*"),
            titles.get(one.procedure),
            one.actor_id != person,
            agents.get(one.actor_id, "") if one.purpose == "represent" and one.actor_id else "",
        )
        for one in found
    ]


@dataclass(frozen=True, slots=True)
class Use:
    """For what, in which procedures (empty: any), by which article and which sections (empty: any) facts are read."""

    purpose: str
    procedures: tuple[LocalText, ...]
    law: str
    offices: tuple[LocalText, ...]


@dataclass(frozen=True, slots=True)
class Uses:
    """``of_key``: what is read of one fact; ``of_all``: what is read whatever it is. ``forms``: how many procedures
    show a fact in their form, to its person."""

    of_key: Mapping[str, Sequence[Use]]
    of_all: Sequence[Use]
    forms: Mapping[str, int]


def uses() -> Uses:
    """For what facts are used today: the register of legal bases and the forms that are offered."""
    offered = {row.code: procedures.package(row) for row in procedures.offered()}
    organisation = procedures.city().organisation
    of_key: dict[str, list[Use]] = {}
    of_all = []
    for one in facts.bases_in_force():
        titles = tuple(offered[code].procedure.title for code in one.procedures if code in offered)
        if one.procedures and not titles:  # for procedures that are not offered here
            continue
        sections = (organisation.section(code) for code in one.offices)
        use = Use(one.purpose, titles, one.title, tuple(section.name for section in sections if section))
        if not one.facts:
            of_all.append(use)
        for key in one.facts:
            of_key.setdefault(key, []).append(use)
    forms = Counter(
        key
        for package in offered.values()
        for key in {one.fact for section in package.form.sections for one in section.fields if one.fact}
    )
    return Uses(of_key, of_all, forms)


def question(key: str) -> FormField:
    """How the vocabulary asks for a fact; a consent is named by its procedure, what nobody asks any more by its key."""
    if key in procedures.vocabulary():
        return field_of(FactField(fact=key), None, procedures.vocabulary())
    kind, _, code = key.partition(".")
    of, _, id_ = code.partition(".")
    told = company(id_) if of == "company" else None
    title = (told.name if told else _title(code)) if kind == "consent" else LocalText("代理人") if key == KEY else None
    type_ = "consent" if kind == "consent" and title is not None else "text"
    return FormField(
        name=key, type=type_, label=title or LocalText(key), help=None,
        required=False, when=None, options={}, max_length=200, digits=None, low=None, high=None, at_least=0, at_most=1,
        fact=key, again_because=None,
    )  # fmt: skip


def answer(one: Known) -> Cell:
    """A fact as the answer to its question."""
    asked, value = question(one.key), one.value
    if one.key == KEY:
        value = value["names"][1] if isinstance(value, dict) else "—"
    if not _fits(asked, value):  # as another source wrote it
        asked = replace(asked, type="text", options={})
    if asked.type == "text" and isinstance(value, dict):  # several values that were recorded at once, line by line
        value = "\n".join(f"{name}: {json.dumps(part, ensure_ascii=False)}" for name, part in value.items())
    return Cell(one.key, asked, value if asked.type != "text" else str(value), None, None)


def _fits(asked: FormField, value: Any) -> bool:
    """Whether a value is of the shape that the question's type shows."""
    if asked.type == "date":
        try:
            return isinstance(value, str) and len(value) == 10 and date.fromisoformat(value) is not None
        except ValueError:
            return False
    if asked.type in ("money", "integer"):
        return isinstance(value, int) and not isinstance(value, bool)
    if asked.type in ("yes_no", "consent"):
        return isinstance(value, bool)
    if asked.type in ("choice", "choices"):
        return isinstance(value, list) is (asked.type == "choices") and set(_list(value)) <= asked.options.keys()
    if asked.type in ("bank_account", "place"):
        return isinstance(value, dict)
    return isinstance(value, str)


def _list(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def _title(code: str) -> LocalText | None:
    row = procedures.current(code)
    return procedures.package(row).procedure.title if row is not None else None


def _offices(
    one: Reading, held: list[str], partners: dict[UUID, str]
) -> tuple[tuple[LocalText, LocalText | None], ...]:
    organisation = procedures.city().organisation
    if one.actor_kind == "partner" and one.actor_id in partners:
        return ((LocalText(partners[one.actor_id]), None),)
    if held:
        posts = organisation.posts()
        return tuple((posts[post][1].name, posts[post][0].title) for post in held if post in posts)
    section = organisation.section(one.office)
    return ((section.name, None),) if section is not None else ()
