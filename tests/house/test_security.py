"""Who gets what from every address of both faces, and what may stand where: made from the resolver, the registry of
acts and a whole story, so that a new page or act is asked by itself. Headers of plain pages: ``test_headers``.
"""

import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from madoguchi.cases import actions, jobs
from madoguchi.cases.models import Case, Document
from madoguchi.cases.tests.conftest import published, resident, staff
from madoguchi.desk.tests.staging import (
    CHILD,
    DOG,
    HOUSE,
    Staff,
    applicant,
    client_of,
    handed_in,
    new_resident,
    open_step,
)
from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.events.rules import ACTS
from madoguchi.ground.ids import uuid7
from madoguchi.messages.models import Letter, Message
from madoguchi.procedures.models import Procedure

__all__ = ["published", "resident", "staff"]

pytestmark = pytest.mark.django_db

Published = dict[str, Procedure]

#: What anybody may open. A new address of the residents' face is personal until it is named here.
PUBLIC = {
    *(
        "home",
        "here",
        "here-pdf",
        "procedures",
        "linked",
        "procedure",
        "start",
        "for-another",
        "life-event",
        "accessibility",
        "privacy",
        "accent",
        "robots",
    ),
    *("office", "figures", "styles", "paper", "help", "help-page"),
    *("city-map", "map-tile", "map-base", "map-style", "map-at", "map-list", "map-measure", "map-print"),
    *(
        "sign-in",
        "card",
        "card-return",
        "email",
        "email-code",
        "email-link",
        "sign-out",
        "left",
        "told",
        "verify",
        "verify-code",
    ),
    # What a shared device shows, which is known by its own cookie (web/tests/test_kiosk.py).
    *("kiosk", "kiosk-stay", "kiosk-over", "counter", "counter-state", "counter-document"),
}
#: What a member of staff has of their own, whatever their section.
OWN_DESK = re.compile(r"^(account_|mfa_|work$|messages$)")


def addresses(patterns: Sequence[URLPattern | URLResolver], before: str = "/") -> Iterator[tuple[str, str, str]]:
    """Face, name and route of every address."""
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from addresses(one.url_patterns, before + str(one.pattern))
        else:
            route = before + str(one.pattern)
            yield face_of(route), one.name or "", route


def face_of(route: str) -> str:
    """Which face an address is of; those of ``feeds`` are asked in its own tests, by partners instead of browsers."""
    plain = re.sub(r"[\^?:()]", "", route)
    if plain.startswith(("/api", "/oauth", "/.well-known/", "/open-data/", "/ogc", "/payments/")):
        return "feeds"
    return "desk" if plain.startswith("/desk/") else "web"


ADDRESSES = list(addresses(get_resolver().url_patterns))
PERSONAL = [(face, name, route) for face, name, route in ADDRESSES if face == "web" and name not in PUBLIC]
OF_CASES = [(face, name, route) for face, name, route in ADDRESSES if "/cases/<" in route and face != "feeds"]


def filled(route: str, case: Case) -> str:
    """The route with what there really is of this case in its places."""
    document = Document.objects.filter(case=case).first()
    letter = Letter.objects.filter(about=case.pk).first()
    step = case.steps.order_by("token").first()
    there = {
        "<str:key>": case.number or str(case.pk),
        "<str:number>": case.number or str(case.pk),
        "<slug:section_id>": "applicant",
        "<uuid:document_id>": str(document.pk if document else case.pk),
        "<uuid:upload_id>": str(case.pk),
        "<uuid:letter_id>": str(letter.pk if letter else case.pk),
        "<uuid:step_id>": str(step.pk if step else case.pk),
        "<slug:code>": case.procedure.code,
        "<uuid:message_id>": str(case.pk),
    }
    otherwise = {"uuid": str(case.pk), "int": "1", "str": "1", "slug": "1", "path": "1"}
    return re.sub(r"<(\w+):[^>]+>", lambda place: there.get(place[0], otherwise[place[1]]), route)


