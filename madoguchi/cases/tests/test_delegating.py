"""代理人: given, accepted, recorded, ended; and what an agent may do with it, and what not."""

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from madoguchi.cases import actions, jobs
from madoguchi.cases import queries as cases
from madoguchi.cases.actions import Wish, telling
from madoguchi.cases.models import Case, Mandate, Remark
from madoguchi.cases.queries.handout import handed_out, holdings
from madoguchi.cases.queries.persons import Sought
from madoguchi.cases.tests.conftest import Staff, flat, somebody
from madoguchi.cases.tests.test_speaking import ANSWERS
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.following import FOLLOWERS
from madoguchi.events.models import Event
from madoguchi.facts.actions import state
from madoguchi.facts.models import Invitation, Source
from madoguchi.facts.queries import (
    NoBasis,
    code_of,
    given_by,
    given_to,
    held_back,
    known,
    members_of,
    names_of_agents,
)
from madoguchi.facts.rules import Purpose, delegating
from madoguchi.facts.tests.ledger import recorded
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotAllowed, NotFound, Refused, Stale
from madoguchi.ground.ids import uuid7
from madoguchi.messages.models import Letter, Message
from madoguchi.messages.rules import codes
from madoguchi.people.actions import recognise
from madoguchi.people.models import Identity, Person
from madoguchi.people.queries import actor_of_person, business_of
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
    nameless = actor_of_person(recognise("https://idp.example", "nobody", "card", by=SYSTEM).pk, "card")
    state(person(nameless), {("person.full_name", ""): "見本　幼児"}, Source.CARD, by=nameless)
    with pytest.raises(Invalid) as refusal:
        record(nameless, daughter, clerk, **shown)
    assert "生年月日" in str(refusal.value.fields["kind"])
    assert given_by(nameless.who) == [], "it would never end"
    for until, last in ((None, dt.date(2033, 3, 9)), (dt.date(2050, 1, 1), dt.date(2033, 3, 9)),
                        (dt.date(2030, 1, 1), dt.date(2030, 1, 1))):  # fmt: skip
        record(child, daughter, clerk, **shown, until=until)
        assert given_by(child.who)[-1].until == last
    with clock.travel(dt.datetime(2033, 3, 9, 23, 59, tzinfo=clock.TOKYO)):
        assert len(given_to(daughter.who)) == 2, "to the end of the day before the birthday (民法4条)"
    with clock.travel(dt.datetime(2033, 3, 10, 0, 0, tzinfo=clock.TOKYO)):
        assert given_by(child.who) == given_to(daughter.who) == []


@pytest.mark.parametrize(
    ("born", "last"),
    [("2012-02-29", dt.date(2030, 2, 28)), ("2012-03-01", dt.date(2030, 2, 28)), ("2012-01-01", dt.date(2029, 12, 31))],
)
def test_the_last_day_of_a_minor(born: str, last: dt.date) -> None:
    assert delegating.last_day(dt.date.fromisoformat(born), delegating.OF_AGE) == last


def test_a_guardian_speaks_in_what_the_court_has_named(mother: Actor, daughter: Actor, staff: Staff) -> None:
    clerk = staff("elderly-care", "elderly-care-clerk")
    wish = Wish(kind="guardian", procedures=[CARE], shows=True, letters=True)
    actions.record_at_counter(person(mother), person(daughter), wish, by=clerk, proof="guardianship", evidence="b" * 64)
    [one] = given_by(mother.who)
    assert (one.until, one.procedures, one.is_statutory) == (None, frozenset({CARE}), True)
    begin(daughter, one)
    with pytest.raises(Invalid, match="範囲"):
        begin(daughter, one, "care-plan-request")
    assert Case.objects.count() == 1


def test_a_child_names_no_agent(daughter: Actor, published: dict[str, Procedure]) -> None:
    """Whoever has parental authority has the code of the card."""
    today = clock.today()
    child = somebody("見本　小桃", today.replace(year=today.year - 14).isoformat())
    with pytest.raises(NotAllowed, match="15歳"):
        give(child)
    assert not Invitation.objects.exists()
    give(somebody("見本　大樹", (today.replace(year=today.year - 15)).isoformat()))
    assert Invitation.objects.count() == 1


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


