"""Companies that are told of a life event: by consent one by one, fetched by whom it was sent to, answered in order."""

import datetime as dt
from typing import Any

import pytest

from madoguchi.cases import actions, jobs
from madoguchi.cases import queries as cases
from madoguchi.cases.actions import keeping
from madoguchi.cases.models import Case, Service, Step
from madoguchi.cases.queries import companies, known, usage
from madoguchi.cases.tests.conftest import Staff
from madoguchi.cases.tests.test_journeys import begin, complete
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.facts.queries import everything
from madoguchi.facts.rules import Purpose
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotAllowed, NotFound, Refused, Stale
from madoguchi.ground.ids import uuid7
from madoguchi.messages.models import Message
from madoguchi.people.actions import change_partner, close_partner, open_partner
from madoguchi.people.actions.webhooks import subscribe
from madoguchi.people.models import Delivery, Partner
from madoguchi.people.queries import actor_of_partner
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules import journeys
from madoguchi.procedures.rules.form import form_of
from madoguchi.procedures.tests.shipped import catalogue

pytestmark = pytest.mark.django_db
Published = dict[str, Procedure]
POWER, BANK = "sample-power", "sample-bank"


def system_of(*names: str, scopes: tuple[str, ...] = ("services:answer", "webhooks:manage")) -> Actor:
    """The system that takes what is handed over to these companies."""
    return actor_of_partner(open_partner("見本の会社", "residents", scopes, ["moving"], companies=names, by=SYSTEM))


@pytest.fixture
def filled(published: Published, resident: Actor) -> Case:
    """引越し, filled in and not sent."""
    journey = begin(resident, new_dog=False)
    (moving,) = actions.open_parts(journey, ["change-of-address"], by=resident)
    complete(moving, resident)
    return Case.objects.get(pk=journey.pk)


def sent(journey: Case, by: Actor, company: str = POWER) -> Service:
    """The life event is sent with a consent to one company."""
    actions.choose_companies(journey, {company: "123-4560"}, by=by)
    actions.submit_parts(journey, by=by)
    return Service.objects.get(case=journey, company=company)


def said(state: str = "accepted", **more: Any) -> actions.Said:
    return actions.Said(state, more.pop("at", clock.now()), **more)  # type: ignore[arg-type]  # of the four


def consents(by: Actor) -> dict[str, Any]:
    """Company → what the ledger says now of the consent."""
    told = everything(by.who, Purpose("view"), by=by)
    newest: dict[str, Any] = {}
    for one in told:
        if one.key.startswith("consent.company."):
            newest.setdefault(one.key.removeprefix("consent.company."), one.value)
    return newest


def refused_and_unchanged(service: Service, error: type[Refused], act: Any) -> None:
    """The act is refused, the row stays as it was and nothing is told."""
    before = Service.objects.filter(pk=service.pk).values().first()
    done = Event.objects.filter(outcome="done").count()
    with pytest.raises(error):
        act()
    assert Service.objects.filter(pk=service.pk).values().first() == before
    assert Event.objects.filter(outcome="done").count() == done


def test_nobody_is_told_who_was_not_chosen(filled: Case, resident: Actor) -> None:
    system = system_of(POWER, BANK)
    assert not filled.services.exists(), "nothing is ticked beforehand"
    actions.choose_companies(filled, {POWER: "", BANK: "77"}, by=resident)
    assert consents(resident) == {POWER: True, BANK: True}
    assert {one.company: one.number for one in filled.services.all()} == {POWER: "", BANK: ""}, "a bank has no number"
    actions.choose_companies(filled, {POWER: "123"}, by=resident)
    assert consents(resident) == {POWER: True, BANK: False}
    actions.submit_parts(filled, by=resident)
    (one,) = companies.partner_services(system)
    assert (one.company, one.number, one.state) == (POWER, "123", "sent")
    assert one.hands == {
        "full_name": "見本 花子",
        "full_name_kana": "ミホン　ハナコ",
        "old_address": "大阪府大東市谷川一丁目1番1号",
        "new_address": "大阪府大東市灰塚二丁目2番2号",
        "happens_on": "2026-11-20",
        "phone": "072-000-0000",
    }
    steps = dict(Step.objects.filter(case=filled, kind="tell").values_list("node", "outcome"))
    assert steps["tell-electricity"] == "done"
    assert steps["tell-bank"] == "left-out"


