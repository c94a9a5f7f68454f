"""What a post means, and what a form brings along that somebody has told before."""

import datetime as dt

import pytest
from django.http import QueryDict
from django.test import Client
from lxml import html

from madoguchi.asking.kinds import KINDS
from madoguchi.asking.questions import anchor, raw_of
from madoguchi.cases.actions import open_draft
from madoguchi.cases.models import Case
from madoguchi.events import Actor
from madoguchi.facts import actions as facts
from madoguchi.facts.models import Source
from madoguchi.ground import clock
from madoguchi.people.models import Person
from madoguchi.procedures import queries as procedures
from madoguchi.web import visiting
from madoguchi.web.tests.conftest import SignedIn


@pytest.mark.parametrize(
    ("post", "raw"),
    [
        ("born.era=令和&born.year=6&born.month=5&born.day=1", "令和6"),
        ("born.era=令和&born.year=元&born.month=5&born.day=1", "令和元"),
        ("born.era=&born.year=2024&born.month=5&born.day=1", "2024"),
        ("born.era=令和&born.year=平成30&born.month=5&born.day=1", "平成30"),
        ("born.era=令和&born.year=&born.month=&born.day=", ""),
        ("born.era=nonsense&born.year=6&born.month=5&born.day=1", "6"),
    ],
)
def test_an_era_belongs_to_its_year(post: str, raw: str) -> None:
    read = raw_of(QueryDict(post))
    assert read["born.year"] == [raw]
    assert "born.era" not in read


def test_a_known_fact_is_kept_or_changed() -> None:
    kept = raw_of(QueryDict("person.full_name.known=keep&person.full_name=花子&_do=next&_seen=x"))
    assert kept == {"person.full_name.as_known": ["1"]}
    changed = raw_of(QueryDict("person.full_name.known=change&person.full_name=花子"))
    assert changed == {"person.full_name": ["花子"]}
    date = raw_of(QueryDict("b.known=keep&b.era=令和&b.year=1&b.month=2&b.day=3"))
    assert date == {"b.as_known": ["1"]}


def test_every_type_of_the_format_can_be_asked_and_shown() -> None:
    from typing import get_args

    from madoguchi.procedures.rules.format import type_of_answer

    for name in get_args(type_of_answer):
        kind = KINDS.get(name)
        assert kind.inputs(None) is not None


def test_anchors_need_no_escaping() -> None:
    assert anchor("child.0.date_of_birth") == "q-child-0-date-of-birth"


def test_children_told_once_are_filled_in_the_next_time(signed_in: SignedIn) -> None:
    client, by = signed_in()
    told = {("child.full_name", "old:0"): "見本　一郎", ("child.date_of_birth", "old:0"): "2019-05-01"}
    facts.state(Person.objects.get(), told, Source.SELF, by=by)
    row = procedures.current("child-allowance-claim")
    assert row is not None
    case = open_draft(row, by=by)
    body = client.get(f"/cases/{case.pk}/sections/children/").content.decode()
    assert 'value="見本　一郎"' in body
    assert "前に市へ伝えた内容" in body
    case.refresh_from_db()
    assert "child" not in case.answers, "looking changes nothing"


def test_how_a_child_is_brought_up_is_not_asked_again_when_the_amount_changes(signed_in: SignedIn) -> None:
    client, by = signed_in()
    told = {
        "full_name": "見本　一郎",
        "date_of_birth": "2019-05-01",
        "lives_with_you": "together",
        "in_facility": False,
    }
    facts.state(
        Person.objects.get(), {(f"child.{name}", "old:0"): value for name, value in told.items()}, Source.SELF, by=by
    )
    row = procedures.current("child-allowance-change")
    assert row is not None
    case = open_draft(row, by=by)
    page = html.fromstring(client.get(f"/cases/{case.pk}/sections/children/").content.decode())
    chosen = {str(one.get("name")): one.get("value") for one in page.iterfind(".//input[@checked]")}
    assert chosen == {"child.0.lives_with_you": "together", "child.0.in_facility": "no"}


