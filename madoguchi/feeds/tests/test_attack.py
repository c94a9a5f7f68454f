"""What hostile callers send: huge and deep bodies, odd text, odd paths, foreign tokens; and what the pages carry."""

import json
import re
from typing import Any

import pytest
from django.test import Client

from madoguchi.cases.models import Case, Figures
from madoguchi.cases.queries.opendata import HIDDEN_BELOW, publishable
from madoguchi.events.models import Event
from madoguchi.feeds.calling import LARGEST_JSON
from madoguchi.feeds.tests.conftest import MakePartner
from madoguchi.feeds.tests.test_cases import new
from madoguchi.ground import clock
from madoguchi.people.models import PartnerRequest, Person
from madoguchi.procedures.models import Procedure

pytestmark = pytest.mark.django_db
Published = dict[str, Procedure]


def is_problem(answer: Any, *statuses: int) -> dict[str, Any]:
    assert answer.status_code in statuses, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["status"] == answer.status_code
    assert told["words"]["ja"]
    assert told["words"]["en"]
    return told


def raw(core: Any, content: bytes, kind: str = "application/json", path: str = "/api/v1/cases", **more: Any) -> Any:
    return core.client.generic("POST", path, content, kind, headers=core.headers(), **more)


def test_bodies_that_are_too_large_deep_or_no_json(published: Published, partner: MakePartner) -> None:
    core = partner()
    is_problem(raw(core, b"{" + b" " * LARGEST_JSON + b"}"), 413)
    for length in ("-1", "many"):  # no size that could be believed: turned away before any face is asked
        assert raw(core, b"{}", CONTENT_LENGTH=length).status_code == 413
    deep = b'{"procedure":"dog-registration","person":{"id":"1"},"answers":' + b'{"a":' * 20_000 + b"1" + b"}" * 20_001
    for content in (b"", b"{", b"[]", b"null", b"\xff\xfe", b"NaN", b'{"answers": NaN}', deep, b"[" * 100_000):
        is_problem(raw(core, content), 400, 422)
    wide = {"procedure": "dog-registration", "person": {"id": "1"}, "answers": {f"k{n}": n for n in range(20_000)}}
    is_problem(core.post("/cases", wide), 422)
    assert (Case.objects.count(), Person.objects.count(), PartnerRequest.objects.count()) == (0, 0, 0)


@pytest.mark.parametrize(
    "odd",
    [
        "\0",
        "a\0b",
        "\ud800",
        "\u202e逆",
        "\ue000",
        "💣",
        "x" * 10_000,
        "\r\nX-Evil: 1",
        "<script>alert(1)</script>",
        "{{7*7}}",
    ],
)
def test_odd_text_is_taken_as_text_or_refused(published: Published, partner: MakePartner, odd: str) -> None:
    core = partner()
    body = new(person={"id": odd}, reference=odd)
    body["answers"] = {**body["answers"], "dog_name": odd, odd: odd, "person": {"full_name": odd}}
    answer = core.post("/cases", body)
    told = is_problem(answer, 400, 422)
    assert "X-Evil" not in answer
    assert "<script>" not in json.dumps(told.get("errors", []))
    for path in (f"/cases?reference={odd[:50]}", "/procedures/..%2F..%2Fetc%2Fpasswd", "/cases/%00"):
        try:
            found = core.get(path)
        except UnicodeEncodeError:
            continue  # what no client can put into an address
        assert found.status_code in (200, 400, 404, 422), path
    assert Case.objects.count() == 0


def test_answers_cannot_reach_what_is_not_asked(published: Published, partner: MakePartner) -> None:
    """No path of an answer leads into the case, its owner, or a fact of somebody else."""
    core = partner()
    for answers in (
        {"person.full_name.as_known": "yes"},
        {"person": {"full_name": {"as_known": "1"}}},
        {"__class__": {"__init__": 1}},
        {"person": [{"full_name": "x"}]},
        {"0": {"0": 1}},
        {"kept_at": {"text": "x", "town": {"a": 1}, "extra": 2}},
    ):
        is_problem(core.post("/cases", new(answers=answers, submit=False)), 422)
    is_problem(core.post("/cases", {**new(), "person_id": "x"}), 422)
    is_problem(core.post("/cases", {**new(), "section": "children"}), 422)
    assert Case.objects.count() == 0


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic eDp5",
        "bearer\tx",
        "Bearer ' OR 1=1",
        "Bearer " + "a" * 5000,
        "Bearer \0",
    ],
)
def test_no_door_opens_without_a_token(partner: MakePartner, authorization: str) -> None:
    partner()
    paths = {
        "/api/v1/procedures",
        "/api/v1/cases",
        "/api/v1/webhooks",
        "/api/v1/cases/00000000-0000-7000-8000-000000000000",
    }
    for path in paths:
        answer = Client().get(path, headers={"authorization": authorization} if authorization else {})
        told = is_problem(answer, 401)
        assert answer["WWW-Authenticate"].startswith("Bearer")
        assert authorization.partition(" ")[2].strip("\0 ")[:4] not in json.dumps(told) or len(authorization) < 12