def test_what_cannot_be_told_is_not_chosen(filled: Case, resident: Actor, staff: Staff) -> None:
    offers = {one.tell.service: one for one in cases.company_offers(filled)}
    assert offers["electricity"].company is not None
    assert offers["electricity"].partner is None, "nobody has let its system in"
    system_of(POWER)
    for chosen in ({BANK: ""}, {"no-such": ""}, {POWER: "1" * 41}, {POWER: "\u202e1"}):
        with pytest.raises(Invalid):
            actions.choose_companies(filled, chosen, by=resident)
    for by in (Actor("resident", uuid7(), level="card"), staff("residents", "residents-clerk"), SYSTEM):
        with pytest.raises(NotAllowed):
            actions.choose_companies(filled, {POWER: ""}, by=by)
    assert not Service.objects.exists()
    assert consents(resident) == {}
    actions.submit_parts(filled, by=resident)
    with pytest.raises(Stale):
        actions.choose_companies(filled, {POWER: ""}, by=resident)
    assert not Service.objects.exists()


def test_a_company_elsewhere_is_not_offered(filled: Case, resident: Actor) -> None:
    moving = cases.journey_parts(filled)[0]
    moving.answers["person"]["registered_address"] = "奈良県奈良市登大路町30"
    moving.answers["new_address"] = {"text": "奈良県奈良市登大路町31"}
    moving.save()
    offers = {one.tell.service: one.company for one in cases.company_offers(filled)}
    assert offers["electricity"] is None, "it supplies 大東市"
    assert offers["internet"] is not None, "it supplies everywhere"


def test_its_system_is_told_once_with_an_id_alone(filled: Case, resident: Actor, settings: Any) -> None:
    system = system_of(POWER)
    other = system_of(BANK)
    for one in (system, other):
        subscribe(_partner(one), "https://core.example.jp/hook", ["service.asked"], by=one)
    service = sent(filled, resident)
    event = Event.objects.get(verb="case.submit-parts", outcome="done")
    jobs.tell_companies(event.pk)
    jobs.tell_companies(event.pk)
    (delivery,) = Delivery.objects.all()
    assert (delivery.about, delivery.subscription.partner_id, delivery.type) == (service.pk, system.id, "service.asked")


def test_it_is_fetched_and_answered_to_the_end(filled: Case, resident: Actor) -> None:
    system = system_of(POWER)
    service = sent(filled, resident)
    assert actions.read_service(service, by=system).hands["full_name"] == "見本 花子"
    actions.answer_service(service, said("asked", words="お電話ください。", telephone="0120-000-1"), by=system)
    assert companies.partner_service(service.pk, system).state == "asked"
    link = "https://www.sample-power.example.jp/orders"
    actions.answer_service(service, said(reference="P-1", link=link, at=clock.now()), by=system)
    row = companies.partner_service(service.pk, system)
    assert (row.state, row.words, row.reference, row.link) == ("accepted", "", "P-1", link)
    actions.answer_service(service, said("done", done_on=clock.today(), at=clock.now()), by=system)
    assert companies.partner_service(service.pk, system).state == "done"
    for event in Event.objects.filter(verb="service.answer", outcome="done"):
        jobs.tell_company_answer(event.pk)
        jobs.tell_company_answer(event.pk)
    told = Message.objects.filter(template="company-answered", about=filled.pk)
    assert told.count() == 3
    assert not any("お電話" in one.body or "P-1" in one.body for one in told)
    events = Event.objects.filter(subject_id=service.pk)
    assert not any("見本" in str(one.data) or "123-4560" in str(one.data) for one in events)


