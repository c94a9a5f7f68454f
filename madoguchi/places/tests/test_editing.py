"""Features edited by hand: what counts when and for whom, what is refused, and what can be asked afterwards."""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import shapely
from django.db import IntegrityError
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotAllowed, NotFound, Refused, Stale
from madoguchi.ground.ids import uuid7
from madoguchi.ground.languages import LocalText
from madoguchi.places import actions
from madoguchi.places import queries as places
from madoguchi.places.models import Amendment, Change, ChangeState, Edition, Feature
from madoguchi.places.rules import editing
from madoguchi.places.rules.editing import Grounds, Line
from madoguchi.places.rules.layer import Attribute, Editing, Layer, Sentences, Source, Topology, reader_of
from madoguchi.places.tests.test_layers import LAT, LON, PLANE, ZONING, square, taken_in, told, zone

pytestmark = pytest.mark.django_db

GROUNDS = Grounds(PLANE, "27218")
DAY = dt.date(2024, 4, 1)
LATER = dt.date(2025, 7, 1)
EDITED = replace(ZONING, edit=Editing(("city-planning",)))
#: Waits for the head, who is another person.
WATCHED = replace(ZONING, edit=Editing(("city-planning",), ("planning-head",)))


def member(section: str = "city-planning", post: str = "planning-clerk") -> Actor:
    return Actor("staff", uuid7(), posts=frozenset({post}), sections=frozenset({section}), channel="desk")


CLERK, HEAD = member(), member(post="planning-head")


def polygon(west: float = LON, south: float = LAT, side: float = 0.001) -> bytes:
    return bytes(shapely.to_wkb(shapely.Polygon(square(west, south, side)[0])))


def one(key: str, layer: Layer = ZONING) -> Feature:
    return places.standing(layer.code).get(key=key)


def everything() -> list[Any]:
    return [list(model.objects.order_by("pk").values()) for model in (Edition, Feature, Change, Amendment)]


def corrected(layer: Layer, key: str, by: Actor = CLERK, **said: str) -> Change:
    return actions.correct(layer, one(key).pk, said, why="現地で確かめた", grounds=GROUNDS, by=by)


def edition_of(made: Change) -> Edition:
    assert made.edition is not None
    return made.edition


# -- what counts ------------------------------------------------------------------------------------------------------


def test_what_changed_in_the_world_is_so_from_its_day_on(tmp_path: Path) -> None:
    taken_in(tmp_path, zone("1"), zone("2", LON + 0.01))
    made = actions.change(
        EDITED, one("1").pk, {"far": "４００"}, on=LATER, why="都市計画の変更", grounds=GROUNDS, by=CLERK
    )
    at = (LON + 0.0005, LAT + 0.0005)
    assert told(*at, on=LATER) == ("applies", "第一種住居地域です（容積率400%）。―")
    assert told(*at, on=LATER - dt.timedelta(days=1)) == ("applies", "第一種住居地域です（容積率200%）。―")
    assert (made.state, edition_of(made).number, edition_of(made).as_of) == ("approved", 2, LATER)
    assert {k: edition_of(made).report[k] for k in ("read", "new", "changed", "gone")} == {
        "read": 2, "new": 0, "changed": 1, "gone": 0,
    }  # fmt: skip
    assert one("1").properties["memo"] == "覚え", "what was not typed stays"
    event = Event.objects.get(verb="feature.change")
    assert (event.outcome, event.reason, event.subject_id) == ("done", "edits-layer", made.pk)
    assert event.data == {"layer": "test-zoning", "lines": 1, "edition": 2}


def test_what_was_recorded_wrongly_was_otherwise_from_its_beginning(tmp_path: Path) -> None:
    taken_in(tmp_path, zone("1"))
    before = clock.now()
    corrected(EDITED, "1", far="150")
    assert told(LON + 0.0005, LAT + 0.0005, on=DAY) == ("applies", "第一種住居地域です（容積率150%）。―")
    thought = places.as_of(ZONING.code, DAY, before).get()
    assert thought.properties["far"] == 200, "what the city thought then can still be seen"


def test_what_ends_what_is_dropped_and_what_is_added(tmp_path: Path) -> None:
    taken_in(tmp_path, zone("1"), zone("2", LON + 0.01))
    actions.end(EDITED, one("1").pk, on=LATER, why="廃止", grounds=GROUNDS, by=CLERK)
    assert told(LON + 0.0005, LAT + 0.0005, on=DAY)[0] == "applies"
    assert told(LON + 0.0005, LAT + 0.0005)[0] == "does_not"
    actions.drop(EDITED, one("2").pk, why="誤り", grounds=GROUNDS, by=CLERK)
    assert told(LON + 0.0105, LAT + 0.0005, on=DAY)[0] == "does_not"
    said = {"id": "3", "use": "2", "far": "1,000"}
    actions.add(EDITED, said, polygon(LON + 0.02), on=LATER, why="指定", grounds=GROUNDS, by=CLERK)
    assert told(LON + 0.0205, LAT + 0.0005, on=LATER) == ("applies", "商業地域です（容積率1,000%）。―")
    assert told(LON + 0.0205, LAT + 0.0005, on=LATER - dt.timedelta(days=1))[0] == "does_not"


