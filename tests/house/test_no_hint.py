"""Whoever may not see a case cannot tell that it is there: every answer to them is the same with it and without it.

Each asker sends the same requests twice: before a case of somebody else exists, and after it has come, waits, was
written about, decided and rated. What differs between two answers is a hint, be it a row, a figure, a badge, a page
that goes on or a status: so nothing may differ, but what differs between any two answers (tokens of forms).
"""

import datetime as dt
import difflib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from madoguchi.cases import actions, jobs
from madoguchi.cases.models import Case, Sitting
from madoguchi.cases.queries import VIEWS
from madoguchi.cases.tests.conftest import published, staff
from madoguchi.desk.tests.staging import DOG, HOUSE, Staff, account_of, applicant, client_of, handed_in, open_step
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.feeds.tests.conftest import Caller, MakePartner, partner
from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.people.actions import appoint, close_account, open_account
from madoguchi.people.models import PostHolding
from madoguchi.people.queries import actor_of_account
from madoguchi.procedures.models import Procedure
from tests.house.test_security import ADDRESSES, browser_of

__all__ = ["partner", "published", "staff"]

pytestmark = pytest.mark.django_db

Published = dict[str, Procedure]
Answers = dict[str, tuple[int, str, str]]

#: Ids and a number of the right form that are nobody's; in the second run those of the case take their place.
NOBODYS = {"number": "26-4831-0957-3", "case": str(uuid7()), "step": str(uuid7()), "document": str(uuid7()),
           "letter": str(uuid7()), "town": "0025001", "name": "秘密　隠子", "kana": "ヒミツ　カクシコ"}  # fmt: skip
#: What differs between any two answers.
_NOISE = re.compile(
    r'name="csrfmiddlewaretoken" value="[^"]*"|name="person" value="[^"]*"|[0-9a-f]{8}-[0-9a-f-]{27}'
    r"|[?&]mark=\w+|\d\d:\d\d(?::\d\d)?|26-\d{4}-\d{4}-\d"
)


def plain(text: str, ids: dict[str, str]) -> str:
    """The answer without its noise and without what the asker said themselves."""
    for one in (ids[name] for name in ids if name != "town"):
        text = text.replace(one, "…")
    return _NOISE.sub("…", text)


def noted(answer: Any, ids: dict[str, str]) -> tuple[int, str, str]:
    body = (b"".join(answer) if getattr(answer, "streaming", False) else answer.content).decode("utf-8", "replace")
    if body.startswith('{"totalUsages"'):  # one's own log grows by one's own asking
        body = str([one for one in json.loads(body)["usages"] if one["receiverCode"] != "self"])
    return (answer.status_code, plain(answer.headers.get("Location", ""), ids), plain(body, ids))


def hints(before: Answers, after: Answers) -> Iterator[str]:
    """Which request gives it away, and by which words."""
    assert before.keys() == after.keys()
    for what, (status, where, body) in before.items():
        status_after, where_after, body_after = after[what]
        if (status, where) != (status_after, where_after):
            yield f"{what}: {status} {where} → {status_after} {where_after}"
        elif body != body_after:
            lines = difflib.unified_diff(body.splitlines(), body_after.splitlines(), lineterm="", n=0)
            yield f"{what}: " + " ".join(list(lines)[2:6])[:600]


def _filled(route: str, there: dict[str, str], otherwise: str) -> str:
    return re.sub(r"<\w+:(\w+)>", lambda at: there.get(at[1], otherwise), route)


