"""A case through the API, from a core system: filed, returned, corrected, decided, its letter fetched."""

import datetime as dt
import io
import json
import threading
from typing import Any

import pytest
from django.db import connection
from PIL import Image

from madoguchi.cases import actions, jobs
from madoguchi.cases.models import Case, Decision, Document, Origin
from madoguchi.cases.tests.conftest import Staff
from madoguchi.cases.tests.test_whole_case import DOG
from madoguchi.events.models import Event
from madoguchi.feeds.tests.conftest import CHILD, HOUSE, MakePartner, handed_in
from madoguchi.ground import clock
from madoguchi.people.models import Identity, PartnerRequest
from madoguchi.procedures.models import Procedure

pytestmark = pytest.mark.django_db
Published = dict[str, Procedure]


def new(**more: Any) -> dict[str, Any]:
    answers = {**DOG, "dog_born_on": "2026-01-10"}
    return {"procedure": "dog-registration", "person": {"id": "0012345"}, "answers": answers, "submit": True, **more}


def everything() -> list[Any]:
    return [list(model.objects.order_by("pk").values()) for model in (Case, Document, Origin, Decision, Identity)]


def test_a_case_is_filed_returned_corrected_decided_and_its_letter_fetched(
    published: Published, partner: MakePartner, staff: Staff
) -> None:
    core = partner()
    filed = core.post("/cases", new(reference="R-1"))
    assert filed.status_code == 201, filed.content
    case = Case.objects.get(pk=filed.json()["id"])
    told = filed.json()
    assert (told["state"], told["turn"], told["reference"], told["number"]) == (
        "received",
        "office",
        "R-1",
        case.number,
    )
    assert filed["Location"] == told["url"]
    assert case.answers["person"]["full_name"] == "見本 花子"
    assert Identity.objects.get(person=case.person_id).issuer == f"partner:{core.partner.pk}"

    wrong = core.post(f"/cases/{case.pk}/decision", {"outcome": "return", "corrections": {"nowhere": "x"}})
    assert wrong.status_code == 422
    back = core.post(
        f"/cases/{case.pk}/decision", {"outcome": "return", "corrections": {"breed": "犬種をご確認ください。"}}
    )
    assert back.status_code == 200, back.content
    assert back.json()["corrections"] == [{"path": "breed", "message": "犬種をご確認ください。"}]

    shown = core.get(f"/cases/{case.pk}")
    tag = shown["ETag"]
    assert core.get(f"/cases/{case.pk}", if_none_match=tag).status_code == 304
    assert core.patch(f"/cases/{case.pk}/answers", {"answers": {"breed": "雑種"}}).status_code == 428
    changed = core.patch(f"/cases/{case.pk}/answers", {"answers": {"breed": "雑種"}}, if_match=tag)
    assert changed.status_code == 200, changed.content
    assert core.patch(f"/cases/{case.pk}/answers", {"answers": {"breed": "x"}}, if_match=tag).status_code == 412
    assert core.post(f"/cases/{case.pk}/submit").json()["state"] == "received"

    decided = core.post(f"/cases/{case.pk}/decision", {"outcome": "accept"})
    assert decided.status_code == 200, decided.content
    jobs.perform_open_steps(Event.objects.filter(verb="case.examine").latest("id").pk)
    whole = core.get(f"/cases/{case.pk}").json()
    assert whole["state"] == "closed"
    assert whole["decision"]["granted"] is True
    letter = core.client.get(whole["letters"][0]["url"], headers=core.headers())
    assert letter["Content-Type"] == "application/pdf"
    assert letter.content.startswith(b"%PDF")
    history = core.get(f"/cases/{case.pk}/history").json()["history"]
    assert [one["by"] for one in history if one["verb"] == "case.examine"] == ["partner", "partner"]
    event = Event.objects.filter(verb="case.examine").latest("id")
    assert (event.reason, event.actor_id, event.channel) == ("partner-decides", core.partner.pk, "api")


def test_errors_name_the_field_in_two_languages_and_nothing_is_kept(published: Published, partner: MakePartner) -> None:
    core = partner()
    body = new()
    body["answers"] = {**body["answers"], "microchip_number": "12", "dog_sex": "dragon", "kept_at": 7}
    before = everything()
    answer = core.post("/cases", body)
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    told = answer.json()
    assert told["code"] == "answers-invalid"
    assert {one["path"] for one in told["errors"]} == {"microchip_number", "dog_sex"}
    assert "digits" in {one["code"] for one in told["errors"]}
    assert told["words"]["en"].startswith("There ")
    assert "12" not in json.dumps(told["words"])
    unknown = core.post("/cases", new(answers={**DOG, "colour_of_the_sky": "blue", "person": {"shoe": 41}}))
    assert {one["path"] for one in unknown.json()["errors"]} == {"colour_of_the_sky", "person.shoe"}
    lacking = core.post("/cases", new(answers={"dog_name": "はな"}))
    assert {"breed", "person.full_name"} <= {one["path"] for one in lacking.json()["errors"]}
    assert everything() == before, "refused: nothing is kept, not even the person"
    assert PartnerRequest.objects.count() == 0, "a refused request may be sent again under its key"


