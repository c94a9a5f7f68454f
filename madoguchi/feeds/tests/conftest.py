"""A partner with a token, and requests as it sends them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from madoguchi.cases import actions as cases
from madoguchi.cases.models import Case
from madoguchi.cases.tests.conftest import published, resident, staff
from madoguchi.cases.tests.test_examples import answer
from madoguchi.events import SYSTEM
from madoguchi.ground.ids import uuid7
from madoguchi.people import actions, queries
from madoguchi.people.models import Partner
from madoguchi.people.rules import SCOPES
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules.examples import answers_of
from madoguchi.procedures.tests.shipped import catalogue

__all__ = ["published", "resident", "staff"]


class Caller:
    """A partner's program: it has a token and puts a fresh Idempotency-Key on what it posts."""

    def __init__(self, partner: Partner, scopes: list[str] | None = None) -> None:
        self.partner = partner
        self.client = Client()
        self.secret = (queries.secrets_of(partner) or [""])[0]
        self.scopes = scopes
        self.token = self.fresh_token()

    def fresh_token(self) -> str:
        answer = self.ask_token(scope=" ".join(self.scopes or []))
        assert answer.status_code == 200, answer.content
        return str(answer.json()["access_token"])

    def ask_token(self, **more: str) -> Any:
        form = {"grant_type": "client_credentials", "client_id": str(self.partner.pk), "client_secret": self.secret}
        return Client().post("/oauth/token", {name: value for name, value in (form | more).items() if value})

    def headers(self, more: dict[str, str] | None = None) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}", "idempotency-key": f"key-{uuid7()}", **(more or {})}

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(f"/api/v1{path}", headers=self.headers(_dashed(headers)))

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.client.post(
            f"/api/v1{path}", json.dumps(body or {}), "application/json", headers=self.headers(_dashed(headers))
        )

    def patch(self, path: str, body: Any, **headers: str) -> Any:
        return self.client.patch(
            f"/api/v1{path}", json.dumps(body), "application/json", headers=self.headers(_dashed(headers))
        )

    def upload(self, path: str, form: dict[str, Any], **headers: str) -> Any:
        return self.client.post(f"/api/v1{path}", form, headers=self.headers(_dashed(headers)))


def _dashed(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


MakePartner = Callable[..., Caller]


@pytest.fixture
def partner(db: None) -> MakePartner:
    """``partner()``: the program of a partner that may do everything with every procedure; say less to get less."""

    def make(
        scopes: list[str] | None = None,
        procedures: list[str] | None = None,
        *,
        level: str = "card",
        section: str = "environment",
        per_minute: int = 600,
    ) -> Caller:
        opened = actions.open_partner(
            "環境システム",
            section,
            scopes or list(SCOPES),
            procedures or ["*"],
            by=SYSTEM,
            level=level,
            per_minute=per_minute,
        )
        return Caller(opened)

    return make


CHILD = ("child-allowance-claim", "two-children-granted")
HOUSE = ("disaster-certificate", "self-assessed-granted")


def handed_in(published: dict[str, Procedure], example: tuple[str, str]) -> Case:
    """A case that a resident has submitted on our pages, answered as the example tells."""
    code, told = example
    person = actions.recognise("https://idp.example", str(uuid7()), "card", by=SYSTEM)
    by = queries.actor_of_person(person.pk, "card")
    case = cases.open_draft(published[code], by=by)
    answer(case, answers_of(catalogue().packages[code].examples[told]), by)
    cases.submit(case, by=by)
    return Case.objects.get(pk=case.pk)
