"""A form that asks for those who live with somebody begins with them; whoever is protected leaves no trace in it."""

import datetime as dt
import io
import json
import re
import zipfile
from pathlib import Path
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from madoguchi.cases import actions
from madoguchi.cases.models import Case
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.facts.actions import permit
from madoguchi.facts.models import Entry
from madoguchi.facts.tests.registers import HANAKO, imported, person
from madoguchi.facts.tests.test_meeting import signs_in
from madoguchi.ground import clock
from madoguchi.people.queries import actor_of_person
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.vocabulary import permits
from madoguchi.procedures.tests.shipped import catalogue
from madoguchi.web.tests.conftest import browser_of

TARO = person("0002", 氏名="見本 太郎", カナ="ミホン　タロウ", 続柄="夫", 性別="1", 生年月日="1988-11-03")
MOMOKO = person("0003", 氏名="見本 桃子", カナ="ミホン　モモコ", 続柄="子", 生年月日="2018-05-05")
COPY = "resident-record-copy"
PROTECTED = {**MOMOKO, "支援措置": "1"}
pytestmark = pytest.mark.usefixtures("published")


def hanako(tmp_path: Path, *others: dict[str, str]) -> Actor:
    """花子, who signs in by card after the register was taken in with those who live with her."""
    imported(tmp_path, [HANAKO, *others])
    permit(list(permits(catalogue().laws)), by=SYSTEM)
    one = signs_in()
    assert Entry.objects.get(number="0001").person_id == one.pk
    return actor_of_person(one.pk, "card")


def page(by: Actor, code: str, group: str, case: Case | None = None) -> str:
    """The section of the group in a new draft."""
    row = procedures.current(code)
    assert row is not None
    case = case or actions.open_draft(row, by=by)
    if code == COPY:  # it asks for the others only where the proof is about them
        Case.objects.filter(pk=case.pk).update(answers={"proof": "copy", "whose": "some"})
    section = next(one for one in procedures.package(row).form.sections if one.each == group)
    shown = browser_of(by).get(reverse("web:section", args=(case.pk, section.id)))
    assert shown.status_code == 200, shown.headers
    return shown.content.decode()


def values(shown: str, name: str) -> list[str]:
    return re.findall(rf'name="[a-z]+\.\d+\.{name}"[^>]*value="([^"]+)"', shown)


def test_the_others_of_the_household_are_there(tmp_path: Path) -> None:
    by = hanako(tmp_path, TARO, MOMOKO)
    shown = page(by, COPY, "member")
    assert values(shown, "full_name") == ["見本 太郎", "見本 桃子"]
    assert "市の台帳（住民基本台帳）から" in shown
    taro = Entry.objects.get(number="0002").person_id
    assert Event.objects.filter(verb="facts.read", subject_id=taro, data__purpose="household").count() == 1


def test_a_claim_for_children_begins_with_the_children(tmp_path: Path) -> None:
    shown = page(hanako(tmp_path, TARO, MOMOKO), "child-allowance-claim", "child")
    assert values(shown, "full_name") == ["見本 桃子"]


def test_whoever_was_read_sees_that_and_on_which_day_and_not_for_which_procedure(tmp_path: Path) -> None:
    by = hanako(tmp_path, TARO)
    row = procedures.current(COPY)
    assert row is not None
    case = actions.open_draft(row, by=by)
    with clock.travel(dt.datetime(2026, 11, 29, 21, 34, 56, 789000, tzinfo=clock.TOKYO)):
        page(by, COPY, "member", case)
    taro = actor_of_person(Entry.objects.get(number="0002").person_id, "card")
    shown = browser_of(taro).get("/my-data/known/").content.decode().partition("<main")[2]
    assert "同じ世帯の方の手続きで" in shown
    assert "住民基本台帳法第12条" in shown
    assert "住民票" not in shown.partition('id="read"')[2].replace("住民票のある所", "")
    file = zipfile.ZipFile(io.BytesIO(b"".join(browser_of(taro).post("/my-data/"))))
    told = json.loads(file.read("data.json"))["events"]
    [event] = [one for one in told if one["verb"] == "facts.read" and one["who"] == "resident"]
    assert event["at"].startswith("2026-11-29T00:00:00")
    for text in (shown, file.read("index.html").decode(), file.read("data.json").decode()):
        assert "21:34" not in text
        assert "12:34" not in text
        assert "21時34分" not in text
        assert COPY not in text


@pytest.mark.parametrize("code", ["change-of-address", "moving-out"])
def test_whoever_prepares_to_move_tells_nobody_by_it(tmp_path: Path, code: str) -> None:
    assert values(page(hanako(tmp_path, TARO), code, "member"), "full_name") == []
    assert not Event.objects.filter(data__purpose="household", outcome="done").exists()


