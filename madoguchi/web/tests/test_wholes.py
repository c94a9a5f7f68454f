"""The status page of a life event: each part says how it stands, what it rests on, and that the others go on."""

import datetime as dt
import re

import pytest
from django.test import Client

from madoguchi.cases import actions, jobs
from madoguchi.cases.models import Case, Service, Step
from madoguchi.cases.tests.conftest import fill_in, flat
from madoguchi.cases.tests.test_bereavement import PERSON, complete
from madoguchi.cases.tests.test_companies import said, system_of
from madoguchi.cases.tests.test_journeys import begin, part
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.facts.actions import state
from madoguchi.facts.models import Source
from madoguchi.ground import clock
from madoguchi.messages.models import Message
from madoguchi.people.models import Person
from madoguchi.procedures import queries as procedures
from madoguchi.web.tests.conftest import SignedIn, a_clerk, browser_of

pytestmark = pytest.mark.django_db

MOVE, DOG, COPY = "change-of-address", "dog-registration", "resident-record-copy"


@pytest.fixture
def moved(signed_in: SignedIn) -> tuple[Actor, Case]:
    """Who has moved within the city and sent three procedures at once."""
    _, by = signed_in()
    journey = begin(by, wants_copy=True)
    for one in actions.open_parts(journey, [MOVE, DOG, COPY], by=by):
        complete(one, by)
    actions.submit_parts(journey, by=by)
    return by, Case.objects.get(pk=journey.pk)


def cards(client: Client, journey: Case) -> dict[str, str]:
    """What the page says of each part, by its number."""
    page = client.get(f"/cases/{journey.number}/").content.decode()
    found = re.findall(r'<article class="card openable">(.*?)</article>', page, re.DOTALL)
    said = {one.number: "" for one in Case.objects.filter(part_of=journey)}
    for text in found:
        number = next(one for one in said if one and one in text)
        said[number] = re.sub(r"<[^>]+>|\s+", "", text)
    return {Case.objects.get(number=number).procedure.code: text for number, text in said.items()}


def steps(page: str) -> dict[str, str]:
    """What 進みぐあい says of each part."""
    return dict(re.findall(r'<b>([^<]+)</b><span class="quiet small">([^<]+)</span>', page))


def grouped(client: Client) -> dict[str, str]:
    """What わたしの手続き says in each of its groups."""
    page = client.get("/cases/").content.decode()
    found = re.findall(r'<section class="stack" aria-labelledby="g-(\w+)">(.*?)</section>', page, re.DOTALL)
    return {name: re.sub(r"<[^>]+>|\s+", "", text) for name, text in found}


def refuse(dog: Case) -> None:
    decide_against(dog)
    told(dog)


def decide_against(dog: Case) -> None:
    step = Step.objects.get(case=dog, kind="examine", done_at=None)
    clerk, head = a_clerk("environment", "environment-clerk"), a_clerk("environment", "environment-head")
    actions.examine(step, "refuse", by=clerk, reasons=["届け出た犬の登録がすでにあります。"], note="")
    for one in Step.objects.filter(case=dog, kind="approve", done_at=None):
        actions.approve(one, "approve", by=head, note="")


def told(case: Case) -> None:
    """The worker has made the letter."""
    for one in Step.objects.filter(case=case, kind="issue", done_at=None):
        actions.perform(one, by=SYSTEM)


def test_one_refused_and_one_late_hold_nothing_back_and_say_so(moved: tuple[Actor, Case]) -> None:
    by, journey = moved
    said = cards(browser_of(by), journey)
    assert "までに決定をお知らせします" in said[MOVE]
    assert "の結果が出てから決まります" in said[COPY]
    refuse(part(journey, DOG))
    with clock.travel(clock.now() + dt.timedelta(days=30)):
        said = cards(browser_of(by), journey)
        page = browser_of(by).get(f"/cases/{journey.number}/").content.decode()
    assert "認められませんでした" in said[DOG]
    assert "理由は、通知書で見られます。ほかの手続きは、このまま進みます。" in said[DOG]
    assert "お約束の日を過ぎています" in said[MOVE]
    assert "ほかの手続きは、このまま進みます。" in said[MOVE]
    assert "お約束の日を過ぎています" in said[COPY]
    assert "決定のお知らせ" not in page, "no day is promised that is over"


