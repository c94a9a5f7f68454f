"""A form about one child: those whom the city knows are chosen with one tap, and nothing of another's stands there."""

import html as markup
import re
from pathlib import Path
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case
from madoguchi.cases.tests.test_examples import answer
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.facts.actions import state
from madoguchi.facts.models import Entry, Source
from madoguchi.facts.queries import known_rows
from madoguchi.facts.rules import Purpose
from madoguchi.ground.errors import NotAllowed, NotFound, Stale
from madoguchi.ground.ids import uuid7
from madoguchi.people.models import Person
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.examples import answers_of
from madoguchi.procedures.rules.form import FormSection
from madoguchi.procedures.tests.shipped import catalogue
from madoguchi.web.tests.conftest import SignedIn, browser_of
from madoguchi.web.tests.test_household import MOMOKO, PROTECTED, TARO, hanako

pytestmark = pytest.mark.usefixtures("published")
PLACE = "childcare-place"
ICHIRO = {"full_name": "見本　一郎", "full_name_kana": "ミホン　イチロウ", "date_of_birth": "2024-05-01"}
NIKO = {"full_name": "見本　二子", "full_name_kana": "ミホン　ニコ", "date_of_birth": "2025-06-02"}


def tell(by: Actor, number: int, child: dict[str, str]) -> None:
    """A child that was told of in an earlier case."""
    told = {(f"child.{name}", f"{UUID(int=number)}:0"): value for name, value in child.items()}
    state(Person(pk=by.who), told, Source.SELF, by=by)


def draft(by: Actor, code: str = PLACE) -> Case:
    row = procedures.current(code)
    assert row is not None
    return actions.open_draft(row, by=by)


def page(client: Client, case: Case) -> str:
    shown = client.get(reverse("web:section", args=(case.pk, "child")))
    assert shown.status_code == 200
    return markup.unescape(shown.content.decode())


def offered(shown: str) -> dict[str, str]:
    """Name → what its button posts."""
    found = re.findall(r'value="(one:[0-9a-f]+)">この方にする<span class="unseen">：([^<]+)<', shown)
    return {name: value for value, name in found}


def test_known_children_are_offered_and_one_tap_fills_in(signed_in: SignedIn) -> None:
    client, by = signed_in()
    tell(by, 1, ICHIRO)
    tell(by, 2, NIKO)
    tell(by, 3, ICHIRO)
    case = draft(by)
    shown = page(client, case)
    buttons = offered(shown)
    assert list(buttons) == [ICHIRO["full_name"], NIKO["full_name"]], "each once, however often they were told of"
    url = reverse("web:section", args=(case.pk, "child"))
    assert client.post(url, {"_do": buttons[ICHIRO["full_name"]]}).status_code == 302
    case.refresh_from_db()
    assert case.answers["child"] == ICHIRO
    shown = page(client, case)
    assert "この方を選んでいます" in shown
    assert list(offered(shown)) == [NIKO["full_name"]]
    client.post(url, {"_do": offered(shown)[NIKO["full_name"]]})
    case.refresh_from_db()
    assert case.answers["child"] == NIKO, "nothing of the other child stays"


def test_the_next_child_stands_beside_the_first_and_what_was_chosen_counts_as_taken(signed_in: SignedIn) -> None:
    _, by = signed_in()
    tell(by, 1, ICHIRO)
    case = draft(by)
    actions.take_one(case, "child", cases.known_ones(case, section_of(case), by)[0].key, by=by)
    chosen = received(case, ICHIRO, by)
    assert (chosen.known_taken, chosen.known_retyped) == (3, 0)
    fresh = received(draft(by), NIKO, by)
    rows = known_rows(by.who, ["child.full_name"], Purpose("view"), by=by)
    assert {one["child.full_name"].value for one in rows.values()} == {ICHIRO["full_name"], NIKO["full_name"]}
    typed = received(draft(by), ICHIRO, by)
    assert typed.known_retyped - fresh.known_retyped == 3, "typed although the city knew it"


