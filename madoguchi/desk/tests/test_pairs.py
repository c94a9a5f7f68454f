"""台帳との照合 at the desk: the section of the register sees both sides, nobody else that there is a pair."""

from pathlib import Path

import pytest

from madoguchi.cases.tests.conftest import staff
from madoguchi.desk.tests.staging import Staff, client_of
from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.facts.models import Entry, Pair
from madoguchi.facts.queries import readings
from madoguchi.facts.tests.registers import HANAKO, imported, person
from madoguchi.facts.tests.test_meeting import signs_in

__all__ = ["staff"]

pytestmark = pytest.mark.django_db

LIST = "/desk/pairs/"


@pytest.fixture
def clerk(staff: Staff) -> Actor:
    return staff("residents", "residents-clerk")


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """花子 of the register, and somebody of another family name who signs in."""
    imported(tmp_path, [HANAKO])
    signs_in(full_name="谷川 花子")
    return Pair.objects.get()


def page_of(pair: Pair) -> str:
    return f"{LIST}{pair.pk}/"


def test_the_list_names_nobody_and_reads_nothing(pair: Pair, clerk: Actor) -> None:
    before = Event.objects.filter(verb="facts.read").count()
    shown = client_of(clerk).get(LIST).content.decode()
    assert page_of(pair) in shown
    assert "生年月日、性別、住所" in shown
    assert "花子" not in shown
    assert Event.objects.filter(verb="facts.read").count() == before


def test_the_oldest_comes_first(pair: Pair, clerk: Actor, tmp_path: Path) -> None:
    imported(tmp_path, [HANAKO, person("0002", 氏名="見本 桃子", 生年月日="1991-01-01")])
    shown = client_of(clerk).get(LIST).content.decode()
    places = [shown.index(page_of(one)) for one in Pair.objects.order_by("found_at")]
    assert places == sorted(places)


def test_both_sides_stand_beside_each_other_and_both_logs_say_who_looked(pair: Pair, clerk: Actor) -> None:
    shown = client_of(clerk).get(page_of(pair)).content.decode()
    for words in ("見本　花子", "谷川 花子", "ミホン　ハナコ", "（記載なし）", "女性", "一致", "相違", "不明"):
        assert words in shown
    for one in (pair.entry.person_id, pair.person_id):
        [newest] = readings(one, most=1)
        assert (newest.purpose, newest.office, newest.actor_id) == ("match", "residents", clerk.id)
        assert newest.laws == ("個人情報の保護に関する法律第65条",)


def test_whoever_is_protected_is_marked(tmp_path: Path, clerk: Actor) -> None:
    imported(tmp_path, [person("0001", 支援措置="1")])
    signs_in(full_name="谷川 花子")
    shown = client_of(clerk).get(page_of(Pair.objects.get())).content.decode()
    assert "支援措置" in shown
    assert "見本　花子" in shown


@pytest.mark.parametrize(("choice", "is_same"), [("yes", True), ("no", False)])
def test_what_is_said_is_done_once(pair: Pair, clerk: Actor, choice: str, is_same: bool) -> None:
    client = client_of(clerk)
    answer = client.post(page_of(pair), {"same": choice, "reason": "戸籍の附票で確認"})
    assert (answer.status_code, answer.headers["Location"]) == (302, LIST)
    assert (Entry.objects.get().person_id == pair.person_id) is is_same
    assert page_of(pair) not in client.get(LIST).content.decode()
    again = client.post(page_of(pair), {"same": "yes", "reason": "やはり同じ"})
    assert again.status_code == 404
    assert Pair.objects.get().is_same is is_same


@pytest.mark.parametrize("said", [{}, {"same": "yes"}, {"same": "no", "reason": " "}, {"same": "maybe", "reason": "x"},
                                  {"reason": "x"}, {"same": "yes", "reason": "x" * 301}])  # fmt: skip
def test_what_is_missing_is_asked_and_nothing_changes(pair: Pair, clerk: Actor, said: dict[str, str]) -> None:
    answer = client_of(clerk).post(page_of(pair), said)
    assert answer.status_code == 422
    if said.get("reason", "").strip():
        assert said["reason"] in answer.content.decode(), "what was typed is still there"
    assert Pair.objects.get().decided_at is None
    assert Event.objects.filter(verb="register.decide").get().outcome == "refused"