@pytest.mark.parametrize("how", ["ended", "expired", "protected"])
def test_after_the_end_an_agent_sees_nothing_of_it(mother: Actor, daughter: Actor, how: str) -> None:
    one = delegate(mother, daughter)
    case = filled(daughter, one)
    actions.submit(case, by=daughter)
    said = telling.tell(case, "received", event=uuid7(), by=SYSTEM)
    letter = Letter.objects.create(
        number="1", fiscal_year=2026, kind="decision", title="見本の決定書", template="x", code=codes.new_code(),
        digest="d" * 64, person=person(daughter), about=case.pk, issued_at=clock.now(),
    )  # fmt: skip
    draft = begin(daughter, one)
    assert {row.pk for row in cases.own_cases(daughter)} == {case.pk, draft.pk}
    assert cases.unread(daughter) == 2
    moment = clock.now()
    if how == "ended":
        actions.end_delegation(one, by=mother)
    elif how == "protected":
        protect(mother)
    else:
        moment += dt.timedelta(days=400)
    with clock.travel(moment):
        assert not cases.own_cases(daughter).exists()
        with pytest.raises(NotAllowed, match="代理権の登録が終わったため"):
            cases.own_case(str(case.number), daughter)
        with pytest.raises(NotAllowed, match="代理権の登録が終わったため"):
            cases.own_draft(draft.pk, daughter)
        assert [row.number for row in cases.left_cases(daughter)] == [case.number], "that she did, and no more"
        assert cases.inbox(daughter) == []
        assert cases.unread(daughter) == 0
        with pytest.raises(NotFound):
            cases.own_message(said.pk, daughter)
        before = Case.objects.filter(pk__in=[case.pk, draft.pk]).order_by("pk").values()
        was, remarks = list(before), Remark.objects.count()
        deeds: list[Callable[[], object]] = [
            lambda: actions.write(case, "教えて", by=daughter),
            lambda: actions.read_thread(case, by=daughter),
            lambda: actions.save_section(draft, "insured", {}, by=daughter),
            lambda: actions.begin_upload(draft, "x", "a.pdf", 9, by=daughter),
        ]
        for deed in deeds:
            with pytest.raises(NotAllowed):
                deed()
        assert (list(before.all()), Remark.objects.count()) == (was, remarks)
        kept = b"".join(handed_out(person(daughter), by=daughter, at=clock.now(), language="ja"))
        held = holdings(person(daughter))
        assert (held.cases, held.letters, held.messages) == (0, 0, 0)
        with zipfile.ZipFile(io.BytesIO(kept)) as archive:
            assert str(case.number) not in archive.read("data.json").decode()
            assert letter.title not in archive.read("index.html").decode()
        # From now on its principal is told, and reads it where it stands for them.
        told = telling.tell(case, "decided", event=uuid7(), by=SYSTEM)
        assert told.person_id == mother.who
        assert f"/by-proxy/{case.number}/" in told.body


def test_a_principal_hears_of_an_agent(mother: Actor, daughter: Actor, staff: Staff) -> None:
    address = "hanako@example.jp"
    Identity.objects.create(person=person(mother), issuer="mailto:", subject=address, level="contact")

    def heard() -> list[tuple[str, str]]:
        for event in Event.objects.filter(outcome="done").order_by("id"):
            if event.verb in follows:
                jobs.tell_principal(event.pk)
        rows = Message.objects.filter(person=mother.who).order_by("created_at")
        return [(row.template.removeprefix("delegation-"), row.address) for row in rows]

    follows = FOLLOWERS.get("cases.tell_principal").verbs
    one = delegate(mother, daughter)
    assert heard() == [("given", address)]
    begin(daughter, one)
    begin(daughter, one)
    assert heard() == [("given", address), ("used", address)], "once, when it is used first"
    actions.end_delegation(one, by=daughter)
    record(mother, daughter, staff("residents", "residents-clerk"), kind="agent", proof="mandate")
    assert [template for template, _ in heard()] == ["given", "used", "ended", "given"]
    assert not Message.objects.filter(person=daughter.who).exists()
    assert not any("桃子" in row.body + row.subject for row in Message.objects.all()), "a mail names nobody"


