"""Companies that are told of a life event: which there are, what each would get, and what has become of it."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Count, QuerySet

from madoguchi.cases.models import Case, Service, ServiceState
from madoguchi.cases.queries.journeys import journey_parts
from madoguchi.cases.queries.staff import visible
from madoguchi.events import Actor
from madoguchi.events.composing import composed_once
from madoguchi.ground import clock
from madoguchi.ground.errors import NotFound
from madoguchi.people.models import Delivery, Partner
from madoguchi.people.queries import partners_for
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules import journeys
from madoguchi.procedures.rules.city import Company
from madoguchi.procedures.rules.format import Tell

#: Rows on one page of a partner's list.
MOST_LISTED: Final = 100
#: So far back it is counted how companies answer, and of so many of the oldest it is asked whether they are late.
PERIOD: Final = dt.timedelta(days=90)
MOST_LATE: Final = 500


@dataclass(frozen=True, slots=True)
class Offer:
    """A service that the life event touches, and one company that supplies it here. Without a company, or without the
    ``partner`` whose system takes it, the person tells them by themselves. ``hands``: what the company would get."""

    tell: Tell
    company: Company | None
    partner: Partner | None
    hands: Mapping[str, str]


def company_offers(journey: Case) -> list[Offer]:
    """What this life event touches, in the order of its package, each with every company of the city that supplies the
    place of before or of after."""
    package = procedures.package(journey.procedure)
    tells = journeys.telling(package.procedure, journeys.scope_of(package.form, journey.answers))
    if not tells:
        return []
    companies = procedures.city().companies
    partners = partners_for(one.id for one in companies)
    parts = {one.procedure.code: one for one in journey_parts(journey)}
    told = {code: (procedures.package(one.procedure).form, one.answers) for code, one in parts.items()}
    bodies = {one.procedure: one for one in package.procedure.parts}
    found: list[Offer] = []
    for tell in tells:
        hands = journeys.handed(tell, (package.form, journey.answers), told, bodies)
        where = [hands[name] for name in ("supply_address", "old_address", "new_address") if name in hands]
        there = [one for one in companies if one.service == tell.service and _supplies(one, where)]
        # Whom the person has entrusted with procedures of the city consents to nothing else for them.
        takers = partners if journey.subject_id is None else {}
        found += [Offer(tell, one, takers.get(one.id), hands) for one in there] or [Offer(tell, None, None, hands)]
    return found


def may_tell_companies(journey: Case) -> bool:
    """Whether the life event touches a service at all."""
    package = procedures.package(journey.procedure)
    return bool(journeys.telling(package.procedure, journeys.scope_of(package.form, journey.answers)))


def _supplies(company: Company, where: list[str]) -> bool:
    return not company.area or not where or any(area in address for area in company.area for address in where)


def company(code: str) -> Company | None:
    """The company of that id in services.yaml; None where the city names it no more."""
    return next((one for one in procedures.city().companies if one.id == code), None)


def services_of(journey: Case) -> list[Service]:
    """What was consented to for this life event, in the order of its services."""
    order = [one.service for one in procedures.package(journey.procedure).procedure.tells]
    rows = list(journey.services.order_by("consented_at", "pk"))
    return sorted(rows, key=lambda one: order.index(one.service) if one.service in order else len(order))


def is_late_service(row: Service) -> bool:
    """Whether the company has let more business days go by than it has promised, since it was told of it, or of the
    calling off."""
    sent, off = row.sent_at, row.called_off_at
    since = {ServiceState.SENT: sent, ServiceState.HANDED: sent, ServiceState.CALLED_OFF: off}.get(
        ServiceState(row.state)
    )
    one = company(row.company)
    days = one.answers_within if one else 3
    return since is not None and procedures.calendar().add(clock.day_of(since), days) < clock.today()


@dataclass(frozen=True, slots=True)
class Told:
    """What a webhook tells of: a case by its 受付番号, or a company's part of a life event and its state. ``may_open``:
    the reader sees the case."""

    number: str
    company: str
    state: str
    may_open: bool


@dataclass(frozen=True, slots=True)
class CompanyCount:
    """How many life events a company was told of, by state, and with which of them it is late."""

    company: str
    states: Mapping[str, int]
    late: Sequence[Service]


def company_counts(by: Actor) -> list[CompanyCount]:
    """Of the companies for whose systems the sections of the reader answer, what was sent within ``PERIOD``."""
    sections = by.sections if by.kind == "staff" else []
    rows = Service.objects.filter(partner__section__in=sections, sent_at__gte=clock.now() - PERIOD)
    counts: dict[str, dict[str, int]] = {}
    for one in rows.values("company", "state").annotate(n=Count("pk")).order_by("company"):
        counts.setdefault(one["company"], {})[one["state"]] = one["n"]
    waits = rows.filter(state__in=[ServiceState.SENT, ServiceState.HANDED, ServiceState.CALLED_OFF])
    late = [one for one in waits.select_related("case").order_by("sent_at", "pk")[:MOST_LATE] if is_late_service(one)]
    return [CompanyCount(code, of, [one for one in late if one.company == code]) for code, of in counts.items()]


def told_of(rows: Collection[Delivery], by: Actor) -> dict[UUID, Told]:
    """Id → what these tell of, as far as it is still there."""
    keys = {one.about for one in rows}
    services = {one.pk: one for one in Service.objects.filter(pk__in=keys).select_related("case")}
    about = dict(Case.objects.filter(pk__in=keys).values_list("pk", "number"))
    about |= {key: one.case.number for key, one in services.items()}
    cases_of = {key: services[key].case_id if key in services else key for key in about}
    seen = set(Case.objects.filter(visible(by), pk__in=cases_of.values()).values_list("pk", flat=True))
    return {
        key: Told(
            number or "",
            services[key].company if key in services else "",
            services[key].state if key in services else "",
            cases_of[key] in seen,
        )
        for key, number in about.items()
    }


def consented(by: Actor) -> dict[tuple[str, str], Service]:
    """(Life event, company) → what it gets by the consent of the resident who asks, as it stands."""
    return {(str(one.case_id), one.company): one for one in _consented(by.who)}


@composed_once
def _consented(person: UUID) -> QuerySet[Service]:
    return Service.objects.filter(case__person=person).select_related("case")


def own_service(key: UUID, by: Actor) -> Service:
    """One of the resident's own. Raises NotFound for any other, existing or not."""
    found = Service.objects.select_related("case").filter(pk=key, case__person=by.who).first()
    if found is None:
        raise NotFound("service-unknown", "この連絡は見つかりません。")
    return found


def partner_services(by: Actor) -> QuerySet[Service]:
    """What residents have sent to the partner who asks, and did not take back; oldest first. Nobody else sees any, nor
    does a partner of a company for which it answers no more."""
    if by.kind != "partner" or "services:answer" not in by.scopes:
        return Service.objects.none()
    mine = Partner.objects.filter(pk=by.who).values_list("companies", flat=True).first() or []
    sent = Service.objects.filter(partner=by.id, company__in=mine, sent_at__isnull=False, taken_back_at=None)
    return sent.select_related("case__procedure").order_by("pk")


def partner_service(key: UUID, by: Actor) -> Service:
    """One of them. Raises NotFound for any other, existing or not."""
    found = partner_services(by).filter(pk=key).first()
    if found is None:
        raise NotFound("service-unknown", "この連絡は見つかりません。")
    return found