def desk_requests(client: Client, ids: dict[str, str]) -> Answers:
    """All that a member of staff can ask, of the case and around it."""
    found: Answers = {}
    Sitting.objects.all().delete()  # what the walk before has begun at the counter

    def ask(what: str, answer: Any) -> None:
        found[what] = noted(answer, ids)

    there = {f"{name}_id": ids[name] for name in ("step", "document", "letter")} | {"number": ids["number"]}
    posted = {"reason": "x", "until": "2027-01-01", "body": "", "to": "", "why": "x"}
    for face, name, route in ADDRESSES:
        if face != "desk" or name.startswith(("account_", "mfa_")):
            continue
        path = _filled(route, there, ids["case"])
        ask(f"get {name}", client.get(path))
        ask(f"post {name}", client.post(path, posted))
    for view in VIEWS:
        ask(f"{view}", client.get("/desk/", {"view": view, "after": ids["case"]}))
        ask(f"{view} by name", client.post("/desk/", {"view": view, "q": ids["name"]}))
        said = {"view": view, "q": "ハチ", "purpose": "work", "form": "jsonl"}
        ask(f"{view} as a file", client.post("/desk/export/", said))
    for view in ("section", "ended"):
        for sort in ("due", "received", "name", "changed", "ended"):
            ask(f"{view} in order of {sort}", client.get("/desk/", {"view": view, "sort": sort, "after": ids["case"]}))
        for query in (
            {"procedure": DOG[0]}, {"town": ids["town"]}, {"kind": "examine"}, {"node": "examination"},
            {"from": "2020-01-01"}, {"outcome": "granted"},
        ):  # fmt: skip
            ask(f"{view} {[*query]}", client.get("/desk/", {"view": view, **query}))
        for what in ("number", "kana"):
            ask(f"{view} by {what}", client.post("/desk/", {"view": view, "q": ids[what]}))
    for deed in ("claim", "assign", "release", "accept", "approve", "do", "remind"):
        ask(f"preview {deed}", client.post("/desk/batch/", {"deed": deed, "case": ids["case"]}))
        ask(f"preview all {deed}", client.post("/desk/batch/", {"deed": deed, "all": "1", "view": "section"}))
        key = uuid7()
        ask(f"begin {deed}", client.post(f"/desk/batch/{key}/", {"deed": deed, "step": ids["step"]}))
        for begun in Event.objects.filter(verb="batch.begin", subject_id=key):
            jobs.carry_out_batch(begun.pk)
        ask(f"batch {deed}", client.get(f"/desk/batch/{key}/"))
    ask("disclosure", client.post("/desk/disclosure/", {"number": ids["number"]}))
    ask("disclosure by name", client.post("/desk/disclosure/", {"name": ids["name"], "born_on": "1990-04-12"}))
    return found


def somebody_elses(published: Published, staff: Staff) -> dict[str, str]:
    """A case of another section that has been through everything, another that has just come, one that was ended and
    is about to be deleted."""
    clerk = staff("environment", "environment-clerk")
    fresh = handed_in(published, DOG, days_ago=20, name=NOBODYS["name"], kana=NOBODYS["kana"])
    actions.write(fresh, "まだ返事がない", by=applicant(fresh))
    step = open_step(fresh)
    actions.claim(step, by=clerk)
    done = handed_in(published, DOG, name=NOBODYS["name"], kana=NOBODYS["kana"])
    actions.examine(open_step(done), "accept", by=clerk)
    for one in done.steps.filter(done_at=None):
        actions.perform(one, by=SYSTEM)
    done.refresh_from_db()
    actions.rate(done, "1", "秘密の感想", by=applicant(done))
    Case.objects.filter(pk=done.pk).update(keep_until=clock.today() + dt.timedelta(days=9))
    fresh.refresh_from_db()
    return {
        **NOBODYS,
        "number": str(fresh.number),
        "case": str(fresh.pk),
        "step": str(step.pk),
        "town": fresh.town or "x",
    }


def of_other_sections(staff: Staff) -> Actor:
    """Clerk of one section, head of another, and of a third that runs rounds."""
    actor = staff("residents", "residents-clerk")
    for section in ("taxation", "children"):
        appoint(account_of(actor), f"{section}-head", section, clock.today(), by=SYSTEM)
    return actor_of_account(account_of(actor))


def not_today(staff: Staff) -> Actor:
    """Who was clerk and head of the section until yesterday, will be again from tomorrow, and today holds no post."""
    account = open_account(f"nobody-{uuid7()}", "見本 職員", "correct horse battery staple", by=SYSTEM)
    today = clock.today()
    for post in ("environment-clerk", "environment-head"):
        PostHolding.objects.create(account=account, post=post, section="environment",
                                   since=today - dt.timedelta(days=90), until=today - dt.timedelta(days=1))  # fmt: skip
        appoint(account, post, "environment", today + dt.timedelta(days=1), by=SYSTEM)
    return actor_of_account(account)


STAFF: dict[str, Callable[[Staff], Actor]] = {"of other sections": of_other_sections, "not today": not_today}


@pytest.mark.parametrize("who", STAFF)
def test_staff_who_may_not_see_it_get_the_same_answers(published: Published, staff: Staff, who: str) -> None:
    actor = STAFF[who](staff)
    handed_in(published, HOUSE)  # what taxation sees, in both runs
    client = client_of(actor)
    before = desk_requests(client, NOBODYS)
    ids = somebody_elses(published, staff)
    after = desk_requests(client, ids)
    assert len(before) > 120
    assert list(hints(before, after)) == []
    assert not [what for what, (_, _, body) in after.items() if "秘密" in body or "隠子" in body]


def test_the_test_sees_a_hint_where_there_is_one(published: Published, staff: Staff) -> None:
    """To the section in charge many of the same answers differ."""
    client = client_of(staff("environment", "environment-clerk"))
    before = desk_requests(client, NOBODYS)
    after = desk_requests(client, somebody_elses(published, staff))
    differ = {one.partition(": ")[0] for one in hints(before, after)}
    assert {"get work", "get case", "get messages", "get opinions", "get keeping", "preview claim"} <= differ
    assert {"section by name", "section by number", "free", "section ['town']"} <= differ
    assert len(differ) > 40


