"""連署: only whoever was named confirms, only what was seen, only once; the office begins when all have."""

import datetime as dt
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from madoguchi.cases import actions, jobs, queries
from madoguchi.cases.actions import asking
from madoguchi.cases.models import Case, Correction, Cosigner, State, Step, Timer
from madoguchi.cases.tests.conftest import Staff, fill_in, named, somebody
from madoguchi.cases.tests.test_examples import answer
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.facts.actions import state
from madoguchi.facts.models import Source
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotAllowed, NotFound, Stale
from madoguchi.ground.ids import uuid7
from madoguchi.messages.models import Message
from madoguchi.people.actions import recognise
from madoguchi.people.models import Person
from madoguchi.people.queries import actor_of_person
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules.examples import answers_of
from madoguchi.procedures.rules.flow import compile_flow
from madoguchi.procedures.rules.format import Procedure as Format
from madoguchi.procedures.tests.shipped import catalogue

pytestmark = pytest.mark.django_db

ON = dt.date(2026, 11, 10)
NAME, BORN = "見本 太郎", "1988-11-03"


@pytest.fixture
def now() -> Iterator[None]:
    with clock.travel(ON):
        yield


@pytest.fixture
def asked(now: None, published: dict[str, Procedure], resident: Actor) -> Case:
    """An application for a place, sent; the partner has not confirmed."""
    case = actions.open_draft(published["childcare-place"], by=resident)
    answer(case, answers_of(catalogue().packages["childcare-place"].examples["second-wish-offered"]), resident)
    actions.submit(case, by=resident, email="hanako@example.jp")
    case.refresh_from_db()
    return case


@pytest.fixture
def partner(now: None) -> Actor:
    return somebody(NAME, BORN)


def the_one(case: Case) -> Cosigner:
    return Cosigner.objects.select_related("case__procedure").get(case=case, over_at=None)


def everything() -> list[Any]:
    """All that an act of this could change."""
    rows = [list(model._default_manager.order_by("pk").values()) for model in (Case, Cosigner, Correction, Step)]
    return [*rows, Message.objects.count()]


def test_the_office_waits_and_begins_when_the_partner_has_confirmed(
    asked: Case, partner: Actor, resident: Actor, staff: Staff
) -> None:
    clerk = staff("children", "children-clerk")
    assert asked.state == State.COSIGNING
    assert queries.standing(asked).turn == "cosigner"
    assert queries.listing("mine", clerk) == []
    assert [line.case.pk for line in queries.listing("waiting", clerk)] == [asked.pk]
    one = the_one(asked)
    message = Message.objects.get(template="cosign-asked")
    assert (message.address, message.person_id) == ("taro@example.jp", None)
    assert f"/cosign/{one.pk}/" in message.body
    assert not any(told in message.body + message.subject for told in ("見本", "二葉", asked.number or "-"))
    promised = asked.due_on
    with clock.travel(procedures.calendar().add(ON, 3)):
        actions.cosign(one, seen=one.digest, by=partner)
    asked.refresh_from_db()
    one.refresh_from_db()
    assert asked.state == State.RECEIVED
    assert promised is not None
    assert asked.due_on == procedures.calendar().add(promised, 3)
    assert (one.level, one.agreed) == ("card", ["birthday", "name"])
    (work,) = queries.listing("mine", clerk)
    assert work.steps[0].kind == "examine"
    event = Event.objects.get(verb="case.cosign")
    assert (event.outcome, event.reason, event.actor_id) == ("done", "named", partner.id)
    assert "見本" not in str(event.data)
    assert "taro" not in str(list(Event.objects.values_list("data", flat=True)))
    jobs.tell_applicant(event.pk)
    assert Message.objects.filter(template="cosigned", address="hanako@example.jp").count() == 1


def strangers(resident: Actor) -> dict[str, Actor]:
    plain = somebody(NAME, BORN, "contact")
    told = recognise("https://idp.example", str(uuid7()), "card", by=SYSTEM)
    claims = actor_of_person(told.pk, "card")
    said = {("person.full_name", ""): NAME, ("person.date_of_birth", ""): BORN}
    state(Person(pk=told.pk), said, Source.SELF, by=claims)
    return {
        "another person": somebody("他人 一郎", "1970-01-01"),
        "the same name, born on another day": somebody(NAME, "1988-11-04"),
        "another name without a birthday": actor_of_person(_with_name("他人 一郎").who, "card"),
        "who only says so": claims,
        "not sure enough": plain,
        "the applicant": resident,
        "nobody we know": Actor("resident", uuid7(), level="card"),
        "a visitor": Actor("visitor"),
    }


