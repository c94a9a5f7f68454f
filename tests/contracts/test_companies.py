"""The companies of the demo against the city as it runs: told, signed, fetched, answered; failing, slow, forged."""

import datetime as dt
import hmac
import json
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path
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
from madoguchi.ground import clock
from madoguchi.people import jobs as people_jobs
from madoguchi.people import ports
from madoguchi.people.actions import open_partner
from madoguchi.people.models import Delivery, Subscription
from madoguchi.people.queries import secrets_of
from madoguchi.people.queries import webhooks as secrets
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


def send(company: Sandbox, body: bytes, *, at: float | None = None, id_: str = "1", length: int | None = None) -> int:
    """The status with which the company answers a telling that is signed with its own secret."""
    now = str(int(at if at is not None else time.time()))
    key = b64decode(company._secret.removeprefix("whsec_"))
    signature = b64encode(hmac.digest(key, f"{id_}.{now}.".encode() + body, "sha256")).decode()
    headers = {"webhook-id": id_, "webhook-timestamp": now, "webhook-signature": f"v1,{signature}"}
    if length is not None:
        headers["Content-Length"] = str(length)
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{company.url}/notices", body, headers)) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        refused.close()
        return refused.code


def test_a_telling_that_is_replayed_does_nothing(company: Sandbox, filled: Case, resident: Actor) -> None:
    told(filled, resident, {POWER: "1"})
    assert carry() == {}
    company.idle()
    key = str(Service.objects.get().pk)
    body = json.dumps({"type": "service.asked", "data": {"service": key}}).encode()
    before = Service.objects.values().get()
    assert send(company, body) == 200, "twice is once"
    assert send(company, body, at=time.time() - 600) == 401, "a copy of ten minutes ago"
    assert send(company, body, length=10**9) == 413
    company.idle()
    assert list(company.orders) == [key]
    assert Service.objects.values().get() == before
    assert Event.objects.filter(verb="service.read", outcome="done").count() == 1


def test_what_is_taken_back_between_telling_and_fetching_is_not_handed_over(
    company: Sandbox, filled: Case, resident: Actor
) -> None:
    told(filled, resident, {POWER: "1"})
    actions.take_back_service(Service.objects.get(), by=resident)
    assert carry() == {}, "it hears of it, asks, and is told that there is nothing: that is no failure"
    assert company.orders == {}
    assert (states(filled), Service.objects.get().handed_at) == ({POWER: "taken-back"}, None)


def test_it_is_away_for_hours_and_catches_up(company: Sandbox, filled: Case, resident: Actor) -> None:
    company.manner = "down"
    told(filled, resident, {POWER: "1"})
    assert carry() == {POWER: "status-503"}
    assert states(filled) == {POWER: "sent"}
    answer = urllib.request.urlopen(f"{company.url}/manner", b"manner=refuse")
    assert "これから届く連絡に" in answer.read().decode()
    company.idle()
    assert states(filled) == {POWER: "refused"}, "fetched as soon as it is back, without being told"
    assert carry() == {}


def test_it_stops_what_is_called_off_or_says_that_it_is_too_late(
    company: Sandbox, filled: Case, resident: Actor
) -> None:
    told(filled, resident, {POWER: "3", GAS: "4", WATER: "9"})
    assert carry() == {}
    company.idle()
    assert states(filled) == {POWER: "asked", GAS: "accepted", WATER: "handed"}
    assert actions.withdraw_services(filled, by=resident) == []
    for event in Event.objects.filter(verb="service.call-off", outcome="done"):
        jobs.tell_calling_off(event.pk)
    assert carry() == {}
    company.idle()
    assert states(filled) == {POWER: "stopped", GAS: "refused", WATER: "called-off"}
    assert "間に合" not in filled.services.get(company=POWER).words
    assert "取りやめできません" in filled.services.get(company=GAS).words


# -- docs/companies.md ------------------------------------------------------------------------------------------------

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "companies.md").read_text()


@pytest.mark.skipif(not shutil.which("curl") or not shutil.which("jq"), reason="the examples use curl and jq")
def test_the_page_for_companies_does_what_it_says(live_server: LiveServer, filled: Case, resident: Actor) -> None:
    client = open_partner(
        "見本電力", "residents", ["services:answer", "webhooks:manage"], ["moving"], companies=[POWER], by=SYSTEM
    )
    told(filled, resident, {POWER: "123-4560"})
    first, *others = re.findall(r"^```sh example\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    begin = first.replace("BASE=http://localhost:8000 CLIENT_ID=… CLIENT_SECRET=…", "")
    given = {
        "BASE": str(live_server.url),
        "CLIENT_ID": str(client.pk),
        "CLIENT_SECRET": secrets_of(client)[0],
        "PATH": "/usr/bin:/bin",
    }
    script = "set -euo pipefail\n" + begin + "\n".join(others)
    done = subprocess.run(["bash", "-c", script], env=given, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr + done.stdout
    row = Service.objects.get()
    assert (row.state, row.reference, row.telephone) == ("asked", "P-2026-1", "0120-000-101")
    assert "whsec_" in done.stdout
    handed = json.loads(done.stdout[done.stdout.index("{") : done.stdout.index("}") + 1])
    named = {name for line in re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE) for name in re.findall(r"`(\w+)`", line)}
    assert handed.keys() - {"id", "state", "sent_at"} <= named, "each member that comes is explained"


def test_the_message_on_the_page_is_what_the_city_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    (message,) = re.findall(r"^```http\nPOST \S+ HTTP/1.1\n(.*?)\n\n(.*?)\n```$", PAGE, re.MULTILINE | re.DOTALL)
    headers = dict(line.split(": ", 1) for line in message[0].splitlines())
    content, (secret,) = message[1].encode(), re.findall(r"`(whsec_\S+)`", PAGE)
    at = dt.datetime.fromtimestamp(int(headers["webhook-timestamp"]), dt.UTC)
    data = json.loads(content)["data"]
    sent = Delivery(
        pk=headers["webhook-id"], subscription=Subscription(), type="service.asked", about=data["service"],
        procedure=data["procedure"], happened_at=dt.datetime(2026, 11, 27, 1, tzinfo=dt.UTC),
    )  # fmt: skip
    monkeypatch.setattr(secrets, "signing_secrets", lambda _: [secret])
    assert people_jobs.body(sent) == content
    with clock.travel(at):
        made = people_jobs.signed(sent, content)
    assert made == {name: headers[name] for name in made}
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    there: dict[str, Any] = {}
    exec(code, there)
    check, now = there["is_from_the_city"], at.timestamp()
    assert check(secret, headers, content, now)
    assert not check(secret, headers, content.replace(b"moving", b"movinG"), now)
    assert not check(secret, headers, content, now + 301)
    assert not check(secret, {**headers, "webhook-id": "another"}, content, now)
    assert not check("whsec_" + "A" * 43 + "=", headers, content, now)
