"""代理人: given, accepted, recorded, ended; and what an agent may do with it, and what not."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.actions import Wish
from madoguchi.cases.models import Case, Mandate
from madoguchi.cases.queries.persons import Sought
from madoguchi.cases.tests.conftest import Staff, flat, somebody
from madoguchi.cases.tests.test_speaking import ANSWERS
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.facts.actions import state
from madoguchi.facts.models import Invitation, Source
from madoguchi.facts.queries import NoBasis, code_of, given_by, given_to, held_back, known
from madoguchi.facts.rules import Purpose
from madoguchi.facts.tests.ledger import recorded
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotAllowed, NotFound, Refused, Stale
from madoguchi.people.models import Person
from madoguchi.people.queries import actor_of_person
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure

pytestmark = pytest.mark.django_db

CARE = "care-need-certification"
WISH = Wish(kind="family", procedures=[CARE], shows=True, letters=True, months=12, name="見本　桃子")
KNOWN = {"person.registered_address": "大阪府大東市谷川一丁目1番1号", "person.full_name_kana": "ミホン　ハナコ"}


@pytest.fixture
def mother(published: dict[str, Procedure]) -> Actor:
    by = somebody("見本　花子", "1940-04-12")
    state(Person(pk=by.who), {(key, ""): value for key, value in KNOWN.items()}, Source.CARD, by=by)
    return by


@pytest.fixture
def daughter(published: dict[str, Procedure]) -> Actor:
    return somebody("見本　桃子", "1970-01-01")


def person(by: Actor) -> Person:
    return Person(pk=by.who)


def give(mother: Actor, wish: Wish = WISH) -> Invitation:
    return actions.give(person(mother), wish, by=mother)


def delegate(mother: Actor, daughter: Actor, wish: Wish = WISH) -> Any:
    actions.accept(give(mother, wish), by=daughter)
    return given_by(mother.who)[-1]


def begin(daughter: Actor, one: Any, code: str = CARE) -> Case:
    row = procedures.current(code)
    assert row is not None
    return actions.open_for_principal(row, one.id, by=daughter)


def refused(verb: str) -> list[str]:
    return list(Event.objects.filter(verb=verb, outcome="refused").order_by("id").values_list("reason", flat=True))


# -- giving and accepting ---------------------------------------------------------------------------------------------


def test_a_delegation_is_a_fact_of_the_principal(mother: Actor, daughter: Actor) -> None:
    one = delegate(mother, daughter)
    assert (one.agent, one.principal, one.kind) == (daughter.who, mother.who, "family")
    assert (one.agent_name, one.principal_name) == ("見本　桃子", "見本　花子")
    assert (one.since, one.source) == (clock.today(), Source.SELF)
    assert given_to(daughter.who) == [one]
    told = Event.objects.get(verb="delegation.accept", outcome="done")
    assert (told.actor_id, told.subject_id, told.reason) == (daughter.who, one.id, "invited")
    assert not any(name in str(event.data) for event in Event.objects.all() for name in ("花子", "桃子"))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "guardian"}, "kind"),
        ({"kind": "parent"}, "kind"),
        ({"kind": "x"}, "kind"),
        ({"procedures": []}, "procedures"),
        ({"procedures": ["no-such"]}, "procedures"),
        ({"procedures": ["pets"]}, "procedures"),
        ({"months": 0}, "months"),
        ({"months": 1200}, "months"),
        ({"name": ""}, "name"),
        ({"name": "花\n子"}, "name"),
        ({"kind": "care_manager"}, "office"),
    ],
)
def test_a_wish_that_says_too_little_changes_nothing(mother: Actor, change: dict[str, Any], field: str) -> None:
    told = {name: getattr(WISH, name) for name in Wish.__dataclass_fields__} | change
    with pytest.raises(Invalid) as refusal:
        give(mother, Wish(**told))
    assert set(refusal.value.fields) == {field}
    assert not Invitation.objects.exists()
    assert refused("delegation.give") == ["delegation-incomplete"]


def test_only_oneself_with_the_card_gives(mother: Actor, daughter: Actor) -> None:
    with pytest.raises(NotAllowed):
        actions.give(person(mother), WISH, by=daughter)
    with pytest.raises(NotAllowed, match="カード"):
        actions.give(person(mother), WISH, by=actor_of_person(mother.who, "contact"))
    assert not Invitation.objects.exists()


def test_invitations_are_few(mother: Actor) -> None:
    for _ in range(5):
        give(mother)
    with pytest.raises(Refused, match="多すぎ") as refusal:
        give(mother)
    assert refusal.value.status == 429
    for one in Invitation.objects.all():
        actions.withdraw_invitation(one, by=mother)
    for _ in range(5):
        give(mother)
    for one in Invitation.objects.filter(withdrawn_at=None):
        actions.withdraw_invitation(one, by=mother)
    with pytest.raises(Refused, match="多すぎ"):
        give(mother)
    assert Invitation.objects.count() == 10


def test_whoever_was_not_named_is_told_no_name_and_becomes_nobodys_agent(mother: Actor, daughter: Actor) -> None:
    one, stranger = give(mother), somebody("見知らぬ　人", "1990-01-01")
    with pytest.raises(NotFound) as refusal:
        actions.invited(code_of(one), by=stranger)
    assert "花子" not in str(refusal.value)
    for by, error in (
        (stranger, NotFound), (mother, Invalid), (actor_of_person(daughter.who, "contact"), NotAllowed),
    ):  # fmt: skip
        with pytest.raises(error):
            actions.accept(one, by=by)
    one.refresh_from_db()
    assert one.answered_at is None
    assert given_by(mother.who) == []


def test_a_name_in_another_spelling_is_the_same_name(mother: Actor) -> None:
    actions.accept(give(mother, Wish(kind="agent", procedures=["*"], months=1, name="高橋 桃子")),
                   by=somebody("髙橋　桃子", "1970-01-01"))  # fmt: skip
    assert [one.agent_name for one in given_by(mother.who)] == ["髙橋　桃子"]


def test_an_invitation_works_once_and_not_late(mother: Actor, daughter: Actor) -> None:
    one, other, withdrawn = give(mother), give(mother), give(mother)
    assert actions.invited(code_of(one).lower(), by=daughter) == one
    actions.accept(one, by=daughter)
    actions.withdraw_invitation(withdrawn, by=mother)
    with pytest.raises(Stale):
        actions.accept(one, by=daughter)
    with pytest.raises(Stale):
        actions.accept(withdrawn, by=daughter)
    with clock.travel(clock.now() + dt.timedelta(days=8)), pytest.raises(Stale):
        actions.accept(other, by=daughter)
    with pytest.raises(NotAllowed):
        actions.withdraw_invitation(other, by=daughter)
    assert len(given_by(mother.who)) == 1


def test_codes_are_not_guessed(mother: Actor, daughter: Actor) -> None:
    one = give(mother)
    for typed in ("", "x", "0000-0000-0000", "'; --", "ＡＢＣ"):
        with pytest.raises(NotFound):
            actions.invited(typed, by=daughter)
    for _ in range(5):
        with pytest.raises(NotFound):
            actions.invited("0000-0000-0000", by=daughter)
    with pytest.raises(Refused) as refusal:
        actions.invited(code_of(one), by=daughter)
    assert refusal.value.status == 429
    assert given_by(mother.who) == []


# -- the counter ------------------------------------------------------------------------------------------------------


def record(mother: Actor, daughter: Actor, by: Actor, **change: Any) -> None:
    told = {"proof": "guardianship", "evidence": "a" * 64} | change
    wish = Wish(kind=told.pop("kind", "guardian"), procedures=["*"], shows=True, letters=True, months=12)
    actions.record_at_counter(person(mother), person(daughter), wish, by=by, **told)


def test_the_counter_records_what_it_was_shown(mother: Actor, daughter: Actor, staff: Staff) -> None:
    clerk = staff("elderly-care", "elderly-care-clerk")
    record(mother, daughter, clerk)
    [one] = given_by(mother.who)
    assert (one.source, one.evidence, one.proof, one.until) == (Source.DOCUMENT, "a" * 64, "guardianship", None)
    found = actions.find_for_delegation(Sought("見本花子", dt.date(1940, 4, 12)), by=clerk)
    assert [line.id for line in found] == [mother.who]
    assert begin(daughter, one).answers["proxy_relation"] == "legal_representative"


@pytest.mark.parametrize(
    "change",
    [
        {"proof": "mandate"},
        {"proof": ""},
        {"proof": "in-person"},
        {"evidence": ""},
        {"kind": "parent"},
        {"kind": "x"},
        {"until": dt.date(2020, 1, 1)},
    ],
)
def test_the_counter_records_nothing_that_was_not_shown(
    mother: Actor, daughter: Actor, staff: Staff, change: dict[str, Any]
) -> None:
    with pytest.raises(Invalid):
        record(mother, daughter, staff("elderly-care", "elderly-care-clerk"), **change)
    assert given_by(mother.who) == []


def test_a_parent_speaks_for_a_child_and_for_no_adult(mother: Actor, daughter: Actor, staff: Staff) -> None:
    clerk, child = staff("residents", "residents-clerk"), somebody("見本　小桃", "2015-03-10")
    shown = {"kind": "parent", "proof": "family-register"}
    with pytest.raises(Invalid) as refusal:
        record(mother, daughter, clerk, **shown)
    assert set(refusal.value.fields) == {"kind"}
    assert given_by(mother.who) == []
    for until, last in ((None, dt.date(2033, 3, 9)), (dt.date(2050, 1, 1), dt.date(2033, 3, 9)),
                        (dt.date(2030, 1, 1), dt.date(2030, 1, 1))):  # fmt: skip
        record(child, daughter, clerk, **shown, until=until)
        assert given_by(child.who)[-1].until == last
    with clock.travel(clock.now() + dt.timedelta(days=365 * 7)):
        assert given_by(child.who) == given_to(daughter.who) == []


def test_only_posts_that_may_record(mother: Actor, daughter: Actor, staff: Staff) -> None:
    for by in (staff("environment", "environment-clerk"), mother, daughter, SYSTEM):
        with pytest.raises(NotAllowed):
            record(mother, daughter, by)
    with pytest.raises(Invalid, match="ご自分"):
        record(mother, mother, staff("residents", "residents-clerk"))
    assert given_by(mother.who) == []


# -- 支援措置 ----------------------------------------------------------------------------------------------------------


def protect(by: Actor) -> None:
    state(person(by), {("person.confidential", ""): True}, Source.REGISTER, by=SYSTEM)


def test_of_whoever_is_protected_the_counter_records_nothing(mother: Actor, daughter: Actor, staff: Staff) -> None:
    protect(mother)
    with pytest.raises(NotFound):
        record(mother, daughter, staff("residents", "residents-head"))
    assert given_by(mother.who) == []


def test_what_was_given_before_the_protection_holds_no_more(mother: Actor, daughter: Actor, staff: Staff) -> None:
    given = delegate(mother, daughter)
    record(mother, daughter, staff("residents", "residents-clerk"))
    case = begin(daughter, given)
    protect(mother)
    assert given_by(mother.who) == given_to(daughter.who) == []
    assert held_back(mother.who)[0] == given, "she sees it, and may end it"
    actions.end_delegation(given, by=mother)
    assert given not in held_back(mother.who)
    assert cases.shown(case, ["person.registered_address"], daughter) == {}
    with pytest.raises(NotFound):
        begin(daughter, given, "care-plan-request")
    with pytest.raises(Stale, match="代理権"):
        actions.submit(case, by=daughter)
    again = delegate(mother, daughter)
    assert given_to(daughter.who) == [again], "given by herself since"


@pytest.mark.parametrize("opened", [False, True])
def test_an_invitation_from_before_the_protection_makes_nobody_an_agent(
    mother: Actor, daughter: Actor, opened: bool
) -> None:
    """Whoever has the code may be the one from whom the person is protected."""
    invitation = give(mother)
    if opened:
        actions.invited(code_of(invitation), by=daughter)
    protect(mother)
    with pytest.raises(Stale) as refusal:
        actions.accept(invitation, by=daughter)
    with pytest.raises(Stale):
        actions.invited(code_of(invitation), by=daughter)
    assert refusal.value.code == "invitation-over", "as one that is over"
    assert given_by(mother.who) == held_back(mother.who) == given_to(daughter.who) == []
    assert Invitation.objects.get().answered_at is None
    since = give(mother)
    actions.accept(since, by=daughter)
    assert [one.id for one in given_to(daughter.who)] == [since.pk], "what she has given since holds"


# -- using it ---------------------------------------------------------------------------------------------------------


def test_the_case_is_about_the_principal_and_shows_what_the_city_knows(mother: Actor, daughter: Actor) -> None:
    one = delegate(mother, daughter)
    case = begin(daughter, one)
    assert (case.person_id, case.subject_id) == (daughter.who, mother.who)
    assert begin(daughter, one).pk == case.pk, "a double tap"
    keys = ["person.full_name", "person.registered_address", "person.bank_account", "person.email"]
    assert {key: fact.value for key, fact in cases.shown(case, keys, daughter).items()} == {
        "person.full_name": "見本　花子", "person.registered_address": KNOWN["person.registered_address"],
    }  # fmt: skip
    [reading] = Event.objects.filter(verb="facts.read", subject_id=mother.who, actor_id=daughter.who)
    assert (reading.data["purpose"], reading.data["procedure"], reading.outcome) == ("represent", CARE, "done")
    taken = actions.save_section(case, "insured", {"person.registered_address.as_known": ["1"]}, by=daughter)
    assert taken.values["person.registered_address"] == KNOWN["person.registered_address"]
    mandate = Mandate.objects.get(case=case)
    assert (mandate.delegation, mandate.kind, mandate.source) == (one.id, "family", "self")


@pytest.mark.parametrize("what", ["no-shows", "ended", "stranger", "weak", "scope", "expired", "office"])
def test_nothing_of_the_principal_is_read_without_it(mother: Actor, daughter: Actor, what: str) -> None:
    wish = Wish(**{name: getattr(WISH, name) for name in Wish.__dataclass_fields__} | {"shows": what != "no-shows"})
    one = delegate(mother, daughter, wish)
    by, moment = daughter, clock.now()
    if what == "ended":
        actions.end_delegation(one, by=mother)
    elif what == "stranger":
        by = somebody("見知らぬ　人", "1990-01-01")
    elif what == "weak":
        by = Actor("visitor")
    elif what == "expired":
        moment += dt.timedelta(days=400)
    elif what == "office":
        by = Actor("staff", daughter.id)
    code = "care-plan-request" if what == "scope" else CARE
    with clock.travel(moment), pytest.raises(NoBasis):
        known(mother.who, ["person.registered_address"], Purpose("represent", code, "elderly-care"), by=by)
    assert Event.objects.filter(verb="facts.read", subject_id=mother.who, outcome="refused").count() == 1


def test_who_may_not_begin(mother: Actor, daughter: Actor) -> None:
    one, stranger = delegate(mother, daughter), somebody("見知らぬ　人", "1990-01-01")
    with pytest.raises(NotFound):
        begin(stranger, one)
    with pytest.raises(NotAllowed):
        begin(actor_of_person(daughter.who, "contact"), one)
    with pytest.raises(Invalid, match="範囲"):
        begin(daughter, one, "care-plan-request")
    with clock.travel(clock.now() + dt.timedelta(days=400)), pytest.raises(NotFound):
        begin(daughter, one)
    actions.end_delegation(one, by=daughter)
    with pytest.raises(NotFound):
        begin(daughter, one)
    assert not Case.objects.exists()


def filled(daughter: Actor, one: Any) -> Case:
    case = begin(daughter, one)
    told = {"person": {"full_name": "見本　花子", "full_name_kana": "ミホン　ハナコ", "phone": "072-872-2181",
                       "registered_address": "別の所", "date_of_birth": "1940-04-12"}}  # fmt: skip
    raw = flat(ANSWERS) | flat(told) | {"proxy_kana": ["ミホン　モモコ"], "proxy_phone": ["072-111-2222"]}
    for section in procedures.package(case.procedure).form.sections:
        actions.save_section(case, section.id, raw | {"proxy_relation": ["care_manager"]}, by=daughter)
    return case


def test_handed_in_it_says_by_what_right_and_overrules_nothing(mother: Actor, daughter: Actor) -> None:
    before = {key: (one.value, one.source) for key, one in recorded(mother.who).items()}
    case = filled(daughter, delegate(mother, daughter))
    assert case.answers["proxy_relation"] == "family", "no form changes as whom she speaks"
    actions.submit(case, by=daughter)
    case.refresh_from_db()
    assert case.state == "received"
    now = {key: (one.value, one.source) for key, one in recorded(mother.who).items()}
    assert {key: now[key] for key in before} == before, "an agent overrules neither card nor register"
    assert now["person.phone"] == ("072-872-2181", Source.PROXY), "and fills what nobody knew"
    assert cases.represented_case(str(case.number), mother).pk == case.pk
    assert cases.letters_go_to(case) == daughter.who
    for stranger in (daughter, somebody("見知らぬ　人", "1990-01-01")):
        with pytest.raises(NotFound):
            cases.represented_case(str(case.number), stranger)


def test_ended_meanwhile_it_is_not_handed_in_and_nothing_is_lost(mother: Actor, daughter: Actor) -> None:
    one = delegate(mother, daughter)
    case = filled(daughter, one)
    actions.end_delegation(one, by=mother)
    answers = dict(case.answers)
    with pytest.raises(Stale, match="入力した内容は残っています"):
        actions.submit(case, by=daughter)
    case.refresh_from_db()
    assert (case.received_at, case.answers) == (None, answers)
    again = delegate(mother, daughter)
    assert begin(daughter, again).pk == case.pk, "given anew, it goes on"
    actions.submit(case, by=daughter)
    actions.end_delegation(again, by=mother)
    assert cases.letters_go_to(case) == mother.who, "what is decided after the end is hers alone"


def test_whose_delegation_has_ended_takes_nothing_back(mother: Actor, daughter: Actor) -> None:
    one = delegate(mother, daughter)
    case = filled(daughter, one)
    actions.submit(case, by=daughter)
    actions.end_delegation(one, by=mother)
    with pytest.raises(Stale, match="取り下げることができません"):
        actions.withdraw(case, by=daughter)
    case.refresh_from_db()
    assert (case.withdrawn_at, case.state) == (None, "received")


def test_letters_go_to_the_principal_where_the_agent_may_not_have_them(mother: Actor, daughter: Actor) -> None:
    wish = Wish(**{name: getattr(WISH, name) for name in Wish.__dataclass_fields__} | {"letters": False})
    case = begin(daughter, delegate(mother, daughter, wish))
    assert cases.letters_go_to(case) == mother.who
    own = actions.open_draft(case.procedure, by=daughter)
    assert cases.letters_go_to(own) == daughter.who


def test_no_mandate_is_asked_again(mother: Actor, daughter: Actor) -> None:
    wish = Wish(kind="agent", procedures=["*"], shows=True, letters=True, months=1, name="見本　桃子")
    case = begin(daughter, delegate(mother, daughter, wish), "change-of-address")
    form = procedures.package(case.procedure).form
    assert case.answers["proxy_relation"] == "agent"
    assert "proxy_agent_mandate" not in form.missing(case.answers)
    other = actions.open_for_another(case.procedure, "agent", by=daughter)
    assert other.pk != case.pk
    assert "proxy_agent_mandate" in form.missing(other.answers)


def test_whoever_is_concerned_ends_it_once(mother: Actor, daughter: Actor, staff: Staff) -> None:
    enders: list[Callable[[], Actor]] = [
        lambda: mother, lambda: daughter, lambda: staff("residents", "residents-clerk"),
    ]  # fmt: skip
    for ender in enders:
        one = delegate(mother, daughter)
        for by in (somebody("見知らぬ　人", "1990-01-01"), staff("environment", "environment-clerk")):
            with pytest.raises(NotAllowed):
                actions.end_delegation(one, by=by)
        assert given_by(mother.who) == [one]
        actions.end_delegation(one, by=ender())
        assert given_by(mother.who) == []
        with pytest.raises(Stale):
            actions.end_delegation(one, by=mother)
    assert len(given_by(mother.who, clock.today() - dt.timedelta(days=1))) == 0


# -- a life event -----------------------------------------------------------------------------------------------------


def test_a_life_event_in_one_go_for_a_principal(mother: Actor, daughter: Actor) -> None:
    narrow = delegate(mother, daughter)
    with pytest.raises(Invalid, match="範囲"):
        begin(daughter, narrow, "care-begins")
    one = delegate(mother, daughter, Wish(kind="family", procedures=["*"], shows=True, letters=True, months=12,
                                          name="見本　桃子"))  # fmt: skip
    with pytest.raises(Invalid, match="範囲"):  # the survivors' own, each for themselves
        begin(daughter, one, "bereavement")
    assert not Case.objects.exists()
    journey = begin(daughter, one, "care-begins")
    told = {"certified": ["no"], "has_office": ["yes"], "lost_card": ["no"]}
    actions.save_section(journey, "care", told, by=daughter)
    parts = actions.open_parts(journey, [CARE, "care-plan-request"], by=daughter)
    assert [part.subject_id for part in parts] == [mother.who, mother.who]
    assert all(part.answers["proxy_registered"] for part in parts)
    actions.save_section(parts[0], "proxy", {"proxy_kana": ["ミホン　モモコ"], "proxy_phone": ["072-1"]}, by=daughter)
    parts[1].refresh_from_db()
    assert parts[1].answers["proxy_kana"] == "ミホン　モモコ", "told once of herself"
    actions.end_delegation(one, by=mother)
    with pytest.raises(Refused):
        actions.submit_parts(journey, by=daughter)
    assert not Case.objects.filter(received_at__isnull=False).exists()