def test_the_schema_of_the_form_accepts_what_the_form_accepts(published: Published, partner: MakePartner) -> None:
    import jsonschema_rs

    core = partner()
    for line in core.get("/procedures").json()["procedures"]:
        form = core.get(f"/procedures/{line['code']}").json()["form"]
        jsonschema_rs.Draft202012Validator(form)
    form = core.get("/procedures/dog-registration").json()["form"]
    validator = jsonschema_rs.Draft202012Validator(form)
    assert list(validator.iter_errors(new()["answers"])) == []
    lacking = {error.message for error in validator.iter_errors({"person": {}})}
    assert any("dog_name" in one for one in lacking)
    assert list(validator.iter_errors({**new()["answers"], "dog_sex": "dragon"})) != []


def test_documents_are_added_and_read_back(published: Published, partner: MakePartner) -> None:
    core = partner(section="taxation")
    case = handed_in(published, HOUSE)
    answers = {**case.answers}
    photographs = [path for path in answers if answers[path] and path in {d.path for d in case.documents.all()}]
    for path in photographs:
        del answers[path]
    filed = core.post("/cases", {"procedure": HOUSE[0], "person": {"id": "7"}, "answers": answers})
    assert filed.status_code == 201, filed.content
    key = filed.json()["id"]
    incomplete = core.post(f"/cases/{key}/submit")
    assert incomplete.status_code == 422
    assert set(photographs) & {one["path"] for one in incomplete.json()["errors"]}
    for number, path in enumerate(photographs * 4):
        image = io.BytesIO()
        Image.new("RGB", (64, 64), (number * 9, 90, 90)).save(image, "JPEG")
        image.seek(0)
        image.name = "家.jpg"
        added = core.upload(f"/cases/{key}/documents", {"path": path, "file": image})
        assert added.status_code in (201, 422), added.content
    assert core.post(f"/cases/{key}/submit").status_code == 200
    held = core.get(f"/cases/{key}").json()["documents"]
    content = core.client.get(held[0]["url"], headers=core.headers())
    assert content["Content-Type"] == "image/jpeg"
    assert "attachment" in content["Content-Disposition"]
    text = io.BytesIO(b"not a photograph")
    text.name = "x.jpg"
    draft = core.post("/cases", {"procedure": HOUSE[0], "person": {"id": "8"}, "answers": {}}).json()["id"]
    assert core.upload(f"/cases/{draft}/documents", {"path": photographs[0], "file": text}).status_code == 422
    assert core.upload(f"/cases/{draft}/documents", {"path": "nowhere", "file": text}).status_code == 404


# -- once only --------------------------------------------------------------------------------------------------------


def test_the_same_key_gives_the_same_answer_and_one_case(published: Published, partner: MakePartner) -> None:
    core = partner()
    first = core.post("/cases", new(), idempotency_key="the-same-key")
    again = core.post("/cases", new(), idempotency_key="the-same-key")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again["Idempotency-Replayed"] == "true"
    assert Case.objects.count() == 1
    other = core.post("/cases", new(submit=False), idempotency_key="the-same-key")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-other-request")
    missing = core.client.post(
        "/api/v1/cases", json.dumps(new()), "application/json", headers={"authorization": f"Bearer {core.token}"}
    )
    assert (missing.status_code, missing.json()["code"]) == (400, "idempotency-key-missing")
    assert Case.objects.count() == 1
    stranger = partner()
    mine = stranger.post("/cases", new(), idempotency_key="the-same-key")
    assert mine.json()["id"] != first.json()["id"], "keys of two partners do not meet"


def test_what_is_still_going_on_or_ended_unknown_is_not_done_again(published: Published, partner: MakePartner) -> None:
    core = partner()
    core.post("/cases", new(), idempotency_key="a-key-of-mine")
    PartnerRequest.objects.update(answered_at=None)
    assert core.post("/cases", new(), idempotency_key="a-key-of-mine").json()["code"] == "idempotency-in-progress"
    with clock.travel(clock.now().replace(microsecond=0) + dt.timedelta(minutes=5)):
        answer = core.post("/cases", new(), idempotency_key="a-key-of-mine")
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency-outcome-unknown")
    assert Case.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_ten_at_once_with_one_key_file_one_case(published: Published, partner: MakePartner) -> None:
    core = partner()
    answers: list[int] = []

    def ask() -> None:
        answers.append(core.post("/cases", new(), idempotency_key="ten-at-once").status_code)
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert set(answers) <= {201, 409}
    assert 201 in answers
    assert Case.objects.count() == 1


# -- who may what -----------------------------------------------------------------------------------------------------


