"""Where one is signed in: listed, ended from another browser, and what is ended gets nothing more, at either face."""

from datetime import timedelta

import pytest
from django.test import Client

from madoguchi.cases.models import Case
from madoguchi.cases.tests.conftest import Staff
from madoguchi.desk.tests.staging import DOG, account_of, applicant, client_of, handed_in, new_resident, open_step
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.ground.errors import NotAllowed, NotFound
from madoguchi.people import actions
from madoguchi.people.models import Person, SignIn
from madoguchi.people.queries import sign_ins
from madoguchi.people.rules import browser_of
from madoguchi.procedures.models import Procedure

pytestmark = pytest.mark.django_db

LOGIN = "/desk/account/login/"
TABLET = "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1"
LAPTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0"


@pytest.fixture
def clerk(staff: Staff) -> Actor:
    return staff("environment", "environment-clerk")


def at_the_desk(by: Actor, agent: str = LAPTOP) -> Client:
    client = client_of(by)
    client.defaults["HTTP_USER_AGENT"] = agent
    assert client.get("/desk/").status_code == 200
    return client


def at_home(by: Actor, agent: str = LAPTOP) -> Client:
    client = Client(headers={"accept-language": "ja", "user-agent": agent})
    session = client.session
    session["resident"] = {"person": str(by.id), "level": "card"}
    session.save()
    assert client.get("/cases/").status_code == 200
    return client


def test_staff_see_their_browsers_and_end_one(clerk: Actor) -> None:
    laptop, tablet = at_the_desk(clerk), at_the_desk(clerk, TABLET)
    shown = laptop.get("/desk/sessions/").content.decode()
    assert "Edge / Windows" in shown
    assert "Safari / iPad" in shown
    assert shown.count("この端末</b>") == 1
    lost = next(one for one in sign_ins(account=clerk.id) if "iPad" in one.browser)
    assert laptop.post("/desk/sessions/", {"end": str(lost.pk)}).status_code == 302
    answer = tablet.get("/desk/")
    assert answer.headers["Location"].startswith(LOGIN)
    assert "サインインが終了されました" in tablet.get(answer.headers["Location"]).content.decode()
    assert "_auth_user_id" not in tablet.session
    assert laptop.get("/desk/").status_code == 200
    event = Event.objects.get(verb="account.end_sessions")
    assert (event.outcome, event.reason, event.data, event.subject_id) == (
        "done",
        "own-account",
        {"ended": 1},
        clerk.id,
    )
    again = laptop.post("/desk/sessions/", {"end": str(lost.pk)}, follow=True).content.decode()
    assert "すでに終わっています" in again


def test_an_ended_browser_does_nothing_more(published: dict[str, Procedure], clerk: Actor) -> None:
    case = handed_in(published, DOG)
    step = open_step(case)
    tablet, laptop = at_the_desk(clerk, TABLET), at_the_desk(clerk)
    before = Case.objects.values().get(pk=case.pk)
    laptop.post("/desk/sessions/", {"end": "others"})
    answer = tablet.post(f"/desk/cases/{case.number}/steps/{step.pk}/", {"_outcome": "accept"})
    assert answer.headers["Location"].startswith(LOGIN)
    assert Case.objects.values().get(pk=case.pk) == before
    assert not Event.objects.filter(verb__in=("case.examine", "case.read")).exists()
    assert laptop.get(f"/desk/cases/{case.number}/").status_code == 200


@pytest.mark.parametrize("how", ["close", "sign-out", "reset"])
def test_who_administers_ends_all_of_one_account(clerk: Actor, staff: Staff, how: str) -> None:
    theirs, colleague = (
        [at_the_desk(clerk), at_the_desk(clerk, TABLET)],
        at_the_desk(staff("taxation", "taxation-head")),
    )
    account = account_of(clerk)
    if how == "close":
        actions.close_account(account, by=SYSTEM)
    elif how == "reset":
        actions.reset_factors(account, by=SYSTEM)
    else:
        actions.end_sessions_of_account(account, by=SYSTEM)
    for one in theirs:
        assert one.get("/desk/").headers["Location"].startswith(LOGIN)
    assert colleague.get("/desk/").status_code == 200
    assert not SignIn.objects.filter(account=account).exists()


