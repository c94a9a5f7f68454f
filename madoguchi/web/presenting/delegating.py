"""代理人: who speaks for the resident and for whom they speak, in words; and the form by which somebody is invited."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case
from madoguchi.events import Actor
from madoguchi.facts.models import Invitation
from madoguchi.facts.queries import code_of, given_by, given_to, held_back, open_invitations
from madoguchi.facts.rules.delegating import ALL, KINDS, MEMBER, STATUTORY, TERMS, Delegation
from madoguchi.ground.dates import listed
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.web.presenting.casepage import LetterLink, Stop, case_page
from madoguchi.web.presenting.offers import life_events
from madoguchi.web.words import language, said

#: What an agent is to the person.
KIND_WORDS: Final[Mapping[str, str]] = {
    "parent": gettext_noop("親権者"),
    "guardian": gettext_noop("成年後見人など"),
    "family": gettext_noop("家族"),
    "care_manager": gettext_noop("ケアマネジャー・介護の事業者"),
    "business": gettext_noop("そのほかの事業者"),
    "agent": gettext_noop("そのほかの頼んだ方"),
    "member": gettext_noop("事業所の人"),
}
TERM_WORDS: Final[Mapping[int, str]] = {
    1: gettext_noop("1か月"),
    6: gettext_noop("6か月"),
    12: gettext_noop("1年"),
    36: gettext_noop("3年"),
}
#: How it was given, by the source of the fact.
GIVEN_WORDS: Final[Mapping[str, str]] = {
    "self": gettext_noop("ご本人がこの画面で任せました"),
    "staff": gettext_noop("ご本人が市の窓口で任せました"),
    "document": gettext_noop("市の窓口で、書類を見て登録しました"),
}
#: Those that a person gives by themselves.
_BY_ONESELF: Final = tuple(kind for kind in KINDS if kind not in STATUTORY and kind != MEMBER)
_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Line:
    """A delegation. ``name`` is the other one's: the agent's for its principal, the principal's for its agent."""

    id: str
    name: str
    kind: str
    scope: str
    shows: bool
    letters: bool
    until: dt.date | None
    given: str
    held_back: bool = False
    number: str = ""
    is_member: bool = False


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation that can still be accepted; only its principal is shown the code."""

    id: str
    name: str
    kind: str
    scope: str
    code: str
    path: str
    expires_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Scope:
    """Something to be entrusted with: a group of procedures, or one."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Form:
    """The form by which somebody is invited, as it was typed."""

    kinds: Sequence[tuple[str, str, bool]]
    groups: Sequence[Scope]
    single: Sequence[Scope]
    terms: Sequence[tuple[int, str, bool]]
    typed: Mapping[str, str]
    shows: bool
    letters: bool
    problem: str
    problems: Mapping[str, str]


def kind_words(kind: str, office: str) -> str:
    """「ケアマネジャー・介護の事業者（ケアプラン見本）」."""
    word = gettext(KIND_WORDS[kind])
    return gettext("%(kind)s（%(office)s）") % {"kind": word, "office": office} if office else word


def scope_words(codes: Collection[str]) -> str:
    """「要介護認定の申請、ケアプランの届出」, of many the first and how many more."""
    if ALL in codes:
        return gettext("代わりに申し込めるすべての手続き")
    titles = [_title(row) for row in cases.delegable() if row.code in codes]
    shown = listed(titles[:_NAMED], language())
    if len(titles) <= _NAMED:
        return shown
    return gettext("%(titles)s ほか%(more)s件") % {"titles": shown, "more": len(titles) - _NAMED}


def given(by: Actor) -> list[Line]:
    """Those who speak for the resident."""
    held = [replace(_line(one, _agent(one)), held_back=True) for one in held_back(by.who)]
    return [*(_line(one, _agent(one)) for one in given_by(by.who)), *held]


def received(by: Actor) -> list[Line]:
    """Those for whom the resident speaks."""
    return [_line(one, one.principal_name) for one in given_to(by.who)]


def invitations(by: Actor) -> list[Invited]:
    """What the resident has sent and nobody has accepted yet."""
    found = []
    for one in open_invitations(by.who):
        code = code_of(one)
        path = reverse("web:accept-proxy", args=(code,))
        kind = kind_words(one.kind, "" if one.number else one.office)
        found.append(
            Invited(
                str(one.pk),
                one.name or office_words(one.office, one.number),
                kind,
                scope_words(one.procedures),
                code,
                path,
                one.expires_at,
            )
        )
    return found


def invited_words(one: Invitation) -> Line:
    """An invitation as whoever was invited reads it."""
    return Line(
        str(one.pk), one.own_name, kind_words(one.kind, one.office), scope_words(one.procedures), one.shows,
        one.letters, one.until, "", number=one.number,
    )  # fmt: skip


