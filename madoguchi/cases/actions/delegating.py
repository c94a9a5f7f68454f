"""代理人: who may speak for whom is given, accepted, recorded and ended. Nobody is named by guessing."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from madoguchi.cases.actions.reasons import MAY_DELEGATE, OWN_PERSON
from madoguchi.cases.queries import persons
from madoguchi.cases.queries.handout import language_of
from madoguchi.cases.queries.represented import delegable
from madoguchi.events import SYSTEM, Actor, Reason, act, record
from madoguchi.events.acting import refuse
from madoguchi.events.models import Event
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.facts import actions as facts
from madoguchi.facts.models import Invitation, Source
from madoguchi.facts.queries import (
    VOUCHED,
    NoBasis,
    given_by,
    held_back,
    invitation_by,
    known,
    mark_of,
    members_of,
    standing,
)
from madoguchi.facts.queries.delegations import code_of, ended_by_themselves, is_overtaken
from madoguchi.facts.rules import Purpose, delegating
from madoguchi.facts.rules.delegating import Delegation
from madoguchi.facts.rules.matching import Outcome, Record, compare
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotAllowed, NotFound, Problem, Refused, Stale
from madoguchi.ground.ids import uuid7
from madoguchi.ground.text import clean
from madoguchi.messages import actions as messages
from madoguchi.messages.models import Message
from madoguchi.people import actions as people
from madoguchi.people.models import Person
from madoguchi.people.queries import business_of, confirmed_address, is_business
from madoguchi.procedures import queries as procedures

MAX_NAME: Final = 100
MAX_OFFICE: Final = 120
#: How long an invitation that is over is remembered.
FORGOTTEN_AFTER: Final = dt.timedelta(days=30)
_TRADE_NAME: Final = "business.trade_name"

IS_PRINCIPAL = Reason(
    "principal", "ご本人の代理人だから", lambda actor, one: actor.kind == "resident" and actor.id == one.principal
)
IS_AGENT = Reason(
    "agent",
    "代理人ご自身だから",
    lambda actor, one: (
        actor.kind == "resident" and (actor.id == one.agent or (bool(one.number) and acts_by(actor.who, one.id)))
    ),
)
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
    """What somebody is to be entrusted with, as it was typed; ``procedures`` are codes, or ``*``. With a ``number`` it
    is that office that is entrusted, and nobody by ``name``."""

    kind: str = ""
    procedures: Collection[str] = ()
    shows: bool = False
    letters: bool = False
    months: int = 0
    name: str = field(default="", repr=False)
    office: str = field(default="", repr=False)
    number: str = field(default="", repr=False)


@act("delegation.give", allow=(OWN_PERSON,))
def give(principal: Person, wish: Wish, *, by: Actor) -> Invitation:
    """代理人への招待: whoever bears this name and has the code may accept it within a week.

    Given by the person themselves, with the card. Raises Invalid with the fields that are wrong, Refused with status
    429 where too many were sent.
    """
    _with_card(by)
    _one_after_another(principal)
    _refuse_children(principal, by)
    told, wrong = _checked(wish, by, statutory=False)
    name = ""
    if not told["number"] and "number" not in wrong:
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
        procedures=told["procedures"], shows=wish.shows, letters=wish.letters, number=told["number"],
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
    agent = _business(fresh.number) if fresh.number else by.who
    one = Delegation(
        id=fresh.pk, principal=principal.pk, agent=agent, kind=fresh.kind, procedures=frozenset(fresh.procedures),
        shows=fresh.shows, letters=fresh.letters, principal_name=fresh.own_name, agent_name=agent_name,
        office=fresh.office, proof="", source=Source.SELF, evidence="", since=clock.today(), until=fresh.until,
        number=fresh.number,
    )  # fmt: skip
    _keep(one)
    record(invitation=fresh.pk, delegation=one.id, resident=principal.pk, until=one.until)
    return principal


@act("delegation.record", allow=(MAY_DELEGATE,))
def record_at_counter(
    principal: Person, agent: Person | None, wish: Wish, *, by: Actor, proof: str, until: dt.date | None = None,
    evidence: str = "",
) -> Person:  # fmt: skip
    """代理権の登録（窓口）: the office records what the person said, or what a document showed (``evidence``: SHA-256).

    Nobody under 支援措置 can be found here: they give it themselves. ``until`` is the last day of a 法定代理, which may
    be left open, and a parent's ends when the child comes of age; any other has the term of ``wish``. ``agent`` is None
    where an office is entrusted by its number.
    """
    _may_know_of([principal] if agent is None else [principal, agent], by)
    _one_after_another(principal)
    told, wrong = _checked(wish, by, statutory=True)
    if agent is None and not told["number"]:
        wrong.setdefault("number", Problem("agent-missing", "代理人を選ぶか、事業所番号か法人番号を入力してください。"))
    if wish.kind in delegating.KINDS and wish.kind not in delegating.PROOFS.get(proof, ()):
        wrong["proof"] = Problem("proof-kind", "何で確かめたかを、関係に合わせて選んでください。")
    elif proof != "in-person" and not evidence:
        wrong["evidence"] = Problem("evidence-missing", "示された書類のファイルを選んでください。")
    if wish.kind in delegating.STATUTORY and until is not None and until < clock.today():
        wrong["until"] = Problem("until-past", "今日より後の日を入力してください。")
    if wrong:
        raise Invalid("delegation-incomplete", "代理権の内容を確かめてください。", fields=wrong)
    if agent is not None and principal.pk == agent.pk:
        raise Invalid("delegation-self", "ご自分を代理人にすることはできません。")
    if wish.kind == "parent":
        until = _while_a_minor(principal, until, by)
    _refuse_too_many(principal)
    # A number outweighs a person: the office was named.
    office = _business(told["number"]) if told["number"] else None
    speaks = office or (agent.pk if agent is not None else principal.pk)
    agent_name = told["office"] if office is not None or agent is None else _name_of(agent, by)
    statutory = wish.kind in delegating.STATUTORY
    one = Delegation(
        id=uuid7(), principal=principal.pk, agent=speaks, kind=wish.kind, procedures=frozenset(told["procedures"]),
        shows=wish.shows, letters=wish.letters, principal_name=_name_of(principal, by), agent_name=agent_name,
        office=told["office"], number=told["number"], proof=proof,
        source=Source.DOCUMENT if evidence else Source.STAFF, evidence=evidence, since=clock.today(),
        until=until if statutory else delegating.last_day(clock.today(), wish.months),
    )  # fmt: skip
    _keep(one)
    record(delegation=one.id, resident=principal.pk, agent=one.agent, kind=one.kind, proof=proof,
           procedures=sorted(one.procedures), shows=one.shows, letters=one.letters, until=one.until)  # fmt: skip
    return principal


@act("delegation.record-member", allow=(MAY_DELEGATE,))
def record_member(number: str, office: str, member: Person, *, by: Actor, months: int, evidence: str) -> Person:
    """事業所の人の登録: from today on this person acts for the office with this number, wherever it is an agent.

    By a paper of the office (``evidence``: SHA-256). ``office`` is its name, where the city does not know it yet.
    """
    _may_know_of([member], by)
    wrong: dict[str, Problem] = {}
    digits = delegating.business_number(number)
    if not digits:
        wrong["number"] = _no_number()
    if months not in delegating.TERMS:
        wrong["months"] = Problem("term-missing", "いつまで任せるかを選んでください。")
    if not evidence:
        wrong["evidence"] = Problem("evidence-missing", "示された書類のファイルを選んでください。")
    known_as = _trade_name(business_of(digits), by) if digits else ""
    name = known_as or _text(office, MAX_OFFICE, "office", "事業所の名前を入力してください。", wrong)
    if wrong:
        raise Invalid("delegation-incomplete", "代理権の内容を確かめてください。", fields=wrong)
    business = _one_after_another(people.enter_business(digits, by=SYSTEM))
    if any(one.agent == member.pk for one in members_of(business.pk)):
        raise Stale("member-there", "この方は、すでにこの事業所の人として登録されています。")
    if not known_as:
        facts.state(business, {(_TRADE_NAME, ""): name}, Source.STAFF, by=by)
    one = Delegation(
        id=uuid7(), principal=business.pk, agent=member.pk, kind=delegating.MEMBER,
        procedures=frozenset({delegating.ALL}), shows=False, letters=False, principal_name=name,
        agent_name=_name_of(member, by), office=name, proof="office-paper", source=Source.DOCUMENT, evidence=evidence,
        since=clock.today(), until=delegating.last_day(clock.today(), months), number=digits,
    )  # fmt: skip
    _keep(one)
    record(delegation=one.id, business=business.pk, agent=member.pk, until=one.until)
    return business


@act("delegation.end", allow=(IS_PRINCIPAL, IS_AGENT, MAY_DELEGATE))
def end(delegation: Delegation, *, by: Actor) -> Person:
    """代理権の取消し: from now on the agent begins and hands in nothing more. What was handed in goes on."""
    principal = _one_after_another(Person(pk=delegation.principal))
    there = [*given_by(principal.pk), *held_back(principal.pk)]
    one = next((held for held in there if held.id == delegation.id), None)
    if one is None:
        raise Stale("delegation-over", "この代理権は、すでに終わっています。")
    source = Source.SELF if by.id == one.principal else Source.PROXY if by.kind == "resident" else Source.STAFF
    _state(one, False, source, (clock.today(), None))
    record(delegation=one.id, resident=principal.pk)
    return principal


@act("delegation.run-out", allow=(BY_SYSTEM,))
def run_out(delegation: Delegation, *, by: Actor) -> Person:
    """代理権の期間の終わり: its last day has passed. Nothing changes by it; its person is told of it once."""
    principal = _one_after_another(Person(pk=delegation.principal))
    record(delegation=delegation.id, resident=principal.pk)
    return principal


@act("delegation.find", allow=(MAY_DELEGATE,))
def find_person(sought: persons.Sought, *, by: Actor) -> list[persons.FoundPerson]:
    """代理権の登録のための本人さがし: who is meant at the counter. The event says by what, not for whom."""
    found = persons.find(sought, by=by, purpose="delegate")
    record(sought=sought.named(), found=len(found))
    return found


# -- who is told ------------------------------------------------------------------------------------------------------

_TOLD: Final[Mapping[str, str]] = {
    "delegation.accept": "delegation-given",
    "delegation.record": "delegation-given",
    "delegation.end": "delegation-ended",
    "delegation.run-out": "delegation-ended",
    "case.open-for-principal": "delegation-used",
}
#: So many days after its end a delegation that has run out is still told of, if no worker was there before.
_TOLD_LATE: Final = 7


def tell_principal(event: Event) -> Message | None:
    """The principal hears that somebody speaks for them, has begun to, or does so no more. A mail names nobody. A
    business is told of nothing: nobody signs in as it."""
    template = _TOLD[event.verb]
    if template == "delegation-used" and _was_used_before(event):
        return None
    principal = Person.objects.get(pk=event.data["resident"])
    if is_business(principal.pk):
        return None
    city, language = procedures.city(), language_of(principal)
    return messages.send(
        template,
        event=event.pk,
        values={
            "city": city.name.get_for(language),
            "url": f"{settings.BASE_URL}/my-data/proxies/",
            "contact": city.file.contact.phone,
        },
        person=principal.pk,
        address=confirmed_address(principal.pk),
        language=language,
        by=SYSTEM,
    )


def _was_used_before(event: Event) -> bool:
    same = Event.objects.filter(verb=event.verb, outcome="done", data__delegation=event.data["delegation"])
    return same.filter(actor_id=event.actor_id, id__lt=event.pk).exists()


def tell_of_what_ran_out() -> int:
    """Whoever's delegation has ended by itself lately is told of it, once."""
    told = 0
    for one in ended_by_themselves(clock.today() - dt.timedelta(days=_TOLD_LATE), clock.today()):
        past = Event.objects.filter(verb="delegation.run-out", outcome="done", subject_id=one.principal)
        if not past.filter(data__delegation=str(one.id)).exists():
            run_out(one, by=SYSTEM)
            told += 1
    return told