def test_a_change_that_is_watched_counts_when_another_has_approved_it(tmp_path: Path) -> None:
    taken_in(tmp_path, zone("1"))
    made = corrected(WATCHED, "1", far="150")
    at = (LON + 0.0005, LAT + 0.0005)
    assert (made.state, made.edition) == ("waiting", None)
    assert told(*at)[1] == "第一種住居地域です（容積率200%）。―"
    assert Edition.objects.count() == 1
    for by, refusal in ((CLERK, "not-allowed"), (member("road-management", "road-management-head"), "not-allowed")):
        with pytest.raises(NotAllowed) as refused:
            actions.approve(WATCHED, made.pk, grounds=GROUNDS, by=by)
        assert refused.value.code == refusal
    assert told(*at)[1] == "第一種住居地域です（容積率200%）。―"
    approved = actions.approve(WATCHED, made.pk, grounds=GROUNDS, by=HEAD)
    assert (approved.state, approved.decided_by, edition_of(approved).number) == ("approved", HEAD.id, 2)
    assert told(*at)[1] == "第一種住居地域です（容積率150%）。―"
    with pytest.raises(Stale):
        actions.approve(WATCHED, made.pk, grounds=GROUNDS, by=HEAD)
    assert Edition.objects.count() == 2


def test_nobody_approves_their_own_change(tmp_path: Path) -> None:
    taken_in(tmp_path, zone("1"))
    made = corrected(WATCHED, "1", by=HEAD, far="150")
    before = everything()
    acts: tuple[Callable[[], Change], ...] = (
        lambda: actions.approve(WATCHED, made.pk, grounds=GROUNDS, by=HEAD),
        lambda: actions.refuse(WATCHED, made.pk, why="x", by=HEAD),
    )
    for act in acts:
        with pytest.raises(NotAllowed) as refused:
            act()
        assert refused.value.code == "own-change"
    assert everything() == before
    assert Event.objects.filter(verb="change.approve", outcome="refused").get().data == {"change": str(made.pk)}
    with pytest.raises(IntegrityError):
        Change.objects.filter(pk=made.pk).update(refused_at=clock.now(), refused_why="x", decided_by=HEAD.who)


def test_a_change_is_refused_with_a_reason_or_withdrawn_by_whoever_asked(tmp_path: Path) -> None:
    taken_in(tmp_path, zone("1"))
    features = list(Feature.objects.values())
    first = corrected(WATCHED, "1", far="150")
    with pytest.raises(Invalid):
        actions.refuse(WATCHED, first.pk, why=" ", by=HEAD)
    assert actions.refuse(WATCHED, first.pk, why="告示と違う", by=HEAD).state == ChangeState.REFUSED
    second = corrected(WATCHED, "1", far="160")
    with pytest.raises(NotAllowed):
        actions.withdraw(WATCHED, second.pk, by=member())
    assert actions.withdraw(WATCHED, second.pk, by=CLERK).state == ChangeState.WITHDRAWN
    assert list(Feature.objects.values()) == features
    assert corrected(WATCHED, "1", far="170").state == ChangeState.WAITING, "the feature is free again"


# -- who, and two at once ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "by", [member("road-management"), Actor("resident", uuid7(), level="card"), Actor("system", channel="worker")]
)
def test_no_other_section_changes_anything(tmp_path: Path, by: Actor) -> None:
    taken_in(tmp_path, zone("1"))
    made = corrected(EDITED, "1", far="150")
    row, before = one("1").pk, everything()
    common: dict[str, Any] = {"why": "x", "grounds": GROUNDS, "by": by}
    acts: tuple[Callable[[], Change], ...] = (
        lambda: actions.add(EDITED, {"id": "9", "use": "1"}, polygon(LON + 0.1), on=LATER, **common),
        lambda: actions.change(EDITED, row, {"far": "1"}, on=LATER, **common),
        lambda: actions.correct(EDITED, row, {"far": "1"}, **common),
        lambda: actions.end(EDITED, row, on=LATER, **common),
        lambda: actions.drop(EDITED, row, **common),
        lambda: actions.amend(EDITED, [Line("drop", row)], on=None, **common),
        lambda: actions.undo(EDITED, made.pk, **common),
        lambda: actions.withdraw(EDITED, made.pk, by=by),
        lambda: corrected(ZONING, "1", by=CLERK, far="1"),
    )
    for act in acts:
        with pytest.raises(NotAllowed):
            act()
    assert everything() == before


def test_of_two_at_once_none_is_lost(tmp_path: Path) -> None:
    taken_in(tmp_path, zone("1"))
    seen = one("1").pk
    corrected(EDITED, "1", far="150")
    before = everything()
    acts: tuple[Callable[[], Change], ...] = (
        lambda: actions.correct(EDITED, seen, {"far": "999"}, why="x", grounds=GROUNDS, by=member()),
        lambda: actions.end(EDITED, seen, on=LATER, why="x", grounds=GROUNDS, by=member()),
    )
    for act in acts:
        with pytest.raises(Stale) as refused:
            act()
        assert refused.value.code == "feature-changed"
    assert everything() == before


