"""The base map: a style of our own over one file of vector tiles (PMTiles, OpenMapTiles schema).

Nothing in it comes from outside: no sprite, and no glyphs, because browsers write names with the fonts that they have.
"""

from pathlib import Path
from typing import Any, Final

from django.conf import settings

from madoguchi.procedures import queries as procedures

Expression = list[Any]

#: What is drawn in which colour; roads have three ranks and an edge.
LIGHT: Final = {
    "paper": "#f4f2ec", "town": "#ece8df", "wood": "#d3e2c6", "grass": "#e0ead2", "water": "#b3d3ea",
    "house": "#ded7ca", "edge": "#cfc8ba", "lane": "#ffffff", "street": "#fdf3d0", "trunk": "#f7d9a0",
    "rail": "#8f8f8f", "name": "#3c3a36", "water-name": "#2f5f8a", "halo": "#ffffff", "border": "#9b7fb8",
}  # fmt: skip
DARK: Final = {
    "paper": "#1b1d22", "town": "#22252b", "wood": "#1f2d22", "grass": "#232f25", "water": "#16324a",
    "house": "#2e323a", "edge": "#15171b", "lane": "#3b4048", "street": "#4a4b45", "trunk": "#5a4d33",
    "rail": "#7a7f88", "name": "#d7dae0", "water-name": "#8fbbe0", "halo": "#16181d", "border": "#8b76a5",
}  # fmt: skip
#: Fonts of the devices themselves, the first that there is.
FONT: Final = ["BIZ UDPGothic", "Hiragino Sans", "Noto Sans JP", "Noto Sans CJK JP", "Yu Gothic UI", "Meiryo"]


def base_file() -> Path | None:
    """The city's file of vector tiles; None where it names none or there is no data pack."""
    of_city = procedures.city().file.map
    if of_city is None or of_city.base is None or settings.DATA_PACK is None:
        return None
    path = Path(settings.DATA_PACK) / of_city.base
    return path if path.is_file() else None


def style(*, dark: bool, tiles: str) -> dict[str, Any]:
    """The style (MapLibre Style Specification 8). ``tiles``: the address of the file here, empty where none is."""
    colours = DARK if dark else LIGHT
    layers: list[dict[str, Any]] = [
        {"id": "paper", "type": "background", "paint": {"background-color": colours["paper"]}}
    ]
    if not tiles:
        return {"version": 8, "name": "madoguchi", "sources": {}, "layers": layers}
    of_city = procedures.city().file.map
    credit = of_city.credit if of_city is not None else ""
    layers += [*_areas(colours), *_roads(colours), *_names(colours)]
    source = {"type": "vector", "url": f"pmtiles://{tiles}", "attribution": credit}
    return {"version": 8, "name": "madoguchi", "sources": {"base": source}, "layers": layers}


def _layer(id_: str, kind: str, source: str, paint: dict[str, Any], **more: Any) -> dict[str, Any]:
    named = {key.replace("_", "-"): value for key, value in paint.items()}
    return {"id": id_, "type": kind, "source": "base", "source-layer": source, "paint": named, **more}


def _is(*classes: str) -> Expression:
    return ["match", ["get", "class"], list(classes), True, False]


def _grows(*stops: float) -> Expression:
    """A width by zoom: zoom, width, zoom, width …"""
    return ["interpolate", ["exponential", 1.5], ["zoom"], *stops]


def _areas(of: dict[str, str]) -> list[dict[str, Any]]:
    return [
        _layer(
            "town", "fill", "landuse", {"fill_color": of["town"]}, filter=_is("residential", "industrial", "commercial")
        ),
        _layer("wood", "fill", "landcover", {"fill_color": of["wood"]}, filter=_is("wood", "forest")),
        _layer("grass", "fill", "landcover", {"fill_color": of["grass"]}, filter=_is("grass", "farmland", "wetland")),
        _layer("park", "fill", "park", {"fill_color": of["grass"]}),
        _layer("water", "fill", "water", {"fill_color": of["water"]}),
        _layer("stream", "line", "waterway", {"line_color": of["water"], "line_width": _grows(11, 0.6, 18, 8)}),
        _layer("house", "fill", "building", {"fill_color": of["house"], "fill_outline_color": of["edge"]}, minzoom=13),
        _layer("border", "line", "boundary", {"line_color": of["border"], "line_width": 1.2, "line_dasharray": [4, 2]}),
    ]


def _roads(of: dict[str, str]) -> list[dict[str, Any]]:
    ranks = (
        ("lane", ("minor", "service", "track"), (13, 0.5, 16, 4, 20, 28), 13),
        ("street", ("primary", "secondary", "tertiary"), (10, 0.7, 14, 3, 20, 40), 10),
        ("trunk", ("motorway", "trunk"), (8, 0.8, 14, 4, 20, 48), 5),
    )
    round_ = {"line-cap": "round", "line-join": "round"}
    edges, inner = [], []
    for id_, classes, stops, first in ranks:
        wider = tuple(one if place % 2 == 0 else one + 1.4 for place, one in enumerate(stops))
        edge = {"line_color": of["edge"], "line_width": _grows(*wider)}
        more: dict[str, Any] = {"filter": _is(*classes), "minzoom": first, "layout": round_}
        edges.append(_layer(f"{id_}-edge", "line", "transportation", edge, **more))
        inner.append(
            _layer(id_, "line", "transportation", {"line_color": of[id_], "line_width": _grows(*stops)}, **more)
        )
    path = {"line_color": of["rail"], "line_width": _grows(14, 0.5, 18, 2), "line_dasharray": [2, 1.5]}
    rail = {"line_color": of["rail"], "line_width": _grows(10, 0.8, 16, 3)}
    return [
        *edges,
        _layer("path", "line", "transportation", path, filter=_is("path", "pedestrian"), minzoom=14),
        *inner,
        _layer("rail", "line", "transportation", rail, filter=_is("rail", "transit", "subway")),
    ]


def _names(of: dict[str, str]) -> list[dict[str, Any]]:
    name: Expression = ["coalesce", ["get", "name:ja"], ["get", "name"], ["get", "name:latin"]]

    def written(id_: str, source: str, size: Any, colour: str = "name", **more: Any) -> dict[str, Any]:
        layout = {"text-field": name, "text-font": FONT, "text-size": size, "text-max-width": 8} | more.pop(
            "layout", {}
        )
        paint = {"text_color": of[colour], "text_halo_color": of["halo"], "text_halo_width": 1.4}
        return _layer(id_, "symbol", source, paint, layout=layout, **more)

    along = {"symbol-placement": "line"}
    return [
        written("stream-name", "waterway", 11, "water-name", layout=along, minzoom=13),
        written("road-name", "transportation_name", 11, layout=along, minzoom=14),
        written("poi-name", "poi", 11, filter=_is("railway", "school", "hospital", "town_hall", "park"), minzoom=14),
        written("place-name", "place", _grows(10, 12, 16, 16), filter=["!=", ["get", "class"], "country"]),
    ]
