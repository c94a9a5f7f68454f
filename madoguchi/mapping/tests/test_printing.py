"""A printed map: what is measured on the paper is what is measured in the city."""

import io
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from PIL import Image
from pypdf import PdfReader

from madoguchi.events import Actor
from madoguchi.ground.errors import Invalid
from madoguchi.ground.languages import LocalText
from madoguchi.mapping.printing import sheet
from madoguchi.mapping.showing import View
from madoguchi.messages.rules import letters
from madoguchi.places.actions import load
from madoguchi.places.picture import Frame, picture
from madoguchi.places.queries import Where
from madoguchi.places.reading import read_file
from madoguchi.places.rules.layer import Attribute, Layer, Sentences, Source, Style, everybody
from madoguchi.places.tests.test_layers import DAY, PLANE
from madoguchi.procedures import queries as procedures

pytestmark = pytest.mark.django_db

CENTRE = Where(135.6235, 34.7119)
#: A colour that stands nowhere else on the page.
LOUD = "#ff00ff"
POSTS = Layer(
    code="test-posts",
    title=LocalText("境界標"),
    owner="city-planning",
    legal_basis="試験用",
    source=Source("sample:posts", "試験用", "試験用", "試験用の出典", DAY, "open", sample=True),
    shape="point",
    accuracy=0.1,
    near=10,
    attributes=(
        Attribute("name", LocalText("名前"), "text", "name"),
        Attribute("memo", LocalText("覚え"), "text", "memo", see="section"),
    ),
    sentences=Sentences(LocalText("{name}")),
    style=Style(colour=LOUD, radius=4, label="memo"),
)


def beside(east: float, north: float) -> list[float]:
    """Longitude and latitude of the point so many metres of the plane from the middle."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ST_X(p), ST_Y(p) FROM (SELECT ST_Transform(ST_Translate(ST_Transform("
            "ST_SetSRID(ST_MakePoint(%s, %s), 6668), %s), %s, %s), 6668) AS p) AS moved",
            [CENTRE.lon, CENTRE.lat, PLANE, east, north],
        )
        return list(cursor.fetchone())


@pytest.fixture
def posts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layer:
    """Two posts 50 m apart in the plane, on a line that is neither west-east nor south-north."""
    rows = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": beside(*place)},
            "properties": {"name": name, "memo": "<b>ひみつ</b>&"},
        }
        for name, place in (("甲", (-15.0, -20.0)), ("乙", (15.0, 20.0)))
    ]
    path = tmp_path / "posts.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": rows}))
    load(POSTS, read_file(POSTS, path), DAY, by=Actor("system", channel="console"))
    monkeypatch.setattr(procedures, "layers", lambda: {POSTS.code: POSTS})
    return POSTS


def on_paper(pdf: bytes, folder: Path) -> list[tuple[float, float]]:
    """The middles of the loud circles on the first page, in millimetres from its upper left."""
    (folder / "map.pdf").write_bytes(pdf)
    command = ["pdftoppm", "-r", "254", "-png", "-f", "1", "-l", "1", str(folder / "map.pdf"), str(folder / "map")]
    subprocess.run(command, check=True, capture_output=True)
    image = Image.open(next(folder.glob("map-*.png"))).convert("RGB")
    wide, _ = image.size
    data = image.tobytes()
    hits = [at // 3 for at in range(0, len(data), 3) if data[at] > 200 and data[at + 1] < 60 and data[at + 2] > 200]
    spots: list[list[tuple[int, int]]] = []
    for x, y in ((one % wide, one // wide) for one in hits):
        near = next((spot for spot in spots if abs(spot[0][0] - x) < 30 and abs(spot[0][1] - y) < 30), None)
        if near is None:
            spots.append([(x, y)])
        else:
            near.append((x, y))
    return [(sum(x for x, _ in spot) / len(spot) / 10, sum(y for _, y in spot) / len(spot) / 10) for spot in spots]


@pytest.mark.parametrize(
    ("scale", "paper", "upright", "size"), [(500, "a4", False, (297, 210)), (2500, "a3", True, (297, 420))]
)
def test_the_scale_is_true(
    posts: Layer, tmp_path: Path, scale: int, paper: str, upright: bool, size: tuple[int, int]
) -> None:
    view = View(CENTRE, 17, (posts.code,))
    pdf = sheet(view, everybody, title="見本の地図", scale=scale, paper=paper, upright=upright)
    reader = PdfReader(io.BytesIO(pdf))
    assert len(reader.pages) == 1
    box = reader.pages[0].mediabox
    assert (round(float(box.width) * 25.4 / 72), round(float(box.height) * 25.4 / 72)) == size
    spots = sorted(on_paper(pdf, tmp_path))
    # The circle of the legend is the third; it stands below the picture.
    (x1, y1), (x2, y2) = [one for one in spots if one[1] < size[1] - 45]
    assert x2 - x1 == pytest.approx(30_000 / scale, abs=0.15)
    assert y1 - y2 == pytest.approx(40_000 / scale, abs=0.15)


def test_the_page_says_whose_data_it_is_and_what_it_is_not(posts: Layer) -> None:
    view = View(CENTRE, 17, (posts.code,))
    text = letters.text_of(sheet(view, everybody, title="題", scale=500, paper="a4", upright=False))
    for words in ("1:500", "凡例", "境界標", "試験用の出典", "見本データ", "EPSG:6674", "証明や"):
        assert letters.says(text, words), words
    assert not letters.says(text, "ひみつ")


def test_what_the_section_may_know_is_written_as_it_stands(posts: Layer) -> None:
    frame = Frame(CENTRE, 500, 100, 100)
    drawn = picture(frame, [posts], PLANE, reader=lambda _: "section")
    assert "&lt;b&gt;ひみつ&lt;/b&gt;&amp;" in drawn.svg
    assert "ひみつ" not in picture(frame, [posts], PLANE).svg
    assert [one.layer for one in drawn.drawn] == [posts]


def test_what_was_asked_about_is_drawn_on_top(posts: Layer) -> None:
    outline: dict[str, Any] = {
        "type": "Polygon",
        "coordinates": [[beside(0, 0), beside(9, 0), beside(9, 9), beside(0, 0)]],
    }
    svg = picture(Frame(CENTRE, 500, 100, 100), [posts], PLANE, marks=[CENTRE], outline=outline).svg
    assert "M 0.000 0.000" in svg.replace("-0.000", "0.000") or "M 0 0" in svg.replace("-0", "0")
    assert "18" in svg, "9 m are 18 mm"
    assert 'cx="0.000" cy="0.000" r="2"' in svg.replace("-0.000", "0.000")


@pytest.mark.parametrize(("scale", "paper"), [(0, "a4"), (501, "a4"), (500, "a0"), (500, "")])
def test_there_are_no_other_papers(posts: Layer, scale: int, paper: str) -> None:
    with pytest.raises(Invalid):
        sheet(View(CENTRE, 17, (posts.code,)), everybody, title="", scale=scale, paper=paper, upright=False)