def test_while_a_change_waits_no_other_is_made_of_the_same_feature(tmp_path: Path) -> None:
    taken_in(tmp_path, zone("1"), zone("2", LON + 0.01))
    corrected(WATCHED, "1", far="150")
    before = everything()
    with pytest.raises(Stale) as refused:
        corrected(WATCHED, "1", by=member(), far="160")
    assert refused.value.code == "change-waits"
    assert everything() == before
    corrected(WATCHED, "2", far="160")


def test_what_a_file_has_changed_meanwhile_is_not_approved(tmp_path: Path) -> None:
    taken_in(tmp_path, zone("1"), zone("2", LON + 0.01))
    made = corrected(WATCHED, "1", far="150")
    taken_in(tmp_path, zone("1", far=300), zone("2", LON + 0.01), day=LATER)
    before = everything()
    with pytest.raises(Stale):
        actions.approve(WATCHED, made.pk, grounds=GROUNDS, by=HEAD)
    assert everything() == before


def test_a_file_does_not_undo_what_staff_have_edited_without_being_told_to(tmp_path: Path) -> None:
    files = [zone("1"), zone("2", LON + 0.01), zone("3", LON + 0.02)]
    taken_in(tmp_path, *files)
    corrected(EDITED, "1", far="150")
    actions.drop(EDITED, one("2").pk, why="誤り", grounds=GROUNDS, by=CLERK)
    before = everything()
    with pytest.raises(Stale) as refused:
        taken_in(tmp_path, *files, day=LATER)
    assert (refused.value.code, refused.value.params) == ("edits-would-go", {"edited": 2})
    assert everything() == before
    taken_in(tmp_path, zone("1", far=150), files[2], day=LATER)
    assert one("1").properties["far"] == 150


# -- undo -------------------------------------------------------------------------------------------------------------


def test_a_change_is_taken_back_and_that_again(tmp_path: Path) -> None:
    taken_in(tmp_path, zone("1"), zone("2", LON + 0.01))
    states = [_shown(DAY), _shown(LATER)]
    lines = [
        Line("change", one("1").pk, {"far": "400"}), Line("end", one("2").pk),
        Line("add", None, {"id": "3", "use": "2"}, polygon(LON + 0.02)),
    ]  # fmt: skip
    made = actions.amend(EDITED, lines, on=LATER, why="見直し", grounds=GROUNDS, by=CLERK)
    after = [_shown(DAY), _shown(LATER)]
    assert after != states
    back = actions.undo(EDITED, made.pk, why="告示の前だった", grounds=GROUNDS, by=CLERK)
    assert [_shown(DAY), _shown(LATER)] == states
    assert _shown(LATER, back.asked_at - dt.timedelta(microseconds=1)) == after[1], "that it was so can be seen"
    with pytest.raises(Stale):
        actions.undo(EDITED, made.pk, why="x", grounds=GROUNDS, by=CLERK)
    actions.undo(EDITED, back.pk, why="告示の日だった", grounds=GROUNDS, by=CLERK)
    assert [_shown(DAY), _shown(LATER)] == after


def test_what_has_changed_since_is_not_taken_back(tmp_path: Path) -> None:
    taken_in(tmp_path, zone("1"))
    first = corrected(EDITED, "1", far="150")
    corrected(EDITED, "1", far="160")
    before = everything()
    with pytest.raises(Stale) as refused:
        actions.undo(EDITED, first.pk, why="x", grounds=GROUNDS, by=CLERK)
    assert refused.value.code == "undo-too-late"
    assert everything() == before


def _shown(on: dt.date, known: dt.datetime | None = None) -> dict[str, Any]:
    return {row.key: (row.properties, row.geom.wkt) for row in places.as_of(ZONING.code, on, known)}


# -- what is typed ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"far": "二百"}, {"far": "小数のない数を書いてください（例：12）。"}),
        ({"far": "1e999"}, {"far": "小数のない数を書いてください（例：12）。"}),
        ({"far": "4.5"}, {"far": "小数のない数を書いてください（例：12）。"}),
        ({"use": "商業"}, {"use": "選択肢から選んでください。"}),
        ({"id": ""}, {"id": "書いてください。"}),
        ({"memo": "あ" * 2001}, None),
        ({"memo": "a\x00b"}, None),
        ({}, {"shape": "何も変わっていません。"}),
    ],
)
def test_what_does_not_fit_is_said_by_field_and_nothing_is_kept(
    tmp_path: Path, said: dict[str, str], wrong: dict[str, str] | None
) -> None:
    taken_in(tmp_path, zone("1"))
    before = everything()
    with pytest.raises(Invalid) as refused:
        actions.correct(EDITED, one("1").pk, said, why="x", grounds=GROUNDS, by=CLERK)
    fields = {name: str(problem) for name, problem in refused.value.fields.items()}
    assert fields == wrong if wrong is not None else fields.keys() == said.keys()
    assert everything() == before
    assert Event.objects.filter(outcome="refused").get().data.keys() <= {"fields"}


