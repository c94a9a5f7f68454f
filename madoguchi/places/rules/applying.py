"""What applies at a point or to an area: of each layer one of three answers, in a sentence.

*applies*, *does not*, *unknown*: a layer that is not complete knows nothing where nothing is drawn, and nearer to a
border than the layer's stated error nobody can say on which side a house stands. Then the answer says so, and whom to
ask. To an area a layer may apply in part: then it says how much of it, in square metres of the city's plane.
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal, TypeGuard

import shapely

from madoguchi.places.rules.layer import DISTANCE, Attribute, Audience, Layer, shown

Verdict = Literal["applies", "does_not", "unknown"]
Why = Literal["", "border", "no_data"]


class Known(dict[str, Any]):
    """What a feature says of itself, as far as a reader may know it who sees these attributes of its layer.

    The same features are told of all day, so it keeps the words that are made of it, by language. It never changes.
    """

    __hash__ = object.__hash__  # type: ignore[assignment]  # by which an answer is found again

    def __init__(self, layer: Layer, attributes: Sequence[Attribute], said: Mapping[str, Any]) -> None:
        keys = {one.key for one in attributes}
        super().__init__((key, value) for key, value in said.items() if key in keys)
        self.layer, self.attributes = layer, attributes
        self.sentences: dict[str, str] = {}
        self.meanings: dict[str, tuple[str, ...]] = {}

    @cached_property
    def text(self) -> str:
        return json.dumps(self, ensure_ascii=False)


def as_json(said: Mapping[str, Any]) -> str:
    """What a feature says, as JSON."""
    return said.text if isinstance(said, Known) else json.dumps(dict(said), ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Hit:
    """A feature at or near the point. ``border``: metres from the point to the feature's border, or, of a point or
    line, to itself; ``inside`` of an area."""

    key: str
    properties: Mapping[str, Any]
    inside: bool
    border: float


@dataclass(frozen=True, slots=True)
class Piece:
    """A feature at or near an area; ``shape`` is what of it is near, in metres of the city's plane."""

    key: str
    properties: Mapping[str, Any]
    shape: Any


@dataclass(frozen=True, slots=True)
class Part:
    """What features that say the same cover of an area: ``m2`` of it, ``share`` from 0 to 1.

    ``sure``: they cover some of it, wherever within the layer's stated error their border runs.
    """

    hits: tuple[Hit, ...]
    m2: float
    share: float
    sure: bool


@dataclass(frozen=True, slots=True)
class Applies:
    """One layer's answer, as told to ``reader``. ``hits`` are the features that it is about: all of them where several
    apply.

    Of an area ``parts`` says how much each covers, the largest first, ``rest`` the share on which nothing is drawn, and
    ``close`` that a border runs along it within the layer's stated error. ``edition`` is the layer's, with its day.
    """

    layer: Layer
    verdict: Verdict
    why: Why
    hits: tuple[Hit, ...]
    parts: tuple[Part, ...] = ()
    rest: float = 0.0
    close: bool = False
    reader: Audience = "public"
    edition: int = 0
    as_of: dt.date = dt.date.min

    def told_to(self, reader: Audience, edition: int, as_of: dt.date) -> "Applies":
        """The same as told to this reader, by this edition."""
        return Applies(
            self.layer, self.verdict, self.why, self.hits, self.parts, self.rest, self.close, reader, edition, as_of
        )

    @property
    def anywhere(self) -> "Applies":
        """The same without how far from a border the point lies, where that is told nowhere: equal for every point of
        which the same is said."""
        if self.layer.tells_distance or not any(hit.inside and hit.border for hit in self.hits):
            return self
        hits = tuple(Hit(one.key, one.properties, True, 0.0) if one.inside else one for one in self.hits)
        return Applies(
            self.layer, self.verdict, self.why, hits, self.parts, self.rest, self.close,
            self.reader, self.edition, self.as_of,
        )  # fmt: skip

    def sentence(self, language: str, attributes: Sequence[Attribute] | None = None) -> str:
        """The answer in words, by the attributes that the reader may see."""
        if self.verdict == "does_not":
            return self.layer.sentences.absent.get_for(language) if self.layer.sentences.absent is not None else ""
        return self.told(self.hits, language, attributes)

    def told(self, hits: Sequence[Hit], language: str, attributes: Sequence[Attribute] | None = None) -> str:
        """What the layer says about these features; what several of them say is said once. What follows from it for
        people is said of what surely applies."""
        seen = self.layer.seen_by(self.reader) if attributes is None else attributes
        said = [filled(self.layer, hit, language, seen) for hit in hits]
        if self.verdict == "applies":
            said += [one for hit in hits for one in _meant(self.layer, hit.properties, language, seen)]
        return ("" if language.startswith("ja") else " ").join(dict.fromkeys(said))


