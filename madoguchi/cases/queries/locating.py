"""Where on the map the words of an answer are, and what applies there.

Found when the answer is saved, and kept with it (``places.rules.recording``): conditions of the form see it, the
applicant reads it, and the office decides by it. Nothing of it comes from outside: whoever fills in gives words,
chooses among the places that these words may mean, or gives a point.
"""

import math
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from madoguchi.cases.models import Case
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid
from madoguchi.places import queries as places
from madoguchi.places.queries import Located, Where
from madoguchi.places.rules import recording
from madoguchi.places.rules.addressing import Found
from madoguchi.places.rules.applying import answer
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.form import Form, FormField

#: Chosen instead of a candidate: the words alone; and, where a point was given, to go by the words again.
WORDS: Final = "words"
#: What is found of a place by its words, and stays as long as the words do.
_FOUND: Final = ("name", "level", "error", "lat", "lon")


def found(one: FormField, said: Mapping[str, Any], before: Any = None) -> dict[str, Any]:
    """The answer that is kept: words, ``name`` and ``level`` of the place, ``town`` (町字ID), point (degrees of
    JGD2011), ``error`` (metres), and of the layers that the field names what applies there (``map``, on which day).

    ``among``: the words may mean several places, and somebody has to choose. ``apart``: words and point mean two
    places, so that nobody knows what applies. ``before`` is what was kept. Raises Invalid where what was chosen is none
    of the places that the words may mean.
    """
    value: dict[str, Any] = {"text": said["text"]}
    before = before if isinstance(before, Mapping) else {}
    if "lat" in said and (said.get("pick") == WORDS or _is_left(said, before)):  # not this point: by the words again
        said = {"text": said["text"]}
    if "lat" in said:
        value |= {"level": "point", **{part: said[part] for part in ("lat", "lon", "error")}}
        if _mean_elsewhere(said):
            value["apart"] = True
    elif said["text"]:
        value |= _by_words(said, before)
    else:
        raise Invalid("place-text", "場所を、町名と番地がわかるように入力してください。")
    if "lat" not in value and (town := _town_of(said)):
        value["town"] = town
    return _with_map(one, value)


def changed(form: Form, case: Case) -> Iterator[FormField]:
    """The questions to whose place something else applies today than what was shown."""
    for _, cell in form.shown(case.answers):
        if cell.field.layers and isinstance(cell.value, Mapping):
            held, fresh = cell.value.get("map") or {}, _with_map(cell.field, cell.value)["map"]
            if not all(recording.same(held.get(code) or recording.unknown(), one) for code, one in fresh.items()):
                yield cell.field


def candidates(text: str) -> list[Located]:
    """The places that a text may mean, to choose from; of those that everybody may know of."""
    layers, plane = procedures.layers(), procedures.city().file.plane
    return places.locate(text, procedures.gazetteer(), layers.values(), plane)


def _is_left(said: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether other words were written beside a point that was given before, which mean a place elsewhere."""
    same = all(before.get(part) == said[part] for part in ("lat", "lon"))
    return same and before.get("level") == "point" and said["text"] != before["text"] and _mean_elsewhere(said)


def _mean_elsewhere(said: Mapping[str, Any]) -> bool:
    """Whether the words are one address for sure, and the point beside them is not there."""
    sure = [one for one in candidates(said["text"]) if one.exact and one.level in _OF_TOWN] if said["text"] else []
    return len(sure) == 1 and _metres(sure[0].at, said) > sure[0].error + said["error"]


def _metres(at: Where, point: Mapping[str, Any]) -> float:
    """How far two points are apart, as nearly as matters within a city."""
    east = (at.lon - point["lon"]) * math.cos(math.radians(at.lat))
    return math.hypot(east, at.lat - point["lat"]) * 111_000


def _by_words(said: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    pick, text = said.get("pick", ""), said["text"]
    if pick == WORDS:
        return {"level": WORDS}
    same = before.get("text") == text and before.get("level") not in (None, "point")
    if same and not pick:
        return {part: before[part] for part in _FOUND if part in before}
    seen = candidates(text)
    if pick:
        chosen = next((place for place in seen if place.name == pick), None)
        if chosen is None:
            raise Invalid("place-gone", "選んだ場所が、書かれた場所の候補にありません。もう一度選んでください。")
        return _place_of(chosen)
    sure = [place for place in seen if place.exact]
    if len(sure) == 1:
        return _place_of(sure[0])
    return {"among": True} if seen else {"level": WORDS}


def _town_of(said: Mapping[str, Any]) -> str:
    """The 町字ID that the words name, whether or not the map knows where that is; else the one that was given."""
    named = {it.town for it in procedures.gazetteer().find(said["text"]) if it.exact and it.town}
    given = said.get("town", "")
    return named.pop() if len(named) == 1 else given if any(it.id == given for it in procedures.city().towns) else ""


def _place_of(one: Located) -> dict[str, Any]:
    return {
        "name": one.name,
        "level": one.level,
        "error": round(one.error, 1),
        "lat": round(one.at.lat, 6),
        "lon": round(one.at.lon, 6),
    }


def _with_map(one: FormField, value: Mapping[str, Any]) -> dict[str, Any]:
    """The place with its town and what applies there today; nothing is known where words and point say two places."""
    kept = {part: held for part, held in value.items() if part not in ("map", "on")}
    records = {code: recording.unknown() for code in one.layers}
    if "lat" in value:
        town, found = _look(one.layers, value)
        records |= {} if value.get("apart") else found
        kept.pop("town", None)
        if town is not None and town.town:
            kept["town"] = town.town
        if value.get("level") == "point":
            kept["name"] = f"{town.name}付近" if town else f"緯度{value['lat']:.5f} 経度{value['lon']:.5f}"
            kept["text"] = kept["text"] or kept["name"]
    if one.layers:
        kept |= {"on": clock.today().isoformat(), "map": records}
    return kept


def _look(codes: Collection[str], value: Mapping[str, Any]) -> tuple[Found | None, dict[str, dict[str, Any]]]:
    """The town at a point, and what these layers say to it. Out of the city only that of the towns knows anything."""
    layers, plane = procedures.layers(), procedures.city().file.plane
    asked = [layers[code] for code in dict.fromkeys((*codes, places.TOWNS)) if code in layers]
    at, error = Where(value["lon"], value["lat"]), value.get("error") or 0.0
    said = {one.layer.code: one for one in places.applies(asked, at, plane, error=error)}
    town, towns = None, said.get(places.TOWNS)
    if towns is not None:
        hit = next((one for one in towns.hits if one.inside), None)
        town = _town_named(str(hit.properties.get("name") or "")) if hit is not None else None
        if hit is None:
            said = {places.TOWNS: towns}
        elif value.get("level") in _OF_TOWN:  # whatever is not known of it, it lies in the town that was named
            said[places.TOWNS] = answer(towns.layer, towns.hits)
    editions = places.newest() if codes else {}
    return town, {code: recording.recorded(said[code], editions[code].number) for code in codes if code in said}


#: Levels of a place that is known by the town in its address.
_OF_TOWN: Final = ("lot", "block", "town", "area")


def _town_named(name: str) -> Found:
    """The town as the city writes it; with its 町字ID where the name means one."""
    meant = [one for one in procedures.gazetteer().find(name) if one.level == "town" and one.exact] if name else []
    return meant[0] if len(meant) == 1 else Found("", name or procedures.city().names("ja")["city"], "town")
