"""代理人: who may speak for whom is given, accepted, recorded and ended. Nobody is named by guessing."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from madoguchi.cases.actions.reasons import MAY_DELEGATE, OWN_PERSON
from madoguchi.cases.queries import persons
from madoguchi.cases.queries.represented import delegable
from madoguchi.events import SYSTEM, Actor, Reason, act, record
from madoguchi.events.acting import refuse
from madoguchi.events.models import Event
from madoguchi.facts import actions as facts
from madoguchi.facts.models import Invitation, Source
from madoguchi.facts.queries import VOUCHED, given_by, held_back, invitation_by, known, mark_of
from madoguchi.facts.queries.delegations import code_of, is_overtaken
from madoguchi.facts.rules import Purpose, delegating
from madoguchi.facts.rules.delegating import Delegation
from madoguchi.facts.rules.matching import Outcome, Record, compare
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotAllowed, NotFound, Problem, Refused, Stale
from madoguchi.ground.ids import uuid7
from madoguchi.ground.text import clean
from madoguchi.people.models import Person

MAX_NAME: Final = 100
MAX_OFFICE: Final = 120
#: How long an invitation that is over is remembered.
FORGOTTEN_AFTER: Final = dt.timedelta(days=30)

IS_PRINCIPAL = Reason(
    "principal", "ご本人の代理人だから", lambda actor, one: actor.kind == "resident" and actor.id == one.principal
)
IS_AGENT = Reason("agent", "代理人ご自身だから", lambda actor, one: actor.kind == "resident" and actor.id == one.agent)
OWN_INVITATION = Reason(
    "principal", "ご本人の招待だから", lambda actor, one: actor.kind == "resident" and actor.id == one.person_id
)
HAS_THE_CODE = Reason(
    "invited",
    "ご本人から渡された招待だから",
    lambda actor, one: actor.kind == "resident" and actor.level.startswith("card"),
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody is to be entrusted with, as it was typed; ``procedures`` are codes, or ``*``."""

    kind: str = ""
    procedures: Collection[str] = ()
    shows: bool = False
    letters: bool = False
    months: int = 0
    name: str = field(default="", repr=False)
    office: str = field(default="", repr=False)


@act("delegation.give", allow=(OWN_PERSON,))
def give(principal: Person, wish: Wish, *, by: Actor) -> Invitation:
    """代理人への招待: whoever bears this name and has the code may accept it within a week.

    Given by the person themselves, with the card. Raises Invalid with the fields that are wrong, Refused with status
    429 where too many were sent.
    """
    _with_card(by)
    _one_after_another(principal)
    told, wrong = _checked(wish, statutory=False)
    name = _text(wish.name, MAX_NAME, "name", "代理人になる方の氏名を入力してください。", wrong)
    if wrong:
        raise Invalid("delegation-incomplete", "代理人に任せる内容を確かめてください。", fields=wrong)
    own = _card_name(principal, by)
    now = clock.now()
    Invitation.objects.filter(expires_at__lt=now - FORGOTTEN_AFTER).delete()
    mine = Invitation.objects.filter(person=principal)
    standing = mine.filter(answered_at=None, withdrawn_at=None, expires_at__gt=now).count()
    lately = mine.filter(invited_at__gt=now - dt.timedelta(days=1)).count()
    if standing >= delegating.MOST_OPEN or lately >= delegating.MOST_A_DAY:
        raise Refused(
            "invitations-too-many",
            "招待が多すぎます。使わない招待を取り消すか、1日たってからお試しください。",
            status=429,
        )
    _refuse_too_many(principal)
    made = Invitation(
        person=principal, name=name, own_name=own, until=delegating.last_day(clock.today(), wish.months),
        invited_at=now, expires_at=now + delegating.INVITED_FOR, kind=wish.kind, office=told["office"],
        procedures=told["procedures"], shows=wish.shows, letters=wish.letters,
    )  # fmt: skip
    made.mark = mark_of(code_of(made))
    made.save()
    record(invitation=made.pk, kind=made.kind, procedures=made.procedures, shows=made.shows, letters=made.letters,
           until=made.until)  # fmt: skip
    return made