def _with_name(name: str) -> Actor:
    person = recognise("https://idp.example", str(uuid7()), "card", by=SYSTEM)
    by = actor_of_person(person.pk, "card")
    state(person, {("person.full_name", ""): name}, Source.CARD, by=by)
    return by


@pytest.mark.parametrize(
    "who",
    [
        "another person",
        "the same name, born on another day",
        "another name without a birthday",
        "who only says so",
        "not sure enough",
        "the applicant",
        "nobody we know",
        "a visitor",
    ],
)
def test_nobody_else_confirms_or_sees_it(asked: Case, resident: Actor, staff: Staff, who: str) -> None:
    by = strangers(resident)[who]
    one, before = the_one(asked), everything()
    with pytest.raises(NotAllowed):
        actions.cosign(one, seen=one.digest, by=by)
    with pytest.raises(NotAllowed):
        actions.decline(one, "違います", by=by)
    assert everything() == before
    assert Event.objects.filter(outcome="refused", reason="not-allowed").count() == 2
    if who != "not sure enough":  # the page sends them to a stronger sign-in before it asks
        with pytest.raises(NotFound):
            queries.own_part(one.pk, by)
    if by.kind == "resident" and by.id != resident.id:
        with pytest.raises(NotFound):
            queries.own_case(asked.number or "", by)


def test_staff_do_not_confirm_for_anybody(asked: Case, staff: Staff) -> None:
    one, before = the_one(asked), everything()
    with pytest.raises(NotAllowed):
        actions.cosign(one, seen=one.digest, by=staff("children", "children-head"))
    assert everything() == before


def test_a_name_is_compared_as_it_is_meant(asked: Case) -> None:
    one = the_one(asked)
    assert actions.cosign(one, seen=one.digest, by=somebody("見本　太郎", BORN)).agreed == ["birthday", "name"]


def test_a_name_that_differs_with_the_right_birthday_is_noted(asked: Case) -> None:
    one = the_one(asked)
    assert actions.cosign(one, seen=one.digest, by=somebody("別姓 太郎", BORN)).agreed == ["birthday"]


def test_who_was_named_sees_their_part_and_no_more(asked: Case, partner: Actor) -> None:
    one = queries.own_part(the_one(asked).pk, partner)
    part = queries.part_of(one.case, one, procedures.package(asked.procedure))
    assert {cell.path for cell in part.cells} == {
        *("child.full_name", "start_on", "spouse.full_name", "spouse.date_of_birth"),
        *("spouse.care_reason", "spouse.work_hours", "partner_work_proof"),
    }
    held = {one.path: one for one in asked.documents.all()}
    assert queries.content_of_part(one, held["partner_work_proof"].pk)[0].pk == held["partner_work_proof"].pk
    with pytest.raises(NotFound):
        queries.content_of_part(one, held["guardian_work_proof"].pk)
    assert list(queries.own_cases(partner)) == []


def test_pressed_twice_it_is_confirmed_once(asked: Case, partner: Actor) -> None:
    one = the_one(asked)
    actions.cosign(one, seen=one.digest, by=partner)
    before = everything()
    actions.cosign(one, seen=one.digest, by=partner)
    with pytest.raises(Stale):
        actions.decline(one, "やっぱり違います", by=partner)
    assert everything() == before
    assert Step.objects.filter(case=asked, kind="cosign").count() == 1


@pytest.mark.parametrize("seen", ["", "0" * 64])
def test_only_what_was_seen_is_confirmed(asked: Case, partner: Actor, seen: str) -> None:
    before = everything()
    with pytest.raises(Stale, match="内容が変わって"):
        actions.cosign(the_one(asked), seen=seen, by=partner)
    assert everything() == before


