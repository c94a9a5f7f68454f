"""要望: a refused reading becomes a wish, which is sent, answered, public, and comes true by the register itself."""

import csv
import datetime as dt
import io
import json
from typing import Any

import pytest
from django.test import Client

from madoguchi.cases import actions, queries
from madoguchi.cases.models import Case, Document, Wish
from madoguchi.cases.tests.conftest import Staff, published, staff
from madoguchi.desk.tests.staging import client_of, handed_in
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.facts.actions import permit
from madoguchi.facts.queries import NoBasis, known
from madoguchi.facts.rules import Permit, Purpose
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotAllowed, Stale
from madoguchi.people.models import Person
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.tests.shipped import catalogue

__all__ = ["published", "staff"]

pytestmark = pytest.mark.django_db

LIST, CODE, LEVY = "/desk/wishes/", "childcare-certification", "person.bank_account"
SAID: dict[str, Any] = {
    "title": "保育の認定で、市の記録を見られるように",
    "procedure": CODE, "purpose": "look_up", "keys": [LEVY], "attachments": ["proofs"],
    "why": "就労の証明を出していただいています。", "law": "番号法第9条・別表", "to": "state",
}  # fmt: skip


@pytest.fixture
def clerk(published: dict[str, Procedure], staff: Staff) -> Actor:
    return staff("digital-services", "digital-services-manager")


def refused(times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(NoBasis):
            known(Person.objects.create().pk, [LEVY], Purpose("look_up", CODE, "children"), by=SYSTEM)


def made(by: Actor, **other: Any) -> Wish:
    said = {**SAID, **other}
    return actions.make_wish(said.pop("title"), **said, by=by)


def entry(reference: str, title: str, key: str) -> Permit:
    return Permit(
        reference=reference, title=title, kind="条例", purpose="look_up", procedures=(CODE,), facts=(key,),
        since=clock.today(),
    )  # fmt: skip


def page(client: Client, address: str = LIST) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_what_was_refused_leads_to_a_wish_and_is_then_one(clerk: Actor) -> None:
    refused(3)
    client = client_of(clerk)
    shown = page(client)
    assert "振込先の口座" in shown
    assert "3件" in shown
    address = f"/desk/wishes/new/?procedure={CODE}&amp;purpose=look_up&amp;keys={LEVY}"
    assert address in shown
    form = page(client, address.replace("&amp;", "&"))
    assert f'value="{LEVY}" checked' in form
    assert (
        "どの手続の要望かを選んでください。" in client.get("/desk/wishes/new/?procedure=", follow=True).content.decode()
    )
    answer = client.post("/desk/wishes/new/", SAID)
    one = Wish.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/desk/wishes/{one.pk}/")
    assert (one.keys, one.attachments, one.to, one.state, one.made_by_id) == (
        [LEVY], ["proofs"], "state", "made", clerk.who
    )  # fmt: skip
    assert queries.refusals() == []
    assert "要望になっていないものはありません" in page(client)
    event = Event.objects.get(verb="wish.make")
    assert event.data == {"wish": str(one.pk), "procedure": CODE, "keys": [LEVY], "to": "state"}


def test_it_counts_what_it_would_spare(clerk: Actor, published: dict[str, Procedure]) -> None:
    refused(2)
    one = made(clerk)
    case = handed_in(published, (CODE, next(iter(_examples()))))
    Document.objects.filter(case=case).delete()
    for path, removed in (("proofs", None), ("proofs", None), ("proofs", clock.now()), ("other", None)):
        Document.objects.create(
            case=case, path=path, name="x.pdf", media_type="application/pdf", size=1, sha256="0" * 64,
            removed_at=removed,
        )  # fmt: skip
    assert queries.spared(one) == queries.Spared(refusals=2, files=2, cases=1)
    Case.objects.filter(pk=case.pk).update(received_at=clock.now() - dt.timedelta(days=400))
    assert queries.spared(one).files == 0, "only what was received within a year"


def _examples() -> Any:
    found = catalogue().packages[CODE].examples
    return [name for name, one in found.items() if one.path[-1] != "withdrawn" and not one.corrections]


def test_it_is_sent_then_answered_and_public_from_the_day_on_which_it_was_sent(clerk: Actor) -> None:
    one, client = made(clerk), client_of(clerk)
    resident = Client(headers={"accept-language": "ja"})
    assert one.title not in page(resident, "/figures/")
    address, today = f"/desk/wishes/{one.pk}/", clock.today()
    assert client.post(address, {"_do": "answer", "on": today.isoformat(), "answer": "検討します"}).status_code == 409
    answer = client.post(address, {"_do": "send", "on": today.isoformat(), "number": "大行サ第12号"})
    assert answer.status_code == 302
    assert client.post(address, {"_do": "send", "on": today.isoformat()}).status_code == 409
    shown = page(resident, "/figures/")
    for words in (one.title, one.why, one.law, "国へ出しました"):
        assert words in shown
    assert "大行サ第12号" not in shown
    assert str(clerk.who) not in shown
    assert client.post(address, {"_do": "answer", "on": today.isoformat(), "answer": ""}).status_code == 422
    assert client.post(address, {"_do": "answer", "on": today.isoformat(), "answer": "検討します"}).status_code == 302
    one.refresh_from_db()
    assert (one.state, one.sent_as, one.answer) == ("answered", "大行サ第12号", "検討します")
    assert "検討します" in page(resident, "/figures/")
    verbs = Event.objects.filter(verb__startswith="wish.").order_by("id").values_list("verb", "outcome")
    assert list(verbs) == [
        ("wish.make", "done"), ("wish.answer", "refused"), ("wish.send", "done"), ("wish.send", "refused"),
        ("wish.answer", "refused"), ("wish.answer", "done"),
    ]  # fmt: skip


def test_it_comes_true_with_an_entry_of_the_register(clerk: Actor) -> None:
    one = made(clerk)
    actions.send_wish(one, on=clock.today(), by=clerk)
    permit([entry("a/1", "見本条例第1条", "person.phone")], by=SYSTEM)
    assert queries.came_true(one) == []
    permit([entry("a/2", "見本条例第2条", LEVY)], by=SYSTEM)
    assert [row.title for row in queries.came_true(one)] == ["見本条例第2条"]
    assert "かないました" in page(client_of(clerk))
    assert "見本条例第2条" in page(Client(headers={"accept-language": "ja"}), "/figures/")
    permit([], by=SYSTEM)
    assert queries.came_true(one) == [], "what is withdrawn is in force no more"


def test_what_was_permitted_before_is_no_fulfilment(clerk: Actor) -> None:
    permit([entry("a/1", "x", LEVY)], by=SYSTEM)
    assert queries.came_true(made(clerk)) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", ""),
        ("title", "あ" * 101),
        ("title", "a\x1bb"),
        ("why", " "),
        ("why", "あ" * 2001),
        ("law", ""),
        ("procedure", "nothing"),
        ("purpose", "curiosity"),
        ("keys", []),
        ("keys", ["person.nothing"]),
        ("attachments", ["nothing"]),
        ("to", "mars"),
    ],
)
def test_what_is_missing_or_wrong_is_said_and_nothing_is_made(clerk: Actor, name: str, value: Any) -> None:
    with pytest.raises(Invalid) as refusal:
        made(clerk, **{name: value})
    assert name in refusal.value.fields or name == "procedure"
    assert not Wish.objects.exists()
    answer = client_of(clerk).post("/desk/wishes/new/", {**SAID, name: value})
    assert answer.status_code == 422
    assert not Wish.objects.exists()
    assert "dict_keys" not in answer.content.decode()
    assert ("見られるようにしたい事実を選んでください" in answer.content.decode()) is (name == "keys")
    if name == "title" and value == "":
        assert SAID["why"] in answer.content.decode(), "what was typed is still there"


