"""The map's layers at the desk: pages for whoever edits and decides, and nobody else; what was typed is not lost."""

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from madoguchi.cases.actions import giving
from madoguchi.cases.ports import ScannerDown
from madoguchi.cases.tests.conftest import Staff, published, staff
from madoguchi.desk.tests.staging import client_of
from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.places import queries as places
from madoguchi.places.models import Amendment, Change, Edition, Feature, Photo, PhotoContent
from madoguchi.places.rules import narrowing
from madoguchi.places.rules.layer import Editing, Layer
from madoguchi.places.tests.test_layers import LAT, LON, ZONING, taken_in, zone
from madoguchi.procedures import queries as procedures

__all__ = ["published", "staff"]

pytestmark = pytest.mark.django_db

ROADS = replace(
    ZONING, code="test-roads", owner="road-management",
    edit=Editing(("road-management",), ("road-management-head",)),
)  # fmt: skip
FREE = replace(ROADS, code="test-free", edit=Editing(("road-management",)))
NOBODYS = "01a00000-0000-7000-8000-000000000000"
URL = "/desk/layers/test-roads/"


@pytest.fixture(autouse=True)
def layers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two layers of the road section: one of which the head approves changes, one of which nobody does."""
    known: dict[str, Layer] = {one.code: one for one in (ROADS, FREE, replace(ZONING, code="test-other"))}
    monkeypatch.setattr(procedures, "layers", lambda: known)
    taken_in(tmp_path, zone("1"), zone("2", LON + 0.01), layer=ROADS)
    taken_in(tmp_path, zone("1"), zone("2", LON + 0.01), layer=FREE)


@pytest.fixture
def clerk(staff: Staff) -> Actor:
    return staff("road-management", "road-management-clerk")


@pytest.fixture
def head(staff: Staff) -> Actor:
    return staff("road-management", "road-management-head")


def row(key: str = "1", layer: Layer = ROADS) -> Feature:
    return places.standing(layer.code).get(key=key)


def address(one: Feature) -> str:
    return f"/desk/layers/{one.layer}/features/{one.pk}/"


def form(one: Feature, **other: str) -> dict[str, str]:
    """The form of a feature as a browser would post it."""
    said = {f"p-{name}": str(value) for name, value in one.properties.items()}
    return {"deed": "correct", "on": "2025-07-01", "why": "現地で確かめた", "shape": one.geom.wkt, **said, **other}


def everything() -> list[Any]:
    return [list(model.objects.order_by("pk").values()) for model in (Edition, Feature, Change, Amendment)]


def text(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.content.decode()[:2000]
    return str(answer.content.decode())


def test_a_feature_is_found_corrected_approved_and_taken_back(clerk: Actor, head: Actor) -> None:
    desk, chief = client_of(clerk), client_of(head)
    assert "地図のレイヤー" in text(desk.get("/desk/"))
    assert URL in text(desk.get("/desk/layers/"))
    assert "test-other" not in text(desk.get("/desk/layers/"))
    assert address(row()) in text(desk.get(f"{URL}?q=１"))
    assert "見つかりませんでした" in text(desk.get(f"{URL}?q=ありません"))
    page = text(desk.get(address(row())))
    assert 'name="p-far"' in page
    assert "承認されるまで、地図と市民への答えは変わりません。" in page
    answer = desk.post(address(row()), form(row(), **{"p-far": "300"}))
    made = Change.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{URL}changes/{made.pk}/")
    assert row().properties["far"] == 200
    assert "承認を待っている変更があります" in text(desk.get(address(row())))
    assert "取り下げる" in text(desk.get(f"{URL}changes/{made.pk}/"))
    assert "承認する" not in text(desk.get(f"{URL}changes/{made.pk}/"))
    assert "件の承認待ち" in text(chief.get("/desk/"))
    listed = text(chief.get("/desk/layers/"))
    assert f"{URL}changes/{made.pk}/" in listed
    assert "現地で確かめた" in listed
    shown = text(chief.get(f"{URL}changes/{made.pk}/"))
    assert "200%" in shown
    assert "300%" in shown
    assert chief.post(f"{URL}changes/{made.pk}/", {"_do": "approve"}).status_code == 302
    assert row().properties["far"] == 300
    assert "件の承認待ち" not in text(chief.get("/desk/"))
    life = text(desk.get(address(row())))
    assert "訂正" in life
    assert "見本 職員（決めた人：見本 職員）" in life
    assert "ファイルから取込み" in life
    assert desk.post(f"{URL}changes/{made.pk}/", {"_do": "undo", "why": "まちがい"}).status_code == 302
    back = Change.objects.exclude(pk=made.pk).get()
    assert chief.post(f"{URL}changes/{back.pk}/", {"_do": "refuse", "why": "正しい"}).status_code == 302
    assert "正しい" in text(desk.get(f"{URL}changes/{back.pk}/"))
    assert row().properties["far"] == 300


def test_the_table_is_narrowed_by_what_the_reader_sees_and_goes_out_as_it_is_shown(clerk: Actor) -> None:
    desk = client_of(clerk)
    one, two = address(row("1")), address(row("2"))

    def found(asked: str) -> list[str]:
        page = text(desk.get(f"{URL}?{asked}"))
        sent = desk.get(f"{URL}features.csv?{asked}").content.decode("utf-8-sig")
        shown = [at for at in (one, two) if at in page]
        assert [address(row(key)) for key in (said["番号"] for said in csv.DictReader(io.StringIO(sent)))] == shown
        return shown

    assert found("p-id=2") == [two]
    assert found("p-id=%25") == [], "what is written is words, no pattern"
    assert found("p-use=1&p-far-from=200&p-far-to=200") == [one, two]
    assert found("p-far-from=200.5") == []
    assert found("p-use=-") == [], "where nothing is said"
    assert found("p-memo=覚&p-id=1") == [one]
    assert 'value="200" inputmode' in text(desk.get(f"{URL}?p-far-from=200")), "the address can be kept"
    for said in ("x", "nan", "1e999"):
        wrong = text(desk.get(f"{URL}?p-far-from={said}"), 422)
        assert "容積率：数で書いてください。" in wrong
        assert one not in wrong
        assert desk.get(f"{URL}features.csv?p-far-from={said}").status_code == 422
    assert narrowing.tree(ROADS, "staff", {"p-memo": "覚"}) is None, "the section's own is not asked by others"


def test_each_deed_of_the_form(clerk: Actor) -> None:
    desk = client_of(clerk)
    first = row("1", FREE)
    assert desk.post(address(first), form(first, deed="change", **{"p-far": "250"})).status_code == 302
    assert row("1", FREE).valid_from.isoformat() == "2025-07-01"
    assert desk.post(address(row("1", FREE)), form(row("1", FREE), deed="end", on="2025-08-01")).status_code == 302
    assert desk.post(address(row("2", FREE)), form(row("2", FREE), deed="drop")).status_code == 302
    assert not places.standing(FREE.code).exists()
    shape = "\n".join(f"{x}, {y}" for x, y in first.geom.coords[0])
    said = {"p-id": "9", "p-use": "2", "p-far": "400", "on": "2025-07-01", "why": "新しい道", "shape": shape}
    assert desk.post("/desk/layers/test-free/new/", said).status_code == 302
    assert row("9", FREE).geom.equals(first.geom)
    ended = text(desk.get(address(first)))
    assert "の前の日までの内容です" in ended
    assert 'name="deed"' not in ended


def test_what_is_wrong_is_said_and_what_was_typed_is_there(clerk: Actor) -> None:
    desk, before = client_of(clerk), everything()
    answer = text(desk.post(address(row()), form(row(), why="", **{"p-far": "三百", "p-memo": "書きかけ"})), 422)
    assert "小数のない数を書いてください（例：12）。" in answer
    assert "変更の理由を書いてください。" in answer
    assert 'value="三百"' in answer
    assert 'value="書きかけ"' in answer
    answer = text(desk.post(address(row()), form(row(), shape="POINT (135.6 34.7)")), 422)
    assert "このレイヤーの形は面です。" in answer
    assert "POINT (135.6 34.7)" in answer
    answer = text(desk.post(f"{URL}new/", {"p-id": "9", "why": "x", "shape": ""}), 422)
    assert "形を書いてください。" in answer
    assert everything() == before


def test_whoever_was_slower_sees_both_and_loses_nothing(clerk: Actor) -> None:
    desk, seen = client_of(clerk), row("1", FREE)
    posted = form(seen, **{"p-far": "999", "p-memo": "わたしの覚え"})
    other = form(seen, **{"p-far": "150", "p-use": "2"})
    assert client_of(clerk).post(address(seen), other).status_code == 302
    before, newer = everything(), row("1", FREE)
    answer = text(desk.post(address(seen), posted), 409)
    assert "いまの内容と、あなたが入れた内容" in answer
    assert '<td data-label="いま">150%</td>' in answer
    assert '<td data-label="あなた">999</td>' in answer
    assert f'action="{address(newer)}"' in answer
    assert 'value="わたしの覚え"' in answer
    assert '<option value="2" selected>' in answer, "what only the other has changed stays as they did"
    assert everything() == before
    assert desk.post(address(newer), {**posted, "p-use": "2"}).status_code == 302
    assert (row("1", FREE).properties["far"], row("1", FREE).properties["use"]) == (999, "2")


@pytest.mark.parametrize(("section", "post"), [("urban-policy", "urban-policy-head"), ("children", "children-clerk")])
def test_no_other_section_sees_or_changes_anything(staff: Staff, clerk: Actor, section: str, post: str) -> None:
    client_of(clerk).post(address(row()), form(row(), **{"p-far": "300"}))
    made, other = Change.objects.get(), client_of(staff(section, post))
    before = everything()
    assert "/desk/layers/" not in text(other.get("/desk/"))
    assert "test-roads" not in text(other.get("/desk/layers/"))
    for path in ("", "new/", "table/", "features.csv", f"features/{row().pk}/", f"changes/{made.pk}/"):
        assert other.get(URL + path).status_code == 403, path
    assert other.post(address(row()), form(row(), **{"p-far": "1"})).status_code == 403
    for todo in ("approve", "refuse", "withdraw", "undo"):
        assert other.post(f"{URL}changes/{made.pk}/", {"_do": todo, "why": "x"}).status_code == 403
    assert everything() == before


def test_who_decides_does_not_decide_on_their_own(head: Actor, clerk: Actor) -> None:
    chief = client_of(head)
    chief.post(address(row()), form(row(), **{"p-far": "300"}))
    made, before = Change.objects.get(), everything()
    assert text(chief.post(f"{URL}changes/{made.pk}/", {"_do": "approve"}), 403)
    assert everything() == before
    clerks = client_of(clerk)
    assert text(clerks.post(f"{URL}changes/{made.pk}/", {"_do": "approve"}), 403)
    assert everything() == before
    assert Event.objects.filter(verb="change.approve", outcome="refused").count() == 2


def test_who_was_refused_is_told_why_and_asks_again_without_typing_it_anew(clerk: Actor, head: Actor) -> None:
    desk, one = client_of(clerk), row()
    moved = "POLYGON ((135.62 34.71, 135.6211 34.71, 135.6211 34.711, 135.62 34.711, 135.62 34.71))"
    desk.post(address(one), form(one, deed="change", shape=moved, **{"p-far": "300"}))
    made = Change.objects.get()
    there = f"{URL}changes/{made.pk}/"
    before = everything()
    assert "認めない理由を書いてください。" in text(client_of(head).post(there, {"_do": "refuse"}), 422)
    assert everything() == before
    assert client_of(head).post(there, {"_do": "refuse", "why": "図面とちがいます"}).status_code == 302
    for page in ("/desk/layers/", there, address(one)):
        assert "図面とちがいます" in text(desk.get(page)), page
    assert "件は認められませんでした" in text(desk.get("/desk/"))
    assert "図面とちがいます" not in text(client_of(head).get("/desk/layers/")), "told to who asked"
    anew = f"{address(one)}?from={made.pk}"
    assert f'href="{anew}"' in text(desk.get(there))
    shown = unescape(text(desk.get(anew)))
    for said in (
        'name="p-far" value="300"',
        "135.6211",
        "現地で確かめた",
        'value="change" checked',
        'value="2025-07-01"',
    ):
        assert said in shown
    assert desk.post(address(one), form(one, **{"p-far": "310"})).status_code == 302
    assert "図面とちがいます" not in text(desk.get("/desk/layers/")), "it was asked for anew"
    assert "件は認められませんでした" not in text(desk.get("/desk/"))


def test_what_was_refused_is_asked_again_upon_what_somebody_made_of_it_meanwhile(clerk: Actor, head: Actor) -> None:
    desk, one = client_of(clerk), row()
    desk.post(address(one), form(one, **{"p-far": "300"}))
    first = Change.objects.get()
    client_of(head).post(f"{URL}changes/{first.pk}/", {"_do": "refuse", "why": "図面とちがいます"})
    desk.post(address(one), form(one, **{"p-use": "2"}))
    second = Change.objects.exclude(pk=first.pk).get()
    client_of(head).post(f"{URL}changes/{second.pk}/", {"_do": "approve"})
    shown = text(desk.get(f"{address(one)}?from={first.pk}"))
    assert "いまの内容と、あなたが入れた内容" in shown
    assert 'name="p-far" value="300"' in shown
    assert '<option value="2" selected' in shown, "the other's edit is not taken back"
    assert "?from=" not in text(desk.get(f"{URL}changes/{second.pk}/"))
    assert 'name="p-far" value="200"' in text(desk.get(f"{address(row())}?from={second.pk}")), "it came to be"


def test_what_was_typed_while_another_change_began_to_wait_is_there_and_goes_upon_it(clerk: Actor, head: Actor) -> None:
    one = row()
    client_of(clerk).post(address(one), form(one, **{"p-far": "300"}))
    waiting = Change.objects.get()
    desk, before = client_of(head), everything()
    mine = form(one, why="告示のとおり", **{"p-use": "2"})
    shown = text(desk.post(address(one), mine), 409)
    assert "承認を待っている変更があります。" in shown
    assert f'href="{URL}changes/{waiting.pk}/" target="_blank"' in shown
    assert ">\n告示のとおり</textarea>" in shown
    assert '<option value="2" selected' in shown
    assert everything() == before
    assert desk.post(f"{URL}changes/{waiting.pk}/", {"_do": "approve"}).status_code == 302
    shown = text(desk.post(address(one), mine), 409)
    assert "いまの内容と、あなたが入れた内容" in shown
    assert 'name="p-far" value="300"' in shown
    assert '<option value="2" selected' in shown


def test_who_only_reads_a_feature_reads_words_and_units(clerk: Actor) -> None:
    one = row()
    client_of(clerk).post(address(one), form(one, **{"p-far": "300"}))
    shown = text(client_of(clerk).get(address(one)))
    assert '<tr><th scope="row">用途</th><td>第一種住居地域</td></tr>' in shown
    assert '<tr><th scope="row">容積率</th><td>200%</td></tr>' in shown


def test_who_decides_sees_both_shapes_for_the_map_and_the_photographs(clerk: Actor, head: Actor) -> None:
    desk, one = client_of(clerk), row()
    desk.post(f"{address(one)}photos/", {"photo": jpeg()})
    moved = "POLYGON ((135.62 34.71, 135.6211 34.71, 135.6211 34.711, 135.62 34.711, 135.62 34.71))"
    desk.post(address(one), form(one, shape=moved))
    answer = client_of(head).get(f"{URL}changes/{Change.objects.get().pk}/")
    shown = text(answer)
    said = json.loads(unescape(shown.partition('data-shapes="')[2].partition('"')[0]))
    assert [(part["properties"]["side"], part["geometry"]["coordinates"][0][1][0]) for part in said["features"]] == [
        ("before", 135.621), ("after", 135.6211),
    ]  # fmt: skip
    assert '<td data-label="前">10,1' in shown, "and how large it was and will be"
    assert "worker-src 'self'" in answer.headers["Content-Security-Policy"]
    photo = f"{address(one)}photos/{Photo.objects.get().pk}/"
    assert f'src="{photo}"' in shown
    assert client_of(head).get(photo).status_code == 200


@pytest.mark.parametrize(
    "path", ["/desk/layers/none/", f"{URL}features/{NOBODYS}/", f"{URL}changes/{NOBODYS}/", "/desk/layers/test-other/"]
)
def test_what_is_not_there(clerk: Actor, path: str) -> None:
    desk = client_of(clerk)
    assert desk.get(path).status_code in (403, 404)
    assert desk.post(path, {"_do": "approve"}).status_code in (403, 404, 405)


# -- tables -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def exported(clerk: Actor) -> Callable[[], list[dict[str, str]]]:
    def rows() -> list[dict[str, str]]:
        answer = client_of(clerk).get("/desk/layers/test-free/features.csv")
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))

    return rows


def as_csv(rows: list[dict[str, str]], encoding: str = "utf-8") -> Any:
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    file = io.BytesIO(out.getvalue().encode(encoding))
    file.name = "edited.csv"
    return file


TABLE = "/desk/layers/test-free/table/"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_many_are_edited_in_a_table_that_is_shown_before_it_counts(
    clerk: Actor, exported: Callable[[], list[dict[str, str]]], encoding: str
) -> None:
    desk, rows = client_of(clerk), exported()
    assert [one["番号"] for one in rows] == ["1", "2"]
    assert [one["用途"] for one in rows] == ["第一種住居地域"] * 2, "words, where there are codes"
    before = everything()
    assert "変わるところはありません。" in text(desk.post(TABLE, {"file": as_csv(rows, encoding)}))
    rows[0]["容積率（%）"], rows[1]["課の覚え"] = "450", "高い塀"
    shown = text(desk.post(TABLE, {"file": as_csv(rows, encoding), "deed": "correct"}))
    assert "訂正 2件" in shown
    assert "2行目：訂正" in shown
    assert everything() == before
    table = shown.partition('<textarea name="table" hidden>\n')[2].partition("</textarea>")[0]
    again = {"table": unescape(table), "_do": "save", "deed": "correct", "why": "台帳と合わせた", "on": "2025-07-01"}
    assert text(desk.post(TABLE, {**again, "why": ""}), 422)
    assert everything() == before
    answer = desk.post(TABLE, again)
    assert answer.status_code == 302
    made = Change.objects.get()
    assert (made.lines.count(), made.edition.number if made.edition else 0) == (2, 2)
    assert row("1", FREE).properties["far"] == 450
    assert text(desk.post(TABLE, again), 422), "written on what has changed since"
    assert Change.objects.count() == 1


def test_a_table_names_the_rows_that_are_wrong_and_changes_nothing(
    clerk: Actor, exported: Callable[[], list[dict[str, str]]]
) -> None:
    desk, rows, before = client_of(clerk), exported(), everything()
    rows[0]["容積率（%）"], rows[1]["用途"] = "たくさん", "9"
    shown = text(desk.post(TABLE, {"file": as_csv(rows), "_do": "save", "why": "x", "on": "2025-07-01"}), 422)
    assert "2行目：容積率（%）：小数のない数を書いてください（例：12）。" in shown
    assert "3行目：用途：「9」は選べません。第一種住居地域・商業地域のどれかを書いてください。" in shown
    for content in (b"", b"\x00\xff", b"_id,colour\n1,2\n", b"x" * 1_000_001):
        file = io.BytesIO(content)
        file.name = "x.csv"
        assert "こう変わります" not in text(desk.post(TABLE, {"file": file}), 422)
    assert text(desk.post(TABLE, {}), 422)
    assert everything() == before


def test_a_row_that_somebody_changed_meanwhile_leads_to_what_it_is_now(
    clerk: Actor, exported: Callable[[], list[dict[str, str]]]
) -> None:
    desk, rows, old = client_of(clerk), exported(), row("1", FREE)
    desk.post(address(old), form(old, **{"p-far": "150"}))
    rows[0]["容積率（%）"], rows[1]["容積率（%）"] = "450", "450"
    before = everything()
    shown = text(desk.post(TABLE, {"file": as_csv(rows), "_do": "save", "why": "x", "on": "2025-07-01"}), 422)
    assert "2行目：書き出した後に、ほかの人がこの地物（1）を変えました。" in shown
    assert f'<a href="{address(old)}">この地物を開く</a>' in shown
    assert everything() == before
    assert address(row("1", FREE)) in text(desk.get(address(old))), "and from there to what it is now"
    shown = text(desk.post(TABLE, {"file": as_csv(rows[1:])}))
    assert "訂正 1件" in shown, "without that row the rest can be saved"
    assert "いつから" not in shown, "what was recorded wrongly has no day"


def test_a_column_that_is_not_there_stays_as_it_is(clerk: Actor, exported: Callable[[], list[dict[str, str]]]) -> None:
    desk, rows = client_of(clerk), exported()
    few = [{"_id": one["_id"], "用途": "商業地域", "容積率": "400"} for one in rows]
    assert "いまのままです：番号、課の覚え" in text(desk.post(TABLE, {"file": as_csv(few), "deed": "change"}))
    again = {"file": as_csv(few), "_do": "save", "deed": "change", "why": "決定", "on": "2025-07-01"}
    assert desk.post(TABLE, again).status_code == 302
    assert row("1", FREE).properties == {"id": "1", "use": "2", "far": 400, "memo": "覚え"}


def test_no_cell_of_what_is_written_out_is_a_formula(clerk: Actor) -> None:
    desk = client_of(clerk)
    one = row("1", FREE)
    desk.post(address(one), form(one, **{"p-memo": "=1+1"}))
    answer = desk.get("/desk/layers/test-free/features.csv").content.decode("utf-8-sig")
    assert ",'=1+1," in answer
    rows = list(csv.DictReader(io.StringIO(answer)))
    assert "変わるところはありません。" in text(desk.post(TABLE, {"file": as_csv(rows)}))


def test_a_page_of_many_leads_to_the_next(clerk: Actor, tmp_path: Path) -> None:
    many = replace(FREE, code="test-many")
    procedures.layers()["test-many"] = many  # type: ignore[index]  # the fixture's own mapping
    taken_in(tmp_path, *(zone(f"{n:03}", LON + 0.002 * n, LAT) for n in range(60)), layer=many)
    desk: Client = client_of(clerk)
    first = text(desk.get("/desk/layers/test-many/"))
    assert first.count("<tr data-line>") == 50
    assert "?after=049" in first
    assert text(desk.get("/desk/layers/test-many/?after=049")).count("<tr data-line>") == 10


# -- photographs ------------------------------------------------------------------------------------------------------


def jpeg() -> io.BytesIO:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "green").save(out, "JPEG", exif=b"Exif\0\0secret")
    out.name = "道路.jpg"
    out.seek(0)
    return out


def test_a_photograph_is_kept_without_what_the_camera_wrote_and_removed_for_good(clerk: Actor) -> None:
    desk, one = client_of(clerk), row()
    assert desk.post(f"{address(one)}photos/", {"photo": jpeg()}).status_code == 302
    photo = Photo.objects.get()
    assert (photo.width, photo.height, photo.media_type) == (40, 30, "image/jpeg")
    there = f"{address(one)}photos/{photo.pk}/"
    assert there in text(desk.get(address(one)))
    answer = desk.get(there)
    content = b"".join(answer) if answer.streaming else answer.content
    assert b"secret" not in content
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert desk.post(there).status_code == 302
    assert not PhotoContent.objects.exists()
    assert desk.get(there).status_code == 404
    assert desk.post(there).status_code == 404
    verbs = Event.objects.filter(verb__in=("feature.attach", "feature.detach"), outcome="done")
    assert list(verbs.order_by("id").values_list("verb", flat=True)) == ["feature.attach", "feature.detach"]


def test_what_is_no_photograph_is_refused(clerk: Actor, staff: Staff) -> None:
    desk, one = client_of(clerk), row()
    for content in (b"", b"%PDF-1.4", b"GIF89a", b"\xff\xd8\xff\xe0 broken"):
        file = io.BytesIO(content)
        file.name = "x.jpg"
        assert desk.post(f"{address(one)}photos/", {"photo": file}).status_code == 422
    assert desk.post(f"{address(one)}photos/").status_code == 422
    other = client_of(staff("urban-policy", "urban-policy-clerk"))
    assert other.post(f"{address(one)}photos/", {"photo": jpeg()}).status_code == 403
    assert not Photo.objects.exists()


def test_a_photograph_with_a_virus_or_not_looked_at_is_not_kept(clerk: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    class Scanner:
        def __init__(self, found: str | None) -> None:
            self.found = found

        def scan(self, content: bytes) -> str:
            if self.found is None:
                raise ScannerDown
            return self.found

    desk, one = client_of(clerk), row()
    for found in ("Eicar-Test", None):
        monkeypatch.setattr(giving, "scanner", lambda found=found: Scanner(found))
        assert desk.post(f"{address(one)}photos/", {"photo": jpeg()}).status_code == 422
    assert not Photo.objects.exists()
    assert Event.objects.get(verb="feature.attach").reason == "file-infected"
    monkeypatch.setattr(giving, "scanner", lambda: Scanner(""))
    assert desk.post(f"{address(one)}photos/", {"photo": jpeg()}).status_code == 302


def test_the_table_comes_in_the_order_of_a_column_with_what_narrows_it_and_its_pages(
    clerk: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = replace(FREE, code="test-wide")
    monkeypatch.setattr(procedures, "layers", lambda: {many.code: many})
    widths = [(f"{n:03}", 10 * ((n * 37) % 120)) for n in range(120)]
    taken_in(tmp_path, *(zone(key, LON + 0.001 * int(key), far=far) for key, far in widths), layer=many)
    desk, url = client_of(clerk), f"/desk/layers/{many.code}/"
    by_far = [key for key, far in sorted(widths, key=lambda one: one[1])]

    def lines(page: str) -> list[str]:
        return re.findall(r'<tr data-line><th scope="row"><a[^>]*>(\d+)<', page)

    def link(page: str, words: str) -> str:
        [found] = re.findall(rf'href="([^"]*)"[^>]*>{words}(?:<| )', page)
        return unescape(found)

    page = desk.get(url, {"p-use": "1"}).content.decode()
    assert lines(page) == [key for key, _ in widths[:50]]
    page = desk.get(link(page, "容積率")).content.decode()
    assert 'aria-sort="ascending"><a' in page
    read = lines(page)
    while "次の50件" in page:
        assert "p-use=1" in link(page, "次の50件"), "what narrows it is kept"
        assert '<input type="hidden" name="sort" value="far">' in page
        page = desk.get(link(page, "次の50件")).content.decode()
        read += lines(page)
    assert read == by_far, "each once, over three pages"
    page = desk.get(link(page, "容積率")).content.decode()
    assert (lines(page), "p-use=1" in link(page, "次の50件")) == (by_far[:-51:-1], True)
    assert lines(desk.get(link(page, "地物")).content.decode()) == [key for key, _ in widths[:50]]

    monkeypatch.setattr(places, "MOST_SORTED", 100)
    page = desk.get(url, {"sort": "far", "after": "50"}).content.decode()
    assert ("次の50件" in page, "先の100件までです" in page) == (False, True)
    for bad in ({"sort": "memos"}, {"sort": "-"}, {"sort": "far", "after": "x"}, {"sort": "far", "after": "9" * 30}):
        assert desk.get(url, bad).status_code == 200, bad