# -- within -----------------------------------------------------------------------------------------------------------


def _with_card(by: Actor) -> None:
    if not by.level.startswith("card"):
        raise NotAllowed("level-too-low", "代理人を決めるには、マイナンバーカードでサインインしてください。")


def _refuse_children(principal: Person, by: Actor) -> None:
    """Under 15 the card's code is kept by whoever has parental authority: the sign-in does not tell who gives."""
    told = known(principal.pk, ["person.date_of_birth"], Purpose("delegate"), by=by, sources=VOUCHED)
    born = told.get("person.date_of_birth")
    if born and delegating.last_day(dt.date.fromisoformat(str(born.value)), delegating.OWN_WILL) >= clock.today():
        raise NotAllowed(
            "principal-too-young",
            "15歳になるまでは、ご自分で代理人を決めることはできません。親権者の方は、市の窓口で登録できます。",
        )


def _one_after_another(principal: Person) -> Person:
    """Two windows at once give, accept and end one after another."""
    return Person.objects.select_for_update().get(pk=principal.pk)


def acts_by(agent: UUID, delegation: UUID) -> bool:
    """Whether this delegation stands for them today."""
    return standing(agent, delegation) is not None


def _no_number() -> Problem:
    return Problem("number-digits", "事業所番号は10桁、法人番号は13桁です。番号を確かめてください。")