def test_a_consulted_section_sees_its_case_and_no_other(published: Published, staff: Staff) -> None:
    """Being asked about one case opens that one alone."""
    asked = handed_in(published, DOG, name="見本　相談", kana="ミホン　ソウダン")
    Case.objects.filter(pk=asked.pk).update(seen_by=[*asked.seen_by, "residents"])
    actor = staff("residents", "residents-clerk")
    client = client_of(actor)
    before = desk_requests(client, NOBODYS)
    assert any("見本　相談" in body for _, _, body in before.values()), "they do see the one"
    after = desk_requests(client, somebody_elses(published, staff))
    assert list(hints(before, after)) == []


def test_a_closed_account_is_nobody(published: Published, staff: Staff) -> None:
    actor = staff("environment", "environment-clerk")
    client = client_of(actor)
    ids = somebody_elses(published, staff)
    assert client.get(f"/desk/cases/{ids['number']}/").status_code == 200
    close_account(account_of(actor), by=SYSTEM)
    answers = desk_requests(client, ids)
    assert {status for status, _, _ in answers.values()} <= {302, 403, 405}
    assert all(where.startswith("/desk/account/") for status, where, _ in answers.values() if status == 302)
    assert not [what for what, (_, _, body) in answers.items() if "秘密" in body]


# -- residents ---------------------------------------------------------------------------------------------------------


def resident_requests(client: Client, ids: dict[str, str]) -> Answers:
    found: Answers = {}
    there = {"key": ids["number"], "section_id": "owner", "document_id": ids["document"], "letter_id": ids["letter"]}
    for face, name, route in ADDRESSES:
        if face != "web" or name in ("sign-out", "my-data", "card", "card-return"):
            continue
        for key in (ids["number"], ids["case"])[: 2 if "key>" in route else 1]:
            path = _filled(route, {**there, "key": key}, ids["case"])
            found[f"get {name} {len(key)}"] = noted(client.get(path), ids)
            found[f"post {name} {len(key)}"] = noted(client.post(path, {"body": "x", "ease": "3"}), ids)
    found["my data"] = noted(client.get("/my-data/"), ids)
    found["inbox of case"] = noted(client.get("/inbox/", {"case": ids["number"]}), ids)
    for words in (ids["number"], ids["name"]):
        found[f"search {words == ids['name']}"] = noted(client.get("/procedures/", {"q": words}), ids)
    return found


def test_another_resident_gets_the_same_answers(published: Published, staff: Staff) -> None:
    client = browser_of(applicant(handed_in(published, HOUSE)))
    before = resident_requests(client, NOBODYS)
    after = resident_requests(client, somebody_elses(published, staff))
    assert list(hints(before, after)) == []


# -- partners ----------------------------------------------------------------------------------------------------------


def api_requests(caller: Caller, ids: dict[str, str]) -> Iterator[tuple[str, tuple[int, str, str]]]:
    case = ids["case"]
    for name, path in {
        "list": "/cases",
        "of procedure": f"/cases?procedure={DOG[0]}",
        "received": "/cases?state=received",
        "decided": "/cases?state=decided",
        "closed": "/cases?state=closed",
        "reference": f"/cases?reference={ids['number']}",
        "short": "/cases?limit=1",
        "case": f"/cases/{case}",
        "history": f"/cases/{case}/history",
        "letter": f"/cases/{case}/letters/{ids['letter']}",
        "deliveries": "/webhooks",
    }.items():
        yield name, noted(caller.get(path), ids)
    for name, path in {"submit": f"/cases/{case}/submit", "withdraw": f"/cases/{case}/withdraw"}.items():
        yield name, noted(caller.post(path), ids)
    yield "decide", noted(caller.post(f"/cases/{case}/decision", {"outcome": "accept"}), ids)
    yield "revise", noted(caller.patch(f"/cases/{case}/answers", {"answers": {}}, if_match='"x"'), ids)


@pytest.mark.parametrize(
    "given",
    [
        {"procedures": [HOUSE[0]]},
        {"scopes": ["cases:create"], "procedures": ["*"]},
        {"scopes": ["procedures:read", "webhooks:manage"], "procedures": ["*"]},
    ],
    ids=["another procedure", "own filings only", "no cases at all"],
)
def test_a_partner_of_another_scope_gets_the_same_answers(
    published: Published, staff: Staff, partner: MakePartner, given: dict[str, list[str]]
) -> None:
    caller = partner(**given)
    before = dict(api_requests(caller, NOBODYS))
    after = dict(api_requests(caller, somebody_elses(published, staff)))
    assert list(hints(before, after)) == []
