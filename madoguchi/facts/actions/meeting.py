"""A sign-in by card, a document at the counter: what it says is stated, and whom a register means by it is found.

1. At a first sign-in the person behind an entry is taken, where the rule leaves no doubt (``rules.matching``).
2. Else a person is opened, and where an entry may be theirs, the pair waits for a member of staff.
3. Of whoever shows a document to a clerk (``identify``) the same, among all who stand in a register.
4. At a later sign-in with a card that says something new, an entry that fits is only a pair: two persons who are both
   there are never joined by a machine.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from madoguchi.events import Actor, Reason, act, record
from madoguchi.facts.actions.ledger import IN_SERVICE, state
from madoguchi.facts.actions.pairing import settle, wait
from madoguchi.facts.models import Entry, Import, Source
from madoguchi.facts.queries import matching as queries
from madoguchi.facts.queries.ledger import NoBasis, read
from madoguchi.facts.rules import Purpose
from madoguchi.facts.rules.matching import Verdict
from madoguchi.people import actions as people
from madoguchi.people.models import Identity, Person
from madoguchi.people.ports import Claims, IdentityProvider, Transaction
from madoguchi.people.queries import actor_of_person

SIGNS_IN = Reason("signs-in", "ご本人がいまサインインした", lambda actor, _: actor.kind in ("visitor", "resident"))


def sign_in(
    provider: IdentityProvider, params: Mapping[str, str], begun: Transaction | None, *, by: Actor
) -> tuple[Person, Claims]:
    """The whole return from the provider of the card, as ``people.actions.sign_in`` has it, with what the card says."""
    return people.sign_in(provider, params, begun, by=by, admitting=meet)


@act("facts.meet", allow=(SIGNS_IN,))
def meet(claims: Claims, begun: Transaction, *, by: Actor) -> Person:
    """カードでのサインイン: the person is admitted, what the card says is stated and compared with the registers."""
    told, runs = told_by(claims), queries.registers() if claims.level.startswith("card") else []
    known = Identity.objects.filter(issuer=claims.issuer, subject=claims.subject).exists()
    found: list[tuple[Import, Verdict]] = [] if known else _look(told, runs, by)
    same = next((one.same for _, one in found if one.same is not None), None)
    person = people.admit(claims, begun, by=by, behind=Person.objects.get(pk=same) if same else None)
    anew = [one for one in runs if not _stands_in(person.pk, one)] if known else []
    before = _said_before(person, told, claims) if anew else {}
    state(person, {(key, ""): value for key, value in told.items()}, Source.CARD, by=_actor(person, claims))
    if anew and any(before.get(key) != value for key, value in told.items()):
        found = _look(told, anew, by)
    for run, verdict in found:
        if verdict.same == person.pk:
            settle(run.register, [person.pk])
        if not _stands_in(person.pk, run):
            entries = {
                one.person_id: one
                for one in Entry.objects.filter(register=run.register, person__in=verdict.near, gone_since=None)
            }
            wait((entries[other], person.pk, said) for other, said in verdict.near.items())
    return person


@act("facts.identify", allow=(IN_SERVICE,))
def identify(told: Mapping[str, Any], *, by: Actor) -> Person:
    """本人確認書類での確認: whoever a clerk has identified by what stands on a document (``told``: fact → value).

    The person whom exactly one register means by it, on four attributes and beyond doubt; else a person is opened, and
    where an entry may be theirs, the pair waits for the staff of the register.
    """
    found = _look(told, queries.registers(), by, tied=True)
    same = {one.same for _, one in found if one.same is not None}
    person = Person.objects.get(pk=same.pop()) if len(same) == 1 else Person.objects.create()
    record(found=bool(found) and any(one.same == person.pk for _, one in found))
    state(person, {(key, ""): value for key, value in told.items()}, Source.STAFF, by=by)
    for run, verdict in found:
        if verdict.same != person.pk and not _stands_in(person.pk, run):
            entries = Entry.objects.filter(register=run.register, person__in=verdict.near, gone_since=None)
            wait((one, person.pk, verdict.near[one.person_id]) for one in entries)
    return person


def _look(
    told: Mapping[str, Any], runs: list[Import], by: Actor, *, tied: bool = False
) -> list[tuple[Import, Verdict]]:
    """Whom the card means in each register. A gap in the register of legal bases keeps nobody from signing in: then
    nothing is compared, which the log says."""
    found = []
    for run in runs:
        queries.hold(run.register)
        try:
            found += [
                (run, one)
                for one in queries.look({"": told}, run.register, run.office, entries=True, by=by, tied=tied).values()
            ]
        except NoBasis:
            continue
    return found


def _stands_in(person: UUID, run: Import) -> bool:
    return Entry.objects.filter(register=run.register, person=person, gone_since=None).exists()


def told_by(claims: Claims) -> dict[str, Any]:
    """What the card says, by fact, so that nobody types it."""
    values = {
        "person.full_name": claims.full_name,
        "person.registered_address": claims.address,
        "person.date_of_birth": claims.birth_date.isoformat() if claims.birth_date else None,
        "person.sex": claims.sex.replace("-", "_") if claims.sex else None,
    }
    return {key: value for key, value in values.items() if value}


def _said_before(person: Person, told: Mapping[str, Any], claims: Claims) -> dict[str, Any]:
    """The same by fact as the card has said it before; a reading of one's own."""
    found = read(person.pk, told, Purpose("match"), by=_actor(person, claims), sources=[Source.CARD])
    return {one.key: one.value for one in found}


def _actor(person: Person, claims: Claims) -> Actor:
    return actor_of_person(person.pk, claims.level)