def test_no_with_words_gives_it_back_and_the_new_part_is_asked_about_anew(
    asked: Case, partner: Actor, resident: Actor
) -> None:
    one = the_one(asked)
    before = everything()
    with pytest.raises(Invalid):
        actions.decline(one, "　", by=partner)
    assert everything() == before
    wrong = ["spouse.work_hours", "person.work_hours"]
    actions.decline(one, "就労時間が違います。1か月120時間です。", wrong, by=partner)
    asked.refresh_from_db()
    assert asked.state == State.RETURNED
    assert asked.cosigning_at is None
    event = Event.objects.get(verb="case.decline-cosigning", outcome="done")
    assert event.data["fields"] == ["spouse.work_hours"]  # what is not of the part is no business of theirs
    jobs.tell_applicant(event.pk)
    assert Message.objects.filter(template="returned", address="hanako@example.jp").count() == 1
    assert set(queries.open_corrections(asked)) == {"spouse.work_hours", "partner_email"}
    actions.save_section(asked, "partner", {"spouse.work_hours": ["120"]}, by=resident)
    actions.submit(asked, by=resident)
    asked.refresh_from_db()
    assert asked.state == State.COSIGNING
    with pytest.raises(NotFound):  # the old link is dead
        queries.own_part(one.pk, partner)
    with pytest.raises(Stale):
        actions.cosign(one, seen=one.digest, by=partner)
    fresh = the_one(asked)
    assert fresh.pk != one.pk
    with pytest.raises(Stale):  # what was seen before does not stand for what is there now
        actions.cosign(fresh, seen=one.digest, by=partner)
    actions.cosign(fresh, seen=fresh.digest, by=partner)
    asked.refresh_from_db()
    assert asked.state == State.RECEIVED
    assert [one.words for one in queries.asked_before(asked)] == ["就労時間が違います。1か月120時間です。"]


def returned(case: Case, clerk: Actor, path: str) -> None:
    step = case.steps.select_related("case").get(kind="examine", done_at=None)
    actions.examine(step, "return", by=clerk, corrections={path: "直してください。"})
    case.refresh_from_db()


def test_a_correction_asks_again_only_where_it_touches_the_part(
    asked: Case, partner: Actor, resident: Actor, staff: Staff
) -> None:
    clerk = staff("children", "children-clerk")
    one = the_one(asked)
    actions.cosign(one, seen=one.digest, by=partner)
    returned(asked, clerk, "person.work_hours")
    actions.save_section(asked, "guardian", {"person.work_hours": ["150"]}, by=resident)
    actions.submit(asked, by=resident)
    asked.refresh_from_db()
    assert asked.state == State.RECEIVED
    assert the_one(asked).pk == one.pk
    returned(asked, clerk, "spouse.work_hours")
    actions.save_section(asked, "partner", {"spouse.work_hours": ["100"]}, by=resident)
    actions.submit(asked, by=resident)
    asked.refresh_from_db()
    assert asked.state == State.COSIGNING
    assert the_one(asked).pk != one.pk
    assert not asked.steps.filter(kind="examine", done_at=None).exists()


def test_the_link_is_sent_again_so_often_and_no_more(asked: Case, resident: Actor) -> None:
    def mails() -> int:
        return Message.objects.filter(template="cosign-asked").count()

    one, before = the_one(asked), everything()
    with pytest.raises(Stale, match="1日たってから"):
        actions.ask_cosigner(one, by=resident)
    assert everything() == before
    sent = 1
    for day in range(1, asking.MOST_ABOUT_ONE + 2):
        with clock.travel(ON + dt.timedelta(days=day, hours=1)):
            if sent < asking.MOST_ABOUT_ONE:
                actions.ask_cosigner(one, by=resident)
                sent += 1
            else:
                with pytest.raises(Stale, match="これ以上"):
                    actions.ask_cosigner(one, by=resident)
    assert mails() == asking.MOST_ABOUT_ONE


def test_another_address_is_written_to_and_stands_in_the_answers(asked: Case, resident: Actor, partner: Actor) -> None:
    one, before = the_one(asked), everything()
    with pytest.raises(Invalid):
        actions.ask_cosigner(one, address="だれか", by=resident)
    with pytest.raises(NotAllowed):
        actions.ask_cosigner(one, address="x@example.jp", by=partner)
    assert everything() == before
    actions.ask_cosigner(one, address="Taro.2@Example.jp", by=resident)
    asked.refresh_from_db()
    assert asked.answers["partner_email"] == "taro.2@example.jp"
    mails = Message.objects.filter(template="cosign-asked")
    assert sorted(mails.values_list("address", flat=True)) == ["taro.2@example.jp", "taro@example.jp"]
    one.refresh_from_db()
    actions.cosign(one, seen=one.digest, by=partner)
    with pytest.raises(Stale):
        actions.ask_cosigner(one, by=resident)