def test_why_and_since_when_are_asked(tmp_path: Path) -> None:
    taken_in(tmp_path, zone("1"))
    before = everything()
    for why, on, fields in (
        ("", LATER, {"why"}),
        ("x", None, {"on"}),
        ("x", clock.today() + dt.timedelta(days=1), {"on"}),
        ("x", DAY - dt.timedelta(days=1), {"on"}),
        ("", dt.date(1, 1, 1), {"why", "on"}),
    ):
        with pytest.raises(Invalid) as refused:
            actions.change(EDITED, one("1").pk, {"far": "1"}, on=on, why=why, grounds=GROUNDS, by=CLERK)
        assert refused.value.fields.keys() == fields
    assert everything() == before


def test_what_somebody_may_not_see_stays_as_it_was(tmp_path: Path) -> None:
    taken_in(tmp_path, zone("1"))
    shared = replace(ZONING, edit=Editing(("road-management",)))
    other = member("road-management")
    assert reader_of(other)(shared) == "staff"
    corrected(shared, "1", by=other, far="150", memo="書きかえ")
    assert one("1").properties == {"id": "1", "use": "1", "far": 150, "memo": "覚え"}


def test_a_key_belongs_to_one_feature(tmp_path: Path) -> None:
    taken_in(tmp_path, zone("1"), zone("2", LON + 0.01))
    before = everything()
    acts: tuple[Callable[[], Change], ...] = (
        lambda: corrected(EDITED, "1", id="2"),
        lambda: actions.add(
            EDITED, {"id": "2", "use": "1"}, polygon(LON + 0.1), on=LATER, why="x", grounds=GROUNDS, by=CLERK
        ),
    )
    for act in acts:
        with pytest.raises(Invalid) as refused:
            act()
        assert (refused.value.code, str(refused.value)) == ("key-taken", "同じ番号の地物がすでにあります（2）。")
    assert everything() == before
    corrected(EDITED, "1", id="5")
    assert {row.key for row in places.standing(ZONING.code)} == {"2", "5"}


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    taken_in(tmp_path, zone("1"))
    elsewhere = replace(EDITED, code="other")
    acts: tuple[Callable[[], Change], ...] = (
        lambda: actions.correct(EDITED, uuid7(), {"far": "1"}, why="x", grounds=GROUNDS, by=CLERK),
        lambda: actions.correct(elsewhere, one("1").pk, {"far": "1"}, why="x", grounds=GROUNDS, by=CLERK),
        lambda: actions.undo(EDITED, uuid7(), why="x", grounds=GROUNDS, by=CLERK),
    )
    for act in acts:
        with pytest.raises(NotFound):
            act()