def _business(number: str) -> UUID:
    """The business with this number. Raises Stale where it has gone meanwhile."""
    found = business_of(number)
    if found is None:
        raise Stale("invitation-over", "この招待は、期限が過ぎたか、すでに終わっています。")
    return found


def _trade_name(business: UUID | None, by: Actor) -> str:
    """What the city has recorded as the name of a business (介護保険法85条: names are published)."""
    if business is None:
        return ""
    purpose = Purpose("delegate", office=min(by.sections, default=""))
    try:
        told = known(business, [_TRADE_NAME], purpose, by=by, sources=[Source.STAFF, Source.REGISTER])
    except NoBasis:  # the log says so
        return ""
    return str(told[_TRADE_NAME].value) if _TRADE_NAME in told else ""


def _office_of(wish: Wish, by: Actor, wrong: dict[str, Problem]) -> tuple[str, str]:
    """Name and number of an office: by its number one that has somebody who acts for it, else by its name alone."""
    if not wish.number.strip():
        return _text(wish.office, MAX_OFFICE, "office", "事業所の名前を入力してください。", wrong), ""
    number = delegating.business_number(wish.number)
    business = business_of(number) if number else None
    if not number:
        wrong["number"] = _no_number()
    elif business is None or not members_of(business):
        wrong["number"] = Problem(
            "number-unknown",
            "この番号の事業所の方は、市に登録されていません。番号を確かめるか、番号を消して担当の方の氏名を入力してください。",
        )
    else:
        return _trade_name(business, by) or members_of(business)[0].office, number
    return "", ""