def test_an_address_that_many_name_gets_few_mails_a_day(asked: Case, published: dict[str, Procedure]) -> None:
    given = answers_of(catalogue().packages["childcare-place"].examples["second-wish-offered"])
    for _ in range(4):
        person = recognise("https://idp.example", str(uuid7()), "card", by=SYSTEM)
        by = actor_of_person(person.pk, "card")
        case = actions.open_draft(published["childcare-place"], by=by)
        answer(case, given, by)
        actions.submit(case, by=by)
        assert case.number  # nobody's request fails for it
    assert Message.objects.filter(template="cosign-asked").count() == asking.MOST_PER_ADDRESS
    unsent = Cosigner.objects.filter(sent_at=None)
    assert unsent.count() == 2
    with pytest.raises(Stale, match="このメールアドレスには"):
        actions.ask_cosigner(unsent[0], by=actor_of_person(unsent[0].case.person_id, "card"))


def test_when_the_time_is_up_the_link_goes_again(asked: Case, partner: Actor) -> None:
    timer = Timer.objects.select_related("step__case").get(step__case=asked, fired_at=None)
    with clock.travel(timer.due_at):
        actions.fire(timer, by=SYSTEM)
        actions.fire(timer, by=SYSTEM)
        assert Message.objects.filter(template="cosign-asked").count() == 2
        asked.refresh_from_db()
        assert asked.state == State.COSIGNING
        one = the_one(asked)
        actions.cosign(one, seen=one.digest, by=partner)


def test_of_a_withdrawn_request_nothing_is_confirmed(asked: Case, partner: Actor, resident: Actor) -> None:
    one = the_one(asked)
    actions.withdraw(asked, by=resident)
    asked.refresh_from_db()
    assert asked.state == State.WITHDRAWN
    before = everything()
    with pytest.raises(Stale):
        actions.cosign(one, seen=one.digest, by=partner)
    with pytest.raises(Stale):
        actions.ask_cosigner(one, by=resident)
    with pytest.raises(NotFound):
        queries.own_part(one.pk, partner)
    assert everything() == before


def test_whoever_brings_up_the_child_alone_asks_nobody(
    now: None, published: dict[str, Procedure], resident: Actor
) -> None:
    case = actions.open_draft(published["childcare-place"], by=resident)
    answer(case, answers_of(catalogue().packages["childcare-place"].examples["single-parent-offered"]), resident)
    actions.submit(case, by=resident)
    case.refresh_from_db()
    assert case.state == State.RECEIVED
    assert not Cosigner.objects.exists()
    assert not case.steps.filter(kind="cosign").exists()


def test_the_history_says_who_and_the_record_goes_with_the_case(
    asked: Case, partner: Actor, resident: Actor, staff: Staff
) -> None:
    one = the_one(asked)
    actions.cosign(one, seen=one.digest, by=partner)
    told = [(line.event.verb, line.who, line.node) for line in queries.history(asked)]
    assert ("case.cosign", "連署する方", "partner") in told
    assert ("case.ask-cosigner", "システム", "partner") in told
    actions.withdraw(asked, by=resident)
    asked.refresh_from_db()
    assert asked.keep_until is not None
    with clock.travel(asked.keep_until + dt.timedelta(days=1)):
        actions.delete(asked, by=SYSTEM)
    assert not Cosigner.objects.exists()
    assert Person.objects.filter(pk=partner.who).exists()


# -- several at a time: everybody who stands in a row ---------------------------------------------------------------


@pytest.fixture
def co_owners(now: None, rows: Procedure, resident: Actor) -> Case:
    case = actions.open_draft(rows, by=resident)
    owners: list[dict[str, Any]] = [
        {
            "owner_name": f"見本 {name}",
            "owner_born": f"19{80 + number}-01-01",
            "owner_email": f"owner{number}@example.jp",
        }
        for number, name in enumerate(("一郎", "二郎", "三郎"))
    ]
    owners[2] |= {"owner_adult": False}
    fill_in(case, {"what": "物置", "owner": [{"owner_adult": True, **one} for one in owners]}, resident)
    actions.submit(case, by=resident)
    return case


