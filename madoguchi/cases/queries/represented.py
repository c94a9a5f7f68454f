"""Who asks for another by a registered delegation: for whom, what they are shown, what the principal sees."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from madoguchi.cases.models import Case, Mandate
from madoguchi.cases.queries.counter import is_shown_facts, to_fill_in
from madoguchi.cases.queries.persons import purpose_of
from madoguchi.cases.queries.unknown import unknown_case
from madoguchi.events import Actor
from madoguchi.events.composing import composed_once
from madoguchi.facts.queries import Known, NoBasis, given_by, given_to, known, known_rows, shown_to_agents, standing
from madoguchi.facts.rules import Purpose
from madoguchi.facts.rules.delegating import KEY, MEMBER, Delegation, business_number, relation_in
from madoguchi.ground.errors import Invalid, NotFound, Stale
from madoguchi.ground.ids import parse_reference
from madoguchi.people.queries import business_of
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules import speaking
from madoguchi.procedures.rules.format import Procedure as Package


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody for whom the one signed in may begin a procedure, and as whom (``apply_for_others``)."""

    delegation: Delegation
    relation: str


def principals(procedure: Procedure, by: Actor) -> list[Principal]:
    """Those for whom the resident may begin this procedure, or this life event, today. Nobody without the card."""
    if by.kind != "resident" or not by.level.startswith("card"):
        return []
    package = procedures.package(procedure).procedure
    found = ((one, relation_for(package, one)) for one in given_to(by.who))
    return [Principal(one, relation) for one, relation in found if relation is not None]


def relation_for(package: Package, one: Delegation) -> str | None:
    """As whom the agent applies under this package; None where they may not. A life event: where they may in all of
    its parts that the city offers, unless it says whose own it is."""
    if package.kind == "journey" and package.applicant is not None:
        return None
    if package.kind != "journey":
        return relation_in(one.kind, package.apply_for_others) if one.covers(package.code) else None
    rows = [row for part in package.parts if (row := procedures.current(part.procedure)) is not None]
    relations = [relation_for(procedures.package(row).procedure, one) for row in rows]
    return relations[0] if relations and None not in relations else None


def delegable() -> list[Procedure]:
    """The procedures that somebody may be entrusted with: those in which somebody may apply for another."""
    return [row for row in procedures.offered() if speaking.speakers(procedures.package(row).procedure)]


def mandate_of(case: Case) -> Mandate | None:
    """By what right somebody asks for another in this case; None where nothing is registered."""
    return Mandate.objects.filter(case=case).first() if case.subject_id is not None else None


def standing_for(case: Case, mandate: Mandate) -> Delegation | None:
    """The delegation of this case as it stands today; None where it has ended or does not go so far any more."""
    one = standing(case.person_id, mandate.delegation)
    if one is None or one.principal != case.subject_id:
        return None
    return one if relation_for(procedures.package(case.procedure).procedure, one) is not None else None


def must_stand(case: Case, mandate: Mandate) -> Delegation:
    """The delegation by which this case may be handed in now. Raises Stale."""
    one = standing_for(case, mandate)
    if one is None:
        raise Stale(
            "delegation-ended",
            "代理権の登録が終わっているため、提出できません。入力した内容は残っています。ご本人にお確かめください。",
        )
    return one


def letters_go_to(case: Case) -> UUID:
    """Who receives the letters of a case: whoever asks, or the principal where the agent may not (any more)."""
    mandate = mandate_of(case)
    if mandate is None or case.subject_id is None:
        return case.person_id
    one = standing_for(case, mandate)
    return case.person_id if one is not None and one.letters else case.subject_id


def reader_of(case: Case) -> UUID:
    """Who is told how a case stands: whoever asks, or the principal once their agent speaks for them no more (of what
    was handed in: a draft is nobody's news)."""
    if case.subject_id is None or case.received_at is None or not is_closed_to(case, case.person_id):
        return case.person_id
    return case.subject_id


# -- what an agent sees no more ---------------------------------------------------------------------------------------


def closed_to(agent: UUID) -> list[UUID]:
    """The cases that somebody has begun by a delegation that does not stand (any more): of these they see nothing,
    as if they were another's. Why it does not stand is nobody's but the principal's."""
    begun = dict(_begun_for_others(agent))
    if not begun:
        return []
    stand = {one.id for one in given_to(agent)}
    return [case for case, delegation in begun.items() if delegation not in stand]


