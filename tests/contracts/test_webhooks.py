"""Webhooks against a server that really listens: it fails, hangs, redirects, comes back. And where none may go."""

import hashlib
import hmac
import json
import threading
from base64 import b64decode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from madoguchi.bridges.webhook import poster as bridge
from madoguchi.bridges.webhook.poster import HttpsPoster
from madoguchi.cases import actions, jobs
from madoguchi.cases.models import Case
from madoguchi.cases.tests.conftest import Staff
from madoguchi.events import SYSTEM
from madoguchi.events.models import Event
from madoguchi.feeds.tests.conftest import Caller, MakePartner, partner, published, resident, staff
from madoguchi.feeds.tests.test_cases import new
from madoguchi.ground.errors import Invalid
from madoguchi.people import jobs as people_jobs
from madoguchi.people import ports
from madoguchi.people.actions import webhooks as acts
from madoguchi.people.models import Delivery, Subscription
from madoguchi.people.queries import webhooks
from madoguchi.people.rules import MOST_DELIVERIES, WEBHOOK_TYPES, webhook_url
from madoguchi.procedures.models import Procedure

__all__ = ["partner", "published", "resident", "staff"]

pytestmark = pytest.mark.django_db
Published = dict[str, Procedure]
HOME = ["127.0.0.0/8", "::1/128"]