# -- shapes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "no-shape"),
        ("x", "shape-unread"),
        ("{", "shape-unread"),
        ('{"type": "Feature"}', "shape-unread"),
        ("[" * 100_000, "shape-unread"),
        ('{"a":' * 90_000, "shape-unread"),
        ("GEOMETRYCOLLECTION(" * 25_000, "shape-unread"),  # GEOS would fall off its stack
        ("a" * 500_001, "shape-too-large"),
        ("POINT (135.62 34.71)", "other-shape"),
        ("POLYGON EMPTY", "no-shape"),
        ("34.71, 135.62\n34.72, 135.62\n34.72, 135.63", "axes-swapped"),
        ("2.0, 48.0\n2.1, 48.0\n2.1, 48.1", "out-of-japan"),
        ("135.62, 34.71\n135.63, 34.72\n135.63, 34.71\n135.62, 34.72", "shape-crossed"),
        ("135.62, 34.71\n135.63, 34.71", "shape-unread"),
        ("135.62, 34.71\n135.62, 34.71\n135.62, 34.71", "shape-crossed"),
        ("nan, nan\n1,1\n2,2", "shape-unread"),
        ("POLYGON ((135.62 34.71, 135.63 34.71, 135.63 1e400, 135.62 34.71))", "out-of-japan"),
    ],
)
def test_a_shape_that_is_none_is_refused_in_words(text: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        editing.drawn(ZONING, text)
    assert refused.value.code == code


def test_a_shape_is_read_in_any_of_three_ways() -> None:
    ring = square(LON, LAT)
    said = ["\n".join(f"{x}, {y}" for x, y in ring[0][:-1]), json.dumps({"type": "Polygon", "coordinates": ring})]
    said += [shapely.to_wkt(shapely.from_wkb(polygon()), rounding_precision=-1), "SRID=6668;" + said[0][:0]]
    assert {editing.drawn(ZONING, text) for text in said[:3]} == {polygon()}
    assert editing.drawn(ZONING, editing.as_geojson(polygon())) == polygon()
    assert editing.drawn(ZONING, editing.as_wkt(polygon())) == polygon()


ROADS = Layer(
    code="test-roads",
    title=LocalText("道路"),
    owner="road-management",
    legal_basis="道路法",
    source=Source("roads.geojson", "試験用", "試験用", "試験用", DAY, "open"),
    shape="line",
    accuracy=2.0,
    near=30.0,
    attributes=(
        Attribute("id", LocalText("番号"), "text", "id", required=True),
        Attribute("width", LocalText("幅員"), "number", "width", unit=LocalText("m"), digits=1),
    ),
    sentences=Sentences(LocalText("{id}まで{distance}。")),
    key=("id",),
    edit=Editing(("road-management",), (), Topology(ends_meet=1.0)),
)


def test_the_end_of_a_line_is_brought_to_a_point_of_another() -> None:
    by = member("road-management")
    common: dict[str, Any] = {"on": DAY, "why": "x", "grounds": GROUNDS, "by": by}
    actions.add(ROADS, {"id": "1"}, editing.drawn(ROADS, f"{LON}, {LAT}\n{LON + 0.001}, {LAT}"), **common)
    near, far = LON + 0.001005, LON + 0.00102  # 0.46 m and 1.8 m beyond the end of the first
    actions.add(ROADS, {"id": "2"}, editing.drawn(ROADS, f"{near}, {LAT}\n{LON + 0.002}, {LAT}"), **common)
    actions.add(ROADS, {"id": "3"}, editing.drawn(ROADS, f"{far}, {LAT}\n{LON + 0.001}, {LAT + 0.001}"), **common)
    assert one("2", ROADS).geom.coords[0] == one("1", ROADS).geom.coords[1] == (LON + 0.001, LAT)
    assert one("3", ROADS).geom.coords[0] == (far, LAT)


def test_what_is_in_the_way_is_named(tmp_path: Path) -> None:
    taken_in(tmp_path, zone("1"), zone("2", LON + 0.001))
    apart = replace(EDITED, edit=Editing(("city-planning",), (), Topology(no_overlap=True)))
    before = everything()
    with pytest.raises(Invalid) as refused:
        actions.correct(apart, one("1").pk, None, polygon(side=0.0011), why="x", grounds=GROUNDS, by=CLERK)
    assert refused.value.code == "overlaps"
    assert str(refused.value).startswith("「1」が「2」と")
    assert "㎡重なっています（経度135.62" in str(refused.value)
    with pytest.raises(Invalid):
        actions.add(apart, {"id": "3", "use": "1"}, polygon(), on=LATER, why="x", grounds=GROUNDS, by=CLERK)
    two = [Line("add", None, {"id": key, "use": "1"}, polygon(LON + 0.1)) for key in "34"]
    with pytest.raises(Invalid):
        actions.amend(apart, two, on=LATER, why="x", grounds=GROUNDS, by=CLERK)
    assert everything() == before
    swapped = [
        Line("correct", one("1").pk, None, polygon(LON + 0.001)), Line("correct", one("2").pk, None, polygon()),
    ]  # fmt: skip
    actions.amend(apart, swapped, on=None, why="入れかわっていた", grounds=GROUNDS, by=CLERK)
    assert one("2").geom.coords[0][0] == (LON, LAT)


def test_who_corrects_a_name_does_not_answer_for_the_outline(tmp_path: Path) -> None:
    taken_in(tmp_path, zone("1"), zone("2", LON + 0.0005), zone("3", LON + 0.01))
    apart = replace(EDITED, edit=Editing(("city-planning",), (), Topology(no_overlap=True)))
    corrected(apart, "1", far="150")
    lines = [
        Line("correct", one("3").pk, None, polygon()), Line("correct", one("1").pk, {"far": "160"}),
    ]  # fmt: skip
    with pytest.raises(Invalid):
        actions.amend(apart, lines, on=None, why="x", grounds=GROUNDS, by=CLERK)
    with pytest.raises(Invalid):
        actions.amend(apart, lines[::-1], on=None, why="x", grounds=GROUNDS, by=CLERK)
    assert one("1").properties["far"] == 150


def test_what_is_outside_of_the_city_is_refused(tmp_path: Path) -> None:
    boundary = replace(
        ZONING, code=places.BOUNDARY, key=("code",), attributes=(Attribute("code", LocalText("番号"), "text", "code"),)
    )
    area = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": square(LON, LAT, 0.01)}}
    actions.load(boundary, _reading(tmp_path, boundary, {**area, "properties": {"code": "27218"}}), DAY, by=SYSTEM)
    inside = replace(EDITED, edit=Editing(("city-planning",), (), Topology(within_city=True)))
    said = {"id": "1", "use": "1"}
    common: dict[str, Any] = {"on": LATER, "why": "x", "grounds": GROUNDS, "by": CLERK}
    for layer, where, words in (
        (EDITED, polygon(LON + 0.02), "市の外にあります（1）。"),
        (inside, polygon(LON + 0.02), "市の外にあります（1）。"),
        (inside, polygon(LON + 0.0095), "市の外にはみ出しています（1）。"),
    ):
        with pytest.raises(Invalid) as refused:
            actions.add(layer, said, where, **common)
        assert str(refused.value) == words
    assert not Change.objects.exists()
    actions.add(inside, said, polygon(LON + 0.009), **common)
    actions.add(EDITED, {**said, "id": "2"}, polygon(LON + 0.0095), **common)


SYSTEM = Actor("system", channel="console")


def _reading(folder: Path, layer: Layer, *features: Any) -> Any:
    from madoguchi.places.reading import read_file
    from madoguchi.places.tests.test_layers import written

    return read_file(layer, written(folder, *features))


UNKNOWN = "「_id」の地物は、このレイヤーにありません。書き出したときのままにしてください。"

# -- tables -----------------------------------------------------------------------------------------------------------


def read(text: str, layer: Layer = EDITED, by: Actor = CLERK, *, mistake: bool = True) -> editing.Table:
    rows = editing.rows_of(text)
    known = places.standings(layer, editing.written_on(rows))
    return editing.read_table(layer, rows, known, layer.seen_by(reader_of(by)(layer)), mistake=mistake)


def test_a_table_says_what_it_would_do_and_does_that(tmp_path: Path) -> None:
    taken_in(tmp_path, *(zone(str(n), LON + 0.01 * n) for n in range(1, 5)))
    ids = {key: one(key).pk for key in "1234"}
    table = read(
        "_id,_do,id,use,far,_shape\n"
        f"{ids['1']},,1,1,300,\n"
        f"{ids['2']},終了,2,1,200,\n"
        f"{ids['3']},取消,3,1,200,\n"
        f"{ids['4']},,4,1,200,\n"
        f',,5,2,400,"{editing.as_wkt(polygon(LON + 0.1))}"\n'
        ",,,,,\n"
    )
    assert table.wrong == []
    assert table.unchanged == 2
    assert [(one.row, one.line.kind) for one in table.foreseen] == [
        (2, "correct"), (3, "end"), (4, "drop"), (6, "add"),
    ]  # fmt: skip
    made = actions.amend(
        EDITED, [one.line for one in table.foreseen], on=LATER, why="台帳と合わせた", grounds=GROUNDS, by=CLERK
    )
    assert (edition_of(made).number, made.lines.count()) == (2, 4)
    assert {row.key: row.properties["far"] for row in places.standing(ZONING.code)} == {"1": 300, "4": 200, "5": 400}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("{id},,1,1,x,", "far：小数のない数を書いてください（例：12）。"),
        ("{id},,,1,1,", "id：書いてください。"),
        ("{id},消す,1,1,1,", "「_do」は空か、終了か、取消です。"),
        ("{id},,1,1", "列の数が見出しと合いません。"),
        ("{id},,1,1,1,,9", "列の数が見出しと合いません。"),
        ("00000000-0000-0000-0000-000000000000,,1,1,1,", UNKNOWN),
        ("nobody,,1,1,1,", UNKNOWN),
        ("{id},,1,商業,1,", "use：「商業」は選べません。第一種住居地域・商業地域のどれかを書いてください。"),
        ("{id},,1,1,200,\n{id},,1,1,300,", "同じ地物が2行目にもあります。一方だけを残してください。"),
        (",,9,1,1,", "新しい行には「_shape」に形を書いてください。"),
        (",終了,9,1,1,", "「_id」のない行は、終了や取消にできません。"),
        ("{id},,1,1,1,POINT (1 2)", "「_shape」：このレイヤーの形は面です。形を変えない行では空にします。"),
        (",,9,1,1,POINT (1 2)", "「_shape」：このレイヤーの形は面です。"),
    ],
)  # fmt: skip
def test_a_row_that_is_wrong_is_named(tmp_path: Path, row: str, words: str) -> None:
    taken_in(tmp_path, zone("1"))
    table = read("_id,_do,id,use,far,_shape\n" + row.replace("{id}", str(one("1").pk)) + "\n")
    last = 2 + row.count("\n")
    assert [(wrong.row, str(wrong.problem)) for wrong in table.wrong] == [(last, words)]
    assert table.foreseen == []