@composed_once
def _begun_for_others(agent: UUID) -> QuerySet[Mandate, tuple[UUID, UUID]]:
    return Mandate.objects.filter(case__person=agent).values_list("case_id", "delegation")


def is_closed_to(case: Case, agent: UUID) -> bool:
    """The same of one case."""
    mandate = mandate_of(case)
    return mandate is not None and standing(agent, mandate.delegation) is None


def left_cases(by: Actor) -> QuerySet[Case]:
    """What the resident has handed in as an agent and sees no more, newest first: that they did, and no more of it."""
    rows = Case.objects.filter(pk__in=closed_to(by.who), received_at__isnull=False, erased_at=None)
    return rows.select_related("procedure").order_by("-received_at")


# -- what is shown in the form ----------------------------------------------------------------------------------------


def shown(case: Case, keys: Iterable[str], by: Actor) -> dict[str, Known]:
    """What is known of whom the case is about, as far as it is shown to whoever fills it in, by key: the person, at the
    counter the clerk before whom they sit, or their registered agent, each by a basis of their own."""
    wanted, purpose = _shown_to(case, keys, by)
    try:
        return known(case.about_id, wanted, purpose, by=by) if wanted else {}
    except NoBasis:  # no law permits it to the clerk, or the delegation has ended meanwhile; in the log
        return {}


def shown_rows(case: Case, keys: Iterable[str], by: Actor) -> dict[str, dict[str, Known]]:
    """The same of the rows of a group."""
    wanted, purpose = _shown_to(case, keys, by)
    try:
        return known_rows(case.about_id, wanted, purpose, by=by) if wanted else {}
    except NoBasis:
        return {}


def _shown_to(case: Case, keys: Iterable[str], by: Actor) -> tuple[list[str], Purpose]:
    """Which of these facts are asked for, and for what."""
    if is_shown_facts(case, by):
        return list(keys), to_fill_in(case, by)
    code = case.procedure.code
    mandate = mandate_of(case) if by.kind == "resident" and case.person_id == by.id else None
    wanted = shown_to_agents(keys, code) if mandate is not None and mandate.shows else []
    return wanted, Purpose("represent", code, case=case.pk)


# -- what the principal sees ------------------------------------------------------------------------------------------


def represented_cases(by: Actor) -> QuerySet[Case]:
    """What others have handed in for the resident by a registered delegation, newest first."""
    cases = Case.objects.filter(subject_id=by.who, mandate__isnull=False, received_at__isnull=False, erased_at=None)
    return cases.select_related("procedure", "part_of__procedure", "mandate").order_by("-received_at")


def represented_case(number: str, by: Actor) -> Case:
    """One of them by its 受付番号. Raises NotFound for any other, existing or not."""
    try:
        canonical = parse_reference(number)
    except Invalid:
        raise unknown_case() from None
    case = represented_cases(by).filter(number=canonical).first() if by.kind == "resident" else None
    if case is None:
        raise unknown_case()
    return case


def given_by_found(person: UUID, by: Actor) -> list[Delegation]:
    """The standing delegations of somebody whom a member of staff has found at the counter; the person sees that they
    were read. Raises NoBasis."""
    known(person, [KEY], purpose_of(by, "delegate"), by=by)
    return given_by(person)


def office_by(typed: str, by: Actor) -> tuple[str, list[Delegation]]:
    """The name of the office with this number and who acts for it today, for a member of staff; nothing where it is not
    known. They are read as any delegation is."""
    business = business_of(business_number(typed))
    if business is None:
        return "", []
    try:
        there = [one for one in given_by_found(business, by) if one.kind == MEMBER]
        named = known(business, ["business.trade_name"], purpose_of(by, "delegate"), by=by)
    except NoBasis:
        return "", []
    return next((str(one.value) for one in named.values()), ""), there


def no_delegation() -> NotFound:
    """The same words for what never was, what has ended, and what is another's."""
    return NotFound("delegation-unknown", "この代理権は登録されていないか、終わっています。ご本人にお確かめください。")