@pytest.fixture
def rows(published: dict[str, Procedure]) -> Procedure:
    """A procedure in which everybody who stands in a row confirms, but children."""
    row = published["dog-registration"]
    data = row.data
    data["procedure"] |= {
        "asks": [
            {"section": {"ja": "物"}, "id": "thing", "ask": [{"ask": "what", "type": "text", "label": {"ja": "物"}}]},
            {
                "section": {"ja": "持ち主"},
                "id": "owners",
                "each": "owner",
                "ask": [
                    {"ask": "owner_name", "type": "text", "label": {"ja": "氏名"}},
                    {"ask": "owner_born", "type": "date", "label": {"ja": "生年月日"}},
                    {"ask": "owner_adult", "type": "yes_no", "label": {"ja": "18歳以上"}},
                    {"ask": "owner_email", "type": "email", "label": {"ja": "メール"}, "when": "owner.owner_adult"},
                ],
            },
        ],
        "gates": [],
        "flow": [
            {
                "cosign": {
                    "id": "owners",
                    "name": "owner.owner_name",
                    "birthday": "owner.owner_born",
                    "email": "owner.owner_email",
                    "shows": ["what", "owner.owner_name"],
                    "states": {"ja": "間違いありません。"},
                    "deadline": {"business_days": 5, "then": "withdraw"},
                }
            },
            {"examine": {"by": "office"}},
        ],
    }
    graph = compile_flow(Format.model_validate(data["procedure"], strict=False)).as_json()
    row.pk, row.code, row.data, row.graph, row.digest = uuid7(), "co-owners", data, graph, "0" * 64
    row.save(force_insert=True)
    return row


def test_everybody_in_a_row_confirms_and_children_are_not_asked(co_owners: Case) -> None:
    first, second = Cosigner.objects.filter(case=co_owners).order_by("row")
    actions.cosign(first, seen=first.digest, by=named(first))
    co_owners.refresh_from_db()
    assert co_owners.state == State.COSIGNING
    part = queries.part_of(co_owners, second, procedures.package(co_owners.procedure))
    assert part.paths == ("what", "owner.1.owner_name")  # of the others nothing
    actions.cosign(second, seen=second.digest, by=named(second))
    co_owners.refresh_from_db()
    assert co_owners.state == State.RECEIVED


def test_one_person_does_not_confirm_for_two(co_owners: Case) -> None:
    first, second = Cosigner.objects.filter(case=co_owners).order_by("row")
    by = named(first)
    actions.cosign(first, seen=first.digest, by=by)
    before = everything()
    with pytest.raises(NotAllowed):
        actions.cosign(second, seen=second.digest, by=by)
    assert everything() == before


def test_who_has_confirmed_need_not_again_because_another_did_not(co_owners: Case, resident: Actor) -> None:
    first, second = Cosigner.objects.filter(case=co_owners).order_by("row")
    actions.cosign(first, seen=first.digest, by=named(first))
    actions.decline(second, "名前が違います。", ["owner.1.owner_name"], by=named(second))
    co_owners.refresh_from_db()
    actions.save_section(co_owners, "owners", {"owner.1.owner_name": ["見本 次郎"]}, by=resident)
    actions.submit(co_owners, by=resident)
    again = Cosigner.objects.filter(case=co_owners, over_at=None).order_by("row")
    assert next(one.pk for one in again) == first.pk
    assert [one.confirmed_at is None for one in again] == [False, True]


def test_when_the_time_is_up_it_may_lapse(co_owners: Case) -> None:
    timer = Timer.objects.select_related("step__case").get(step__case=co_owners, fired_at=None)
    with clock.travel(timer.due_at):
        actions.fire(timer, by=SYSTEM)
    co_owners.refresh_from_db()
    assert (co_owners.state, co_owners.cosigning_at) == (State.WITHDRAWN, None)


@pytest.mark.django_db(transaction=True)
def test_two_confirm_at_the_same_moment(co_owners: Case) -> None:
    asked = list(Cosigner.objects.select_related("case__procedure").filter(case=co_owners).order_by("row"))
    people = [named(one) for one in asked]
    ready, errors = threading.Barrier(2), []

    def confirm(one: Cosigner, by: Actor) -> None:
        try:
            with clock.travel(ON):
                ready.wait(10)
                actions.cosign(one, seen=one.digest, by=by)
        except Exception as error:  # noqa: BLE001 -- whatever it is, the test tells it
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=confirm, args=pair) for pair in zip(asked, people, strict=True)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    assert errors == []
    co_owners.refresh_from_db()
    assert co_owners.state == State.RECEIVED
    assert co_owners.steps.filter(kind="examine").count() == 1
    assert Event.objects.filter(verb="case.cosign", data__complete=True).count() == 1