class Receiver:
    """A partner's server. ``answers``: what it says, one after the other, then 204."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int | str] = []
        self.quiet = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append(({name.lower(): value for name, value in self.headers.items()}, content))
                answer = outer.answers.pop(0) if outer.answers else 204
                if answer == "hang":
                    outer.quiet.wait(10)
                    return
                self.send_response(int(answer))
                if answer == 302:
                    self.send_header("Location", "http://127.0.0.1:1/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    settings.WEBHOOK_NETWORKS = HOME
    monkeypatch.setattr(bridge, "_SECONDS", 0.5)
    ports.poster.cache_clear()
    one = Receiver()
    yield one
    one.quiet.set()
    one.server.shutdown()
    one.server.server_close()
    ports.poster.cache_clear()


def subscribed(core: Caller, receiver: Receiver, types: list[str] | None = None) -> tuple[Subscription, str]:
    answer = core.post("/webhooks", {"url": receiver.url, "types": types or list(WEBHOOK_TYPES)})
    assert answer.status_code == 201, answer.content
    return Subscription.objects.get(pk=answer.json()["id"]), answer.json()["secret"]


def happen(core: Caller) -> Case:
    """A case is filed, and what follows its events runs once, as the worker would."""
    return follow(Case.objects.get(pk=core.post("/cases", new()).json()["id"]))


def follow(case: Case) -> Case:
    subjects = [case.pk, *case.steps.values_list("pk", flat=True)]
    for event in Event.objects.filter(subject_id__in=subjects, outcome="done", verb__startswith="case."):
        if event.verb in ("case.submit", "case.examine", "case.withdraw", "case.perform"):
            jobs.tell_partners(event.pk)
    return Case.objects.get(pk=case.pk)


def carry(verb: str = "webhook.send") -> list[str]:
    """Run the job of each event once; the troubles that it left to the worker."""
    troubles = []
    for event in Event.objects.filter(verb=verb, outcome="done").order_by("id"):
        try:
            people_jobs.post(event.pk)
        except people_jobs.TryAgain as trouble:
            troubles.append(str(trouble))
    return troubles


def verified(secret: str, got: tuple[dict[str, str], bytes]) -> bool:
    """As the specification of Standard Webhooks says, written a second time."""
    headers, content = got
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + content
    expected = hmac.new(b64decode(secret[6:]), text, hashlib.sha256).digest()
    given = [b64decode(one[3:]) for one in headers["webhook-signature"].split() if one.startswith("v1,")]
    return expected in given


def test_a_partner_is_told_signed_with_ids_only(published: Published, partner: MakePartner, receiver: Receiver) -> None:
    core = partner()
    _, secret = subscribed(core, receiver)
    case = happen(core)
    assert carry() == []
    (got,) = receiver.got
    assert verified(secret, got)
    assert not verified("whsec_AAAA", got)
    told = json.loads(got[1])
    assert told == {
        "type": "case.received",
        "timestamp": told["timestamp"],
        "data": {"case": str(case.pk), "procedure": "dog-registration"},
    }
    assert carry() == []
    follow(case)
    assert len(receiver.got) == 1, "told once, however often the jobs run"
    actions.withdraw(case, by=_actor(core))
    follow(case)
    carry()
    assert json.loads(receiver.got[-1][1])["type"] == "case.withdrawn"


def _actor(core: Caller) -> Any:
    from madoguchi.people.queries import actor_of_partner

    return actor_of_partner(core.partner)


def test_the_end_of_a_case_is_told_once_each(
    published: Published, partner: MakePartner, receiver: Receiver, staff: Staff
) -> None:
    core = partner()
    subscribed(core, receiver)
    case = happen(core)
    actions.examine(case.steps.get(done_at=None), "accept", by=staff("environment", "environment-clerk"))
    jobs.perform_open_steps(Event.objects.get(verb="case.examine").pk)
    follow(follow(case))
    carry()
    assert sorted(json.loads(content)["type"] for _, content in receiver.got) == [
        "case.closed",
        "case.decided",
        "case.received",
    ]


def test_failures_are_tried_again_given_up_listed_and_told_again(
    published: Published, partner: MakePartner, receiver: Receiver
) -> None:
    core = partner()
    hook, _ = subscribed(core, receiver, ["case.received"])
    happen(core)
    receiver.answers = [500, 302, 404, 410]
    troubles = [carry() for _ in range(4)]
    assert troubles == [["status-500"], ["status-302"], ["status-404"], ["status-410"]]
    receiver.answers = ["hang"]
    assert carry() in (["timeout"], ["connection"])
    receiver.answers = [503] * MOST_DELIVERIES
    for _ in range(MOST_DELIVERIES):
        carry()
    delivery = Delivery.objects.get()
    assert (delivery.tries, delivery.trouble) == (MOST_DELIVERIES, "status-503")
    assert delivery.dead_at is not None
    assert [one.pk for one in webhooks.dead_letters()] == [delivery.pk]
    dead = core.get(f"/webhooks/{hook.pk}/deliveries?dead=true").json()["deliveries"]
    assert [(one["id"], one["state"]) for one in dead] == [(str(delivery.pk), "dead")]
    count = len(receiver.got)
    assert carry() == []
    assert len(receiver.got) == count, "given up is given up"
    receiver.answers = []
    again = core.post(f"/deliveries/{delivery.pk}/redeliver")
    assert again.json()["state"] == "waiting"
    assert carry("webhook.redeliver") == []
    assert receiver.got[-1][0]["webhook-id"] == receiver.got[0][0]["webhook-id"] == str(delivery.pk)
    assert Delivery.objects.get().delivered_at is not None
    assert list(webhooks.dead_letters()) == []


def test_a_server_that_is_away_does_not_stop_the_others(
    published: Published, partner: MakePartner, receiver: Receiver
) -> None:
    away, here = partner(), partner()
    gone = Receiver()
    gone.server.shutdown()
    gone.server.server_close()
    subscribed(away, gone)
    subscribed(here, receiver)
    happen(here)
    assert carry() == ["connection"]
    assert len(receiver.got) == 1


def test_while_a_secret_is_exchanged_both_sign(published: Published, partner: MakePartner, receiver: Receiver) -> None:
    core = partner()
    hook, old = subscribed(core, receiver)
    new_one = core.post(f"/webhooks/{hook.pk}/secret").json()["secret"]
    assert new_one != old
    happen(core)
    carry()
    assert verified(old, receiver.got[0])
    assert verified(new_one, receiver.got[0])
    stored = json.dumps(list(Subscription.objects.values()), default=str)
    assert old not in stored
    assert new_one not in stored


def test_only_who_may_see_a_case_is_told_of_it(published: Published, partner: MakePartner, receiver: Receiver) -> None:
    core = partner()
    elsewhere = partner(procedures=["child-allowance-claim"])
    writer = partner(["cases:create", "webhooks:manage"])
    for one in (elsewhere, writer):
        subscribed(one, receiver)
    happen(core)
    assert Delivery.objects.count() == 0
    happen(writer)
    assert Delivery.objects.get().subscription.partner_id == writer.partner.pk
    hook = Subscription.objects.get(partner=writer.partner)
    assert elsewhere.get(f"/webhooks/{hook.pk}/deliveries").status_code == 404
    assert elsewhere.client.delete(f"/api/v1/webhooks/{hook.pk}", headers=elsewhere.headers()).status_code == 404
    assert elsewhere.post(f"/deliveries/{Delivery.objects.get().pk}/redeliver").status_code == 404
    assert writer.client.delete(f"/api/v1/webhooks/{hook.pk}", headers=writer.headers()).status_code == 204
    assert carry() == []
    assert receiver.got == []


def test_the_worker_carries_it_through_the_relay(
    published: Published, partner: MakePartner, receiver: Receiver
) -> None:
    from madoguchi.events.following import FOLLOWERS

    assert "case.submit" in FOLLOWERS.get("cases.webhooks").verbs
    assert FOLLOWERS.get("people.webhook").verbs == {"webhook.send", "webhook.redeliver"}


# -- where nothing may go ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://example.jp/hook",
        "ftp://example.jp/",
        "https://",
        "https://user:pass@example.jp/",
        "https://example.jp@10.0.0.1/",
        "https://example.jp/#x",
        "https://example.jp:0/",
        "https://example.jp:99999/",
        "https://例え.jp/",
        "https://example.jp/a b",
        "https://example.jp/\r\nHost: x",
        "https://example.jp\\@10.0.0.1/",
        "file:///etc/passwd",
        "//example.jp/",
        "javascript:alert(1)",
        "https://[::1",
        "https://" + "a" * 600,
        "",
    ],
)
def test_addresses_that_nobody_may_name(partner: MakePartner, url: str) -> None:
    with pytest.raises(Invalid):
        webhook_url(url, plain=False)
    core = partner()
    with pytest.raises(Invalid):
        acts.subscribe(core.partner, url, ["case.received"], by=SYSTEM)
    assert Subscription.objects.count() == 0


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "[::1]", "0.0.0.0", "[::]", "10.1.2.3", "172.16.0.1", "192.168.1.1"),
        *("169.254.169.254", "100.64.0.1", "[fe80::1]", "[fd00::1]", "[::ffff:10.0.0.1]", "[2002:7f00:1::]"),
        *("2130706433", "0x7f000001", "017700000001", "224.0.0.1", "255.255.255.255", "127.1"),
    ],
)
def test_inner_addresses_are_not_reached_in_any_writing(host: str) -> None:
    with pytest.raises(ports.NotPosted) as refused:
        HttpsPoster([]).post(f"https://{host}/hook", b"{}", {})
    assert refused.value.code in ("address", "dns")


def test_a_name_that_leads_inside_is_not_followed_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """One public and one inner address: the inner one might be taken, so none is."""

    def resolve(host: str, port: int, **more: Any) -> list[Any]:
        return [(2, 1, 6, "", ("203.0.114.7", port)), (2, 1, 6, "", ("10.0.0.1", port))]

    monkeypatch.setattr("madoguchi.bridges.webhook.poster.socket.getaddrinfo", resolve)
    with pytest.raises(ports.NotPosted) as refused:
        HttpsPoster([]).post("https://rebinding.example/", b"{}", {})
    assert refused.value.code == "address"


def test_plain_http_leaves_this_machine_to_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """An allowed network of the city is reached by https alone."""
    monkeypatch.setattr(
        "madoguchi.bridges.webhook.poster.socket.getaddrinfo", lambda *a, **k: [(2, 1, 6, "", ("10.0.0.1", 80))]
    )
    with pytest.raises(ports.NotPosted) as refused:
        HttpsPoster(["10.0.0.0/8"]).post("http://core.example/", b"{}", {})
    assert refused.value.code == "address"