def test_what_is_taken_back_is_said_where_others_rest_on_it(moved: tuple[Actor, Case]) -> None:
    by, journey = moved
    client, move = browser_of(by), part(journey, MOVE)
    asked = client.get(f"/cases/{move.number}/withdraw/").content.decode()
    assert "ほかの手続きは、このまま進みます。" in asked
    assert "住民票の写し" in asked
    actions.withdraw(move, by=by)
    said = cards(client, journey)
    assert "取り下げました。ほかの手続きは、このまま進みます。" in said[MOVE]
    assert "を取り下げたため、認められないことがあります。" in said[COPY]
    for code in (DOG, COPY):
        actions.withdraw(part(journey, code), by=by)
    said = cards(client, journey)
    assert not [text for text in said.values() if "このまま進みます" in text]
    assert "認められないことがあります" not in said[COPY]


def test_a_part_that_waits_for_its_applicant_is_named_on_top(moved: tuple[Actor, Case]) -> None:
    by, journey = moved
    step = Step.objects.get(case=part(journey, DOG), kind="examine", done_at=None)
    wrong = {"breed": "犬種が読めません。"}
    actions.examine(step, "return", by=a_clerk("environment", "environment-clerk"), corrections=wrong, note="")
    page = browser_of(by).get(f"/cases/{journey.number}/").content.decode()
    assert "あなたがすることがあります。ほかの手続きは、このまま進みます。" in page
    assert "いま、あなたがすることはありません" not in page
    assert steps(page) == {"犬の登録": "あなたの番です", "転居届": "進んでいます。", "住民票の写し": "進んでいます。"}


def test_a_life_event_stands_among_what_waits_for_its_applicant_while_one_of_its_parts_does(
    moved: tuple[Actor, Case],
) -> None:
    by, journey = moved
    client, turn = browser_of(by), "で、あなたがすることがあります。"
    number = journey.number or "―"
    assert (number in grouped(client)["city"], "you" in grouped(client)) == (True, False)
    step = Step.objects.get(case=part(journey, DOG), kind="examine", done_at=None)
    wrong = {"breed": "犬種が読めません。"}
    actions.examine(step, "return", by=a_clerk("environment", "environment-clerk"), corrections=wrong, note="")
    found = grouped(client)
    assert number in found["you"]
    assert number not in found["city"]
    assert turn in found["you"]
    for path in ("/", f"/procedures/{journey.procedure.code}/"):
        page = client.get(path).content.decode()
        assert turn in page, path


def test_a_letter_is_spoken_of_once_it_is_there(moved: tuple[Actor, Case]) -> None:
    """The case is decided some seconds before the worker has made it."""
    by, journey = moved
    client, dog = browser_of(by), part(journey, DOG)
    decide_against(dog)
    readable, reasons, coming = "結果の通知書を見られます。", "理由は、通知書で見られます。", "通知書を用意しています。"
    for page in (grouped(client)["done"], cards(client, journey)[DOG]):
        assert coming in page
        assert readable not in page
        assert reasons not in page
    told(dog)
    assert readable in grouped(client)["done"]
    assert reasons in cards(client, journey)[DOG]
    for page in (
        grouped(client)["done"],
        cards(client, journey)[DOG],
        client.get(f"/cases/{dog.number}/").content.decode(),
    ):
        assert coming not in page


def test_parts_stand_below_their_life_event_also_one_that_was_begun_before_it(moved: tuple[Actor, Case]) -> None:
    by, journey = moved
    dog, earlier = part(journey, DOG), journey.opened_at - dt.timedelta(days=9)
    Case.objects.filter(pk=dog.pk).update(opened_at=earlier)
    page = browser_of(by).get("/cases/").content.decode()
    named = {one.number or "": one.procedure.code for one in Case.objects.filter(part_of=journey)}
    named[journey.number or ""] = "moving"
    in_order = [named[one] for one in dict.fromkeys(re.findall(r"\d\d-\d{4}-\d{4}-\d", page)) if one in named]
    assert in_order == ["moving", COPY, MOVE, DOG]


