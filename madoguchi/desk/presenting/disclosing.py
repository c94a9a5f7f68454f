"""The page from which a post that answers 開示請求 finds a person and hands out what is kept about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext, gettext_noop

from madoguchi.cases.queries.persons import FoundPerson
from madoguchi.desk.presenting.words import value_words
from madoguchi.ground.errors import Refused

BASES: Final[Mapping[str, str]] = {
    "person": gettext_noop("本人から（個人情報保護法76条1項）"),
    "representative": gettext_noop("法定代理人・任意代理人から（同条2項）"),
}
PROOFS: Final[Mapping[str, str]] = {
    "card": gettext_noop("マイナンバーカード"),
    "licence": gettext_noop("運転免許証・運転経歴証明書"),
    "passport": gettext_noop("旅券・在留カードなど"),
    "two-documents": gettext_noop("資格確認書など2点"),
    "representative-papers": gettext_noop("代理人の本人確認書類と、戸籍・委任状など代理を示す書類"),
}


@dataclass(frozen=True, slots=True)
class PersonLine:
    """Somebody who may be meant. ``token`` names them in the next post, for this member of staff and half an hour."""

    token: str
    found: FoundPerson
    born_on: str


@dataclass(frozen=True, slots=True)
class DisclosingPage:
    """All that ``desk/disclosure.html`` shows; ``lines`` is None before anybody was looked for."""

    lines: Sequence[PersonLine] | None
    given: Mapping[str, str]
    bases: Sequence[tuple[str, str]]
    proofs: Sequence[tuple[str, str]]
    problem: str
    problems: Mapping[str, str]


def disclosing_page(
    lines: Sequence[PersonLine] | None = None,
    given: Mapping[str, str] | None = None,
    problem: str = "",
    refusal: Refused | None = None,
) -> DisclosingPage:
    return DisclosingPage(
        lines=lines,
        given=given or {},
        bases=[(key, gettext(words)) for key, words in BASES.items()],
        proofs=[(key, gettext(words)) for key, words in PROOFS.items()],
        problem=problem,
        problems={name: str(one) for name, one in refusal.fields.items()} if refusal is not None else {},
    )


def person_line(found: FoundPerson, token: str) -> PersonLine:
    return PersonLine(token, found, value_words(found.born_on) if found.born_on else "")
