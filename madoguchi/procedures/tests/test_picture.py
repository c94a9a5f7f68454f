"""The picture of a flow: every step with its state as a word, for eyes and for screen readers, in every state."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from madoguchi.procedures.rules.flow import Graph
from madoguchi.procedures.rules.picture import Orientation, Progress, _wrapped, picture
from madoguchi.procedures.tests.builders import EXAMINE, NOTIFY, flows, graph
from madoguchi.procedures.tests.shipped import catalogue

CATALOGUE = catalogue()
SVG = "{http://www.w3.org/2000/svg}"
CSS = Path(__file__).parents[2] / "web" / "static" / "web" / "css" / "flow.css"
ISSUE = {"issue": {"letter": "decision", "when": "decision.granted"}}


def steps_of(svg: str) -> list[tuple[str, str, list[str]]]:
    """Of each box its classes, its title and the words below."""
    found = []
    for group in ET.fromstring(svg).iter(f"{SVG}g"):
        lines = [(text.get("class"), text.text or "") for text in group.iter(f"{SVG}text")]
        title = "".join(text for kind, text in lines if kind == "title")
        found.append((group.get("class") or "", title, [text for kind, text in lines if kind == "word"]))
    return found


def test_done_now_and_to_come_are_told_by_class_and_word() -> None:
    flow = graph([{"judge": {"table": "route"}}, EXAMINE, ISSUE, NOTIFY])
    assert steps_of(picture(flow, {"judge-route": ""}, {"examine"})) == [
        ("flow-step done", "要件の判定", ["済み"]),
        ("flow-step now", "審査", ["いま"]),
        ("flow-step ahead by-you", "補正", ["場合による"]),
        ("flow-step ahead", "通知書の交付", ["場合による"]),
        ("flow-step ahead", "お知らせ", ["これから"]),
    ]


def test_the_picture_of_a_procedure_itself_tells_no_state() -> None:
    words = {word for _, _, marks in steps_of(picture(graph([EXAMINE, ISSUE, NOTIFY]))) for word in marks}
    assert words == {"場合による"}


def test_what_was_left_out_is_said_to_be_left_out() -> None:
    flow = graph([EXAMINE, ISSUE, NOTIFY])
    done = {"examine": "refuse", "notify-decided": ""}
    assert [marks for _, _, marks in steps_of(picture(flow, done))] == [
        ["済み"],
        ["通りません"],
        ["通りません"],
        ["済み"],
    ]
    assert Progress(flow, done).in_words() == ["審査 済み", "お知らせ 済み"]


def test_those_who_do_not_see_it_hear_the_way() -> None:
    root = ET.fromstring(picture(graph([EXAMINE, NOTIFY]), {}, {"examine"}, "en", "vertical"))
    assert root.get("role") == "img"
    named = (root.get("aria-labelledby") or "").split()
    told = {one.get("id"): one.text for one in root if one.tag in (f"{SVG}title", f"{SVG}desc")}
    assert [told[id_] for id_ in named] == ["The way of the procedure", "1. Examination Now, 2. Notice To come"]


@pytest.mark.parametrize("orientation", ["horizontal", "vertical"])
@pytest.mark.parametrize("language", ["ja", "ja-simple", "en"])
@pytest.mark.parametrize("code", sorted(CATALOGUE.packages))
def test_every_package_has_its_picture(code: str, language: str, orientation: Orientation) -> None:
    flow = CATALOGUE.packages[code].graph
    svg = picture(flow, language=language, orientation=orientation)
    assert len(steps_of(svg)) == len(flow.steps)
    assert svg == picture(Graph.from_json(flow.as_json()), language=language, orientation=orientation)
    outside = {title for classes, title, _ in steps_of(svg) if "outside" in classes}
    assert len(outside) == sum(not node.is_digital for node in flow.steps)


@pytest.mark.parametrize("code", sorted(CATALOGUE.packages))
def test_upright_it_fits_a_phone_or_nearly(code: str) -> None:
    """Two columns fit a screen of 375; only branches side by side make it wider, and then it scrolls."""
    flow = CATALOGUE.packages[code].graph
    if CATALOGUE.packages[code].procedure.kind == "journey":
        return  # nobody is shown it: its parts stand one below the other
    width = float(ET.fromstring(picture(flow, orientation="vertical")).get("width") or 0)
    assert width <= (560 if any(node.kind == "fork" for node in flow.nodes.values()) else 360)


def test_pages_allow_no_inline_style_and_no_text_becomes_markup() -> None:
    title = {"ja": "<b>&審査</b>", "ja-simple": "<b>", "en": "<b>"}
    svg = picture(graph([{"examine": {"by": "office", "title": title}}]), {}, {"examine"})
    assert "style=" not in svg
    assert "<b>" not in svg
    assert "&lt;b&gt;" in svg


def test_every_class_is_known_to_the_stylesheet() -> None:
    flow = CATALOGUE.packages["disaster-certificate"].graph
    svg = picture(flow, {"route": "", "residence": ""}, {"photos-correction"}) + picture(flow, {"route": ""}, ())
    used = {name for part in svg.split('class="')[1:] for name in part.partition('"')[0].split()}
    css = CSS.read_text()
    assert {name for name in used - {"horizontal", "vertical", "flow-step", "ahead"} if f".{name}" not in css} == set()


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("審査", ["審査"]),
        ("受給者台帳への記録", ["受給者台帳", "への記録"]),
        ("交付しない旨の（通知）", ["交付しない旨", "の（通知）"]),
        ("家族と 住所を 市が 調べます", ["家族と 住所", "を 市が", "調べます"]),
        ("Check household and address", ["Check", "household and", "address"]),
    ],
)
def test_titles_break_where_a_printer_would_break_them(text: str, lines: list[str]) -> None:
    found = _wrapped(text, 124)
    assert "".join(found).replace(" ", "") == text.replace(" ", "")
    if " " not in text:
        assert found == lines


@settings(deadline=None, max_examples=15, derandomize=True, suppress_health_check=[*HealthCheck])
@given(flows(), st.sampled_from(["horizontal", "vertical"]), st.data())
def test_every_flow_has_a_picture(flow: list[Any], orientation: Orientation, data: st.DataObject) -> None:
    compiled = graph(flow)
    steps = [node.id for node in compiled.steps]
    now = data.draw(st.sets(st.sampled_from(steps), max_size=3))
    done = dict.fromkeys(data.draw(st.sets(st.sampled_from(steps), max_size=5)) - now, "")
    found = steps_of(picture(compiled, done, now, "ja", orientation))
    assert len(found) == len(steps)
    assert sum("now" in classes.split() for classes, _, _ in found) == len(now)
