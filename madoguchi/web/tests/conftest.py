"""A city with its procedures and residents who are signed in, for tests of the residents' face without a browser."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from madoguchi.cases.actions import open_draft
from madoguchi.cases.models import Case
from madoguchi.events import SYSTEM, Actor
from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.people.actions import appoint, open_account, recognise
from madoguchi.people.queries import actor_of_account, actor_of_person
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.tests.shipped import publish

SignedIn = Callable[..., tuple[Client, Actor]]


@pytest.fixture(autouse=True, scope="session")
def static_root() -> None:
    """WhiteNoise warns of a folder that is not there, and warnings are errors."""
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


def browser_of(by: Actor, **options: Any) -> Client:
    """A browser in which this resident has just signed in, with the actor's level."""
    client = Client(HTTP_ACCEPT_LANGUAGE="ja", **options)
    session = client.session
    session["resident"] = {"person": str(by.who), "level": by.level}
    session.save()
    return client


@pytest.fixture
def published(db: None) -> None:
    """Every procedure that the city offers."""
    publish()


@pytest.fixture
def signed_in(published: None) -> SignedIn:
    """``signed_in(level)``: a browser whose resident has just signed in, and that resident."""

    def make(level: str = "card", **options: Any) -> tuple[Client, Actor]:
        person = recognise("https://idp.example", str(uuid7()), level, by=SYSTEM)
        by = actor_of_person(person.pk, level)
        return browser_of(by, **options), by

    return make


@pytest.fixture
def dog(signed_in: SignedIn) -> tuple[Client, Actor, Case]:
    """A resident with a fresh draft of 犬の登録."""
    client, by = signed_in()
    row = procedures.current("dog-registration")
    assert row is not None
    return client, by, open_draft(row, by=by)


def a_clerk(section: str, post: str) -> Actor:
    """A member of staff who holds the post of the section."""
    account = open_account(f"{post}-{uuid7()}", "見本 職員", "correct horse battery staple", by=SYSTEM)
    appoint(account, post, section, clock.today(), by=SYSTEM)
    return actor_of_account(account)
