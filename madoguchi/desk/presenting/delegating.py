"""代理権: how a case says by what right somebody asked, and the page on which the counter records it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext, gettext_noop

from madoguchi.cases import queries as cases
from madoguchi.cases.models import Mandate
from madoguchi.desk.presenting.disclosing import PersonLine
from madoguchi.desk.presenting.words import day_words, time_words
from madoguchi.facts.rules.delegating import ALL, CORPORATE, KINDS, MEMBER, TERMS, Delegation
from madoguchi.ground.errors import Refused, fill
from madoguchi.procedures import queries as procedures

KINDS_WORDS: Final[Mapping[str, str]] = {
    "parent": gettext_noop("親権者（法定代理）"),
    "guardian": gettext_noop("成年後見人など（法定代理）"),
    "family": gettext_noop("家族（委任）"),
    "care_manager": gettext_noop("ケアマネジャー・介護の事業者（委任）"),
    "business": gettext_noop("そのほかの事業者（委任）"),
    "agent": gettext_noop("そのほかの代理人（委任）"),
    "member": gettext_noop("事業所の人"),
}
PROOFS: Final[Mapping[str, str]] = {
    "in-person": gettext_noop("本人が窓口で申し出た（本人確認ずみ）"),
    "mandate": gettext_noop("委任状"),
    "family-register": gettext_noop("戸籍の証明（親権者）"),
    "guardianship": gettext_noop("登記事項証明書・審判書（後見人）"),
    "office-paper": gettext_noop("事業所の証明（事業所の人）"),
}
_OF_OFFICES: Final = frozenset({"office-paper"})
_BY: Final[Mapping[str, str]] = {
    "self": gettext_noop("本人がオンラインで登録"),
    "staff": gettext_noop("本人が窓口で申し出て登録"),
    "document": gettext_noop("書類を見て窓口で登録"),
}
_TERMS: Final[Mapping[int, str]] = {
    1: gettext_noop("1か月"), 6: gettext_noop("6か月"), 12: gettext_noop("1年"), 36: gettext_noop("3年"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class DelegationLine:
    """A delegation that stands. ``token`` names it in the post that ends it."""

    token: str
    agent: str
    words: str


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class DelegatingPage:
    """All that ``desk/delegations.html`` shows; the lines are None before anybody was looked for."""

    principals: Sequence[PersonLine] | None
    agents: Sequence[PersonLine] | None
    standing: Sequence[DelegationLine]
    given: Mapping[str, str]
    kinds: Sequence[Option]
    groups: Sequence[Option]
    single: Sequence[Option]
    terms: Sequence[Option]
    proofs: Sequence[Option]
    problem: str
    problems: Mapping[str, str]


def mandate_words(one: Mandate | None) -> str:
    """「登録あり　家族（委任）　本人がオンラインで登録　…」; empty where nothing is registered."""
    if one is None:
        return ""
    parts = [
        gettext("登録あり"), gettext(KINDS_WORDS[one.kind]), office_of(one), gettext(_BY[one.source]),
        gettext(PROOFS[one.proof]) if one.proof and one.proof != "in-person" else "", _term(one),
        gettext("%(when)sに確認") % {"when": time_words(one.asked_at)},
        gettext("このため委任状は求めていない"),
        "" if cases.reader_of(one.case) == one.case.person_id
        else gettext("いまは終わっている：代理人にはこの手続が見えない。連絡は本人へ"),
    ]  # fmt: skip
    return "　".join(part for part in parts if part)


def office_of(one: Mandate | Delegation) -> str:
    """「ケアプラン見本（事業所番号 2770100001）」, of a number of thirteen digits 「見本葬祭（法人番号 …）」."""
    if not one.number:
        return one.office
    given = {"office": one.office, "number": one.number}
    if len(one.number) == CORPORATE:
        return gettext("%(office)s（法人番号 %(number)s）") % given
    return gettext("%(office)s（事業所番号 %(number)s）") % given


def line(one: Delegation, token: str) -> DelegationLine:
    """A delegation, in words."""
    scope = gettext("すべての手続") if ALL in one.procedures else gettext("%(n)s件の手続") % {"n": len(one.procedures)}
    parts = [gettext(KINDS_WORDS[one.kind]), office_of(one), scope, gettext(_BY[one.source]), _term(one)]
    return DelegationLine(token, one.agent_name, "　".join(part for part in parts if part))


def delegating_page(
    principals: Sequence[PersonLine] | None = None,
    agents: Sequence[PersonLine] | None = None,
    standing: Sequence[DelegationLine] = (),
    given: Mapping[str, str] | None = None,
    scope: Collection[str] = (),
    refusal: Refused | None = None,
) -> DelegatingPage:
    """The page, empty or as it was typed."""
    told = given or {}
    problem, problems = _said(refusal)
    return DelegatingPage(
        principals=principals,
        agents=agents,
        standing=standing,
        given=told,
        kinds=[Option(kind, gettext(KINDS_WORDS[kind]), told.get("kind") == kind) for kind in KINDS if kind != MEMBER],
        groups=[
            *(Option(f"office:{code}", gettext("%(section)sの手続（%(n)s件）") % {"section": name, "n": len(codes)},
                     f"office:{code}" in scope)
              for code, (name, codes) in _offices().items()),
            Option(ALL, gettext("代わりに申請できるすべての手続（これから増えるものも）"), ALL in scope),
        ],
        single=[
            Option(row.code, procedures.package(row).procedure.title["ja"], row.code in scope)
            for row in cases.delegable()
        ],
        terms=[Option(str(n), gettext(_TERMS[n]), told.get("months", "12") == str(n)) for n in TERMS],
        proofs=[Option(code, gettext(words), told.get("proof") == code)
                for code, words in PROOFS.items() if code not in _OF_OFFICES],
        problem=problem,
        problems=problems,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class OfficePage:
    """All that ``desk/office_members.html`` shows; ``found`` is None before anybody was looked for, ``members`` are of
    the office whose number was typed."""

    given: Mapping[str, str]
    name: str
    members: Sequence[DelegationLine]
    found: Sequence[PersonLine] | None
    terms: Sequence[Option]
    problem: str
    problems: Mapping[str, str]


def office_page(
    given: Mapping[str, str] | None = None,
    members: Sequence[DelegationLine] = (),
    name: str = "",
    found: Sequence[PersonLine] | None = None,
    refusal: Refused | None = None,
) -> OfficePage:
    """The page on which somebody is recorded who acts for an office."""
    told = given or {}
    return OfficePage(
        told,
        name,
        members,
        found,
        [Option(str(n), gettext(_TERMS[n]), told.get("months", "12") == str(n)) for n in TERMS],
        *_said(refusal),
    )


def _said(refusal: Refused | None) -> tuple[str, dict[str, str]]:
    if refusal is None:
        return "", {}
    fields = {name: fill(gettext(one.message), one.params) for name, one in refusal.fields.items()}
    return fill(gettext(refusal.message), refusal.params), fields


def chosen(scope: Collection[str]) -> list[str]:
    """The codes that were chosen; a section stands for what it handles today."""
    offices, codes = _offices(), set[str]()
    for one in scope:
        kind, _, code = one.partition("office:")
        codes |= set(offices[code][1]) if not kind and code in offices else {one}
    return sorted(codes)


def _offices() -> dict[str, tuple[str, list[str]]]:
    found: dict[str, tuple[str, list[str]]] = {}
    for row in cases.delegable():
        section = procedures.city().section_of(procedures.package(row).procedure)
        if section is not None:
            found.setdefault(section.id, (section.name["ja"], []))[1].append(row.code)
    return found


def _term(one: Mandate | Delegation) -> str:
    until = day_words(one.until) if one.until else gettext("取り消されるまで")
    return gettext("%(since)sから%(until)s") % {"since": day_words(one.since), "until": until}