def test_a_row_written_on_what_has_changed_is_named_with_what_it_was(tmp_path: Path) -> None:
    taken_in(tmp_path, zone("1"))
    seen = one("1").pk
    corrected(EDITED, "1", far="150")
    table = read(f"_id,far\n{seen},999\n")
    assert [(wrong.problem.code, wrong.feature) for wrong in table.wrong] == [("row-changed", seen)]


def test_a_row_of_which_a_change_waits_is_named_before_anything_is_saved(tmp_path: Path) -> None:
    taken_in(tmp_path, zone("1"), zone("2", LON + 0.01))
    corrected(WATCHED, "1", far="150")
    table = read(f"_id,far\n{one('1').pk},999\n{one('2').pk},999\n", WATCHED)
    assert [(wrong.row, wrong.problem.code) for wrong in table.wrong] == [(2, "row-waits")]
    assert [foreseen.row for foreseen in table.foreseen] == [3]


def test_columns_are_called_by_their_titles_and_codes_by_their_words(tmp_path: Path) -> None:
    taken_in(tmp_path, zone("1"))
    assert list(editing.headings(EDITED.attributes)) == ["番号", "用途", "容積率（%）", "課の覚え"]
    assert editing.cells(EDITED.attributes, one("1").properties) == ["1", "第一種住居地域", "200", "覚え"]
    for head, said in (("用途,容積率（%）", "商業地域,400"), ("用途,容積率(％)", "2,400"), ("use,容積率", "２,４００")):
        [foreseen] = read(f"_id,{head}\n{one('1').pk},{said}\n").foreseen
        assert (foreseen.after["use"], foreseen.after["far"]) == ("2", 400)


