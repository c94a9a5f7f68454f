"""The API does what its OpenAPI document says, whatever it is sent (schemathesis): no 500, no undocumented answer,
no door without a token. Bounded in time: some requests for each operation, each time others.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as bounds
from hypothesis.stateful import run_state_machine_as_test
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from madoguchi.cases.models import Case
from madoguchi.feeds.tests.conftest import MakePartner
from madoguchi.feeds.tests.mapping import LAYERS, drawn
from madoguchi.ground.ids import uuid7
from madoguchi.people.models import Subscription
from madoguchi.procedures import queries
from madoguchi.procedures.models import Procedure

pytestmark = pytest.mark.django_db
Published = dict[str, Procedure]

#: All that schemathesis checks, but two: what fits the schema may still be no answer to the form or no https address
#: (positive_data_acceptance), and a missing If-Match is answered 428 as RFC 6585 says (missing_required_header).
CHECKED = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
    ignored_auth,
    unsupported_method,
]
#: What is not asked of the map.
TOKENS_AND_LIMITS = [negative_data_rejection, ignored_auth]
EXAMPLES = 5
#: Rounds of random calls until all is reached that a test is about; a round alone misses it by chance.
ROUNDS = 20
QUICK: Any = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "phases": [Phase.explicit, Phase.generate],
    "derandomize": False,
    "database": None,
}


def document(mode: str = "all", address: str = "/api/v1/openapi.json") -> Any:
    """`mode`: "positive" makes only what fits the document, "all" also what does not."""
    config = schemathesis.config.SchemathesisConfig.from_dict({"generation": {"mode": mode}})
    application = WSGIHandler()  # not before the tests have their own folder for static files

    def leaving_the_connection(environ: Any, start_response: Any) -> Any:
        """As Django's own test client does: the end of a request does not end the connection of the test."""
        for signal in (request_started, request_finished):
            signal.disconnect(close_old_connections)
        answer = application(environ, start_response)
        try:
            return list(answer)
        finally:
            answer.close()  # with it go the files of the request

    return schemathesis.openapi.from_wsgi(address, leaving_the_connection, config=config)


@pytest.fixture(autouse=True)
def connections_as_before() -> Iterator[None]:
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def operations() -> list[Any]:
    found = [one.ok() for one in document().get_all_operations()]
    assert len(found) > 15
    return found


def test_every_operation_does_what_the_document_says(
    published: Published, partner: MakePartner, operations: list[Any]
) -> None:
    core = partner(per_minute=1_000_000)
    asked = 0
    answers: dict[str, set[int]] = {}

    def ask_often(operation: Any) -> None:
        @bounds(max_examples=EXAMPLES, **QUICK)
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            nonlocal asked
            asked += 1
            headers = {"Authorization": f"Bearer {core.token}", "Idempotency-Key": f"fuzz-{uuid7()}"}
            response = case.call(headers=headers)
            answers.setdefault(case.operation.label, set()).add(response.status_code)
            case.validate_response(response, checks=CHECKED, headers=headers)

        ask()

    for operation in operations:
        ask_often(operation)
    assert asked >= EXAMPLES * 10
    listing = next(one for one in operations if one.label == "GET /api/v1/procedures")
    for _ in range(ROUNDS):
        if 200 in answers[listing.label]:
            break
        ask_often(listing)
    assert 200 in answers[listing.label], answers
    assert not any(status >= 500 for found in answers.values() for status in found)


def test_the_map_does_what_its_document_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OGC API. A limit that is too large is taken for the largest and no error, as the standard wants it, so what does
    not fit the document may be answered; and nothing there needs a token."""
    monkeypatch.setattr(queries, "layers", lambda: LAYERS)
    drawn(tmp_path)
    answers: dict[str, set[int]] = {}

    def ask_often(operation: Any) -> None:
        @bounds(max_examples=2 * EXAMPLES, **QUICK)
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            response = case.call()
            answers.setdefault(case.operation.label, set()).add(response.status_code)
            case.validate_response(response, checks=[one for one in CHECKED if one not in TOKENS_AND_LIMITS])

        ask()

    found = [one.ok() for one in document(address="/ogc/api").get_all_operations()]
    assert len(found) >= 7
    for operation in found:
        ask_often(operation)
    items = next(one for one in found if one.label.endswith("/items"))
    for _ in range(ROUNDS):
        if 200 in answers[items.label]:
            break
        ask_often(items)
    assert {200, 400} <= answers[items.label]


def test_what_leads_from_one_call_to_the_next(published: Published, partner: MakePartner) -> None:
    """Links: what was filed is read, submitted, revised, withdrawn, decided, in any order."""
    core = partner(per_minute=1_000_000)
    seen: list[tuple[str, int]] = []
    made: list[int] = []

    class Calls(document("positive").as_state_machine()):  # type: ignore[misc]  # made from the document
        # Each round begins with the same tables: Hypothesis plays the beginning of one again, and must find as before.
        def setup(self) -> None:
            self.round = transaction.atomic()  # noqa: TID251 -- taken back at the end of the round
            self.round._from_testcase = True  # type: ignore[attr-defined]  # as Django marks its own: acts may be in it
            self.round.__enter__()

        def teardown(self) -> None:
            made.append(Case.objects.filter(origin__partner=core.partner).count() + Subscription.objects.count())
            transaction.set_rollback(True)
            self.round.__exit__(None, None, None)

        def before_call(self, case: Any) -> None:
            if case.operation.label == "POST /api/v1/cases" and isinstance(case.body, dict):
                # What is random is all but the procedure and the answers, or nothing would ever be filed.
                case.body |= {"procedure": "dog-registration", "submit": False, "answers": {}, "email": None}
            if case.operation.label == "POST /api/v1/webhooks" and isinstance(case.body, dict):
                case.body |= {"url": "https://example.jp/hook"}

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": {"Authorization": f"Bearer {core.token}", "Idempotency-Key": f"fuzz-{uuid7()}"}}

        def validate_response(self, response: Any, case: Any, **more: Any) -> None:
            seen.append((case.operation.label, response.status_code))
            case.validate_response(response, checks=[not_a_server_error, status_code_conformance])

    lists = {"GET /api/v1/procedures", "GET /api/v1/cases", "GET /api/v1/webhooks"}
    led_on: set[str] = set()
    for _ in range(ROUNDS):
        run_state_machine_as_test(Calls, settings=bounds(max_examples=12, stateful_step_count=6, **QUICK))
        led_on = {label for label, status in seen if status == 200} - lists
        if sum(made) and led_on:
            break
    assert sum(made) > 0
    assert led_on, seen