def test_only_whom_it_was_sent_to_reads_and_answers(filled: Case, resident: Actor, staff: Staff) -> None:
    system = system_of(POWER)
    bank = system_of(BANK)
    narrow = actor_of_partner(_partner(system), ["webhooks:manage"])
    service = sent(filled, resident)
    assert list(companies.partner_services(bank)) == list(companies.partner_services(narrow)) == []
    with pytest.raises(NotFound):
        companies.partner_service(service.pk, bank)
    for by in (bank, narrow, resident, staff("residents", "residents-clerk"), SYSTEM):
        refused_and_unchanged(service, NotAllowed, lambda by=by: actions.read_service(service, by=by))
        refused_and_unchanged(service, NotAllowed, lambda by=by: actions.answer_service(service, said(), by=by))


def _partner(by: Actor) -> Partner:
    return Partner.objects.get(pk=by.who)


def test_answers_that_cannot_be_are_refused(filled: Case, resident: Actor) -> None:
    system = system_of(POWER)
    service = sent(filled, resident)
    refused_and_unchanged(service, Stale, lambda: actions.answer_service(service, said(), by=system))  # not fetched
    actions.read_service(service, by=system)
    first = clock.now()
    actions.answer_service(service, said(at=first), by=system)
    hour = dt.timedelta(hours=1)
    wrong: list[tuple[type[Refused], actions.Said]] = [
        (Stale, said(at=first)),  # replayed
        (Stale, said("refused", words="x", at=first - dt.timedelta(seconds=1))),  # out of order
        (Invalid, said(at=clock.now() + hour)),
        (Invalid, said("asked")),  # for what?
        (Invalid, said("refused", words="あ" * 501)),
        (Invalid, said(reference="x" * 61)),
        (Invalid, said(words="\u202e逆")),
        (Invalid, said(link="https://sample-power.example.jp.evil.example/")),
        (Invalid, said(link="http://sample-power.example.jp/")),
        (Invalid, said(link="https://evil@sample-power.example.jp/")),
        (Invalid, said(link="javascript:alert(1)")),
        (Invalid, said(telephone="<b>1")),
        (Invalid, said("done", done_on=clock.today() + dt.timedelta(days=1))),
    ]
    for error, one in wrong:
        refused_and_unchanged(service, error, lambda one=one: actions.answer_service(service, one, by=system))
    actions.answer_service(service, said("refused", words="ご契約が見つかりません。"), by=system)
    for act in (
        lambda: actions.answer_service(service, said(), by=system),
        lambda: actions.read_service(service, by=system),
    ):
        refused_and_unchanged(service, Stale, act)
    assert Case.objects.get(pk=filled.pk).closed_at is None
    assert all(one.received_at for one in cases.journey_parts(filled)), "nothing else is held back"


def test_nobody_is_written_to_all_day(filled: Case, resident: Actor) -> None:
    system = system_of(POWER)
    service = sent(filled, resident)
    actions.read_service(service, by=system)
    for number in range(20):
        actions.answer_service(service, said(reference=f"P-{number}", at=clock.now()), by=system)
    refused_and_unchanged(service, Refused, lambda: actions.answer_service(service, said(at=clock.now()), by=system))
    with clock.travel(clock.now() + dt.timedelta(days=1, minutes=1)):
        actions.answer_service(service, said("done", at=clock.now()), by=system)