def browser_of(who: Actor) -> Client:
    """A browser in which this resident has signed in."""
    client = Client(headers={"accept-language": "ja"})
    session = client.session
    session["resident"] = {"person": str(who.id), "level": "card-signature"}
    session.save()
    return client


def everything() -> dict[str, list[Any]]:
    """All that a request could have changed, but events and sessions."""
    models = (Case, Document, Letter, Message)
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models}


#: Of each case the section and a post that handle it.
OFFICE = {HOUSE[0]: ("taxation", "taxation-clerk"), DOG[0]: ("environment", "environment-clerk")}


@pytest.fixture(params=["photographs", "letter"])
def decided(request: pytest.FixtureRequest, published: Published, staff: Staff) -> Case:
    """A case with photographs, and one that has its letter."""
    if request.param == "photographs":
        return handed_in(published, HOUSE)
    case = handed_in(published, DOG)
    actions.examine(open_step(case), "accept", by=staff(*OFFICE[DOG[0]]))
    jobs.perform_open_steps(Event.objects.get(verb="case.examine").pk)
    assert Letter.objects.filter(about=case.pk).exists()
    return Case.objects.get(pk=case.pk)


def test_the_walk_finds_what_is_personal() -> None:
    assert {"my-cases", "case", "section", "submit", "receipt", "letter", "document"} <= {one[1] for one in PERSONAL}
    assert len(OF_CASES) > 12
    assert not PUBLIC - {name for _, name, _ in ADDRESSES}, "named as public, but not there"


# -- role × address ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_sees_a_case_that_is_not_theirs(decided: Case, staff: Staff, method: str) -> None:
    """404, never 403: a resident for another's, a clerk for another section's; the page of a number that never was."""
    stranger, colleague = browser_of(new_resident()), client_of(staff("children", "children-head"))
    before = everything()
    for face, name, route in OF_CASES:
        client = stranger if face == "web" else colleague
        path = filled(route, decided)
        count = Event.objects.filter(outcome="refused").count()
        answer = getattr(client, method)(path, {"_outcome": "accept", "_do": "next"} if method == "post" else {})
        assert answer.status_code in (404, 405), f"{name}: {path}"
        if answer.status_code == 404:
            assert Event.objects.filter(outcome="refused").count() == count + 1, f"{name}: the try leaves one event"
            nobodys = getattr(client, method)(path.replace(str(decided.number), "26-4831-0957-3"))
            strip = re.compile(rb'(?:name="csrfmiddlewaretoken" value="|/cases/)[^"?]*')
            assert strip.sub(b"", answer.content) == strip.sub(b"", nobodys.content), f"{name} tells that it exists"
    assert everything() == before


def test_a_visitor_is_asked_to_sign_in(decided: Case) -> None:
    """For every personal address, asked one after the other: each leaves all as it was, so none needs its own case."""
    before = everything()
    for _, name, route in PERSONAL:
        for method in ("get", "post"):
            answer = getattr(Client(), method)(filled(route, decided))
            asked = answer.headers.get("Location", "").startswith("/sign-in/?next=%2F")
            assert answer.status_code == 405 or asked, f"{method} {name}"
        assert everything() == before, name


def test_the_other_face_knows_neither(decided: Case, staff: Staff) -> None:
    """A resident's session opens nothing at the desk, a clerk's nothing of the residents."""
    applicants = browser_of(applicant(decided))
    clerk = client_of(staff(*OFFICE[decided.procedure.code]))
    for face, name, route in ADDRESSES:
        path = filled(route, decided)
        if face == "desk" and not name.startswith(("account_", "mfa_")):
            assert applicants.get(path).headers["Location"].startswith("/desk/account/login/"), name
        elif face == "web" and name not in PUBLIC:
            answer = clerk.get(path)
            assert answer.status_code == 405 or answer.headers["Location"].startswith("/sign-in/"), name