def test_another_partners_draft_and_another_procedure_do_not_exist(
    published: Published, partner: MakePartner, staff: Staff
) -> None:
    core, stranger = partner(), partner(procedures=["child-allowance-claim"])
    colleague = partner()
    key = core.post("/cases", new(submit=False)).json()["id"]
    before = everything()
    nobodys = "00000000-0000-7000-8000-000000000000"
    for who in (stranger, colleague):
        for method, rest, body in (
            ("get", "", None),
            ("get", "/history", None),
            ("post", "/submit", {}),
            ("post", "/withdraw", {}),
            ("post", "/decision", {"outcome": "accept"}),
            ("get", f"/documents/{nobodys}", None),
            ("get", f"/letters/{nobodys}", None),
        ):
            ask = getattr(who, method)
            real = ask(f"/cases/{key}{rest}", body) if method == "post" else ask(f"/cases/{key}{rest}")
            unreal = ask(f"/cases/{nobodys}{rest}", body) if method == "post" else ask(f"/cases/{nobodys}{rest}")
            assert real.status_code == 404, rest
            assert real.content == unreal.content, f"{rest} tells that it exists"
        patched = who.patch(f"/cases/{key}/answers", {"answers": {}}, if_match='"x"')
        assert patched.status_code == 404
        assert key not in who.get("/cases").content.decode()
    assert everything() == before
    assert core.post(f"/cases/{key}/submit").status_code == 200
    assert colleague.get(f"/cases/{key}").status_code == 200, "received: whoever may read this procedure sees it"
    assert colleague.post(f"/cases/{key}/withdraw").status_code == 403, "but it is not theirs to take back"
    assert stranger.get(f"/cases/{key}").status_code == 404


def test_a_scope_gives_what_it_says_and_no_more(published: Published, partner: MakePartner) -> None:
    core = partner()
    key = core.post("/cases", new()).json()["id"]
    reader = partner(["cases:read"])
    shown = reader.get(f"/cases/{key}").json()
    assert shown["state"] == "received"
    assert not {"answers", "documents", "letters", "decision", "corrections", "reference"} & shown.keys()
    assert "見本" not in json.dumps(shown, ensure_ascii=False)
    assert shown["to_examine"] == []
    before = everything()
    for method, path, body in (
        ("get", "/procedures", None),
        ("post", "/cases", new()),
        ("post", f"/cases/{key}/submit", {}),
        ("post", f"/cases/{key}/withdraw", {}),
        ("post", f"/cases/{key}/decision", {"outcome": "accept"}),
    ):
        answer = reader.post(path, body) if method == "post" else reader.get(path)
        assert (answer.status_code, answer.json()["code"]) == (403, "scope-missing"), path
    assert everything() == before
    assert Event.objects.filter(verb="case.read", actor_id=reader.partner.pk).count() == 0
    full = partner(["cases:read", "cases:answers"])
    assert full.get(f"/cases/{key}").json()["answers"]["dog_name"] == "はな"
    assert Event.objects.filter(verb="case.read", actor_id=full.partner.pk, reason="partner-reads").count() == 1


def test_a_partner_that_knows_its_persons_less_than_the_procedure_asks_files_nothing(
    published: Published, partner: MakePartner
) -> None:
    weak = partner(level="contact")
    before = everything()
    answer = weak.post("/cases", new(procedure="child-allowance-claim", answers={}, submit=False))
    assert answer.status_code == 403
    assert everything() == before


def test_a_list_goes_on_by_cursor_and_repeats_nothing(published: Published, partner: MakePartner) -> None:
    core = partner()
    keys = [core.post("/cases", new(person={"id": f"p{n}"}, reference=f"r{n}")).json()["id"] for n in range(5)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = core.get(f"/cases?limit=2&cursor={cursor}").json()
        seen += [one["id"] for one in page["cases"]]
        cursor = page.get("next", "")
        if not cursor:
            break
    assert seen == keys
    assert [one["id"] for one in core.get("/cases?reference=r3").json()["cases"]] == [keys[3]]
    assert core.get("/cases?cursor=%F0%9F%92%A3").status_code == 400
    assert core.get("/cases?state=draft").json() == {"cases": []}


def test_who_calls_too_often_waits_and_is_told_how_long(published: Published, partner: MakePartner) -> None:
    core = partner(per_minute=3)
    began = (clock.now() + dt.timedelta(minutes=1)).replace(second=45)
    with clock.travel(began):
        answers = [core.get("/procedures") for _ in range(5)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429, 429]
    assert answers[0]["RateLimit-Remaining"] == "2"
    assert answers[-1].json()["code"] == "rate-limited"
    assert answers[-1]["Retry-After"] == "15"
    with clock.travel(began + dt.timedelta(seconds=15)):
        assert core.get("/procedures").status_code == 200


def test_staff_approve_what_a_core_system_examined(published: Published, partner: MakePartner, staff: Staff) -> None:
    core = partner()
    case = handed_in(published, CHILD)
    assert core.post(f"/cases/{case.pk}/decision", {"outcome": "accept", "note": "児童台帳と一致"}).status_code == 200
    step = case.steps.get(done_at=None)
    assert step.kind == "approve"
    actions.approve(step, "approve", by=staff("children", "children-head"))
    assert Case.objects.get(pk=case.pk).decided_at is not None
    assert core.post(f"/cases/{case.pk}/decision", {"outcome": "accept"}).json()["code"] == "not-to-examine"