def test_a_consent_is_taken_back_until_it_was_fetched(filled: Case, resident: Actor) -> None:
    system = system_of(POWER)
    service = sent(filled, resident)
    stranger = Actor("resident", uuid7(), level="card")
    refused_and_unchanged(service, NotAllowed, lambda: actions.take_back_service(service, by=stranger))
    with pytest.raises(NotFound):
        cases.own_service(service.pk, stranger)
    assert cases.consented(resident) == {(str(filled.pk), POWER): service}
    actions.take_back_service(service, by=resident)
    assert consents(resident) == {POWER: False}
    assert cases.consented(resident)[str(filled.pk), POWER].state == "taken-back"
    assert list(companies.partner_services(system)) == []
    refused_and_unchanged(service, NotFound, lambda: actions.read_service(service, by=system))


def test_what_was_fetched_is_not_taken_back(filled: Case, resident: Actor) -> None:
    system = system_of(POWER)
    service = sent(filled, resident)
    actions.read_service(service, by=system)
    refused_and_unchanged(service, Stale, lambda: actions.take_back_service(service, by=resident))
    assert consents(resident) == {POWER: True}


def test_a_company_that_is_gone_holds_nothing_back(filled: Case, resident: Actor) -> None:
    system = system_of(POWER)
    actions.choose_companies(filled, {POWER: ""}, by=resident)
    close_partner(_partner(system), by=SYSTEM)
    actions.submit_parts(filled, by=resident)
    assert Case.objects.get(pk=filled.pk).received_at is not None
    row = Service.objects.get(case=filled)
    assert (row.state, row.hands, row.partner) == ("refused", {}, None)


def test_who_answers_for_a_company_no_more_gets_nothing_of_it(filled: Case, resident: Actor) -> None:
    system = system_of(POWER)
    service = sent(filled, resident)
    change_partner(_partner(system), ["services:answer"], ["moving"], [BANK], by=SYSTEM)
    assert list(companies.partner_services(system)) == []
    service = Service.objects.get(pk=service.pk)
    refused_and_unchanged(service, NotAllowed, lambda: actions.read_service(service, by=system))
    refused_and_unchanged(service, NotAllowed, lambda: actions.answer_service(service, said(), by=system))


def test_a_deleted_draft_takes_its_consents_along(filled: Case, resident: Actor) -> None:
    system_of(POWER)
    actions.choose_companies(filled, {POWER: "1"}, by=resident)
    actions.withdraw(filled, by=resident)
    assert not Service.objects.exists()
    assert consents(resident) == {POWER: False}


def test_the_next_life_event_begins_without_consents(filled: Case, resident: Actor, published: Published) -> None:
    system_of(POWER)
    sent(filled, resident)
    again = begin(resident, new_dog=True)
    assert again.pk != filled.pk
    assert cases.services_of(again) == []


def test_it_is_deleted_with_the_record(filled: Case, resident: Actor) -> None:
    system_of(POWER)
    sent(filled, resident)
    for one in cases.journey_parts(filled):
        actions.withdraw(one, by=resident)
    with clock.travel(clock.now() + dt.timedelta(days=3 * 366)):
        for case in cases.cases_to_delete():
            keeping.delete(case, by=SYSTEM)
        assert Case.objects.get(pk=filled.pk).erased_at is not None
    assert not Service.objects.exists()


def test_what_was_fetched_is_called_off_and_stopped(filled: Case, resident: Actor) -> None:
    system = system_of(POWER)
    subscribe(_partner(system), "https://core.example.jp/hook", ["service.asked", "service.called-off"], by=system)
    service = sent(filled, resident)
    refused_and_unchanged(service, Stale, lambda: actions.call_off_service(service, by=resident))  # not fetched yet
    actions.read_service(service, by=system)
    first = clock.now()
    actions.answer_service(service, said("asked", words="お電話ください。", at=first), by=system)
    refused_and_unchanged(service, Stale, lambda: actions.answer_service(service, said("stopped"), by=system))
    for by in (Actor("resident", uuid7(), level="card"), system):
        refused_and_unchanged(service, NotAllowed, lambda by=by: actions.call_off_service(service, by=by))
    actions.call_off_service(service, by=resident)
    actions.call_off_service(service, by=resident)
    row = Service.objects.get(pk=service.pk)
    assert (row.state, row.words) == ("called-off", "")
    assert consents(resident) == {POWER: False}
    event = Event.objects.filter(verb="service.call-off", outcome="done").earliest("at")
    for _ in range(2):
        jobs.tell_calling_off(event.pk)
    (told,) = Delivery.objects.filter(type="service.called-off")
    assert told.about == service.pk
    refused_and_unchanged(service, Stale, lambda: actions.read_service(service, by=system))  # no consent any more
    actions.answer_service(service, said("stopped", at=clock.now()), by=system)
    assert companies.partner_service(service.pk, system).state == "stopped"
    refused_and_unchanged(service, Stale, lambda: actions.answer_service(service, said(at=clock.now()), by=system))


