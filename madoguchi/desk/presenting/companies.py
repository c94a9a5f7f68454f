"""Companies that were told of a life event, at the desk: how each stands, not what it got or said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext, gettext_noop

from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case, Service, ServiceState
from madoguchi.desk.presenting.words import day_words, time_words
from madoguchi.procedures import queries as procedures

#: How it stands: its look, and its words.
STANDS: Final[Mapping[str, tuple[str, str]]] = {
    ServiceState.CHOSEN: ("", gettext_noop("選んだ（まだ送っていない）")),
    ServiceState.SENT: ("", gettext_noop("会社はまだ受け取っていない")),
    ServiceState.HANDED: ("", gettext_noop("会社が受け取った")),
    ServiceState.ACCEPTED: ("", gettext_noop("会社が受け付けた")),
    ServiceState.ASKED: ("asked", gettext_noop("会社が申請者の連絡を待っている")),
    ServiceState.REFUSED: ("refused", gettext_noop("会社ではできなかった")),
    ServiceState.DONE: ("done", gettext_noop("会社の手続きが終わった")),
    ServiceState.TAKEN_BACK: ("", gettext_noop("申請者が取り消した（会社には何も渡していない）")),
    ServiceState.CALLED_OFF: ("asked", gettext_noop("申請者が取りやめた（会社の返事を待っている）")),
    ServiceState.STOPPED: ("done", gettext_noop("申請者が取りやめ、会社も取りやめた")),
}


@dataclass(frozen=True, slots=True)
class CompanyLine:
    """A company. What was handed over, and what it wrote to its customer, is between the two."""

    name: str
    tone: str
    stands: str
    when: str
    late: bool
    telephone: str


def company_lines(case: Case) -> Sequence[CompanyLine]:
    """Of a life event, in the order of its services; of any other case none."""
    return [_line(one) for one in cases.services_of(case)] if cases.is_journey(case) else []


def company_name(code: str) -> str:
    """The company of services.yaml by name; its id where the city names it no more."""
    found = cases.company(code)
    return found.name["ja"] if found else code


def _line(row: Service) -> CompanyLine:
    company = cases.company(row.company)
    tone, stands = STANDS[row.state]
    if row.state == ServiceState.REFUSED and row.handed_at is None:
        stands = gettext_noop("会社に届けられなかった")
    elif row.state == ServiceState.REFUSED and row.called_off_at is not None:
        stands = gettext_noop("取りやめられなかった")
    last = row.stopped_at or row.done_at or row.refused_at or row.taken_back_at or row.asked_at
    last = last or row.called_off_at or row.accepted_at or row.handed_at or row.sent_at
    return CompanyLine(
        f"{_service(row)}　{company_name(row.company)}",
        tone,
        gettext(stands),
        f"{day_words(row.done_on)}" if row.done_on else time_words(last) if last else "",
        cases.is_late_service(row),
        row.telephone or (company.telephone if company else ""),
    )


def _service(row: Service) -> str:
    tells = procedures.package(row.case.procedure).procedure.tells
    return next((one.title["ja"] for one in tells if one.service == row.service), row.service)
