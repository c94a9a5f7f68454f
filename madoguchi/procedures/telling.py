"""What messages ask of the organisation and of the map: which offices send notices, and who lives in an area.

An address is known as far as its lot where the layer of parcels has it, else as far as its town. Of a town that the
area only touches, everybody is meant whose lot is not known: rather some too many are warned than one too few.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

import shapely
from django.db import connection

from madoguchi.ground.errors import Invalid
from madoguchi.messages.ports import Office
from madoguchi.places.outlines import COARSE, town_named
from madoguchi.places.queries import TOWNS, called, counts, standing
from madoguchi.places.rules.addressing import Found
from madoguchi.places.rules.layer import JAPAN, STORED, Attribute, Layer, includes, shown
from madoguchi.procedures import queries as procedures

#: The layer with a lot's number (12-3) and its town's name.
PARCELS: Final = "parcels"
#: Corners of a drawn area.
MOST_CORNERS: Final = 500
MOST_TEXT: Final = 100_000
#: A layer of more areas than this is not offered area by area.
MOST_AREAS: Final = 200


def office(code: str) -> Office | None:
    """A section or department whose posts may send notices (``may: [notify]``); None for any other."""
    city = procedures.city()
    unit = next((one for one in city.organisation.units() if one.id == code), None)
    posts = frozenset(post.id for post in unit.posts if "notify" in post.may) if unit is not None else frozenset()
    if unit is None or not posts:
        return None
    said, name = city.file.contact, unit.name["ja"]
    phone = getattr(unit, "phone", None) or said.phone
    contact = {"section": f"{city.name['ja']} {name}", "address": said.address["ja"], "phone": phone}
    return Office(
        city=city.name["ja"],
        name=name,
        contact=f"{name}　{phone}",
        symbol=f"{city.name['ja'][0]}{name[0]}",
        letter={"from": {"title": city.file.authorities.mayor["ja"]}, "contact": contact},
        posts=posts,
    )


class Area:
    """Whoever lives in some towns, where a layer of areas says something, or within a drawn area.

    Kept as one of ``{towns: [町字ID]}``, ``{layer, feature}``, ``{layer, attribute?, values? | at_least?}``,
    ``{shape: GeoJSON}``.
    """

    def checked(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        """See :class:`madoguchi.messages.ports.Audience`."""
        if "towns" in said:
            towns = {one.id for one in procedures.city().towns}
            chosen = sorted(set(said["towns"]))
            if not chosen or not towns.issuperset(chosen):
                raise Invalid("area-towns", "町を選んでください。")
            return {"towns": chosen}
        if "shape" in said:
            return {"shape": _shape(said["shape"])}
        layer, attribute = _condition(said)
        if "feature" in said:
            _called(layer, said["feature"])
            return {"layer": layer.code, "feature": said["feature"]}
        if attribute is None:
            return {"layer": layer.code}
        if attribute.kind == "code":
            values = sorted(set(said.get("values", ())))
            if not values or not attribute.codes.keys() >= set(values):
                raise Invalid("area-values", "地図のどの区分かを選んでください。")
            return {"layer": layer.code, "attribute": attribute.key, "values": values}
        least = said.get("at_least")
        if not isinstance(least, int | float) or isinstance(least, bool) or not abs(least) < 1e9:
            raise Invalid("area-least", "いくつ以上かを、数で書いてください。")
        return {"layer": layer.code, "attribute": attribute.key, "at_least": least}

    def words(self, said: Mapping[str, Any]) -> str:
        """See :class:`madoguchi.messages.ports.Audience`."""
        if "towns" in said:
            names = {one.id: one.name for one in procedures.city().towns}
            return "、".join(names.get(one, one) for one in said["towns"])
        if "shape" in said:
            return "地図に囲んだ範囲"
        try:
            layer, attribute = _condition(said)
            if "feature" in said:
                return f"{layer.title['ja']}：{_called(layer, said['feature'])}"
        except Invalid:
            return "いまは地図にない区域"
        if attribute is None:
            return layer.title["ja"]
        if "values" in said:
            values = "、".join(shown(attribute, one, "ja") for one in said["values"])
        else:
            values = f"{shown(attribute, said['at_least'], 'ja')}以上"
        return f"{layer.title['ja']}：{attribute.title['ja']} {values}"

    def chosen(self, said: Mapping[str, Any], addresses: Collection[str]) -> frozenset[str]:
        """See :class:`madoguchi.messages.ports.Audience`."""
        towns = procedures.gazetteer()
        if "towns" in said:
            wanted = set(said["towns"])
            return frozenset(one for one in addresses if any(place.town in wanted for place in _places(one)))
        touched, lots = _touched(said)
        towns_touched = {town_named(towns, one) for one in touched} - {""}
        lots_touched = {(town_named(towns, town), lot) for town, lot in lots}
        known = _lots(towns_touched) if lots_touched or towns_touched else frozenset()

        def is_in(place: Found) -> bool:
            for end in range(len(place.lot), 0, -1):  # 12-3-405 stands on lot 12-3
                lot = (place.town, "-".join(map(str, place.lot[:end])))
                if lot in known:
                    return lot in lots_touched
            return place.town in towns_touched

        return frozenset(one for one in addresses if any(map(is_in, _places(one))))


@lru_cache(maxsize=200_000)
def _places(address: str) -> tuple[Found, ...]:
    """The towns that an address may mean, but for misspelt ones where it is written as one of them is."""
    found = [one for one in procedures.gazetteer().find(address) if one.town]
    return tuple([one for one in found if one.exact] or found)


def conditions() -> Iterator[tuple[Layer, Attribute | None]]:
    """What an area can be chosen by: layers of areas as a whole, then by codes and numbers that all staff may see."""
    for layer in procedures.layers().values():
        if layer.shape != "polygon" or layer.counted is not None or not includes(layer.see, "staff"):
            continue
        yield layer, None
        for one in layer.seen_by("staff"):
            if one.kind in ("code", "number", "integer"):
                yield layer, one


def single_areas() -> Iterator[tuple[Layer, list[tuple[str, str]]]]:
    """Layers of areas of which one can be chosen by its name (a school district): key and name of each, by name."""
    layers = {layer.code: layer for layer, attribute in conditions() if attribute is None}
    few = [code for code, count in counts(list(layers)).items() if count <= MOST_AREAS]
    for code in (one for one in layers if one in few):
        rows = standing(code).values_list("key", "properties")
        named = sorted(((key, called(layers[code], said, "staff")) for key, said in rows), key=lambda one: one[1])
        if len({name for _, name in named}) == len(named):
            yield layers[code], named


def outline(said: Mapping[str, Any]) -> str:
    """The area as an SVG path in metres of the city's plane, as ``places.outlines`` draws the towns; not of towns."""
    area, values = _area(said)
    with connection.cursor() as cursor:
        cursor.execute(
            _OUTLINE.replace("{area}", area), values | {"plane": procedures.city().file.plane, "coarse": COARSE}
        )
        return cursor.fetchone()[0] or ""