@pytest.mark.parametrize(
    ("section", "post"),
    [
        ("children", "children-clerk"),
        ("digital-services", "digital-services-manager"),
        ("citizens", "citizens-director"),
    ],
)
def test_no_other_post_sees_or_decides(pair: Pair, staff: Staff, section: str, post: str) -> None:
    client = client_of(staff(section, post))
    before = Event.objects.filter(verb="facts.read").count()
    for path in (LIST, page_of(pair), f"{LIST}{pair.person_id}/"):
        assert client.get(path).status_code == 403
        assert "花子" not in client.get(path).content.decode()
    assert client.post(page_of(pair), {"same": "yes", "reason": "x"}).status_code == 403
    assert "台帳との照合" not in client.get("/desk/").content.decode()
    assert Pair.objects.get().decided_at is None
    assert Event.objects.filter(verb="facts.read").count() == before


def test_a_second_card_is_marked_and_the_wrong_link_is_parted_first(tmp_path: Path, clerk: Actor) -> None:
    imported(tmp_path, [HANAKO])
    wrong, true = signs_in("wrong"), signs_in("true")
    pair, client = Pair.objects.get(), client_of(clerk)
    assert "結びつきが疑わしい" in client.get(LIST).content.decode()
    shown = client.get(page_of(pair)).content.decode()
    assert "すでに別のカードでサインインしている方" in shown
    refused = client.post(page_of(pair), {"same": "yes", "reason": "窓口で確認"})
    assert (refused.status_code, Entry.objects.get().person_id) == (409, wrong.pk)
    assert "先にその結びつきを取り消してください" in refused.content.decode()
    assert client.post(page_of(pair), {"part": str(wrong.pk), "reason": ""}).status_code == 422
    assert Entry.objects.get().person_id == wrong.pk
    assert f'name="part" value="{wrong.pk}"' in shown
    for other in ("1", str(true.pk)):
        assert client.post(page_of(pair), {"part": other, "reason": "窓口で確認"}).status_code == 409
        assert Entry.objects.get().person_id == wrong.pk
    assert client.post(page_of(pair), {"part": str(wrong.pk), "reason": "窓口で確認"})["Location"] == page_of(pair)
    assert "いまの結びつきを取り消す" not in client.get(page_of(pair)).content.decode()
    client.post(page_of(pair), {"same": "yes", "reason": "窓口で確認"})
    assert Entry.objects.get().person_id == true.pk


def test_what_was_decided_is_taken_back_or_asked_again(pair: Pair, clerk: Actor) -> None:
    client = client_of(clerk)
    decided = f"{LIST}decided/"
    assert client.get(f"{decided}{pair.pk}/").status_code == 404, "it is not decided"
    client.post(page_of(pair), {"same": "no", "reason": "本人に確認"})
    before = Event.objects.filter(verb="facts.read").count()
    shown = client.get(decided).content.decode()
    assert f"{decided}{pair.pk}/" in shown
    assert "別の人" in shown
    assert "花子" not in shown
    assert "本人に確認" in client.get(f"{decided}{pair.pk}/").content.decode()
    assert Event.objects.filter(verb="facts.read").count() == before
    assert client.post(f"{decided}{pair.pk}/")["Location"] == LIST
    again = Pair.objects.get(decided_at=None)
    client.post(page_of(again), {"same": "yes", "reason": "戸籍で確認"})
    assert Entry.objects.get().person_id == pair.person_id
    assert client.post(f"{decided}{again.pk}/", {"reason": " "}).status_code == 422
    assert Entry.objects.get().person_id == pair.person_id
    assert client.post(f"{decided}{again.pk}/", {"reason": "誤り"})["Location"] == decided
    assert Entry.objects.get().person_id != pair.person_id
    assert "取り消し済み" in client.get(decided).content.decode()


def test_no_other_post_takes_back(pair: Pair, clerk: Actor, staff: Staff) -> None:
    client_of(clerk).post(page_of(pair), {"same": "yes", "reason": "確認"})
    client = client_of(staff("children", "children-clerk"))
    for path in (f"{LIST}decided/", f"{LIST}decided/{pair.pk}/"):
        assert client.get(path).status_code == 403
    assert client.post(f"{LIST}decided/{pair.pk}/", {"reason": "x"}).status_code == 403
    assert client.post(page_of(pair), {"part": "1", "reason": "x"}).status_code == 403
    assert Entry.objects.get().person_id == pair.person_id