def test_a_title_or_a_word_that_says_two_things_is_not_used() -> None:
    twins = (replace(ZONING.attributes[0], title=LocalText("名前")), Attribute("name", LocalText("名前"), "text", "n"))
    assert list(editing.headings(twins)) == ["id", "name"]
    codes = {"1": LocalText("道"), "2": LocalText("道"), "3": LocalText("1"), "4": LocalText("橋")}
    kind = Attribute("kind", LocalText("種類"), "code", "kind", codes=codes)
    assert [editing.spoken(kind, code) for code in codes] == ["1", "2", "3", "橋"]


@pytest.mark.parametrize(
    ("before", "after", "is_mangled"),
    [
        ("12-3", "12月3日", True), ("12-3", "3-Dec", True), ("1/2", "2026/1/2", True), ("007", "7", True),
        ("12-3", "12-4", False), ("12-3", "12番3", False), ("007", "8", False), ("70", "7", False),
        ("市道1号", "1月2日", False),
    ],
)  # fmt: skip
def test_what_a_spreadsheet_made_of_a_text_is_not_taken_for_an_edit(
    tmp_path: Path, before: str, after: str, is_mangled: bool
) -> None:
    taken_in(tmp_path, zone(before))
    table = read(f"_id,番号\n{one(before).pk},{after}\n")
    assert [wrong.problem.code for wrong in table.wrong] == ["cell-mangled"] * is_mangled
    assert len(table.foreseen) == (not is_mangled)


@pytest.mark.parametrize("said", ["2026-04-01", "2026/4/1", "2026年4月1日", "２０２６／４／１"])
def test_a_day_is_read_as_a_spreadsheet_writes_it(said: str) -> None:
    built = replace(ZONING, attributes=(Attribute("on", LocalText("完成の日"), "date", "on"),))
    assert editing.typed(built, {"on": said}, {}, built.attributes) == ({"on": "2026-04-01"}, {})
    assert editing.typed(built, {"on": "2026/2/30"}, {}, built.attributes)[1].keys() == {"on"}


