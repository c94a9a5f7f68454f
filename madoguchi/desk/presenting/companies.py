"""Companies that are told of life events, at the desk: how each answers; nobody is named, and nothing is quoted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext, gettext_noop

from madoguchi.cases import queries as cases
from madoguchi.cases.models import ServiceState
from madoguchi.desk.presenting.words import time_words
from madoguchi.events import Actor

#: How it stands, in the words of the desk.
STANDS: Final[Mapping[str, str]] = {
    ServiceState.CHOSEN: gettext_noop("選んだ（まだ送っていない）"),
    ServiceState.SENT: gettext_noop("会社はまだ受け取っていない"),
    ServiceState.HANDED: gettext_noop("会社が受け取った"),
    ServiceState.ACCEPTED: gettext_noop("会社が受け付けた"),
    ServiceState.ASKED: gettext_noop("会社が申請者の連絡を待っている"),
    ServiceState.REFUSED: gettext_noop("できなかった（届かなかったものを含む）"),
    ServiceState.DONE: gettext_noop("会社の手続きが終わった"),
    ServiceState.TAKEN_BACK: gettext_noop("申請者が取り消した（会社には何も渡していない）"),
    ServiceState.CALLED_OFF: gettext_noop("申請者が取りやめた（会社の返事を待っている）"),
    ServiceState.STOPPED: gettext_noop("申請者が取りやめ、会社も取りやめた"),
}


@dataclass(frozen=True, slots=True)
class LateLine:
    """What a company is late with: the 受付番号 of the life event, how it stands, since when."""

    number: str
    stands: str
    since: str


@dataclass(frozen=True, slots=True)
class CompanyLine:
    """A company: how many life events it was told of, by how they stand. Nobody is named."""

    name: str
    total: int
    stands: Sequence[tuple[str, int]]
    late: Sequence[LateLine]
    telephone: str


def company_lines(by: Actor) -> Sequence[CompanyLine]:
    """The companies for whose systems the reader's sections answer, over the last 90 days."""
    found = []
    for one in cases.company_counts(by):
        company = cases.company(one.company)
        stands = [(gettext(STANDS[state]), one.states[state]) for state in STANDS if state in one.states]
        late = [
            LateLine(row.case.number or "", gettext(STANDS[row.state]), time_words(row.called_off_at or row.sent_at))
            for row in one.late
            if row.sent_at is not None
        ]
        telephone = company.telephone if company else ""
        found.append(CompanyLine(company_name(one.company), sum(one.states.values()), stands, late, telephone))
    return found


def company_name(code: str) -> str:
    """The company of services.yaml by name; its id where the city names it no more."""
    found = cases.company(code)
    return found.name["ja"] if found else code
