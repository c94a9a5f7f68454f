"""What the tests of the desk set up: staff who are signed in, and cases as residents hand them in."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.conf import settings
from django.contrib.auth import login
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.test import Client

from madoguchi.cases import actions
from madoguchi.cases.models import Case, Step
from madoguchi.cases.tests.test_examples import answer
from madoguchi.events import SYSTEM, Actor
from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.people.actions import enrol_totp, recognise
from madoguchi.people.models import Account
from madoguchi.people.queries import actor_of_person
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules.examples import answers_of
from madoguchi.procedures.tests.shipped import catalogue

Staff = Callable[[str, str], Actor]

#: Of each package an example that a clerk and, where it needs one, a head bring to an end.
DOG = ("dog-registration", "microchip-granted")
CHILD = ("child-allowance-claim", "two-children-granted")
HOUSE = ("disaster-certificate", "self-assessed-granted")
SURVEY = ("disaster-certificate", "surveyed-half-granted")


def account_of(actor: Actor) -> Account:
    return Account.objects.get(pk=actor.who)


def session_for(account: Account, *, factor: bool = True) -> str:
    """The key of a session in which this account has just signed in; with ``factor``, with its second one."""
    if factor:
        enrol_totp(account, generate_totp_secret(), by=SYSTEM)
    request = HttpRequest()
    request.session = SessionStore()
    login(request, account, backend=settings.AUTHENTICATION_BACKENDS[0])
    record_authentication(request, account, "password")
    if factor:
        record_authentication(request, account, "mfa", type="totp")
    request.session.save()
    return str(request.session.session_key)


def client_of(actor: Actor, *, factor: bool = True) -> Client:
    """A browser without a window in which this member of staff is signed in."""
    client = Client(headers={"accept-language": "ja"})
    client.cookies[settings.SESSION_COOKIE_NAME] = session_for(account_of(actor), factor=factor)
    return client


def new_resident() -> Actor:
    person = recognise("https://idp.example", str(uuid7()), "card", by=SYSTEM)
    return actor_of_person(person.pk, "card")


def handed_in(
    published: dict[str, Procedure], example: tuple[str, str], *, days_ago: int = 0, name: str = "", kana: str = ""
) -> Case:
    """A case received so many business days before today, answered as the example tells."""
    code, told = example
    answers: dict[str, Any] = answers_of(catalogue().packages[code].examples[told])
    if name:
        answers["person"] = {**answers["person"], "full_name": name, "full_name_kana": kana}
    by = new_resident()
    with clock.travel(business_days_ago(days_ago)):
        case = actions.open_draft(published[code], by=by)
        answer(case, answers, by)
        actions.submit(case, by=by, email="mihon@example.jp")
    return Case.objects.get(pk=case.pk)


def business_days_ago(count: int) -> dt.datetime:
    """This moment of the last day after which so many business days went by, until today."""
    day = clock.today()
    while procedures.calendar().between(day, clock.today()) < count:
        day -= dt.timedelta(days=1)
    return clock.now() - (clock.today() - day)


def open_step(case: Case) -> Step:
    """The one open step of people."""
    return case.steps.exclude(kind="issue").get(done_at=None)


def applicant(case: Case) -> Actor:
    return actor_of_person(case.person_id, "card")
