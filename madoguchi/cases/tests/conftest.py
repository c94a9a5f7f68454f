"""A city with its published procedures, a resident and staff, for tests that move cases."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from madoguchi.cases import actions
from madoguchi.cases.actions import paying
from madoguchi.cases.models import Case, Cosigner, Payment
from madoguchi.cases.ports import Asked, Seen
from madoguchi.cases.queries.cosigning import part_of
from madoguchi.events import SYSTEM, Actor
from madoguchi.facts.actions import state
from madoguchi.facts.models import Source
from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.people.actions import appoint, open_account, recognise
from madoguchi.people.queries import actor_of_account, actor_of_person
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.tests.shipped import publish

#: ``staff(section, post)`` gives a member of staff who holds the post.
Staff = Callable[[str, str], Actor]


@pytest.fixture
def published(db: None) -> dict[str, Procedure]:
    """Every procedure that the city offers, published as the city offers it."""
    return publish()


@pytest.fixture
def resident(db: None) -> Actor:
    """A resident who has signed in with the card."""
    person = recognise("https://idp.example", str(uuid7()), "card", by=SYSTEM)
    return actor_of_person(person.pk, "card")


@pytest.fixture
def staff(db: None) -> Staff:
    """``staff(section, post)``: a member of staff who holds the post of the section.

    Since yesterday: what a test has done some hours ago is done by them shortly after midnight, too.
    """

    def make(section: str, post: str) -> Actor:
        account = open_account(f"{post}-{uuid7()}", "見本 職員", "correct horse battery staple", by=SYSTEM)
        appoint(account, post, section, clock.today() - dt.timedelta(days=1), by=SYSTEM)
        return actor_of_account(account)

    return make


def flat(answers: Any, at: str = "") -> dict[str, list[str]]:
    """Answers as a browser posts them: a place that is known by its lot was found by its words, and they are posted."""
    raw: dict[str, list[str]] = {}
    if isinstance(answers, dict) and answers.get("level") == "lot":
        raw[f"{at}.text"] = [answers["text"]]
    elif isinstance(answers, dict):
        for name, value in answers.items():
            raw |= flat(value, f"{at}.{name}" if at else name)
    elif isinstance(answers, list) and answers and isinstance(answers[0], dict):
        for number, value in enumerate(answers):
            raw |= flat(value, f"{at}.{number}")
    elif isinstance(answers, list):
        raw[at] = [str(value) for value in answers]
    elif isinstance(answers, bool):
        raw[at] = ["yes" if answers else "no"]
    else:
        raw[at] = [str(answers)]
    return raw


def fill_in(case: Case, answers: dict[str, Any], by: Actor) -> None:
    """Save every section of the form with these answers."""
    for section in procedures.package(case.procedure).form.sections:
        actions.save_section(case, section.id, flat(answers), by=by)


def somebody(name: str, born: str, level: str = "card") -> Actor:
    """Whoever has signed in with a card that says this of them."""
    person = recognise("https://idp.example", str(uuid7()), level, by=SYSTEM)
    by = actor_of_person(person.pk, level)
    state(person, {("person.full_name", ""): name, ("person.date_of_birth", ""): born}, Source.CARD, by=by)
    return by


def named(cosigner: Cosigner) -> Actor:
    """The very person whom the applicant has named, signed in with their card."""
    part = part_of(cosigner.case, cosigner, procedures.package(cosigner.case.procedure))
    return somebody(part.name, part.birthday or "1980-01-01")


def pay(case: Case, by: Actor, *, yen: int | None = None) -> Payment:
    """The open payment of the case, paid: what the acts note of it, without any provider."""
    step = case.steps.select_related("case").get(kind="pay", done_at=None)
    payment = actions.ask_payment(step, by=by)
    payment = paying.present(payment, Asked(f"cs_{payment.pk}", "https://pay.example/"), by=SYSTEM)
    return paying.confirm(payment, Seen("paid", payment.yen if yen is None else yen, f"pi_{payment.pk}"), by=SYSTEM)