def test_what_is_personal_is_kept_nowhere(decided: Case, staff: Staff) -> None:
    """Pages, photographs, receipts and letters: no cache keeps them, no frame holds them, nothing else loads them."""
    mine, clerk = browser_of(applicant(decided)), client_of(staff(*OFFICE[decided.procedure.code]))
    shown = 0
    for face, name, route in ADDRESSES:
        if face == "feeds" or (face == "web" and name in PUBLIC):
            continue
        answer = (mine if face == "web" else clerk).get(filled(route, decided))
        assert answer.status_code < 500, name
        if answer.status_code >= 400:
            continue
        shown += answer.status_code == 200
        assert "no-store" in answer.headers.get("Cache-Control", ""), f"{name} may be cached"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"], name
        assert answer.headers["X-Content-Type-Options"] == "nosniff", name
        assert answer.headers["X-Frame-Options"] == "DENY", name
    assert shown > 8


def test_what_middleware_answers_has_the_headers_too() -> None:
    for answer in (
        Client().get("/desk"),  # the slash is added
        Client().get("/?lang=en"),
        Client().post("/verify/", CONTENT_LENGTH=str(10**12)),
        Client().get("/", headers={"host": "evil.example"}),
        Client(enforce_csrf_checks=True).post("/sign-in/email/"),
        Client().get("/nothing/"),
    ):
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], answer.status_code
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


# -- where an address leads -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["//evil.example/", "//evil.example/?lang=en", "///evil.example/?lang=ja-simple"])
def test_an_address_with_two_slashes_leads_nowhere(path: str) -> None:
    client = Client()
    answer = client.get("/", QUERY_STRING=path.partition("?")[2], PATH_INFO=path.partition("?")[0])
    assert not answer.headers.get("Location", "").startswith("//")
    assert b'"//evil' not in answer.content


@pytest.mark.parametrize(
    "path",
    [
        *("signup/", "password/reset/", "password/set/", "email/", "confirm-email/x/", "3rdparty/", "sessions/"),
        *("login/code/confirm/", "factors/recovery-codes/", "factors/recovery-codes/generate/"),
        *("factors/passkeys/signup/",),
    ],
)
def test_pages_of_allauth_that_the_house_does_not_use_are_not_there(staff: Staff, path: str) -> None:
    clerk = client_of(staff("children", "children-clerk"))
    assert clerk.get(f"/desk/account/{path}").status_code == 404
    assert clerk.post(f"/desk/account/{path}", {"username": "x", "password1": "correct horse x"}).status_code == 404


