"""Who speaks for whom today, who was invited to, and what of a principal an agent may be shown."""

import json
from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from madoguchi.events import Actor
from madoguchi.facts.models import Basis, Invitation
from madoguchi.facts.queries.ledger import history_of
from madoguchi.facts.rules import Purpose
from madoguchi.facts.rules.delegating import (
    KEY,
    MEMBER,
    Delegation,
    code_mark,
    delegation_of,
    invitation_code,
    plain_code,
)
from madoguchi.ground import clock
from madoguchi.people.queries import confirmation_key


def given_by(principal: UUID, day: date | None = None) -> list[Delegation]:
    """The delegations that a person has given and that stand on a day (today), the first given first."""
    return [one for one, stands in _delegations(principal, None, day) if stands]


def held_back(principal: UUID) -> list[Delegation]:
    """Those that are not ended and do not stand today, because their person is under 支援措置 and gave them before."""
    return [one for one, stands in _delegations(principal, None, None) if not stands]


def given_to(agent: UUID, day: date | None = None) -> list[Delegation]:
    """The delegations that stand on a day (today) for this agent, whoever has given them: to them, or to a business for
    which they act."""
    return [one for one, stands in _delegations(None, agent, day) if stands]


def standing(agent: UUID, delegation: UUID) -> Delegation | None:
    """This delegation, if it stands today and is this agent's."""
    return next((one for one in given_to(agent) if one.id == delegation), None)


def ended_by_themselves(since: date, until: date) -> list[Delegation]:
    """The delegations of which one of these days is the first after their last, and that nobody had ended before."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM fact_delegations_over(%s, %s)", [since, until])
        rows = cursor.fetchall()
    found = [(row, _delegations(principal, None, last_day)) for principal, row, last_day in rows]
    return [one for row, there in found for one, _ in there if str(one.id) == row]


def names_of_agents(by: Actor) -> dict[UUID, str]:
    """Whoever has ever spoken for the resident who asks, by name; it is a reading of one's own. Of a business those who
    act for it today."""
    told = history_of(by.who, [KEY], Purpose("view"), by=by)
    found: dict[UUID, str] = {}
    for value in [one.value for one in reversed(told) if isinstance(one.value, dict)]:
        agent, name = UUID(value["agent"]), value["names"][1]
        found[agent] = name
        if value.get("number"):
            found |= {one.agent: f"{one.agent_name}（{name}）" for one in members_of(agent)}
    return found


def members_of(business: UUID) -> list[Delegation]:
    """Who acts for a business today."""
    return [one for one in given_by(business) if one.kind == MEMBER]


def shown_to_agents(keys: Iterable[str], procedure: str) -> list[str]:
    """Of these facts those that an agent may be shown in this procedure. Whether this one may, the door asks."""
    today = clock.today()
    rows = Basis.objects.filter(Q(until=None) | Q(until__gte=today), purpose="represent", withdrawn_at=None)
    permitted = [one for one in rows.filter(since__lte=today) if not one.procedures or procedure in one.procedures]
    return [key for key in keys if any(not one.facts or key in one.facts for one in permitted)]


def open_invitations(principal: UUID) -> QuerySet[Invitation]:
    """What can still be accepted, newest first."""
    rows = Invitation.objects.filter(person=principal, answered_at=None, withdrawn_at=None)
    return rows.filter(expires_at__gt=clock.now()).order_by("-invited_at")


def code_of(invitation: Invitation) -> str:
    """The code of an invitation, for its principal only. Never store or log it."""
    return invitation_code(confirmation_key(), invitation.pk)


def mark_of(code: str) -> str:
    """By what the invitation with this code is found."""
    return code_mark(confirmation_key(), code)


def invitation_by(code: str) -> Invitation | None:
    """The invitation that this code opens, used, late or withdrawn as it may be."""
    return Invitation.objects.filter(mark=mark_of(code)).first() if plain_code(code) else None


def is_overtaken(invitation: Invitation) -> bool:
    """Whether whoever invited is under 支援措置 since: who has the code may be the one they are protected from."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT fact_is_protected_since(%s, %s, %s)", [invitation.person_id, invitation.invited_at, clock.today()]
        )
        return bool(cursor.fetchone()[0])


def _delegations(principal: UUID | None, agent: UUID | None, day: date | None) -> list[tuple[Delegation, bool]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM fact_delegations(%s, %s, %s)", [principal, agent, day or clock.today()])
        rows = cursor.fetchall()
    found = []
    for person, row, value, source, shown, valid_from, valid_to, stands in rows:
        columns = {"source": source, "evidence": shown, "valid_from": valid_from, "valid_to": valid_to}
        one = delegation_of(person, row, json.loads(value), **columns)
        if one is not None:
            found.append((one, stands))
    return found