def test_rows_are_counted_as_a_spreadsheet_shows_them_and_empty_columns_are_nothing(tmp_path: Path) -> None:
    taken_in(tmp_path, zone("1"))
    table = read(f"_id,far,,\r\n\r\n,,,\r\n{one('1').pk},x,,\r\n")
    assert [(wrong.row, wrong.problem.code) for wrong in table.wrong] == [(4, "not-integer")]
    assert table.unchanged == 2


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\xff\xfe\x00", "table-unread"),
        (b"", "table-unread"),
        (b"_id,far\n", "table-unread"),
        (b"_id,_id\n1,2\n", "table-unread"),
        (b'_id,far\n"1,2\n', "table-unread"),
        (b"x" * 1_000_001, "table-too-large"),
        (b"_id\n" + b"\n".join(b"1" for _ in range(20_001)), "table-too-large"),
        (b"far\n1\n", "table-columns"),
        (b"_id,colour\n1,red\n", "table-columns"),
        ("_id,far,容積率\n1,2,3\n".encode(), "table-columns"),
        (b"_id,,far\n1,2,3\n", "table-unread"),
        (b"_id\tfar\n1\t2\n", "table-separator"),
        (b"PK\x03\x04workbook", "table-workbook"),
    ],
)
def test_a_table_that_is_none_is_refused_whole(content: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        editing.read_table(ZONING, editing.rows_of(editing.text_of(content)), {}, ZONING.attributes, mistake=True)
    assert refused.value.code == code


# -- any sequence of acts ---------------------------------------------------------------------------------------------

Interval = tuple[dt.date, dt.date | None, int]
Belief = dict[str, list[Interval]]
DAYS = [dt.date(2024, 1, 1) + dt.timedelta(days=30 * n) for n in range(12)]


def on_day(belief: Belief, day: dt.date) -> dict[str, int]:
    return {
        key: value
        for key, intervals in belief.items()
        for since, until, value in intervals
        if since <= day and (until is None or until > day)
    }


class Editors(RuleBasedStateMachine):
    """Any order of acts by two editors and a head: what holds on a day, and what was thought so at any time, is what
    a plain list of intervals says."""

    def __init__(self) -> None:
        super().__init__()
        code = f"test-{uuid7()}"
        self.layers = {True: replace(WATCHED, code=code), False: replace(EDITED, code=code)}
        self.belief: Belief = {}
        self.thought: list[tuple[dt.datetime, Belief]] = []
        self.waiting: list[tuple[UUID, Callable[[Belief], Belief], set[str]]] = []
        self.undoable: list[tuple[UUID, Belief, Belief, set[str]]] = []
        self.number, self.minute = 0, 0
        self.start = clock.now()

    def _moment(self) -> Any:
        self.minute += 1
        return clock.travel(self.start + dt.timedelta(minutes=self.minute))

    def _made(self, watched: bool, made: Change, then: Callable[[Belief], Belief], keys: set[str]) -> None:
        if watched:
            assert made.state == ChangeState.WAITING
            self.waiting.append((made.pk, then, keys))
        else:
            self._counts(made, then, keys)

    def _counts(self, made: Change, then: Callable[[Belief], Belief], keys: set[str]) -> None:
        before = {key: list(self.belief.get(key, [])) for key in keys}
        self.belief = then({key: list(intervals) for key, intervals in self.belief.items()})
        after = {key: list(self.belief.get(key, [])) for key in keys}
        self.thought.append((edition_of(made).recorded_at, {k: list(v) for k, v in self.belief.items()}))
        self.undoable.append((made.pk, before, after, keys))

    def _busy(self) -> set[str]:
        return {key for _, _, keys in self.waiting for key in keys}

    def _free(self) -> list[str]:
        busy = self._busy()
        return sorted(k for k, v in self.belief.items() if v and v[-1][1] is None and k not in busy)

    @rule(watched=st.booleans(), day=st.sampled_from(DAYS), value=st.integers(0, 9))
    def add(self, watched: bool, day: dt.date, value: int) -> None:
        self.number += 1
        key = f"k{self.number}"

        def then(belief: Belief) -> Belief:
            return belief | {key: [(day, None, value)]}

        with self._moment():
            where = polygon(LON + 0.002 * self.number)
            said = {"id": key, "use": "1", "far": str(value)}
            made = actions.add(self.layers[watched], said, where, on=day, why="x", grounds=GROUNDS, by=CLERK)
            self._made(watched, made, then, {key})

    @precondition(lambda self: self._free())
    @rule(
        watched=st.booleans(), day=st.sampled_from(DAYS), value=st.integers(10, 99),
        kind=st.sampled_from(["change", "correct", "end", "drop"]), pick=st.integers(0, 99),
    )  # fmt: skip
    def touch(self, watched: bool, day: dt.date, value: int, kind: str, pick: int) -> None:
        key = self._free()[pick % len(self._free())]
        since, _, was = self.belief[key][-1]

        def then(belief: Belief) -> Belief:
            last: dict[str, list[Interval]] = {
                "change": [(since, day, was), (day, None, value)],
                "correct": [(since, None, value)],
                "end": [(since, day, was)],
                "drop": [],
            }
            return belief | {key: [*belief[key][:-1], *last[kind]]}

        common: dict[str, Any] = {"why": "x", "grounds": GROUNDS, "by": CLERK}
        layer, said = self.layers[watched], {"far": str(value)}
        row = one(key, layer).pk
        with self._moment():
            try:
                if kind == "change":
                    made = actions.change(layer, row, said, on=day, **common)
                elif kind == "correct":
                    made = actions.correct(layer, row, said, **common)
                elif kind == "end":
                    made = actions.end(layer, row, on=day, **common)
                else:
                    made = actions.drop(layer, row, **common)
            except Invalid:
                early = kind in ("change", "end") and day < since
                if early or (kind in ("change", "correct") and value == was):
                    return
                raise
            self._made(watched, made, then, {key})

    @precondition(lambda self: self.waiting)
    @rule(pick=st.integers(0, 99), yes=st.booleans())
    def decide(self, pick: int, yes: bool) -> None:
        made, then, keys = self.waiting.pop(pick % len(self.waiting))
        with self._moment():
            if yes:
                self._counts(actions.approve(self.layers[True], made, grounds=GROUNDS, by=HEAD), then, keys)
            else:
                actions.refuse(self.layers[True], made, why="x", by=HEAD)

    @precondition(lambda self: self.undoable)
    @rule(pick=st.integers(0, 99))
    def undo(self, pick: int) -> None:
        made, before, after, keys = self.undoable[pick % len(self.undoable)]
        untouched = all(self.belief.get(key, []) == after[key] for key in keys)
        with self._moment():
            try:
                back = actions.undo(self.layers[False], made, why="x", grounds=GROUNDS, by=CLERK)
            except Refused as refused:
                if refused.code in ("undo-too-late", "change-waits", "key-taken", "feature-changed"):
                    return
                raise
            assert untouched
            self._counts(back, lambda belief: belief | before, keys)

    @invariant()
    def what_holds_is_what_the_list_says(self) -> None:
        if not self.thought:
            return
        for day in (DAYS[5], DAYS[-1]):
            found = {row.key: row.properties["far"] for row in places.as_of(self.layers[True].code, day)}
            assert found == on_day(self.belief, day)
        for known, belief in self.thought[-3:]:
            for day in (DAYS[4], DAYS[-1]):
                found = {row.key: row.properties["far"] for row in places.as_of(self.layers[True].code, day, known)}
                assert found == on_day(belief, day), (known, day)


def test_any_order_of_acts_is_told_as_it_was() -> None:
    run_state_machine_as_test(
        Editors, settings=settings(max_examples=6, stateful_step_count=12, deadline=None, derandomize=True)
    )