@pytest.mark.parametrize(("state", "words", "shown"), [("refused", "できません。", "refused"), ("done", "", "done")])
def test_what_cannot_be_stopped_any_more_is_said(
    filled: Case, resident: Actor, state: str, words: str, shown: str
) -> None:
    system = system_of(POWER)
    service = actions.read_service(sent(filled, resident), by=system)
    actions.call_off_service(service, by=resident)
    actions.answer_service(service, said(state, words=words, at=clock.now()), by=system)
    assert Service.objects.get(pk=service.pk).state == shown


def test_a_whole_life_event_is_withdrawn_from_its_companies(filled: Case, resident: Actor) -> None:
    power, bank, gas, net = POWER, BANK, "sample-gas", "sample-net"
    system = system_of(power, bank, gas, net)
    actions.choose_companies(filled, {power: "", bank: "", gas: "", net: ""}, by=resident)
    actions.submit_parts(filled, by=resident)
    rows = {one.company: one for one in filled.services.all()}
    for code in (bank, gas, net):
        actions.read_service(rows[code], by=system)
    actions.answer_service(rows[bank], said("done", at=clock.now()), by=system)
    actions.answer_service(rows[gas], said("accepted", at=clock.now()), by=system)
    ended = actions.withdraw_services(filled, by=resident)
    assert [one.company for one in ended] == [bank], "there the person has to ring"
    states = dict(filled.services.values_list("company", "state"))
    assert states == {power: "taken-back", bank: "done", gas: "called-off", net: "called-off"}
    assert [one.company for one in actions.withdraw_services(filled, by=resident)] == [bank]
    assert consents(resident) == {power: False, bank: True, gas: False, net: False}


def test_with_the_last_part_that_is_taken_back_the_companies_are_called_off(
    published: Published, resident: Actor
) -> None:
    system, journey = system_of(POWER, BANK), begin(resident)
    parts = actions.open_parts(journey, ["change-of-address", "dog-registration"], by=resident)
    for one in parts:
        complete(one, resident)
    actions.choose_companies(journey, {POWER: "", BANK: ""}, by=resident)
    actions.submit_parts(journey, by=resident)
    actions.read_service(journey.services.get(company=BANK), by=system)
    actions.withdraw(parts[1], by=resident)
    assert dict(journey.services.values_list("company", "state")) == {POWER: "sent", BANK: "handed"}, "they have moved"
    actions.withdraw(parts[0], by=resident)
    assert dict(journey.services.values_list("company", "state")) == {POWER: "taken-back", BANK: "called-off"}
    assert consents(resident) == {POWER: False, BANK: False}


def test_a_part_that_lapses_calls_off_nothing(filled: Case, resident: Actor) -> None:
    system_of(POWER)
    service = sent(filled, resident)
    actions.withdraw(Case.objects.get(part_of=filled), by=SYSTEM)
    assert Service.objects.get(pk=service.pk).state == "sent", "nobody has said that they did not move"


def test_which_companies_a_system_answers_for_stays_unless_it_is_said(filled: Case, resident: Actor) -> None:
    system = system_of(POWER)
    change_partner(_partner(system), ["services:answer"], ["moving"], by=SYSTEM)
    assert _partner(system).companies == [POWER]
    change_partner(_partner(system), ["services:answer"], ["moving"], [], by=SYSTEM)
    assert _partner(system).companies == []


