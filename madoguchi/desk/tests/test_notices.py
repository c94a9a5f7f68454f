"""A notice to those who live in an area: who is told and by whose law, and that nobody is ever listed."""

import io
import json
import re
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pypdf import PdfReader

from madoguchi.desk.tests.staging import Staff, client_of
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.facts.actions import permit
from madoguchi.facts.models import Entry
from madoguchi.facts.queries import NoBasis
from madoguchi.facts.rules import Permit
from madoguchi.facts.tests.registers import DAY, MATCH, imported, person
from madoguchi.ground.errors import Invalid, NotAllowed, Stale
from madoguchi.messages import actions, jobs
from madoguchi.messages.models import Letter, Message, Notice, NoticeLetter
from madoguchi.messages.ports import AUDIENCES
from madoguchi.people.models import Identity
from madoguchi.places.actions import load
from madoguchi.places.models import Edition, Feature
from madoguchi.places.reading import read_file
from madoguchi.places.tests.test_layers import LAT, LON, feature, square, written
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.vocabulary import permits
from madoguchi.procedures.tests.shipped import catalogue

pytestmark = pytest.mark.django_db

OFFICE = "crisis-management"
TANIGAWA, SUMINODO = "大阪府大東市谷川一丁目", "大東市住道２丁目"
LAWS = [one for one in permits(catalogue().laws) if one.purpose == "notify"]
TOWN = {"towns": ["0025001"]}


@pytest.fixture
def director(staff: Staff) -> Actor:
    return staff(OFFICE, "crisis-management-director")


@pytest.fixture
def people(tmp_path: Path) -> dict[str, UUID]:
    """Of 谷川一丁目: who has signed in with an address for mail, who has without, who never has, who is protected, who
    has left; and somebody of 住道二丁目."""
    lines = [
        person("0001", 住所=f"{TANIGAWA}1番1号"),
        person("0002", 住所=f"{TANIGAWA}1番1号", 氏名="見本 太郎", 生年月日="1988-11-03"),
        person("0003", 住所=f"{TANIGAWA}２－３", 氏名="谷川 梅子", 生年月日="1940-01-01"),
        person("0004", 住所=f"{TANIGAWA}4番", 氏名="秘匿 桜子", 生年月日="1970-01-01", 支援措置="1"),
        person("0005", 住所=f"{TANIGAWA}5番", 氏名="転出 去男", 生年月日="1971-01-01", 消除日="20261001"),
        person("0006", 住所=f"{SUMINODO}6番", 氏名="住道 六郎", 生年月日="1972-01-01"),
    ]
    imported(tmp_path, lines, DAY)
    permit([MATCH, *LAWS], by=SYSTEM)
    found = dict(Entry.objects.values_list("number", "person_id"))
    Identity.objects.create(person_id=found["0001"], issuer="mailto:", subject="hanako@example.jp", level="contact")
    Identity.objects.create(person_id=found["0002"], issuer="https://idp.example", subject="x", level="card")
    return found


@pytest.fixture
def towns(tmp_path: Path) -> None:
    layer = procedures.layers()["towns"]
    said: dict[str, Any] = {"households_2015": 1, "code": "27218"}
    areas = [
        feature(square(LON + 0.01 * at, LAT, 0.01), **said, key_code=name, name=name, pop_2015=at)
        for at, name in enumerate(["谷川１丁目", "住道２丁目"])
    ]
    load(layer, read_file(layer, written(tmp_path, *areas)), layer.source.as_of, by=SYSTEM)


def write(by: Actor, audience: Any = TOWN, **changes: str) -> Notice:
    said = {"office": OFFICE, "subject": "川の水位", "body": "水位が上がっています。\n高い所へ。", **changes}
    return actions.write_notice(said["office"], said["subject"], said["body"], audience, by=by)


def chosen(audience: Any, *addresses: str) -> list[str]:
    area = AUDIENCES.get("area")
    found = area.chosen(area.checked(audience), addresses)
    return [one for one in addresses if one in found]


def test_the_town_is_the_one_that_is_meant() -> None:
    assert [one.id for one in procedures.city().towns if one.name == "谷川一丁目"] == TOWN["towns"]


def test_everybody_is_told_as_their_channel_says(people: dict[str, UUID], director: Actor) -> None:
    sent = actions.send_notice(write(director), by=director)
    told = {one.person_id: one for one in Message.objects.all()}
    assert told.keys() == {people["0001"], people["0002"]}
    assert (told[people["0001"]].channel, told[people["0001"]].address) == ("mail", "hanako@example.jp")
    assert (told[people["0002"]].channel, told[people["0002"]].state) == ("portal", "sent")
    assert "水位が上がっています。" in told[people["0002"]].body
    assert set(NoticeLetter.objects.values_list("person", flat=True)) == {people["0003"], people["0004"]}
    assert (sent.people, sent.mails, sent.on_paper) == (4, 1, 2), "who has left and who lives elsewhere is not told"