def test_what_was_typed_before_a_sign_in_comes_back_to_its_writer_only(
    dog: tuple[Client, Actor, Case], signed_in: SignedIn
) -> None:
    _, by, case = dog
    path = f"/cases/{case.pk}/sections/owner/"
    visitor = Client(HTTP_ACCEPT_LANGUAGE="ja")
    answer = visitor.post(path, {"person.phone": "072-872-2181"})
    assert answer["Location"].startswith("/sign-in/")
    assert visitor.session[visiting.KEPT]["path"] == path
    session = visitor.session
    session[visiting.RESIDENT] = {"person": str(by.id), "level": "card"}
    session.save()
    assert 'value="072-872-2181"' in visitor.get(path).content.decode()
    assert visiting.KEPT not in visitor.session
    stranger, _ = signed_in()
    assert stranger.get(path).status_code == 404


def test_another_person_at_the_same_screen_finds_nothing(signed_in: SignedIn, published: None) -> None:
    from django.contrib.sessions.backends.db import SessionStore
    from django.http import HttpRequest

    from madoguchi.ground.ids import uuid7

    request = HttpRequest()
    request.session = SessionStore()
    first, second = uuid7(), uuid7()
    visiting.welcome(request, first, "card")
    request.session["kept"] = {"path": "/", "raw": {"a": ["secret"]}}
    before = request.session.session_key
    visiting.welcome(request, first, "card")
    assert "kept" in request.session
    assert request.session.session_key != before, "a sign-in gives the session a new key"
    visiting.welcome(request, second, "card")
    assert "kept" not in request.session


def test_a_choice_left_open_is_missing_and_no_new_question(dog: tuple[Client, Actor, Case]) -> None:
    """A browser posts nothing for it: what the page had asked, the page says."""
    client, _, case = dog
    path = f"/cases/{case.pk}/sections/dog/"
    page = client.get(path).content.decode()
    asked = page.partition('name="_asked" value="')[2].partition('"')[0]
    assert "registered_before" in asked.split()
    answer = client.post(path, {"_asked": asked})
    assert answer.status_code == 422
    assert "質問が増えました" not in answer.content.decode()
    assert "どれか1つを選んでください。" in answer.content.decode()


def test_what_is_offered_as_known_brings_up_its_questions_at_once(signed_in: SignedIn) -> None:
    """Whoever is under 65 by their card is asked for the disease on the page where the day of birth is confirmed."""
    client, by = signed_in()
    row = procedures.current("care-need-certification")
    assert row is not None
    case = open_draft(row, by=by)
    path = f"/cases/{case.pk}/sections/insured/"
    disease = 'name="insured.disease"'
    assert disease not in client.get(path).content.decode(), "nobody knows yet how old they are"
    facts.state(Person.objects.get(), {("person.date_of_birth", ""): "1979-07-20"}, Source.CARD, by=by)
    assert disease in client.get(path).content.decode()
    case.refresh_from_db()
    assert case.answers == {}, "looking changes nothing"
    older = {
        "person.date_of_birth.known": "change",
        "person.date_of_birth.era": "",
        "person.date_of_birth.year": "1950",
    }
    client.post(path, {**older, "person.date_of_birth.month": "1", "person.date_of_birth.day": "1", "_do": "refresh"})
    assert disease not in client.get(path).content.decode(), "what was said goes before what is known"


@pytest.mark.parametrize(
    ("day", "closed"),
    [
        (dt.date(2026, 11, 20), ["2026-12-01", "2027-05-01"]),
        (dt.date(2026, 12, 12), ["2026-12-01", "2027-01-01", "2027-04-01", "2027-05-01"]),
    ],
)
def test_a_round_out_of_its_time_is_shown_and_cannot_be_chosen(
    signed_in: SignedIn, day: dt.date, closed: list[str]
) -> None:
    with clock.travel(dt.datetime.combine(day, dt.time(9), clock.TOKYO)):
        client, by = signed_in()
        row = procedures.current("childcare-place")
        assert row is not None
        case = open_draft(row, by=by)
        page = html.fromstring(client.get(f"/cases/{case.pk}/sections/child/").content.decode())
        rounds = page.findall(".//input[@name='start_on']")
        assert [one.get("value") for one in rounds if one.get("disabled") is not None] == closed
        assert len(rounds) == 4
        assert not page.findall(".//input[@name='sibling'][@disabled]")