def record(one: Applies) -> dict[str, Any]:
    """The answer as it is kept: to whom, the verdict, the sentence (Japanese), and all by which it was said."""
    return {
        "layer": one.layer.code,
        "title": one.layer.title["ja"],
        "owner": one.layer.owner,
        "reader": one.reader,
        "verdict": one.verdict,
        "why": one.why,
        "words": one.sentence("ja"),
        "features": [{"key": hit.key, "attributes": dict(hit.properties)} for hit in one.hits],
        "parts": [
            {
                "words": one.told(part.hits, "ja"),
                "m2": round(part.m2, 1),
                "share": round(part.share, 4),
                "sure": part.sure,
            }
            for part in one.parts
        ],
        "rest": round(one.rest, 4),
        "close": one.close,
        "edition": one.edition,
        "as_of": one.as_of.isoformat(),
        "legal_basis": one.layer.legal_basis,
        "credit": one.layer.source.credit,
    }


def answer(layer: Layer, hits: Sequence[Hit], error: float = 0.0) -> Applies:
    """What the layer says, by the features at the point and those nearer to it than its stated error.

    ``error``: that of the point itself, where it is the larger (metres).
    """
    if layer.shape != "polygon":
        near = sorted((one for one in hits if one.border <= layer.near), key=lambda one: one.border)
        if near:
            return Applies(layer, "applies", "", tuple(near[: layer.most]))
        perhaps = sorted((one for one in hits if one.border <= layer.near + error), key=lambda one: one.border)
        if layer.complete and perhaps:
            return Applies(layer, "unknown", "border", tuple(perhaps[: layer.most]))
        return _nothing(layer)
    inside = tuple(one for one in hits if one.inside)
    doubtful = tuple(one for one in hits if one.border < max(layer.accuracy, error))
    if doubtful and _differ(layer, inside, doubtful):
        return Applies(layer, "unknown", "border", tuple(one for one in hits if one in inside or one in doubtful))
    if inside:
        return Applies(layer, "applies", "", inside)
    return _nothing(layer)


def _nothing(layer: Layer) -> Applies:
    """Nothing is drawn there: only a layer that is complete may say no."""
    return Applies(layer, "does_not" if layer.complete else "unknown", "" if layer.complete else "no_data", ())


def _differ(layer: Layer, inside: Sequence[Hit], doubtful: Sequence[Hit]) -> bool:
    """Whether it matters on which side of a border near by the point stands: between two parts of the same it does not.

    A border of an area, with nothing on its other side, always matters.
    """
    sides = {_said(layer, one) for one in (*inside, *doubtful)}
    touches_nothing = any(one.inside for one in doubtful) and not any(not one.inside for one in doubtful)
    return len(sides) > 1 or touches_nothing or not inside


def _said(layer: Layer, hit: Hit) -> tuple[tuple[str, str], ...]:
    return tuple((one.key, str(hit.properties.get(one.key))) for one in layer.attributes if one.key not in layer.key)


# -- areas ------------------------------------------------------------------------------------------------------------

#: A share that is smaller is the arithmetic's, not the land's.
_NONE: Final = 1e-6


