"""The map of the sample city: the same at every start, whole, and told by the layers' own sentences."""

import numpy as np
import pytest
import shapely
from django.conf import LazySettings

from madoguchi.events import Actor
from madoguchi.ground.errors import Invalid
from madoguchi.places import queries
from madoguchi.places.actions import load
from madoguchi.places.reading import read
from madoguchi.procedures import queries as procedures
from madoguchi.site.land import drawing, drawn
from madoguchi.site.land.ground import to_metres

SYSTEM = Actor("system", channel="console")
SAMPLES = {
    **{one: one for one in ("parcels", "zoning", "roads_by_owner", "flood", "landslide", "hydrants", "rubbish")},
    "street-lights": "street_lights",
    "street-trees": "street_trees",
}


@pytest.fixture(autouse=True)
def _small(settings: LazySettings) -> None:
    """Without the data pack, and with fewer lots than a real city."""
    settings.DATA_PACK = None
    settings.SAMPLE_PARCELS = 3_000


def test_the_same_city_is_drawn_again_and_every_feature_of_it_is_one() -> None:
    layers = procedures.layers()
    before = {what: drawn(f"sample:{what}").digest for what in SAMPLES.values()}
    drawing._city.cache_clear()
    for code, what in SAMPLES.items():
        raw, layer = drawn(layers[code].source.file), layers[code]
        assert raw.digest == before[what]
        reading = read(layer, raw)
        assert (reading.refused, reading.repaired, reading.left_out, reading.told) == (0, 0, 0, [])
        assert len(reading.features) == len(raw.shapes) > 20
        assert layer.source.sample
        assert all("見本データ" in words for words in (layer.source.credit, layer.source.name, layer.source.licence))
    with pytest.raises(Invalid):
        drawn("sample:gold")


def test_lots_share_their_corners_and_none_lies_on_another() -> None:
    shapes = drawn("sample:parcels").shapes
    assert 2_000 < len(shapes) < 5_000
    metres = shapely.transform(shapes, to_metres)
    assert shapely.is_valid(metres).all()
    left, right = shapely.STRtree(metres).query(metres, predicate="intersects")
    pairs = left < right
    common = shapely.intersection(metres[left[pairs]], metres[right[pairs]])
    assert shapely.area(common).max() < 0.2
    corners, counts = np.unique(
        np.concatenate([shapely.get_coordinates(one)[:-1] for one in shapes]), axis=0, return_counts=True
    )
    assert (counts > 1).mean() > 0.3
    assert len(corners) < shapely.get_num_coordinates(shapes).sum() * 0.7


@pytest.mark.django_db
def test_what_is_drawn_is_what_is_answered() -> None:
    layers = procedures.layers()
    asked = [layers[code] for code in SAMPLES if layers[code].told]
    for layer in asked:
        edition = load(layer, read(layer, drawn(layer.source.file)), layer.source.as_of, by=SYSTEM)
        assert load(layer, read(layer, drawn(layer.source.file)), edition.as_of, by=SYSTEM) == edition
    raw = drawn("sample:parcels")
    largest = int(np.argmax(shapely.area(raw.shapes)))
    at = shapely.point_on_surface(raw.shapes[largest])
    plane = procedures.city().file.plane
    found = {one.layer.code: one for one in queries.applies(asked, queries.Where(at.x, at.y), plane)}
    lot = f"{raw.columns['town'][largest]}{raw.columns['lot'][largest]}"
    assert f"この土地の地番は{lot}です" in found["parcels"].sentence("ja", layers["parcels"].attributes)
    assert {one.verdict for one in found.values()} <= {"applies", "does_not", "unknown"}
    assert found.keys() == {one.code for one in asked}
    for one in found.values():
        for language in ("ja", "ja-simple", "en"):
            words = one.sentence(language, one.layer.attributes)
            assert "{" not in words
            assert "―" not in words