def form(
    typed: Mapping[str, str] | None = None,
    scope: Collection[str] = (),
    problem: str = "",
    problems: Mapping[str, str] | None = None,
) -> Form:
    """The form, empty or as it was typed."""
    told = typed or {}
    rows = cases.delegable()
    return Form(
        kinds=[(kind, gettext(KIND_WORDS[kind]), told.get("kind") == kind) for kind in _BY_ONESELF],
        groups=[
            *(
                Scope(f"life:{one.slug}", gettext("%(event)sの手続き（%(n)s件）") % {"event": one.name, "n": n},
                      f"life:{one.slug}" in scope)
                for one in life_events()
                if (n := len(_of_life_event(one.slug, rows)))
            ),
            Scope(ALL, gettext("代わりに申し込めるすべての手続き（これから増えるものも）"), ALL in scope),
        ],
        single=[Scope(row.code, _title(row), row.code in scope) for row in rows],
        terms=[(n, gettext(TERM_WORDS[n]), told.get("months", "12") == str(n)) for n in TERMS],
        typed=told,
        shows=not told or told.get("shows") == "1",
        letters=not told or told.get("letters") == "1",
        problem=problem,
        problems=problems or {},
    )  # fmt: skip


def chosen(scope: Collection[str]) -> list[str]:
    """The codes that were chosen; a group is a way to choose, and means what is in it today."""
    rows, codes = cases.delegable(), set[str]()
    for one in scope:
        codes |= set(_of_life_event(one.removeprefix("life:"), rows)) if one.startswith("life:") else {one}
    return sorted(codes)


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody for whom the resident may begin this procedure."""

    delegation: str
    name: str
    words: str


def principals(row: Procedure, by: Actor) -> list[Principal]:
    """Those for whom the resident may begin it now."""
    return [
        Principal(
            str(one.delegation.id),
            one.delegation.principal_name,
            kind_words(one.delegation.kind, one.delegation.office),
        )
        for one in cases.principals(row, by)
    ]


@dataclass(frozen=True, slots=True)
class ByProxy:
    """A case that an agent has handed in, as its principal reads it: how it stands and its letters."""

    title: str
    number: str
    url: str
    turn: str
    tone: str
    agent: str
    received_at: dt.datetime | None
    due_on: dt.date | None
    timeline: Sequence[Stop]
    letters: Sequence[LetterLink]
    office: str


def by_proxy(case: Case) -> ByProxy:
    """One of them."""
    page = case_page(case)
    letters = [
        LetterLink(
            one.title, reverse("web:by-proxy-letter", args=(case.number, one.id)), one.signed, one.id, one.posted_on
        )
        for one in page.all_letters
    ]
    return ByProxy(
        page.title, page.number, reverse("web:by-proxy", args=(case.number,)), _turn(case, page.tone, page.turn),
        page.tone, _agent_of(case), page.received_at, page.due_on, page.timeline, letters, page.office,
    )  # fmt: skip


def cases_by_proxy(by: Actor) -> list[ByProxy]:
    """All of them, newest first."""
    return [by_proxy(one) for one in cases.represented_cases(by)]


@dataclass(frozen=True, slots=True)
class Left:
    """What the resident has handed in as an agent and sees no more."""

    title: str
    number: str
    received_at: dt.datetime | None


def left_cases(by: Actor) -> list[Left]:
    """All of them, newest first."""
    return [Left(_title(one.procedure), one.number or "", one.received_at) for one in cases.left_cases(by)]


def _turn(case: Case, tone: str, words: str) -> str:
    if tone != "you":
        return words
    return gettext("代理人の番です") if cases.reader_of(case) == case.person_id else gettext("担当の課にご連絡ください")


def _agent_of(case: Case) -> str:
    mandate = cases.mandate_of(case)
    name = case.answers.get("proxy_name") or ""
    return " ".join(one for one in (name, kind_words(mandate.kind, mandate.office) if mandate else "") if one)


def office_words(office: str, number: str) -> str:
    """「ケアプラン見本（2770100001）」."""
    return f"{office}（{number}）"


def _agent(one: Delegation) -> str:
    return office_words(one.agent_name, one.number) if one.number else one.agent_name


def _line(one: Delegation, name: str) -> Line:
    office = "" if name in (_agent(one), one.office) else one.office
    return Line(
        str(one.id), name, kind_words(one.kind, office), scope_words(one.procedures), one.shows, one.letters,
        one.until, gettext(GIVEN_WORDS.get(one.source, "")) if one.source in GIVEN_WORDS else "",
        number=one.number, is_member=one.kind == MEMBER,
    )  # fmt: skip


def _of_life_event(slug: str, rows: Sequence[Procedure]) -> list[str]:
    return [row.code for row in rows if slug in procedures.package(row).procedure.life_events]


def _title(row: Procedure) -> str:
    return said(procedures.package(row).procedure.title)
