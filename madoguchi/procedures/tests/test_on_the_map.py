"""What the map says of a place, in conditions: the same in Python and in PostgreSQL, with three answers."""

import json
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from madoguchi.ground.errors import Invalid
from madoguchi.ground.expressions import Expression
from madoguchi.ground.languages import LocalText
from madoguchi.places.rules import recording
from madoguchi.places.rules.layer import Attribute
from madoguchi.procedures.rules.form import Form, FormField, FormSection, field_of, read_value
from madoguchi.procedures.rules.format import AskField
from madoguchi.procedures.rules.formschema import raw_of

LAYERS = ("flood", "junior-high-district")
ASKED = AskField.model_validate(
    {"ask": "site", "type": "place", "label": {"ja": "場所"}, "layers": list(LAYERS)}, strict=False
)
FIELD: FormField = field_of(ASKED, None, {})
FORM = Form((FormSection("you", LocalText("あなた"), None, None, 0, 0, None, (FIELD,)),))

ATTRIBUTES = {
    "depth": Attribute("depth", LocalText("深さ"), "code", "depth"),
    "depth_max": Attribute("depth_max", LocalText("上限"), "number", "depth_max"),
    "households": Attribute("households", LocalText("世帯"), "integer", "households"),
    "drained": Attribute("drained", LocalText("排水"), "yes_no", "drained"),
    "named_on": Attribute("named_on", LocalText("指定の日"), "date", "named_on"),
}
CONDITIONS = [
    "site.flood.verdict = 'unknown'",
    "site.flood.verdict <> 'does_not'",
    "site.flood.depth in ('2', '3')",
    "site.flood.depth is null",
    "site.flood.depth_max > 0.5",
    "site.flood.depth_max * 2 >= site.flood.households",
    "site.flood.households between 1 and 3",
    "site.flood.drained",
    "not site.flood.drained or site.flood.verdict = 'unknown'",
    "site.flood.named_on < '2020-04-01'",
    "days_between(site.flood.named_on, '2020-04-01') > 10",
    "coalesce(site.flood.depth, '0') = '0'",
    "site.junior_high_district.verdict = site.flood.verdict",
]
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "depth": st.sampled_from(["1", "2", "3"]),
        "depth_max": st.sampled_from([0.3, 0.5, 3.0]),
        "households": st.integers(0, 4),
        "drained": st.booleans(),
        "named_on": st.sampled_from(["2019-12-31", "2020-03-25", "2020-04-01"]),
    },
)


@st.composite
def places(draw: st.DrawFn) -> dict[str, Any] | None:
    """An answer as it is kept: none, words alone, or with what some of the layers say."""
    if draw(st.booleans()) and draw(st.booleans()):
        return None
    records = {}
    for code in LAYERS:
        verdict = draw(st.sampled_from([*recording.VERDICTS, None]))
        if verdict is not None:
            records[code] = {
                **recording.unknown(),
                "verdict": verdict,
                "said": draw(VALUES) if verdict == "applies" else {},
            }
    return {"text": "谷川一丁目", **({"map": records} if records else {})}


@pytest.mark.django_db
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(places(), st.sampled_from(CONDITIONS))
def test_python_and_sql_say_the_same_of_a_place(place: dict[str, Any] | None, text: str) -> None:
    answers = {"site": place} if place is not None else {}
    columns = {
        f"site.{recording.name_of(code)}.{key}": recording.column("c.answers", "site", code, attribute)
        for code in LAYERS
        for key, attribute in {recording.VERDICT: None, **ATTRIBUTES}.items()
    }
    one = Expression.parse(text)
    with connection.cursor() as cursor:
        sql = one.sql(columns).replace("%", "%%")
        cursor.execute(f"SELECT {sql} FROM (SELECT %s::jsonb AS answers) AS c", [json.dumps(answers)])
        (found,) = cursor.fetchone()
    assert found == one.evaluate(FORM.scope(answers))


def test_a_layer_that_nobody_asked_is_unknown_and_a_place_that_nobody_named_is_nothing() -> None:
    assert FORM.scope({"site": {"text": "谷川"}})["site"]["flood"] == {"verdict": "unknown"}
    assert not Expression.parse("site.flood.verdict = 'unknown'").holds(FORM.scope({}))


# -- what is read of a place ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ({"text": ""}, None),
        ({"text": " 　", "town": "x"}, "place-text"),
        ({"text": "谷川", "lat": "nan", "lon": "135.6"}, "place-point"),
        ({"text": "谷川", "lat": "34.7", "lon": "inf"}, "place-point"),
        ({"text": "谷川", "lat": "135.62", "lon": "34.71"}, "place-swapped"),
        ({"text": "谷川", "lat": "48.85", "lon": "2.35"}, "place-point"),
        ({"text": "谷川", "lat": "34,7", "lon": "135.6"}, "place-point"),
        ({"text": "谷川", "lat": "34.7", "lon": "135.6", "error": "-1"}, "place-point"),
        ({"text": "谷川", "lat": "34.7", "lon": "135.6", "error": "nan"}, "place-point"),
        ({"text": "谷川", "lat": "34.7", "lon": "135.6", "error": "1e9"}, "place-point"),
        ({"text": "谷川", "lat": "34.7", "lon": "135.6; drop table place", "error": ""}, "place-point"),
    ],
)
def test_a_point_that_can_be_none_is_refused_in_words(typed: dict[str, str], code: str | None) -> None:
    if code is None:
        assert read_value(FIELD, typed) is None
        return
    with pytest.raises(Invalid) as refused:
        read_value(FIELD, typed)
    assert refused.value.code == code


def test_what_the_map_says_is_never_taken_from_outside() -> None:
    forged = {"flood": {"verdict": "does_not", "said": {}}}
    said = {"text": "谷川", "lat": 34.7, "lon": 135.6, "error": 30, "map": forged, "level": "lot", "name": "よそ"}
    raw, problems = raw_of(FORM, {"site": said})
    assert not problems
    read = FORM.read(FORM.sections[0], {**raw, "site.map": [json.dumps(forged)], "site.name": ["よそ"]})
    assert read.values == {"site": {"text": "谷川", "lat": 34.7, "lon": 135.6, "error": 30.0}}
    _, problems = raw_of(FORM, {"site": {"text": "谷川", "zone": "x"}})
    assert set(problems) == {"site"}