def section_of(case: Case) -> FormSection:
    section = procedures.package(case.procedure).form.section("child")
    assert section is not None
    return section


def received(case: Case, child: dict[str, str], by: Actor) -> Case:
    """Filled in for this child as an example tells, and handed in."""
    told = answers_of(catalogue().packages[PLACE].examples["single-parent-offered"])
    answer(case, {**told, "child": child}, by)
    return actions.submit(case, by=by)


def test_children_of_the_household_are_offered_and_whoever_is_protected_is_not(tmp_path: Path) -> None:
    by = hanako(tmp_path, TARO, MOMOKO)
    assert list(offered(page(browser_of(by), draft(by)))) == ["見本 桃子"]
    momoko = Entry.objects.get(number="0003").person_id
    assert Event.objects.filter(subject_id=momoko, data__purpose="household", outcome="done").exists()


def test_a_protected_child_leaves_no_trace(tmp_path: Path) -> None:
    by = hanako(tmp_path, PROTECTED)
    shown = page(browser_of(by), draft(by))
    assert offered(shown) == {}
    assert "分かっている方" not in shown


@pytest.mark.parametrize("key", ["", "x", "0" * 16, "../", "1" * 300])
def test_a_key_that_was_made_up_changes_nothing(signed_in: SignedIn, key: str) -> None:
    client, by = signed_in()
    tell(by, 1, ICHIRO)
    case = draft(by)
    with pytest.raises(Stale):
        actions.take_one(case, "child", key, by=by)
    assert client.post(reverse("web:section", args=(case.pk, "child")), {"_do": f"one:{key}"}).status_code == 409
    assert Case.objects.get(pk=case.pk).answers == {}


def test_nobody_takes_the_child_of_another(signed_in: SignedIn) -> None:
    _, by = signed_in()
    stranger, other = signed_in()
    tell(by, 1, ICHIRO)
    case, theirs = draft(by), draft(other)
    [one] = cases.known_ones(case, section_of(case), by)
    assert cases.known_ones(case, section_of(case), other) == []
    with pytest.raises(NotAllowed):
        actions.take_one(case, "child", one.key, by=other)
    with pytest.raises(Stale):
        actions.take_one(theirs, "child", one.key, by=other)
    with pytest.raises(NotFound):
        actions.take_one(case, "guardian", one.key, by=by)
    url = reverse("web:section", args=(case.pk, "child"))
    assert stranger.get(url).status_code == 404
    assert stranger.post(url, {"_do": f"one:{one.key}"}).status_code == 404
    assert offered(page(stranger, theirs)) == {}
    assert Case.objects.get(pk=case.pk).answers == {}
    assert Case.objects.get(pk=theirs.pk).answers == {}


def test_of_somebody_else_no_child_is_offered(signed_in: SignedIn) -> None:
    _, by = signed_in()
    tell(by, 1, ICHIRO)
    row = procedures.current(PLACE)
    assert row is not None
    case = actions.open_for_another(row, "family", by=by)
    assert cases.known_ones(case, section_of(case), by) == []
    assert cases.known_ones(draft(by), section_of(case), Actor("resident", uuid7(), level="card")) == []
    assert cases.known_ones(draft(by), section_of(case), SYSTEM) == []


def test_a_consent_to_being_looked_up_stands_once_with_how_it_is_taken_back(signed_in: SignedIn) -> None:
    client, by = signed_in()
    received(draft(by), ICHIRO, by)
    words, line = (
        "市が私の住所、世帯の状況、市民税の額を調べること",
        "情報を確かめることへの同意（保育施設等の利用申込）",
    )
    shown = client.get("/my-data/known/").content.decode()
    assert shown.count(line) >= 1
    assert 'name="withdraw" value="childcare-place"' in shown
    assert words not in shown, "the same consent, once more and with another way to take it back"
    client.post("/my-data/known/", {"withdraw": "childcare-place"})
    shown = client.get("/my-data/known/").content.decode()
    assert "同意していません" in shown
    assert "同意しています" not in shown