@pytest.mark.parametrize("on", ["", "31", "2020-01-01", "2999-01-01"])
def test_a_day_that_cannot_be_is_refused(clerk: Actor, on: str) -> None:
    one = made(clerk)
    assert client_of(clerk).post(f"/desk/wishes/{one.pk}/", {"_do": "send", "on": on}).status_code == 422
    assert Wish.objects.get().sent_on is None


@pytest.mark.parametrize(
    ("section", "post"), [("children", "children-head"), ("digital-services", "digital-services-clerk")]
)
def test_no_other_post_makes_sends_or_reads(
    published: dict[str, Procedure], staff: Staff, clerk: Actor, section: str, post: str
) -> None:
    one, other = made(clerk), staff(section, post)
    client = client_of(other)
    for address in (LIST, f"{LIST}new/", f"{LIST}{one.pk}/", f"{LIST}wishes.csv", f"{LIST}wishes.json"):
        assert client.get(address).status_code == 403, address
    assert "/desk/wishes/" not in client.get("/desk/").content.decode()
    with pytest.raises(NotAllowed):
        made(other)
    with pytest.raises(NotAllowed):
        actions.send_wish(one, on=clock.today(), by=other)
    with pytest.raises(NotAllowed):
        actions.answer_wish(one, on=clock.today(), answer="x", by=other)
    one.refresh_from_db()
    assert (Wish.objects.count(), one.sent_on) == (1, None)


def test_the_register_leaves_as_a_table_and_as_json(clerk: Actor) -> None:
    refused(2)
    made(clerk, title="=1+1")
    client = client_of(clerk)
    [row] = json.loads(client.get(f"{LIST}wishes.json").content)["wishes"]
    assert (row["title"], row["refusals_in_a_year"], row["in_force_by"]) == ("=1+1", 2, "")
    lines = list(csv.reader(io.StringIO(client.get(f"{LIST}wishes.csv").content.decode("utf-8-sig"))))
    assert lines[0] == list(row)
    assert lines[1][0] == "'=1+1", "no cell is a formula"


def test_nothing_is_sent_twice_by_two_at_once(clerk: Actor) -> None:
    one = made(clerk)
    stale = Wish.objects.get(pk=one.pk)
    actions.send_wish(one, on=clock.today(), by=clerk)
    with pytest.raises(Stale):
        actions.send_wish(stale, on=clock.today(), by=clerk)