def _called(layer: Layer, key: Any) -> str:
    """What a feature of the layer is called that stands there today."""
    found = standing(layer.code).filter(key=str(key)).values_list("properties", flat=True).first()
    if found is None:
        raise Invalid("area-feature", "地図の区域を一つ選んでください。")
    return called(layer, found, "staff")


def _condition(said: Mapping[str, Any]) -> tuple[Layer, Attribute | None]:
    wanted = said.get("layer"), said.get("attribute")
    for layer, attribute in conditions():
        if (layer.code, attribute.key if attribute is not None else None) == wanted:
            return layer, attribute
    raise Invalid("area-layer", "地図のレイヤーを選んでください。")


def _shape(said: Any) -> dict[str, Any]:
    """A drawn area as GeoJSON, in longitude and latitude of JGD2011."""
    wrong = Invalid("area-shape", "範囲を GeoJSON の Polygon か MultiPolygon（経度・緯度）で書いてください。")
    try:
        data = json.loads(said) if isinstance(said, str) and len(said) <= MOST_TEXT else said
        if isinstance(data, dict) and data.get("type") == "Feature":
            data = data.get("geometry")
        shape = shapely.from_geojson(json.dumps(data))
    except (ValueError, RecursionError, shapely.errors.GEOSException):
        raise wrong from None
    if shape.geom_type not in ("Polygon", "MultiPolygon") or shape.is_empty or not shape.is_valid:
        raise wrong
    west, south, east, north = shape.bounds
    if not (JAPAN[0] <= west and JAPAN[1] <= south and east <= JAPAN[2] and north <= JAPAN[3]):
        raise Invalid("out-of-japan", "日本の外の場所です。経度・緯度の順に書いてください。")
    if shapely.get_num_coordinates(shape) > MOST_CORNERS:
        raise Invalid("area-corners", "範囲の角は%(most)s個までです。", {"most": MOST_CORNERS})
    return dict(json.loads(shapely.to_geojson(shapely.force_2d(shape))))


