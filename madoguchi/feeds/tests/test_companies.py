"""What residents hand over to companies, over the API: only to whom it was sent, answered once and in order."""

import datetime as dt
from typing import Any

import pytest

from madoguchi.cases.models import Case, Service
from madoguchi.cases.tests.test_companies import filled, sent
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.feeds.tests.conftest import Caller
from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.people.actions import open_partner

__all__ = ["filled"]

pytestmark = pytest.mark.django_db
SCOPES = ["services:answer", "webhooks:manage"]


def company(*names: str, scopes: list[str] | None = None) -> Caller:
    return Caller(open_partner("見本の会社", "residents", scopes or SCOPES, ["moving"], companies=names, by=SYSTEM))


def said(state: str, **more: Any) -> dict[str, Any]:
    return {"state": state, "at": clock.now().isoformat(), **more}


def test_it_is_seen_fetched_and_answered(filled: Case, resident: Actor) -> None:
    power = company("sample-power")
    service = sent(filled, resident)
    (line,) = power.get("/services?state=sent").json()["services"]
    assert line["id"] == str(service.pk)
    assert "full_name" not in line
    whole = power.get(f"/services/{service.pk}").json()
    assert (whole["full_name"], whole["customer_number"], whole["happens_on"]) == (
        "見本 花子",
        "123-4560",
        "2026-11-20",
    )
    assert "email" not in whole, "what was not answered is not there"
    assert power.get("/services?state=sent").json()["services"] == []
    answer = power.post(f"/services/{service.pk}/answer", said("accepted", reference="P-1"))
    assert (answer.status_code, answer.json()["state"]) == (200, "accepted")
    answer = power.post(f"/services/{service.pk}/answer", said("done"))
    assert answer.json()["state"] == "done"
    assert power.get(f"/services/{service.pk}").status_code == 409, "not given again after the end"
    assert power.get(f"/services?after={service.pk}").json()["services"] == []


def test_an_answer_that_is_sent_again_is_given_once(filled: Case, resident: Actor) -> None:
    power = company("sample-power")
    service = sent(filled, resident)
    power.get(f"/services/{service.pk}")
    body, key = said("accepted"), {"idempotency_key": "answer-0001"}
    first = power.post(f"/services/{service.pk}/answer", body, **key)
    again = power.post(f"/services/{service.pk}/answer", body, **key)
    assert first.json() == again.json()
    assert Event.objects.filter(verb="service.answer", outcome="done").count() == 1
    assert power.post(f"/services/{service.pk}/answer", body).status_code == 409, "an old answer under a new key"


def test_what_is_another_companys_is_not_there(filled: Case, resident: Actor) -> None:
    company("sample-power")
    bank = company("sample-bank")
    core = Caller(open_partner("基幹", "residents", ["cases:read", "cases:answers"], ["*"], by=SYSTEM))
    service = sent(filled, resident)
    before = Service.objects.filter(pk=service.pk).values().get()
    for path in (f"/services/{service.pk}", f"/services/{uuid7()}"):
        assert bank.get(path).status_code == 404
        assert bank.post(f"{path}/answer", said("accepted")).status_code == 404
        assert core.get(path).status_code == 403
        assert core.post(f"{path}/answer", said("accepted")).status_code == 403
    assert bank.get("/services").json()["services"] == []
    assert core.get("/services").status_code == 403
    assert Service.objects.filter(pk=service.pk).values().get() == before
    assert bank.get(f"/cases/{filled.pk}").status_code == 403, "the life event itself is none of theirs"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (said("lost"), 422),
        ({"state": "accepted"}, 422),
        ({"state": "accepted", "at": "2026-11-27T10:00:00"}, 422),  # of which zone?
        (said("refused", words="あ" * 501), 422),
        (said("accepted", words="x\0"), 422),
        (said("accepted", person="見本 花子"), 422),
        (said("accepted", at="2999-01-01T00:00:00+09:00"), 422),
        (said("accepted", link="https://elsewhere.example.jp/"), 422),
        (said("accepted", words="x" * (1024 * 1024)), 413),
        ([], 422),
    ],
)
def test_what_cannot_be_shown_changes_nothing(filled: Case, resident: Actor, body: Any, status: int) -> None:
    power = company("sample-power")
    service = sent(filled, resident)
    power.get(f"/services/{service.pk}")
    if isinstance(body, dict) and body.get("at", "").startswith("2026"):
        body = {**body, "at": clock.now().isoformat()} if "+" in body["at"] else body
    before = Service.objects.filter(pk=service.pk).values().get()
    assert power.post(f"/services/{service.pk}/answer", body or [1]).status_code == status
    assert Service.objects.filter(pk=service.pk).values().get() == before
    assert not Event.objects.filter(verb="service.answer", outcome="done").exists()


def test_without_a_token_there_is_nothing(filled: Case, resident: Actor) -> None:
    power = company("sample-power")
    service = sent(filled, resident)
    power.token = "made-up"
    assert power.get(f"/services/{service.pk}").status_code == 401
    assert power.post(f"/services/{service.pk}/answer", said("accepted")).status_code == 401
    assert Service.objects.get(pk=service.pk).handed_at is None


def test_a_taken_back_consent_is_not_there(filled: Case, resident: Actor) -> None:
    from madoguchi.cases import actions

    power = company("sample-power")
    service = sent(filled, resident)
    actions.take_back_service(service, by=resident)
    assert power.get("/services").json()["services"] == []
    assert power.get(f"/services/{service.pk}").status_code == 404
    assert dt.timedelta(0) < clock.now() - service.consented_at


def test_what_was_called_off_is_listed_and_stopped(filled: Case, resident: Actor) -> None:
    from madoguchi.cases import actions

    power = company("sample-power")
    service = sent(filled, resident)
    power.get(f"/services/{service.pk}")
    assert power.post(f"/services/{service.pk}/answer", said("stopped")).status_code == 409, "nobody has called it off"
    actions.call_off_service(service, by=resident)
    (line,) = power.get("/services?state=called-off").json()["services"]
    assert line["id"] == str(service.pk)
    assert power.get(f"/services/{service.pk}").status_code == 409, "there is no consent any more"
    assert power.post(f"/services/{service.pk}/answer", said("stopped")).json()["state"] == "stopped"


def test_its_tellings_say_which_service_they_are_about(filled: Case, resident: Actor) -> None:
    from madoguchi.cases import jobs

    power = company("sample-power")
    hook = power.post("/webhooks", {"url": "https://power.example.jp/hook", "types": ["service.asked"]}).json()
    service = sent(filled, resident)
    jobs.tell_companies(Event.objects.get(verb="case.submit-parts", outcome="done").pk)
    (told,) = power.get(f"/webhooks/{hook['id']}/deliveries").json()["deliveries"]
    assert (told["service"], told["state"]) == (str(service.pk), "waiting")
    assert "case" not in told