def test_what_was_written_before_the_move_stands_beside_what_is_known_now(signed_in: SignedIn) -> None:
    client, by = signed_in()
    row = procedures.current(DOG)
    assert row is not None
    with clock.travel(clock.now() - dt.timedelta(days=40)):
        dog = actions.open_draft(row, by=by)
        old = {**PERSON, "registered_address": "奈良県奈良市登大路町30番地"}
        actions.save_section(dog, "owner", flat({"person": old}), by=by)
    state(Person(pk=by.who), {("person.registered_address", ""): "大阪府大東市谷川一丁目1番1号"}, Source.CARD, by=by)
    journey = begin(by, direction="into", certified=False)
    actions.open_parts(journey, [DOG], by=by)
    complete(dog, by)
    owner = f"/cases/{dog.pk}/sections/owner/"
    words = "始めた入力が入っています。"
    assert client.get(f"/cases/{journey.pk}/").headers["Location"] == owner, "it is not passed over"
    assert words in client.get(owner).content.decode()
    page = client.get(f"/cases/{journey.pk}/review/").content.decode()
    for one in (words, "いま分かっている内容", "登大路町30番地", "谷川一丁目1番1号", f'href="{owner}"'):
        assert one in page
    client.post(owner, {"person.registered_address.known": "keep", "_do": "next"})
    page = client.get(f"/cases/{journey.pk}/review/").content.decode()
    assert words not in page
    assert "登大路町30番地" not in page


def test_what_is_in_another_life_event_is_not_chosen_here_and_stops_nothing(signed_in: SignedIn) -> None:
    client, by = signed_in()
    other = begin(by, wants_copy=True)
    actions.open_parts(other, [COPY], by=by)
    birth = procedures.current("birth")
    assert birth is not None
    journey = actions.open_draft(birth, by=by)
    said = {"born_on": "2026-11-20", "receives": False, "wants_childcare": True, "wants_copy": True}
    fill_in(journey, said, by)
    url = f"/cases/{journey.pk}/parts/"
    page = client.get(url).content.decode()
    assert re.findall(r'name="part" value="([\w-]+)" checked', page) == ["child-allowance-claim", "childcare-place"]
    assert f'value="{COPY}"' not in page
    assert f'<a href="/cases/{other.pk}/">「引越しの手続き」の入力を続ける</a>' in page
    answer = client.post(url, {"part": ["child-allowance-claim", COPY]})
    assert answer.status_code == 422, "a page that was open before"
    page = answer.content.decode()
    ticked = re.findall(r'name="part" value="([\w-]+)" checked', page)
    assert ticked == ["child-allowance-claim"], "what was left out is not ticked again"
    assert f'href="/cases/{other.pk}/"' in page
    assert client.post(url, {"part": ["child-allowance-claim"]}).status_code == 302
    actions.open_parts(other, [DOG], by=by)
    assert f'value="{COPY}"' in client.get(url).content.decode(), "let go there, it can be chosen here"


def test_a_life_event_that_is_over_ended_and_was_not_decided(signed_in: SignedIn) -> None:
    client, by = signed_in()
    journey = begin(by)
    (one,) = actions.open_parts(journey, [DOG], by=by)
    complete(one, by)
    actions.submit_parts(journey, by=by)
    journey.refresh_from_db()
    refuse(part(journey, DOG))
    for url in (f"/cases/{journey.number}/", "/cases/"):
        tags = re.findall(r'class="tag[^"]*">([^<]*)<', client.get(url).content.decode())
        assert "終わりました" in tags
    shown = client.get(f"/cases/{journey.number}/").content.decode()
    assert "決定しました" not in shown, "its one part was refused"


def test_a_notice_of_a_company_names_it_in_the_portal_and_not_in_the_mail(signed_in: SignedIn) -> None:
    client, by = signed_in()
    journey = begin(by, new_dog=False)
    (move,) = actions.open_parts(journey, [MOVE], by=by)
    complete(move, by)
    system = system_of("sample-power", "sample-gas")
    actions.choose_companies(journey, {"sample-power": "123-4560", "sample-gas": "98-76"}, by=by)
    actions.submit_parts(journey, by=by)
    for one in Service.objects.filter(case=journey):
        actions.read_service(one, by=system)
        actions.answer_service(one, said(), by=system)
    for event in Event.objects.filter(verb="service.answer", outcome="done"):
        jobs.tell_company_answer(event.pk)
    told = Message.objects.filter(template="company-answered", about=journey.pk)
    assert told.count() == 2
    assert not any("見本" in one.subject + one.body.partition("問い合わせ先")[0] for one in told)
    journey.refresh_from_db()
    pages = [client.get(f"/inbox/{one.pk}/").content.decode() for one in told]
    for company in ("見本電力（見本）", "見本ガス（見本）"):
        line = f"{company}：連絡した会社から返事がありました"
        for url in ("/inbox/", f"/cases/{journey.number}/"):
            assert client.get(url).content.decode().count(line) == 1, url
        assert sum(company in page for page in pages) == 1