def _checked(wish: Wish, by: Actor, *, statutory: bool) -> tuple[dict[str, Any], dict[str, Problem]]:
    """Procedures and office as they are kept, and what is wrong with the wish."""
    wrong: dict[str, Problem] = {}
    nobodys = {delegating.MEMBER} if statutory else {delegating.MEMBER, *delegating.STATUTORY}
    if wish.kind not in delegating.KINDS or wish.kind in nobodys:
        wrong["kind"] = Problem("kind-missing", "代理人になる方との関係を選んでください。")
    chosen = set(wish.procedures)
    if delegating.ALL in chosen:
        chosen = {delegating.ALL}
    elif not chosen or not chosen <= {row.code for row in delegable()}:
        wrong["procedures"] = Problem("scope-missing", "任せる手続きを選んでください。")
    if wish.kind not in delegating.STATUTORY and wish.months not in delegating.TERMS:
        wrong["months"] = Problem("term-missing", "いつまで任せるかを選んでください。")
    office = number = ""
    if wish.kind in delegating.OF_OFFICE:
        office, number = _office_of(wish, by, wrong)
    return {"procedures": sorted(chosen), "office": office, "number": number}, wrong


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
    """The name of the one signed in, who was named, or of the office for which they act. Raises NotFound for anybody
    else, Stale where it is over."""
    if one.person_id == by.id:
        raise Invalid("delegation-self", "ご自分を代理人にすることはできません。")
    name = _card_name(Person(pk=by.who), by)
    if one.number:
        business = business_of(one.number)
        if business is None or not any(held.agent == by.id for held in members_of(business)):
            raise NotFound(
                "invitation-of-another",
                "この招待は、事業所に宛てたものです。引き受けられるのは、その事業所の人として市に登録された方です。",
            )
        name = one.office
    elif compare(Record({"name": one.name}), Record({"name": name}))["name"] is Outcome.DIFFERS:
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


def _may_know_of(persons_there: Collection[Person], by: Actor) -> None:
    for one in persons_there:
        persons.must_be_there(one.pk, by, purpose="delegate")


def _name_of(person: Person, by: Actor) -> str:
    told = known(person.pk, ["person.full_name"], persons.purpose_of(by, "delegate"), by=by)
    if "person.full_name" not in told:
        raise Invalid("name-unknown", "氏名の分からない方は登録できません。")
    return str(told["person.full_name"].value)


def _while_a_minor(child: Person, until: dt.date | None, by: Actor) -> dt.date | None:
    """親権 (民法4条, 818条): to the day before the eighteenth birthday at the longest. Raises Invalid from then on, and
    where the city does not know that day: it would never end."""
    told = known(child.pk, ["person.date_of_birth"], persons.purpose_of(by, "delegate"), by=by)
    if "person.date_of_birth" not in told:
        wrong = Problem("birthday-unknown", "お子さんの生年月日が分からないため、親権者として登録できません。")
        raise Invalid("delegation-incomplete", "代理権の内容を確かめてください。", fields={"kind": wrong})
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
