"""The companies of the demo against the city as it runs: told, signed, fetched, answered; failing, slow, forged."""

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from madoguchi.bridges.webhook import poster as bridge
from madoguchi.cases import actions, jobs
from madoguchi.cases.models import Case, Service
from madoguchi.cases.tests.conftest import resident
from madoguchi.cases.tests.test_companies import filled
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.people import jobs as people_jobs
from madoguchi.people import ports
from madoguchi.people.actions import open_partner
from madoguchi.people.models import Delivery
from madoguchi.people.queries import secrets_of
from madoguchi.people.queries.webhooks import dead_letters
from madoguchi.people.rules import MOST_DELIVERIES
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.tests.shipped import publish
from tools.utility.city import City
from tools.utility.server import Sandbox

__all__ = ["filled", "resident"]

pytestmark = pytest.mark.django_db(transaction=True)


POWER, GAS, WATER, NET = "sample-power", "sample-gas", "sample-water", "sample-net"


@pytest.fixture
def published(db: None) -> dict[str, Procedure]:
    """What these tests need of the catalogue."""
    return publish("moving", "change-of-address")


@pytest.fixture
def company(live_server: LiveServer, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Four companies, listening; who does not answer within three seconds is slow."""
    settings.WEBHOOK_NETWORKS = ["127.0.0.0/8"]
    monkeypatch.setattr(bridge, "_SECONDS", 3.0)
    ports.poster.cache_clear()
    scopes = ["services:answer", "webhooks:manage"]
    client = open_partner("見本の会社", "residents", scopes, ["moving"], companies=[POWER, GAS, WATER, NET], by=SYSTEM)
    city = City(str(live_server.url), str(client.pk), secrets_of(client)[0])
    with Sandbox(city, pause=0.0, slow=4.0) as one:
        one.listen()
        yield one
    ports.poster.cache_clear()


def told(journey: Case, by: Actor, numbers: dict[str, str]) -> None:
    """The life event is sent; the worker's job that follows it."""
    actions.choose_companies(journey, numbers, by=by)
    actions.submit_parts(journey, by=by)
    jobs.tell_companies(Event.objects.get(verb="case.submit-parts", outcome="done").pk)


def carry() -> dict[str, str]:
    """The worker posts once what is to be posted: company → the trouble, if any."""
    troubles = {}
    for event in Event.objects.filter(verb="webhook.send", outcome="done").order_by("at", "id"):
        row = Service.objects.get(pk=Delivery.objects.get(pk=str(event.subject_id)).about)
        try:
            people_jobs.post(event.pk)
        except people_jobs.TryAgain as trouble:
            troubles[row.company] = str(trouble)
    return troubles


def states(journey: Case) -> dict[str, str]:
    return dict(journey.services.values_list("company", "state"))


def test_it_is_told_until_it_has_heard_and_answers(company: Sandbox, filled: Case, resident: Actor) -> None:
    told(filled, resident, {POWER: "123-4560", GAS: "5", WATER: "7", NET: "2"})
    # Somebody else's telling is none.
    key = str(Service.objects.get(company=POWER).pk)
    body = b'{"type":"service.asked","data":{"service":"%s"}}' % key.encode()
    at = str(int(time.time()))
    for headers in ({}, {"webhook-id": "1", "webhook-timestamp": at, "webhook-signature": "v1,AAAA"}):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(f"{company.url}/notices", body, headers))
        refused.value.close()
        assert refused.value.code == 401
    assert company.orders == {}
    assert set(states(filled).values()) == {"sent"}
    # One has a bad day, one is slow: both are told again.
    assert carry() == {GAS: "status-500", WATER: "timeout"}
    assert carry() == {GAS: "status-500"}
    assert carry() == {}
    company.idle()
    assert states(filled) == {POWER: "done", GAS: "done", WATER: "done", NET: "refused"}
    assert "お電話ください" in filled.services.get(company=NET).words
    order = company.orders[key]
    assert order.content["full_name"] == "見本 花子"
    assert (order.told, order.said) == (1, ["accepted", "done"])
    answers = Event.objects.filter(verb="service.answer", outcome="done")
    assert answers.count() == 7, "told thrice or once, each answer is given once"
    with urllib.request.urlopen(company.url) as page:
        assert "見本 花子" in page.read().decode()


def test_nobody_there_becomes_a_dead_letter(company: Sandbox, filled: Case, resident: Actor) -> None:
    told(filled, resident, {POWER: "1"})
    company.__exit__()
    troubles = [carry() for _ in range(MOST_DELIVERIES)]
    assert troubles == [{POWER: "connection"}] * (MOST_DELIVERIES - 1) + [{}]
    (letter,) = dead_letters()
    assert (letter.about, letter.tries) == (filled.services.get().pk, MOST_DELIVERIES)
    assert states(filled) == {POWER: "sent"}, "and can still be taken back"
    with Sandbox(company.city, pause=0.0) as back:  # what could not be told is fetched when it comes back
        back.listen()
        back.idle()
    assert states(filled) == {POWER: "done"}