def test_a_way_to_answer_is_handed_over_where_the_person_gave_it(filled: Case, resident: Actor) -> None:
    system_of(POWER, BANK)
    Case.objects.filter(pk=filled.pk).update(
        answers={**filled.answers, "person": {**filled.answers.get("person", {}), "email": "hanako@example.jp"}}
    )
    journey = Case.objects.get(pk=filled.pk)
    hands = {one.tell.service: one.hands for one in cases.company_offers(journey)}
    assert hands["electricity"]["email"] == "hanako@example.jp"
    assert "email" not in hands["bank"], "no more than it needs"
    actions.choose_companies(journey, {POWER: ""}, by=resident)
    actions.submit_parts(journey, by=resident)
    assert Service.objects.get().hands["email"] == "hanako@example.jp"
    assert {one.email for one in Case.objects.filter(part_of=journey)} == {"hanako@example.jp"}, "the city's news, too"


def lines(by: Actor) -> list[Any]:
    """What the person is told of companies that have fetched something."""
    return [one for one in known.readings(by, own=False, before=None) if one.reading.purpose == "service.read"]


def test_the_person_sees_which_company_got_what_for_what_and_by_which_consent(filled: Case, resident: Actor) -> None:
    system = system_of(POWER, BANK)
    service = sent(filled, resident)
    assert lines(resident) == [], "nothing was handed over yet"
    actions.read_service(service, by=system)
    actions.read_service(service, by=system)
    newest, first = lines(resident)
    assert newest.reading.at > first.reading.at
    company = companies.company(POWER)
    assert company is not None
    assert first.company == company.name
    assert first.consented_at == service.consented_at
    assert [unit["ja"] for unit, _ in first.offices] == ["見本の会社"]
    assert first.what == (
        "氏名", "氏名のフリガナ", "これまでの住所", "新しい住所", "引越しなどのある日", "電話番号",
        "会社でのお客さま番号",
    )  # fmt: skip
    shown = usage.as_told(usage.find_usage(resident.who, since=None, until=None, offset=0, limit=10)[1])
    told = next(one for one in shown if one["receiverCode"] == str(system.id))
    assert told["receiverName"] == f"{company.name['ja']}（見本の会社）"
    assert "新しい住所" in told["action"]
    assert "ご本人の同意" in told["action"]


def test_a_system_that_is_refused_gets_nothing_and_the_person_sees_that_it_tried(filled: Case, resident: Actor) -> None:
    system_of(POWER)
    service = sent(filled, resident)
    other = system_of(BANK)
    refused_and_unchanged(service, NotAllowed, lambda: actions.read_service(service, by=other))
    [tried] = lines(resident)
    assert not tried.reading.done
    stranger = Actor("resident", uuid7(), level="card")
    assert known.readings(stranger, own=False, before=None) == []


def test_who_is_told_of_a_death_hears_in_whose_name_the_contract_was() -> None:
    """名義変更: what a company needs for it, and no more: no day, no bank, no age."""
    package = catalogue().packages["bereavement"]
    for tell in package.procedure.tells:
        assert {"full_name", "holder", "holder_kana", "supply_address", "phone"} <= tell.hands.keys()
        assert not {"happens_on", "old_address", "new_address"} & tell.hands.keys()
    form = form_of(package.procedure, catalogue().facts)
    answers = {
        "deceased_name": "見本 太郎",
        "deceased_name_kana": "ミホン タロウ",
        "deceased_address": "谷川一丁目1番1号",
    }
    hands = journeys.handed(package.procedure.tells[0], (form, answers), {}, {})
    assert hands == {"holder": "見本 太郎", "holder_kana": "ミホン タロウ", "supply_address": "谷川一丁目1番1号"}