def test_a_delegation_that_has_run_out_is_told_of_once(mother: Actor, daughter: Actor) -> None:
    one, ended = delegate(mother, daughter), delegate(mother, daughter)
    actions.end_delegation(ended, by=mother)
    assert one.until is not None
    last = dt.datetime.combine(one.until, dt.time(12), clock.TOKYO)
    with clock.travel(last):
        assert given_by(mother.who) == [one]
        assert jobs.tell_of_what_ran_out() == 0, "its last day is still one of it"
    with clock.travel(last + dt.timedelta(days=1)):
        assert given_by(mother.who) == []
        assert jobs.tell_of_what_ran_out() == 1
        assert jobs.tell_of_what_ran_out() == 0
        event = Event.objects.get(verb="delegation.run-out")
        assert event.data == {"delegation": str(one.id), "resident": str(mother.who)}
        jobs.tell_principal(event.pk)
    assert Message.objects.get(template="delegation-ended").person_id == mother.who


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


# -- an office --------------------------------------------------------------------------------------------------------

NUMBER = "2770100001"
#: 国税庁 (法人番号公表サイト): its first digit checks the others.
COMPANY = "7000012050002"


def member(clerk: Actor, name: str, **change: Any) -> Actor:
    """Somebody who acts for the office."""
    by = somebody(name, "1980-05-05")
    told: dict[str, Any] = {"months": 12, "evidence": "c" * 64} | change
    actions.record_member(told.pop("number", NUMBER), "ケアプラン見本", person(by), by=clerk, **told)
    return by


def to_office(**change: Any) -> Wish:
    told: dict[str, Any] = {"kind": "care_manager", "procedures": [CARE], "shows": True, "letters": True, "months": 12}
    return Wish(**told | {"number": "２７７０-100001"} | change)


def test_an_office_acts_through_whoever_acts_for_it(mother: Actor, daughter: Actor, staff: Staff) -> None:
    clerk = staff("elderly-care", "elderly-care-clerk")
    first, second = member(clerk, "見本　健一"), member(clerk, "見本　恵子")
    invitation = give(mother, to_office())
    assert (invitation.name, invitation.office, invitation.number) == ("", "ケアプラン見本", NUMBER)
    with pytest.raises(NotFound, match="事業所"):
        actions.accept(invitation, by=daughter)
    assert given_by(mother.who) == []
    actions.accept(invitation, by=first)
    [one] = given_by(mother.who)
    assert (one.agent, one.agent_name, one.number) == (business_of(NUMBER), "ケアプラン見本", NUMBER)
    case = filled(second, one)
    actions.submit(case, by=second)
    mandate = Mandate.objects.get(case=case)
    assert (case.person_id, mandate.office, mandate.number) == (second.who, "ケアプラン見本", NUMBER)
    assert case.answers["proxy_name"] == "見本　恵子", "who of them has done it"
    keys = ["person.registered_address"]
    purpose = Purpose("represent", CARE, case=case.pk)
    assert known(mother.who, keys, purpose, by=second)
    read = Event.objects.filter(verb="facts.read", subject_id=mother.who, actor_id=second.who, outcome="done")
    assert {one.data["purpose"] for one in read} == {"represent"}
    assert names_of_agents(mother)[second.who] == "見本　恵子（ケアプラン見本）"
    assert not cases.own_cases(first).exists(), "each sees what they have begun"
    # Whoever leaves the office acts for it no more, and sees nothing of it.
    leaves = next(held for held in members_of(one.agent) if held.agent == second.who)
    actions.end_delegation(leaves, by=clerk)
    assert not cases.own_cases(second).exists()
    with pytest.raises(NotFound):
        begin(second, one)
    with pytest.raises(NoBasis):
        known(mother.who, keys, purpose, by=second)
    begin(first, one)
    with pytest.raises(NotAllowed):
        actions.end_delegation(one, by=second)
    assert given_by(mother.who) == [one]
    actions.end_delegation(one, by=first)
    assert given_by(mother.who) == given_to(first.who)[1:] == []