def test_nobody_ends_anothers(clerk: Actor, staff: Staff) -> None:
    mine, head = at_the_desk(clerk), staff("environment", "environment-head")
    (own,) = sign_ins(account=clerk.id)
    assert at_the_desk(head).post("/desk/sessions/", {"end": str(own.pk)}, follow=True).status_code == 200
    with pytest.raises(NotAllowed):
        actions.end_sessions_of_account(account_of(clerk), by=head)
    resident, other = new_resident(), new_resident()
    web = at_home(resident)
    (theirs,) = sign_ins(person=resident.id)
    with pytest.raises(NotAllowed):
        actions.end_sessions_of_person(Person.objects.get(pk=resident.who), by=other)
    with pytest.raises(NotFound):
        actions.end_sessions_of_person(Person.objects.get(pk=other.who), by=other, only=theirs.pk)
    at_home(other).post("/devices/", {"end": str(theirs.pk)})
    assert mine.get("/desk/").status_code == 200
    assert web.get("/cases/").status_code == 200
    assert {own.pk, theirs.pk} <= set(SignIn.objects.values_list("pk", flat=True))


def test_the_row_of_another_is_no_way_in(clerk: Actor, staff: Staff) -> None:
    mine, other = at_the_desk(clerk), at_the_desk(staff("taxation", "taxation-head"))
    session = mine.session
    session["sign_in"] = other.session["sign_in"]
    session.save()
    assert mine.get("/desk/").headers["Location"].startswith(LOGIN)


def test_residents_end_the_device_that_they_left_somewhere(published: dict[str, Procedure]) -> None:
    case = handed_in(published, DOG)
    by = applicant(case)
    phone, left = at_home(by, TABLET), at_home(by)
    shown = phone.get("/devices/").content.decode()
    assert "Edge / Windows" in shown
    assert shown.count("この端末</span>") == 1
    phone.post("/devices/", {"end": "others"})
    for path in ("/cases/", f"/cases/{case.number}/", "/inbox/"):
        answer = left.get(path)
        assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/sign-in/")
    assert left.post(f"/cases/{case.number}/withdraw/").status_code == 302
    case.refresh_from_db()
    assert case.withdrawn_at is None
    assert "サインインが終了されました" in left.get("/sign-in/").content.decode()
    assert phone.get(f"/cases/{case.number}/").status_code == 200
    event = Event.objects.get(verb="person.end_sessions")
    assert (event.data, event.reason) == ({"ended": 1}, "own-person")


def test_signing_out_takes_the_browser_off_the_list(clerk: Actor) -> None:
    laptop = at_the_desk(clerk)
    laptop.post("/desk/account/logout/")
    resident = new_resident()
    phone = at_home(resident)
    phone.post("/sign-out/")
    assert not SignIn.objects.exists()


def test_use_is_noted_to_the_minute_and_forgotten(clerk: Actor) -> None:
    laptop = at_the_desk(clerk)
    first = SignIn.objects.get()
    laptop.get("/desk/")
    assert SignIn.objects.get().seen_at == first.seen_at
    SignIn.objects.update(seen_at=clock.now() - timedelta(minutes=2))
    laptop.get("/desk/")
    assert SignIn.objects.get().seen_at >= first.seen_at
    SignIn.objects.update(seen_at=clock.now() - timedelta(hours=2))
    assert sign_ins(account=clerk.id) == [], "a session that nobody used for an hour has ended by itself"
    SignIn.objects.update(seen_at=clock.now() - timedelta(days=2))
    at_home(new_resident())
    assert SignIn.objects.get().account_id is None, "what was not used for a day is forgotten"


def test_a_session_that_names_nobody_is_nobodys(db: None) -> None:
    client = Client()
    session = client.session
    session["resident"] = {"person": "01234567-89ab-7cde-8f01-23456789abcd", "level": "card"}
    session.save()
    assert client.get("/cases/").status_code == 302
    assert not SignIn.objects.exists()


def test_nothing_but_the_kind_of_device_is_kept(clerk: Actor) -> None:
    at_the_desk(clerk, LAPTOP + " secret-serial-4711")
    row = SignIn.objects.get()
    assert row.browser == "Edge / Windows"
    assert {one.name for one in SignIn._meta.concrete_fields} == {
        "id",
        "account",
        "person",
        "browser",
        "since",
        "seen_at",
        "provider_session",
    }
    assert not row.provider_session, "the identity provider is the residents', not the desk's"
    assert row.account_id == clerk.id


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (TABLET, "Safari / iPad"),
        (LAPTOP, "Edge / Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox / Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Mobile/15E148 Safari Line/14.9.0", "LINE / iPhone"),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36", "Chrome / Android"),
        ("curl/8", ""),
        ("", ""),
    ],
)
def test_devices_are_named_as_people_name_them(agent: str, name: str) -> None:
    assert browser_of(agent) == name