def _touched(said: Mapping[str, Any]) -> tuple[list[str], list[tuple[str, str]]]:
    """Towns (as their layer names them) and lots (town, number) that the area touches. Raises Invalid."""
    area, values = _area(said)
    with connection.cursor() as cursor:
        cursor.execute(_TOUCHED.replace("{area}", area), values | {"towns": TOWNS, "parcels": PARCELS})
        rows = cursor.fetchall()
    towns = [name for layer, name, _ in rows if layer == TOWNS and name]
    return towns, [(town, lot) for layer, town, lot in rows if layer == PARCELS and town and lot]


def _area(said: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """A statement for the shapes of the area, and its parameters; not of towns. Raises Invalid."""
    if "shape" in said:
        area = "SELECT ST_SetSRID(ST_GeomFromGeoJSON(%(shape)s), %(srid)s) AS geom"
        return area, {"shape": json.dumps(said["shape"]), "srid": STORED}
    layer, attribute = _condition(said)
    values: dict[str, Any] = {"layer": layer.code}
    if "feature" in said:
        _called(layer, said["feature"])
        return f"{_AREA} AND key = %(feature)s", values | {"feature": said["feature"]}
    if attribute is None:
        return _AREA, values
    values["attribute"] = attribute.key
    if "values" in said:
        return f"{_AREA} AND properties->>%(attribute)s = ANY(%(values)s)", values | {"values": list(said["values"])}
    return f"{_AREA} AND (properties->>%(attribute)s)::numeric >= %(least)s", values | {"least": said["at_least"]}


def _lots(towns: Collection[str]) -> frozenset[tuple[str, str]]:
    """The lots that the layer of parcels knows of these towns."""
    gazetteer = procedures.gazetteer()
    with connection.cursor() as cursor:
        cursor.execute(_PARCELS, {"parcels": PARCELS})
        rows = cursor.fetchall()
    keys = {name: town_named(gazetteer, name) for name in {town for town, _ in rows}}
    return frozenset((keys[town], lot) for town, lot in rows if keys[town] in towns)


_AREA: Final = (
    "SELECT geom FROM layer_feature WHERE layer = %(layer)s AND valid_until IS NULL AND dropped_in_id IS NULL"
)
_TOUCHED: Final = """
    WITH area AS MATERIALIZED ({area})
    SELECT DISTINCT f.layer, f.properties->>(CASE f.layer WHEN %(towns)s THEN 'name' ELSE 'town' END),
           f.properties->>'lot'
    FROM area JOIN layer_feature f ON ST_Intersects(f.geom, area.geom) AND NOT ST_Touches(f.geom, area.geom)
    WHERE f.layer IN (%(towns)s, %(parcels)s) AND f.valid_until IS NULL AND f.dropped_in_id IS NULL
"""
_OUTLINE: Final = """
    SELECT string_agg(ST_AsSVG(ST_SimplifyPreserveTopology(ST_Transform(geom, %(plane)s), %(coarse)s), 1, 0), ' ')
    FROM ({area}) AS area
"""
_PARCELS: Final = """
    SELECT properties->>'town', properties->>'lot' FROM layer_feature
    WHERE layer = %(parcels)s AND properties ? 'town' AND properties ? 'lot'
      AND valid_until IS NULL AND dropped_in_id IS NULL
"""