def test_whoever_is_protected_leaves_no_trace(tmp_path: Path) -> None:
    """The page is the same with them and without them: no row, no words, no figure, no reading."""
    plain = re.compile(r'value="[^"]{40,}"|[0-9a-f]{8}-[0-9a-f-]{27}')
    by = hanako(tmp_path, PROTECTED)
    momoko = Entry.objects.get(number="0003").person_id
    asked = {(COPY, "member"), ("child-allowance-claim", "child"), ("childcare-place", "child")}
    there = {one: page(by, *one) for one in asked if _has(*one)}
    assert not Event.objects.filter(verb="facts.read", subject_id=momoko, data__purpose="household").exists()
    Entry.objects.filter(number="0003").update(gone_since="2026-01-01")
    Case.objects.all().delete()
    for one, shown in there.items():
        assert "市の台帳" not in shown
        assert "桃子" not in shown
        assert plain.sub("", shown) == plain.sub("", page(by, *one))


def _has(code: str, group: str) -> bool:
    row = procedures.current(code)
    return row is not None and any(one.each == group for one in procedures.package(row).form.sections)


def test_whoever_is_protected_sees_nobody_and_so_tells_nobody(tmp_path: Path) -> None:
    imported(tmp_path, [{**HANAKO, "支援措置": "1"}, TARO])
    permit(list(permits(catalogue().laws)), by=SYSTEM)
    by = actor_of_person(signs_in().pk, "card")
    assert values(page(by, COPY, "member"), "full_name") == []
    taro = Entry.objects.get(number="0002").person_id
    assert not Event.objects.filter(subject_id=taro, data__purpose="household").exists()


def test_what_was_told_before_comes_first(tmp_path: Path) -> None:
    from madoguchi.facts.actions import state
    from madoguchi.facts.models import Source
    from madoguchi.people.models import Person

    by = hanako(tmp_path, TARO)
    told = {("member.full_name", f"{UUID(int=5)}:0"): "見本 次郎"}
    state(Person(pk=by.id), told, Source.SELF, by=by)
    shown = page(by, COPY, "member")
    assert values(shown, "full_name") == ["見本 次郎"]
    assert "前に市へ伝えた内容" in shown


def test_of_somebody_else_nobody_is_told(tmp_path: Path) -> None:
    by = hanako(tmp_path, TARO, MOMOKO)
    row = procedures.current("child-allowance-claim")
    assert row is not None
    case = actions.open_draft(row, by=by)
    Case.objects.filter(pk=case.pk).update(subject=Entry.objects.get(number="0002").person_id)
    assert values(page(by, "child-allowance-claim", "child", case), "full_name") == []
    assert not Event.objects.filter(data__purpose="household").exists()


def test_where_no_law_lets_it_be_shown_the_form_is_empty(tmp_path: Path) -> None:
    by = hanako(tmp_path, TARO)
    permit([one for one in permits(catalogue().laws) if one.purpose != "household"], by=SYSTEM)
    assert values(page(by, COPY, "member"), "full_name") == []
    assert Event.objects.get(data__purpose="household").outcome == "refused"


def test_what_a_person_takes_along_is_their_own(tmp_path: Path) -> None:
    """一人分の写し: nobody of the household is in it, and what is said of oneself is whole."""
    by = hanako(tmp_path, TARO, PROTECTED)
    client: Client = browser_of(by)
    answer = client.post("/my-data/")
    whole = zipfile.ZipFile(io.BytesIO(b"".join(answer))).read("data.json").decode()
    assert "桃子" not in whole
    assert "太郎" not in whole
    data = json.loads(whole)
    assert "77" in [one["value"] for one in data["facts"]]


def test_the_first_sign_in_of_a_stranger_is_not_told_as_ones_own_doing(tmp_path: Path) -> None:
    """Whoever shares the birthday was compared with them, and is not told that it was they who looked."""
    imported(tmp_path, [person("0009", 氏名="双葉 花", カナ="フタバ　ハナ", 住所="大阪府大東市三箇1番1号")])
    permit(list(permits(catalogue().laws)), by=SYSTEM)
    signs_in()
    twin = actor_of_person(Entry.objects.get(number="0009").person_id, "card")
    file = zipfile.ZipFile(io.BytesIO(b"".join(browser_of(twin).post("/my-data/"))))
    told = json.loads(file.read("data.json"))["events"]
    compared = [one for one in told if one["verb"] == "facts.read" and one["why"] != "ご本人の情報だから"]
    assert [one["who"] for one in compared] == ["system"], told
    assert "自動" in file.read("index.html").decode()