def test_whoever_is_told_sees_by_which_law_their_address_was_read(people: dict[str, UUID], director: Actor) -> None:
    actions.send_notice(write(director), by=director)
    events = Event.objects.filter(verb="facts.read", data__purpose="notify")
    assert set(events.values_list("subject_id", flat=True)) == {people[f"000{one}"] for one in range(1, 5)}
    assert {json.dumps(one.data["basis"], ensure_ascii=False) for one in events} == {
        '["saigai-taisaku-kihon-ho/第56条"]'
    }
    [send] = Event.objects.filter(verb="notice.send")
    assert send.data == {"office": OFFICE}
    assert {one.cause_id for one in events} == {send.id}


def test_a_preview_tells_no_small_number_and_names_nobody(people: dict[str, UUID], director: Actor) -> None:
    one = write(director)
    page = client_of(director).get(f"/desk/notices/{one.pk}/").content.decode()
    assert "10人未満" in page
    assert "災害対策基本法第56条" in page
    assert not re.search("花子|太郎|梅子|桜子|番1号|hanako", page)
    assert not Event.objects.filter(verb="facts.read", data__purpose="notify").exists(), "nobody was read"
    [count] = Event.objects.filter(verb="facts.count")
    assert (count.outcome, count.subject_id) == ("done", None)
    assert not Message.objects.exists()


@pytest.mark.parametrize("named", ["none", "another-office", "all-offices", "without-protected"])
def test_without_a_law_for_this_office_nobody_is_found(people: dict[str, UUID], director: Actor, named: str) -> None:
    [law] = LAWS
    said = {name: getattr(law, name) for name in law.__slots__}
    wrong = {
        "none": [],
        "another-office": [Permit(**{**said, "offices": ("environment",)})],
        "all-offices": [Permit(**{**said, "offices": ()})],
        "without-protected": [Permit(**{**said, "confidential": False})],
    }[named]
    permit([MATCH, *wrong], by=SYSTEM)
    one = write(director)
    page = client_of(director).get(f"/desk/notices/{one.pk}/").content.decode()
    assert "このお知らせは送れません。" in page
    assert "この内容で送る" not in page
    with pytest.raises(NoBasis):
        actions.send_notice(one, by=director)
    assert client_of(director).post(f"/desk/notices/{one.pk}/", {"_do": "send"}).status_code == 403
    one.refresh_from_db()
    assert one.state == "written"
    assert not Message.objects.exists()
    assert not NoticeLetter.objects.exists()
    assert not Event.objects.filter(verb="facts.read", data__purpose="notify").exists()
    assert Event.objects.filter(verb="notice.send", outcome="refused").count() == 2


def test_only_a_post_that_may_sends_for_its_own_office(people: dict[str, UUID], director: Actor, staff: Staff) -> None:
    one, clerk = write(director), staff("environment", "environment-clerk")
    client = client_of(clerk)
    assert client.get("/desk/notices/").status_code == 403
    assert client.post(f"/desk/notices/{one.pk}/", {"_do": "send"}).status_code == 403
    for by, office in ((clerk, OFFICE), (clerk, "environment"), (director, "environment")):
        with pytest.raises(NotAllowed):
            write(by, office=office)
    with pytest.raises(NotAllowed):
        actions.send_notice(one, by=clerk)
    assert Notice.objects.count() == 1
    assert not Message.objects.exists()


def test_sent_once_or_dropped(people: dict[str, UUID], director: Actor) -> None:
    one, other = write(director), write(director)
    actions.send_notice(one, by=director)
    actions.drop_notice(other, by=director)
    before = Message.objects.count()
    for again in (one, other):
        with pytest.raises(Stale):
            actions.send_notice(again, by=director)
    assert Message.objects.count() == before