@act("delegation.withdraw", allow=(OWN_INVITATION,))
def withdraw_invitation(invitation: Invitation, *, by: Actor) -> Invitation:
    """招待の取消し: the code opens nothing any more."""
    fresh = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if fresh.answered_at is not None or fresh.withdrawn_at is not None:
        raise Stale("invitation-over", "この招待は、すでに終わっています。")
    fresh.withdrawn_at = clock.now()
    fresh.save(update_fields=["withdrawn_at"])
    record(invitation=fresh.pk)
    return fresh


def invited(code: str, *, by: Actor) -> Invitation:
    """The invitation with this code, for the one who was named. Every other try is an event, and says no name.

    Raises NotAllowed without the card, NotFound, Stale where it is over, Refused with status 429 after too many tries.
    """
    try:
        _with_card(by)
        hour = clock.now() - dt.timedelta(hours=1)
        tries = Event.objects.filter(verb="delegation.accept", outcome="refused", at__gt=hour, actor_id=by.who)
        if tries.filter(reason__in=("invitation-unknown", "invitation-of-another")).count() >= delegating.MOST_TRIES:
            raise Refused(
                "invitation-tries", "招待コードの入力が多すぎます。1時間ほどたってからお試しください。", status=429
            )
        found = invitation_by(code)
        if found is None:
            raise NotFound("invitation-unknown", "この招待コードは使えません。ご本人に、もう一度お確かめください。")
        _must_be_open(found, by)
    except Refused as refusal:
        refuse("delegation.accept", refusal, by=by)
        raise
    return found


@act("delegation.accept", allow=(HAS_THE_CODE,))
def accept(invitation: Invitation, *, by: Actor) -> Person:
    """代理の引受け: from today on the one signed in speaks for whoever invited them. Works once."""
    principal = _one_after_another(Person(pk=invitation.person_id))
    fresh = Invitation.objects.select_for_update().get(pk=invitation.pk)
    agent_name = _must_be_open(fresh, by)
    _refuse_too_many(principal)
    fresh.answered_at = clock.now()
    fresh.save(update_fields=["answered_at"])
    one = Delegation(
        id=fresh.pk, principal=principal.pk, agent=by.who, kind=fresh.kind, procedures=frozenset(fresh.procedures),
        shows=fresh.shows, letters=fresh.letters, principal_name=fresh.own_name, agent_name=agent_name,
        office=fresh.office, proof="", source=Source.SELF, evidence="", since=clock.today(), until=fresh.until,
    )  # fmt: skip
    _keep(one)
    record(invitation=fresh.pk, delegation=one.id, until=one.until)
    return principal