def test_a_foreign_host_is_refused_and_never_repeated() -> None:
    answer = Client().get("/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert b"evil.example" not in answer.content
    forwarded = Client().get("/sign-in/card/", headers={"x-forwarded-host": "evil.example"})
    assert "evil.example" not in forwarded.headers.get("Location", "")


# -- what may stand where ---------------------------------------------------------------------------------------------


def words_of(value: Any) -> Iterator[str]:
    """Every text in answers that could tell something of a person; choices and ids are words of the package."""
    if isinstance(value, dict):
        for one in value.values():
            yield from words_of(one)
    elif isinstance(value, list):
        for one in value:
            yield from words_of(one)
    elif isinstance(value, str) and (re.search(r"[^\x00-\x7f]|@", value) or re.fullmatch(r"[\d-]{7,}", value)):
        yield value


def test_a_whole_story_leaves_no_answer_in_events_jobs_sessions_or_logs(
    published: Published, staff: Staff, caplog: pytest.LogCaptureFixture
) -> None:
    """Returned, corrected, wrongly typed, examined, approved: what people typed stands in the case alone."""
    caplog.set_level(logging.DEBUG)
    case = handed_in(published, CHILD)
    by, clerk = applicant(case), staff("children", "children-clerk")
    desk, web = client_of(clerk), browser_of(by)
    secret = "ひみつの事情があります"
    step = f"/desk/cases/{case.number}/steps/{open_step(case).pk}/"
    desk.post(step, {"_outcome": "return", "_fix.person.phone": secret, "_note": f"{secret}（控え）"})
    assert Case.objects.get(pk=case.pk).returned_at is not None
    section = next(one.id for one in _form(case).sections if any(field.name == "person.phone" for field in one.fields))
    web.post(f"/cases/{case.number}/sections/{section}/", {"person.phone": f"{secret}でんわ"})
    web.post(f"/cases/{case.number}/sections/{section}/", {"person.phone": "072-999-8877"})
    web.post(f"/cases/{case.number}/submit/", {"email": "hanako.himitsu@example.jp"})
    assert Case.objects.get(pk=case.pk).returned_at is None
    actions.examine(open_step(case), "accept", by=clerk, note=secret)
    desk.post("/desk/", {"q": secret})
    actions.approve(open_step(case), "approve", by=staff("children", "children-head"), note=secret)
    case.refresh_from_db()
    typed = {*words_of(case.answers), secret, "072-999-8877", "hanako.himitsu@example.jp", "hanako.himitsu"}
    typed -= {str(one.version) for one in Procedure.objects.all()}  # a day that is also a version of a package
    assert len(typed) > 8
    with connection.cursor() as cursor:
        cursor.execute("SELECT data::text FROM event UNION ALL SELECT args::text FROM procrastinate_jobs")
        kept = [row[0] for row in cursor.fetchall()]
    kept += [str(one.get_decoded()) for one in Session.objects.all()]
    kept += [record.getMessage() for record in caplog.records if not record.name.startswith("django.db")]
    assert len(kept) > 10
    typed -= {str(row.version) for row in published.values()}  # a day that is the name of a version tells nothing
    told = {words for words in typed for text in kept if words in text}
    assert not told


def _form(case: Case) -> Any:
    from madoguchi.procedures import queries as procedures

    return procedures.package(case.procedure).form


@pytest.mark.parametrize("verb", sorted(verb for verb, spec in ACTS.items() if ".tests." not in spec.where))
def test_no_act_is_for_visitors_but_signing_in(verb: str) -> None:
    """Whoever is nobody may prove who they are, and nothing else."""
    visitor = Actor("visitor", channel="web")
    holds = []
    for reason in ACTS[verb].allow:
        try:
            holds.append(reason.holds(visitor, _Anything()))
        except (TypeError, ValueError):
            holds.append(False)
    assert any(holds) == (verb in SIGNING_IN)


SIGNING_IN = {
    "facts.meet",
    "person.recognise",
    "person.sign_in",
    "person.ask_email_confirmation",
    "person.answer_email_confirmation",
}


class _Anything:
    """A subject that belongs to nobody."""

    pk = uuid7()

    def __getattr__(self, name: str) -> str:
        return "nobody"


def test_over_https_cookies_belong_to_this_host_alone() -> None:
    code = (
        "import django; from django.conf import settings as s; django.setup();"
        "print(s.DEBUG, s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE,"
        " s.SESSION_COOKIE_HTTPONLY, s.SESSION_COOKIE_SAMESITE, s.SECURE_SSL_REDIRECT, s.SECURE_HSTS_SECONDS > 3e7,"
        " s.ALLAUTH_TRUSTED_PROXY_COUNT, s.USE_X_FORWARDED_HOST)"
    )
    environment = {**os.environ, "MADOGUCHI_BASE_URL": "https://madoguchi.example"}
    for name in ("MADOGUCHI_DEBUG", "MADOGUCHI_DEMO", "MADOGUCHI_PROXIES"):
        environment.pop(name, None)
    told = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    expected = "False __Host-madoguchi __Host-csrf True True True Lax True True 0 False"
    assert told.stdout.strip() == expected


def test_a_node_outside_has_no_desk() -> None:
    """``MADOGUCHI_FACES=web``: 404 as for any address that is none, for reading and for posting."""
    code = (
        "import django; django.setup(); from django.test import Client;"
        "c = Client(raise_request_exception=False, headers={'host': 'localhost'});"
        "print([c.get(p).status_code for p in ('/desk/', '/desk/account/login/', '/desk/cases/x/', '/privacy/')])"
    )
    environment = {**os.environ, "MADOGUCHI_FACES": "web", "MADOGUCHI_BASE_URL": "http://localhost:8000"}
    told = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[404, 404, 404, 200]"