def test_a_company_is_entrusted_by_its_corporate_number(mother: Actor, staff: Staff) -> None:
    clerk = staff("elderly-care", "elderly-care-clerk")
    first = member(clerk, "見本　健一", number="7-0000-1205-0002")
    actions.accept(give(mother, to_office(kind="business", number="７０００012050002", procedures=["*"])), by=first)
    [one] = given_by(mother.who)
    assert (one.agent, one.kind, one.number) == (business_of(COMPANY), "business", COMPANY)
    assert begin(first, one, "change-of-address").answers["proxy_relation"] == "agent"


@pytest.mark.parametrize("number", ["277010000", "27701000011", "abcdefghij", "2770109999", "8000012050002"])
def test_an_office_that_nobody_acts_for_is_not_invited(mother: Actor, staff: Staff, number: str) -> None:
    member(staff("elderly-care", "elderly-care-clerk"), "見本　健一")
    with pytest.raises(Invalid) as refusal:
        give(mother, to_office(number=number))
    assert set(refusal.value.fields) == {"number"}
    assert not Invitation.objects.exists()


def test_the_counter_entrusts_an_office(mother: Actor, staff: Staff) -> None:
    clerk = staff("elderly-care", "elderly-care-clerk")
    first = member(clerk, "見本　健一")
    for wish in (to_office(number=""), to_office(number="2770109999")):
        with pytest.raises(Invalid):
            actions.record_at_counter(person(mother), None, wish, by=clerk, proof="in-person")
    assert given_by(mother.who) == []
    actions.record_at_counter(person(mother), None, to_office(), by=clerk, proof="in-person")
    [one] = given_by(mother.who)
    assert (one.agent, one.office, one.source) == (business_of(NUMBER), "ケアプラン見本", Source.STAFF)
    assert begin(first, one).person_id == first.who


def test_who_acts_for_an_office_is_recorded_by_a_paper_and_once(daughter: Actor, staff: Staff) -> None:
    clerk = staff("elderly-care", "elderly-care-clerk")
    for change in ({"evidence": ""}, {"months": 2}, {"number": "1"}):
        with pytest.raises(Invalid):
            member(clerk, "見本　健一", **change)
    for by in (staff("environment", "environment-clerk"), daughter, SYSTEM):
        with pytest.raises(NotAllowed):
            actions.record_member(NUMBER, "ケアプラン見本", person(daughter), by=by, months=12, evidence="c" * 64)
    assert business_of(NUMBER) is None
    first = member(clerk, "見本　健一")
    with pytest.raises(Stale):
        actions.record_member(NUMBER, "", person(first), by=clerk, months=12, evidence="c" * 64)
    business = business_of(NUMBER)
    assert business is not None
    assert len(members_of(business)) == 1
    row = procedures.current(CARE)
    assert row is not None
    assert cases.principals(row, first) == [], "for the office itself they begin nothing"


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


def test_an_agent_tells_no_company(mother: Actor, daughter: Actor) -> None:
    """What they were entrusted with are procedures of the city, and no contracts."""
    row = procedures.current("moving")
    assert row is not None
    journey = Case.objects.create(procedure=row, person_id=daughter.who, subject_id=mother.who, section="residents",
                                  answers={"what": "within"})  # fmt: skip
    with pytest.raises(NotAllowed, match="契約"):
        actions.choose_companies(journey, {"sample-power": ""}, by=daughter)
    assert not journey.services.exists()
    assert refused("service.choose") == ["company-by-agent"]
    actions.choose_companies(journey, {}, by=daughter)
    assert all(offer.partner is None for offer in cases.company_offers(journey))