@act("delegation.record", allow=(MAY_DELEGATE,))
def record_at_counter(
    principal: Person, agent: Person, wish: Wish, *, by: Actor, proof: str, until: dt.date | None = None,
    evidence: str = "",
) -> Person:  # fmt: skip
    """代理権の登録（窓口）: the office records what the person said, or what a document showed (``evidence``: SHA-256).

    Nobody under 支援措置 can be found here: they give it themselves. ``until`` is the last day of a 法定代理, which may
    be left open, and a parent's ends when the child comes of age; any other has the term of ``wish``.
    """
    _may_know_of(principal, agent, by)
    _one_after_another(principal)
    told, wrong = _checked(wish, statutory=True)
    if wish.kind in delegating.KINDS and wish.kind not in delegating.PROOFS.get(proof, ()):
        wrong["proof"] = Problem("proof-kind", "何で確かめたかを、関係に合わせて選んでください。")
    elif proof != "in-person" and not evidence:
        wrong["evidence"] = Problem("evidence-missing", "示された書類のファイルを選んでください。")
    if wish.kind in delegating.STATUTORY and until is not None and until < clock.today():
        wrong["until"] = Problem("until-past", "今日より後の日を入力してください。")
    if wrong:
        raise Invalid("delegation-incomplete", "代理権の内容を確かめてください。", fields=wrong)
    if principal.pk == agent.pk:
        raise Invalid("delegation-self", "ご自分を代理人にすることはできません。")
    if wish.kind == "parent":
        until = _while_a_minor(principal, until, by)
    _refuse_too_many(principal)
    names = [_name_of(one, by) for one in (principal, agent)]
    statutory = wish.kind in delegating.STATUTORY
    one = Delegation(
        id=uuid7(), principal=principal.pk, agent=agent.pk, kind=wish.kind, procedures=frozenset(told["procedures"]),
        shows=wish.shows, letters=wish.letters, principal_name=names[0], agent_name=names[1], office=told["office"],
        proof=proof, source=Source.DOCUMENT if evidence else Source.STAFF, evidence=evidence, since=clock.today(),
        until=until if statutory else delegating.last_day(clock.today(), wish.months),
    )  # fmt: skip
    _keep(one)
    record(delegation=one.id, agent=agent.pk, kind=one.kind, proof=proof, procedures=sorted(one.procedures),
           shows=one.shows, letters=one.letters, until=one.until)  # fmt: skip
    return principal


@act("delegation.end", allow=(IS_PRINCIPAL, IS_AGENT, MAY_DELEGATE))
def end(delegation: Delegation, *, by: Actor) -> Person:
    """代理権の取消し: from now on the agent begins and hands in nothing more. What was handed in goes on."""
    principal = _one_after_another(Person(pk=delegation.principal))
    there = [*given_by(principal.pk), *held_back(principal.pk)]
    one = next((held for held in there if held.id == delegation.id), None)
    if one is None:
        raise Stale("delegation-over", "この代理権は、すでに終わっています。")
    source = Source.SELF if by.id == one.principal else Source.PROXY if by.id == one.agent else Source.STAFF
    _state(one, False, source, (clock.today(), None))
    record(delegation=one.id)
    return principal


@act("delegation.find", allow=(MAY_DELEGATE,))
def find_person(sought: persons.Sought, *, by: Actor) -> list[persons.FoundPerson]:
    """代理権の登録のための本人さがし: who is meant at the counter. The event says by what, not for whom."""
    found = persons.find(sought, by=by, purpose="delegate")
    record(sought=sought.named(), found=len(found))
    return found


# -- within -----------------------------------------------------------------------------------------------------------


def _with_card(by: Actor) -> None:
    if not by.level.startswith("card"):
        raise NotAllowed("level-too-low", "代理人を決めるには、マイナンバーカードでサインインしてください。")


def _one_after_another(principal: Person) -> Person:
    """Two windows at once give, accept and end one after another."""
    return Person.objects.select_for_update().get(pk=principal.pk)


def _checked(wish: Wish, *, statutory: bool) -> tuple[dict[str, Any], dict[str, Problem]]:
    """Procedures and office as they are kept, and what is wrong with the wish."""
    wrong: dict[str, Problem] = {}
    if wish.kind not in delegating.KINDS or (wish.kind in delegating.STATUTORY and not statutory):
        wrong["kind"] = Problem("kind-missing", "代理人になる方との関係を選んでください。")
    chosen = set(wish.procedures)
    if delegating.ALL in chosen:
        chosen = {delegating.ALL}
    elif not chosen or not chosen <= {row.code for row in delegable()}:
        wrong["procedures"] = Problem("scope-missing", "任せる手続きを選んでください。")
    if wish.kind not in delegating.STATUTORY and wish.months not in delegating.TERMS:
        wrong["months"] = Problem("term-missing", "いつまで任せるかを選んでください。")
    office = ""
    if wish.kind in delegating.OF_OFFICE:
        office = _text(wish.office, MAX_OFFICE, "office", "事業所の名前を入力してください。", wrong)
    return {"procedures": sorted(chosen), "office": office}, wrong


