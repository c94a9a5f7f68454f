"""Companies that are told of a life event, as pages: what each would get and for what, and what has become of it."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case, Service, ServiceState
from madoguchi.cases.queries.seen import HANDED
from madoguchi.ground.dates import format_date, listed
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.city import Company
from madoguchi.procedures.rules.format import Tell
from madoguchi.web.presenting.formpage import key_of
from madoguchi.web.words import language, said

#: How it stands: the look of the tag, and the tag.
STANDS: Final[Mapping[str, tuple[str, str]]] = {
    ServiceState.SENT: ("city", gettext_noop("申込みを送っています")),
    ServiceState.HANDED: ("city", gettext_noop("申込みを送りました")),
    ServiceState.ACCEPTED: ("city", gettext_noop("受け付けられました")),
    ServiceState.ASKED: ("you", gettext_noop("会社からお願いがあります")),
    ServiceState.REFUSED: ("over", gettext_noop("できませんでした")),
    ServiceState.DONE: ("done", gettext_noop("終わりました")),
    ServiceState.TAKEN_BACK: ("over", gettext_noop("取り消しました")),
    ServiceState.CALLED_OFF: ("city", gettext_noop("取りやめを伝えています")),
    ServiceState.STOPPED: ("over", gettext_noop("取りやめになりました")),
}


#: The company has it, and has not ended it: it can be told to stop.
RUNNING: Final = frozenset({ServiceState.HANDED, ServiceState.ACCEPTED, ServiceState.ASKED})


@dataclass(frozen=True, slots=True)
class CompanyCard:
    """One company to choose. ``what`` names what it gets, ``hands`` with the values. ``number_label``: it is asked for
    the person's number there. ``open``: it can be told."""

    id: str
    name: str
    uses: str
    privacy: str
    telephone: str
    what: str
    hands: Sequence[tuple[str, str]]
    open: bool
    chosen: bool
    number_label: str
    number: str
    problem: str


@dataclass(slots=True)
class ServiceGroup:
    """What is supplied, and who supplies it here; nobody: the person tells them by themselves."""

    title: str
    because: str
    companies: list[CompanyCard] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Told:
    """A company as it stands: on the review, or on the status page."""

    service: str
    name: str
    hands: Sequence[tuple[str, str]]
    tone: str = ""
    stands: str = ""
    now: str = ""
    words: str = ""
    reference: str = ""
    link: str = ""
    telephone: str = ""
    can_take_back: bool = False
    call_off_url: str = ""


def companies_url(journey: Case) -> str:
    """Where companies are chosen; empty where the life event touches no service."""
    return reverse("web:companies", args=(key_of(journey),)) if cases.may_tell_companies(journey) else ""


def groups(
    journey: Case, typed: Mapping[str, str] | None = None, problems: Mapping[str, str] | None = None
) -> list[ServiceGroup]:
    """Every service that is touched, with its companies. Nothing is ticked that its person has not ticked; ``typed`` is
    what was sent and refused: company → number."""
    there = {one.company: one.number for one in cases.services_of(journey)}
    chosen = there if typed is None else typed
    found: dict[str, ServiceGroup] = {}
    for one in cases.company_offers(journey):
        group = found.setdefault(one.tell.service, ServiceGroup(said(one.tell.title), said(one.tell.because)))
        company = one.company
        if company is None:
            continue
        hands = list(_hands(journey, one.tell, one.hands))
        group.companies.append(
            CompanyCard(
                company.id,
                said(company.name),
                said(company.uses),
                said(company.privacy),
                company.telephone,
                listed([label for label, _ in hands], language()),
                hands,
                one.partner is not None,
                company.id in chosen,
                said(one.tell.number) if one.tell.number else "",
                chosen.get(company.id, ""),
                (problems or {}).get(company.id, ""),
            )
        )
    return list(found.values())


def review(journey: Case) -> list[Told]:
    """What was consented to, once more before it is sent."""
    numbers = {one.company: one.number for one in cases.services_of(journey)}
    return [
        Told(
            said(one.tell.title),
            said(one.company.name),
            list(_hands(journey, one.tell, one.hands, numbers[one.company.id])),
        )
        for one in cases.company_offers(journey)
        if one.company is not None and one.company.id in numbers
    ]


def told(journey: Case) -> list[Told]:
    """How each company stands, beside the procedures."""
    tells: dict[str, Tell] = {one.service: one for one in procedures.package(journey.procedure).procedure.tells}
    return [
        _told(journey, one, tells.get(one.service), cases.company(one.company)) for one in cases.services_of(journey)
    ]


def _told(journey: Case, row: Service, tell: Tell | None, company: Company | None) -> Told:
    tone, stands = STANDS.get(row.state, ("city", ""))
    return Told(
        said(tell.title) if tell else "",
        said(company.name) if company else row.company,
        list(_hands(journey, tell, row.hands, row.number)) if tell else [],
        tone,
        gettext(stands),
        _now(row),
        row.words,
        row.reference,
        row.link,
        row.telephone or (company.telephone if company else ""),
        row.state == ServiceState.SENT,
        reverse("web:call-off", args=(key_of(journey), row.pk)) if row.state in RUNNING else "",
    )


def _now(row: Service) -> str:
    if cases.is_late_service(row):
        return gettext("返事が遅れています。急ぐときは、会社に直接お電話ください。ほかの手続きは、このまま進みます。")
    if row.state == ServiceState.SENT:
        return gettext("会社が受け取るのを待っています。")
    if row.state == ServiceState.HANDED:
        return gettext("会社が受け取りました。返事を待っています。")
    if row.state == ServiceState.CALLED_OFF:
        return gettext("会社に取りやめを伝えています。会社の返事があるまでは、取りやめになったとは限りません。")
    if row.state == ServiceState.STOPPED:
        return gettext("会社は、この申込みをやめました。")
    if row.state == ServiceState.REFUSED and row.handed_at is None:
        return gettext("会社に届けられませんでした。会社には何も渡していません。会社に直接ご連絡ください。")
    if row.state == ServiceState.REFUSED and row.called_off_at is not None:
        return gettext("会社で取りやめられませんでした。会社に直接ご連絡ください。")
    if row.state == ServiceState.DONE and row.called_off_at is not None:
        return gettext("取りやめを伝える前に、会社の手続きが終わっていました。会社に直接ご連絡ください。")
    if row.state == ServiceState.REFUSED:
        return gettext("会社に直接ご連絡ください。ほかの手続きは、このまま進みます。")
    if row.state == ServiceState.TAKEN_BACK:
        return gettext("会社には何も渡していません。")
    if row.state == ServiceState.DONE and row.done_on:
        return gettext("%(day)sに終わりました。") % {"day": format_date(row.done_on, language())}
    return ""


def _hands(journey: Case, tell: Tell, hands: Mapping[str, str], number: str = "") -> Iterator[tuple[str, str]]:
    for name, value in hands.items():
        if name != "happens_on":
            yield gettext(HANDED[name]), value
            continue
        asked = procedures.package(journey.procedure).form.field_at(tell.hands["happens_on"][0])
        label = said(asked[1].label) if asked else gettext("その日")
        yield label, format_date(dt.date.fromisoformat(value), language())
    if number and tell.number:
        yield said(tell.number), number