def test_a_cookie_of_staff_or_a_resident_opens_nothing_here(published: Published) -> None:
    client = Client()
    session = client.session
    session["resident"] = {"person": "00000000-0000-7000-8000-000000000000", "level": "card"}
    session.save()
    is_problem(client.get("/api/v1/cases"), 401)


@pytest.mark.parametrize(
    "path", ["/api/", "/api/v2/cases", "/api/v1/nothing", "/oauth/authorize", "/oauth/", "/api/v1/cases/x/y"]
)
def test_other_addresses_are_problems_too(path: str) -> None:
    is_problem(Client().get(path), 404)


def test_a_foreign_method_is_turned_away(partner: MakePartner) -> None:
    core = partner()
    for method in ("PUT", "DELETE", "TRACE", "CONNECT", "PROPFIND"):
        assert core.client.generic(method, "/api/v1/cases", headers=core.headers()).status_code in (405, 501)


def test_a_try_at_anothers_case_leaves_one_event_each(published: Published, partner: MakePartner) -> None:
    core, stranger = partner(), partner(procedures=["child-allowance-claim"])
    key = core.post("/cases", new()).json()["id"]
    before = Event.objects.filter(outcome="refused").count()
    is_problem(stranger.get(f"/cases/{key}"), 404)
    (event,) = Event.objects.filter(outcome="refused").order_by("-id")[:1]
    assert Event.objects.filter(outcome="refused").count() == before + 1
    assert (event.verb, event.actor_kind, event.actor_id) == ("case.read", "partner", stranger.partner.pk)
    assert key not in json.dumps(event.data)


def test_nothing_of_a_person_stands_in_events(published: Published, partner: MakePartner) -> None:
    core = partner()
    core.post("/cases", new(person={"id": "AT-555"}, reference="秘密の番号", email="hanako.secret@example.jp"))
    said = json.dumps(list(Event.objects.values()), default=str, ensure_ascii=False)
    for secret in ("AT-555", "秘密の番号", "hanako.secret", "見本", "392123456789012", core.token, core.secret):
        assert secret not in said


# -- pages and open data ----------------------------------------------------------------------------------------------


def test_the_page_shows_every_operation_and_nothing_inline() -> None:
    document = Client().get("/api/v1/openapi.json").json()
    answer = Client().get("/api/docs/")
    text = answer.content.decode()
    for methods in document["paths"].values():
        for one in methods.values():
            assert f'id="{one["operationId"]}"' in text
    assert not re.search(r"<script|style=|\son\w+=|https?://(?!localhost)[^<\s]*\.(?:js|css)", text)
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert document["openapi"].startswith("3.1")


def test_open_data_is_public_and_small_numbers_are_not(published: Published) -> None:
    for name in ("procedures", "figures"):
        for form, kind in (("json", "application/json"), ("csv", "text/csv; charset=utf-8")):
            answer = Client().get(f"/open-data/{name}.{form}")
            assert (answer.status_code, answer["Content-Type"]) == (200, kind)
            assert answer["Access-Control-Allow-Origin"] == "*"
            assert "max-age" in answer["Cache-Control"]
    codes = {one["code"] for one in Client().get("/open-data/procedures.json").json()["procedures"]}
    assert {"dog-registration", "child-allowance-claim"} <= codes


@pytest.mark.parametrize(
    ("submitted", "ended", "digital", "shown"),
    [
        (100, 50, 30, (100, 50, 30)),
        (100, 50, 50, (100, 50, 50)),
        (100, 50, 45, (100, 50, None)),  # 5 were not digital
        (100, 50, 4, (100, 50, None)),
        (55, 50, 30, (None, 50, 30)),  # 5 are open
        (100, 9, 9, (100, None, None)),
        (9, 9, 9, (None, None, None)),
        (0, 0, 0, (0, 0, 0)),
    ],
)
def test_no_small_number_is_published_or_can_be_taken_off(
    submitted: int, ended: int, digital: int, shown: tuple[int | None, ...]
) -> None:
    counted = Figures(
        code="x", counted_at=clock.now(), submitted=submitted, ended=ended, digital=digital, median_days=3, slow_days=9
    )
    told = publishable(counted)
    assert (told.submitted, told.ended, told.digital) == shown
    known = [one for one in shown if one is not None]
    assert all(not 0 < one < HIDDEN_BELOW for one in known)
    assert all(not 0 < a - b < HIDDEN_BELOW for a in known for b in known)
    assert (told.median_business_days is None) == (ended < HIDDEN_BELOW)
