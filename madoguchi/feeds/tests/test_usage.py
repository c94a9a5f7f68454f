"""findUsage: who has read what is known of a person, for the partner that has identified them, and for no other."""

import datetime as dt
from typing import Any

import pytest

from madoguchi.events import SYSTEM
from madoguchi.events.models import Event
from madoguchi.facts.actions import permit, state
from madoguchi.facts.models import Source
from madoguchi.facts.queries import NoBasis, known
from madoguchi.facts.rules import Permit, Purpose
from madoguchi.feeds.tests.conftest import Caller, MakePartner
from madoguchi.ground import clock
from madoguchi.people.actions import recognise
from madoguchi.people.models import Person
from madoguchi.people.queries import actor_of_partner
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules.vocabulary import permits
from madoguchi.procedures.tests.shipped import catalogue

pytestmark = pytest.mark.django_db
Published = dict[str, Procedure]
CODE, LOOK_UP = "0012345", Purpose("look_up", "child-allowance-claim", "children")


def person_of(core: Caller) -> Person:
    """Whom this partner has identified under CODE, with an address that the city knows."""
    by = actor_of_partner(core.partner)
    person = recognise(f"partner:{core.partner.pk}", CODE, core.partner.level, by=by)
    state(person, {("person.registered_address", ""): "大東市谷川"}, Source.REGISTER, by=SYSTEM)
    return person


def looked_up(person: Person) -> None:
    known(person.pk, ["person.registered_address"], LOOK_UP, by=SYSTEM)


def found(core: Caller, **more: Any) -> dict[str, Any]:
    answer = core.post("/usage/find", {"userCode": CODE, **more})
    assert answer.status_code == 200, answer.content
    told: dict[str, Any] = answer.json()
    return told


def test_every_reading_is_told_newest_first_in_pages(published: Published, partner: MakePartner) -> None:
    core = partner()
    person = person_of(core)
    moments = [clock.now() - dt.timedelta(days=days) for days in (3, 2, 1)]
    for moment in moments:
        with clock.travel(moment):
            looked_up(person)
    with pytest.raises(NoBasis):
        known(person.pk, ["person.bank_account"], LOOK_UP, by=SYSTEM)
    told = found(core)
    assert told["totalUsages"] == 4
    assert [line["receiverCode"] for line in told["usages"]] == ["children"] * 4
    newest = told["usages"][0]
    assert newest["receiverName"] == "子ども室"
    assert "振込先の口座" in newest["action"]
    assert "見ることができなかった" in newest["action"]
    assert "個人情報の保護に関する法律第69条第2項第2号" in told["usages"][1]["action"]
    times = [dt.datetime.fromisoformat(line["logtime"]) for line in told["usages"]]
    assert times == sorted(times, reverse=True)
    assert found(core, offset=1, limit=2)["usages"] == told["usages"][1:3]
    some = found(core, periodStart=moments[1].isoformat(), periodEnd=moments[1].isoformat())
    assert some["totalUsages"] == 1
    assert Event.objects.filter(verb="person.find_usage", outcome="done", subject_id=person.pk).count() == 3


def test_what_a_law_keeps_from_the_person_is_in_neither_list_nor_number(
    published: Published, partner: MakePartner
) -> None:
    core = partner()
    person = person_of(core)
    looked_up(person)
    laws = permits(catalogue().laws)
    law = next(one for one in laws if "child-allowance-claim" in one.procedures and one.purpose == "look_up")
    fields = {name: getattr(law, name) for name in Permit.__dataclass_fields__}
    permit([Permit(**{**fields, "undisclosed": True})], by=SYSTEM)
    looked_up(person)
    assert found(core)["totalUsages"] == 1
    assert Event.objects.filter(verb="facts.read", subject_id=person.pk).count() == 2
    assert Event.objects.filter(verb="facts.read", data__has_key="undisclosed").count() == 1


def test_nobody_elses_code_and_no_weaker_partner_opens_the_log(published: Published, partner: MakePartner) -> None:
    core, other = partner(), partner()
    person = person_of(core)
    looked_up(person)
    refused = other.post("/usage/find", {"userCode": CODE})
    assert (refused.status_code, refused.json()["code"]) == (404, "person-unknown")
    assert core.post("/usage/find", {"userCode": str(person.pk)}).status_code == 404
    bare = partner([one for one in core.partner.scopes if one != "usage:read"])
    assert bare.post("/usage/find", {"userCode": CODE}).json()["code"] == "scope-missing"
    recognise("https://idp.example", "card", "card", by=SYSTEM, behind=person)
    core.partner.level = "contact"
    core.partner.save(update_fields=["level"])
    weak = core.post("/usage/find", {"userCode": CODE})
    assert (weak.status_code, weak.json()["code"]) == (403, "level-too-low")
    assert not Event.objects.filter(verb="person.find_usage", outcome="done").exists()


@pytest.mark.parametrize(
    "odd",
    [{"limit": 1001}, {"limit": 0}, {"offset": -1}, {"periodStart": "2026-01-01"}, {"userCode": ""}, {"more": 1}],
)
def test_what_does_not_have_the_shape_is_refused(published: Published, partner: MakePartner, odd: Any) -> None:
    assert partner().post("/usage/find", {"userCode": CODE, **odd}).status_code == 422


def test_since_when_and_whether_it_can_be_asked(published: Published, partner: MakePartner) -> None:
    core = partner()
    told = core.get("/usage/period").json()
    first = Event.objects.order_by("id")[0].at
    assert abs(dt.datetime.fromisoformat(told["periodStart"]) - first) < dt.timedelta(milliseconds=1)
    assert dt.datetime.fromisoformat(told["periodEnd"]) >= first
    assert core.get("/usage/heartbeat").status_code == 200
