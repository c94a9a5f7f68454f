"""Three ways to write SQL over shapes that look right and are not, each measured once. Nobody writes them again.

``ST_Transform(geom, 'EPSG:3857')``: the text form knows no cache of PROJ, 100 times as slow as the number.
``to_jsonb`` and ``row_to_json`` of a row that has a geometry make GeoJSON of it, eight times as slow as named columns.
``<->`` orders by degrees, and a degree of longitude is 0.82 of one of latitude here: the wrong shelter comes first.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TRAPS = {
    "a CRS as text": re.compile(r"ST_Transform\s*\([^;]{0,200}?,\s*'(?:EPSG|\+proj)", re.IGNORECASE),
    "a whole row as JSON": re.compile(
        r"\b(?:to_jsonb?|row_to_json)\s*\(\s*(?:layer_feature|place|feature|f|t|row|r)\s*\)", re.IGNORECASE
    ),
    "the nearest in degrees": re.compile(r"\b(?:geom|point|here)\s*<->", re.IGNORECASE),
}
#: Each trap as the reference fell into it: what the pattern is for.
FALLEN = {
    "a CRS as text": "SELECT ST_AsMVTGeom(ST_Transform(geom, 'EPSG:3857'), box) FROM layer_feature",
    "a whole row as JSON": "SELECT to_jsonb(f) - 'geom' FROM layer_feature f",
    "the nearest in degrees": "SELECT key FROM layer_feature ORDER BY geom <-> ST_MakePoint(135.6, 34.7) LIMIT 3",
}


def sources() -> list[Path]:
    return [one for one in (ROOT / "madoguchi").rglob("*.py") if "tests" not in one.relative_to(ROOT).parts]


@pytest.mark.parametrize("trap", TRAPS)
def test_nobody_falls_into_it(trap: str) -> None:
    assert TRAPS[trap].search(FALLEN[trap])
    found = [f"{one.relative_to(ROOT)}: {hit[0]}" for one in sources() if (hit := TRAPS[trap].search(one.read_text()))]
    assert found == []


def test_what_is_right_is_not_taken_for_a_trap() -> None:
    for right in (
        "ST_Transform(geom, 3857)",
        "ORDER BY ST_Transform(geom, 6674) <-> ST_Transform(here, 6674)",
        "to_jsonb(properties)",
    ):
        assert [name for name, trap in TRAPS.items() if trap.search(right)] == []