def _text(typed: str, most: int, name: str, missing: str, wrong: dict[str, Problem]) -> str:
    try:
        text = clean(typed, max_length=most)
    except Invalid as refusal:
        wrong[name] = refusal.as_problem()
        return ""
    if not text:
        wrong[name] = Problem(f"{name}-missing", missing)
    return text


def _card_name(person: Person, by: Actor) -> str:
    """The name of the one signed in, as card or register says it; a reading of one's own."""
    told = known(person.pk, ["person.full_name"], Purpose("delegate"), by=by, sources=VOUCHED)
    if "person.full_name" not in told:
        raise NotAllowed(
            "name-unknown", "カードから氏名を受け取っていません。マイナンバーカードでサインインし直してください。"
        )
    return str(told["person.full_name"].value)


def _must_be_open(one: Invitation, by: Actor) -> str:
    """The name of the one signed in, who was named. Raises NotFound for anybody else, Stale where it is over."""
    if one.person_id == by.id:
        raise Invalid("delegation-self", "ご自分を代理人にすることはできません。")
    name = _card_name(Person(pk=by.who), by)
    if compare(Record({"name": one.name}), Record({"name": name}))["name"] is Outcome.DIFFERS:
        raise NotFound(
            "invitation-of-another",
            "カードの氏名が、招待された方の氏名と違います。ご本人に、招待し直してもらってください。",
        )
    is_over = one.answered_at is not None or one.withdrawn_at is not None or one.expires_at <= clock.now()
    if is_over or is_overtaken(one):  # the same words: nobody is told that somebody is protected
        raise Stale("invitation-over", "この招待は、期限が過ぎたか、すでに終わっています。")
    return name


def _refuse_too_many(principal: Person) -> None:
    if len(given_by(principal.pk)) >= delegating.MOST_STANDING:
        raise Refused("delegations-too-many", "代理人が多すぎます。使わない代理権を取り消してください。", status=429)


def _may_know_of(principal: Person, agent: Person, by: Actor) -> None:
    for one in (principal, agent):
        persons.must_be_there(one.pk, by, purpose="delegate")


def _name_of(person: Person, by: Actor) -> str:
    told = known(person.pk, ["person.full_name"], persons.purpose_of(by, "delegate"), by=by)
    if "person.full_name" not in told:
        raise Invalid("name-unknown", "氏名の分からない方は登録できません。")
    return str(told["person.full_name"].value)


def _while_a_minor(child: Person, until: dt.date | None, by: Actor) -> dt.date | None:
    """親権 (民法4条, 818条): to the day before the eighteenth birthday at the longest. Raises Invalid from then on."""
    told = known(child.pk, ["person.date_of_birth"], persons.purpose_of(by, "delegate"), by=by)
    if "person.date_of_birth" not in told:
        return until
    born = dt.date.fromisoformat(str(told["person.date_of_birth"].value))
    last = delegating.last_day(born, delegating.OF_AGE)
    if last < clock.today():
        wrong = Problem("kind-of-age", "18歳以上の方には、親権者はいません。ほかの関係を選んでください。")
        raise Invalid("delegation-incomplete", "代理権の内容を確かめてください。", fields={"kind": wrong})
    return last if until is None else min(until, last)


def _keep(one: Delegation) -> None:
    _state(one, one.value(), Source(one.source), (one.since, one.until and one.until + dt.timedelta(days=1)))


def _state(one: Delegation, value: Any, source: Source, valid: tuple[dt.date | None, dt.date | None]) -> None:
    told: Mapping[tuple[str, str], Any] = {(delegating.KEY, str(one.id)): value}
    facts.state(Person(pk=one.principal), told, source, by=SYSTEM, valid=valid, evidence=one.evidence if value else "")