def test_the_worker_mails_and_writes_and_the_office_prints(
    people: dict[str, UUID], director: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    mails: list[Any] = []

    class Carrier:
        def send(self, mail: Any) -> None:
            mails.append(mail)

    monkeypatch.setattr(jobs, "carrier", Carrier)
    one = actions.send_notice(write(director), by=director)
    event = Event.objects.get(verb="notice.send").pk
    jobs.carry_notice(event)
    jobs.carry_notice(event)
    assert [(one.to, one.subject) for one in mails] == [("hanako@example.jp", "【大東市】川の水位")]
    assert Letter.objects.filter(about=one.pk).count() == 2
    client = client_of(director)
    assert client.get(f"/desk/notices/{one.pk}/letters.pdf").status_code == 405
    answer = client.post(f"/desk/notices/{one.pk}/letters.pdf")
    pages = PdfReader(io.BytesIO(b"".join(answer))).pages
    words = "".join(page.extract_text() for page in pages).replace("\n", "")
    assert "谷川 梅子" in words or "谷川梅子" in words.replace(" ", "")
    assert "高い所へ。" in words
    assert set(Letter.objects.values_list("printed_at", flat=True)) != {None}


def test_the_form_keeps_what_was_typed_and_says_what_is_wrong(
    people: dict[str, UUID], director: Actor, towns: None
) -> None:
    client = client_of(director)
    answer = client.post("/desk/notices/new/", {"office": OFFICE, "subject": "題", "body": "", "how": "towns"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="題"' in page
    assert "町を選んでください。" in page
    assert not Notice.objects.exists()
    good = {"office": OFFICE, "subject": "題", "body": "文", "how": "towns", "towns": TOWN["towns"]}
    answer = client.post("/desk/notices/new/", good)
    assert answer.headers["Location"] == f"/desk/notices/{Notice.objects.get().pk}/"
    listed = client.get("/desk/notices/").content.decode()
    assert "谷川一丁目" in listed
    form = client.get("/desk/notices/new/")
    assert "worker-src 'self'" in form["Content-Security-Policy"], "the area is drawn on the map"
    assert 'data-kind="polygon"' in form.content.decode()
    [value] = re.findall(r'<option value="(towns\|[^"]+)"[^>]*>[^<]*谷川１丁目', form.content.decode())
    answer = client.post("/desk/notices/new/", {**good, "how": "area", "area": value})
    page = client.get(answer.headers["Location"]).content.decode()
    assert "町丁目：" in page or "：谷川１丁目" in page
    assert '<path class="area" d="M' in page, "and shown among the towns"
    answer = client.post("/desk/notices/new/", {**good, "how": "area", "area": "towns|gone"})
    assert "地図の区域を一つ選んでください。" in answer.content.decode()
    assert Notice.objects.count() == 2


# -- who lives in an area ----------------------------------------------------------------------------------------------


def ring(west: float, width: float = 0.002) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": square(west, LAT + 0.004, width)}


def test_an_area_by_a_layer_or_drawn_takes_the_towns_that_it_touches(towns: None) -> None:
    both = ("大東市谷川1-1-1", "大阪府大東市住道二丁目3番")
    assert chosen({"layer": "towns", "attribute": "population", "at_least": 1}, *both) == [both[1]]
    assert chosen({"layer": "towns", "attribute": None}, *both) == [*both]
    assert chosen({"shape": json.dumps(ring(LON + 0.001))}, *both, "大阪市北区梅田1-1") == [both[0]]
    assert chosen({"shape": ring(LON + 0.009)}, *both) == [*both]
    one = Feature.objects.get(layer="towns", properties__name="住道２丁目")
    assert chosen({"layer": "towns", "attribute": None, "feature": one.key}, *both) == [both[1]], "one area of a layer"
    around, within = square(LON - 0.002, LAT - 0.002, 0.024), square(LON - 0.001, LAT - 0.001, 0.0115)
    hole = {"type": "Polygon", "coordinates": around + within}
    assert chosen({"shape": hole}, *both) == [both[1]], "within the hole nobody is meant"


def test_where_the_lot_is_known_it_decides(towns: None) -> None:
    edition = Edition.objects.create(layer="parcels", number=1, as_of=DAY)
    for lot, west in (("1-1", LON), ("2-3", LON + 0.005)):
        shape = json.dumps({"type": "Polygon", "coordinates": square(west, LAT + 0.004, 0.002)})
        Feature.objects.create(
            layer="parcels", key=lot, properties={"town": "谷川１丁目", "lot": lot}, geom=shape, digest=lot,
            valid_from=DAY, added_in=edition,
        )  # fmt: skip
    asked = ("谷川一丁目1番1号", "谷川1丁目1-1-405", "谷川一丁目2番3号", "谷川一丁目99番")
    assert chosen({"shape": ring(LON, 0.001)}, *asked) == [asked[0], asked[1], asked[3]], "if unknown, warned"


BOW = [[LON, LAT], [LON + 1, LAT + 1], [LON + 1, LAT], [LON, LAT + 1], [LON, LAT]]
MANY = [[LON + at / 1e6, LAT + at * at / 1e9] for at in range(600)] + [[LON, LAT]]


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"towns": []},
        {"towns": ["0025001", "9999999"]},
        {"layer": "nothing"},
        {"layer": "towns", "attribute": "population"},
        {"layer": "towns", "feature": "gone"},
        {"layer": "towns", "attribute": "population", "at_least": float("nan")},
        {"layer": "towns", "attribute": "name", "values": ["x"]},
        {"layer": "towns", "attribute": "population' OR 1=1 --", "at_least": 1},
        {"shape": ""},
        {"shape": "["},
        {"shape": "[" * 50_000},
        {"shape": {"type": "Point", "coordinates": [LON, LAT]}},
        {"shape": {"type": "Polygon", "coordinates": square(LAT, LON)}},
        {"shape": {"type": "Polygon", "coordinates": [BOW]}},
        {"shape": {"type": "Polygon", "coordinates": [MANY]}},
        {"shape": {"type": "Polygon", "coordinates": "x"}},
    ],
)  # fmt: skip
def test_an_area_that_is_none_is_refused(said: Any) -> None:
    with pytest.raises(Invalid):
        AUDIENCES.get("area").checked(said)