def answer_area(layer: Layer, area: Any, pieces: Sequence[Piece]) -> Applies:
    """What the layer says about an area, by the features in it and those nearer to it than its stated error.

    All shapes are in metres of one plane; pieces reach at least twice the stated error beyond the area. It applies
    where some feature covers some of the area wherever within the error its border runs; where none surely does, but
    one may, nobody knows.
    """
    if layer.shape != "polygon":
        away = [(one, float(shapely.distance(one.shape, area))) for one in pieces]
        return answer(layer, [Hit(one.key, one.properties, metres == 0, metres) for one, metres in away])
    error, size = layer.accuracy, float(area.area)
    alike: dict[str, list[Piece]] = {}
    for one in pieces:
        words = filled(layer, Hit(one.key, one.properties, True, 0.0), "ja", layer.attributes)
        alike.setdefault(words, []).append(one)
    shapes = [_one([piece.shape for piece in group]) for group in alike.values()]
    parts = [
        part
        for group, shape in zip(alike.values(), shapes, strict=True)
        if (part := _part(group, shape, area, size, error)) is not None
    ]
    if not parts:
        return _nothing(layer)
    parts.sort(key=lambda one: (-one.m2, one.hits[0].key))
    drawn = _one(shapes)
    rest = max(0.0, 1 - float(shapely.area(shapely.intersection(drawn, area))) / size)
    rest = rest if rest > _NONE else 0.0
    hits = tuple(hit for part in parts for hit in part.hits)
    if not any(part.sure for part in parts):
        return Applies(layer, "unknown", "border", hits, tuple(parts), rest, close=True)
    close = not all(part.sure for part in parts) or _rest_in_doubt(drawn, area, error)
    return Applies(layer, "applies", "", hits, tuple(parts), rest, close)


def _part(group: Sequence[Piece], shape: Any, area: Any, size: float, error: float) -> Part | None:
    """How much of the area these cover; None where they do not reach it, wherever within the error they end."""
    sure = bool(shapely.intersects(shapely.buffer(shape, -error), area))
    if not sure and float(shapely.distance(shape, area)) >= error:
        return None
    m2 = float(shapely.area(shapely.intersection(shape, area)))
    hits = tuple(Hit(one.key, one.properties, m2 > 0, 0.0) for one in group)
    return Part(hits, m2, min(1.0, m2 / size), sure)


def _rest_in_doubt(drawn: Any, area: Any, error: float) -> bool:
    """Whether it hangs on the error that something of the area, or nothing, is outside of all that is drawn."""
    if shapely.covers(shapely.buffer(drawn, -error), area):
        return False
    return float(shapely.area(shapely.difference(area, shapely.buffer(drawn, error)))) <= _NONE


def _one(shapes: Sequence[Any]) -> Any:
    return shapes[0] if len(shapes) == 1 else shapely.union_all(shapes)


# -- words ------------------------------------------------------------------------------------------------------------


#: Where a distance goes in a sentence that is kept. No text of the database has such a mark.
_AWAY: Final = "\0"


class _Shown(dict[str, str]):
    """What stands for the names of a sentence; only those that it has are looked up."""

    def __init__(self, said: Mapping[str, Any], language: str, attributes: Sequence[Attribute]) -> None:
        self.said, self.language, self.attributes = said, language, attributes

    def __missing__(self, name: str) -> str:
        if name == DISTANCE:
            return _AWAY
        found = next((one for one in self.attributes if one.key == name), None)
        return "―" if found is None else shown(found, self.said.get(name), self.language)


def filled(layer: Layer, hit: Hit, language: str, attributes: Sequence[Attribute]) -> str:
    """The layer's sentence about one feature; what the reader may not see is a dash."""
    said = hit.properties
    kept = said.sentences if _keeps(said, layer, attributes) else {}
    sentence = kept.get(language)
    if sentence is None:
        shown_ = _Shown(said, language, attributes)
        sentence = kept[language] = layer.sentences.applies.get_for(language).format_map(shown_)
    return sentence.replace(_AWAY, f"{hit.border:,.0f}m")


def _meant(layer: Layer, said: Mapping[str, Any], language: str, attributes: Sequence[Attribute]) -> tuple[str, ...]:
    """What follows for people from the values of one feature that the reader may see."""
    kept = said.meanings if _keeps(said, layer, attributes) else {}
    meanings = kept.get(language)
    if meanings is None:
        seen = {one.key for one in attributes}
        of_values = (words.get(str(said.get(key))) for key, words in layer.sentences.means.items() if key in seen)
        meanings = kept[language] = tuple(one.get_for(language) for one in of_values if one is not None)
    return meanings


def _keeps(said: Mapping[str, Any], layer: Layer, attributes: Sequence[Attribute]) -> TypeGuard[Known]:
    """Whether its words are those by this layer for whoever sees these attributes."""
    return isinstance(said, Known) and said.layer is layer and said.attributes is attributes
