"""What applies at a point: of each layer one of three answers, in a sentence.

*applies*, *does not*, *unknown*: a layer that is not complete knows nothing where nothing is drawn, and nearer to a
border than the layer's stated error nobody can say on which side a house stands. Then the answer says so, and whom to
ask.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from madoguchi.places.rules.layer import Attribute, Layer, shown

Verdict = Literal["applies", "does_not", "unknown"]
Why = Literal["", "border", "no_data"]


@dataclass(frozen=True, slots=True)
class Hit:
    """A feature at or near the point. ``border``: metres from the point to the feature's border, or, of a point or
    line, to itself; ``inside`` of an area."""

    key: str
    properties: Mapping[str, Any]
    inside: bool
    border: float


@dataclass(frozen=True, slots=True)
class Applies:
    """One layer's answer. ``hits`` are the features that it is about: all of them where several apply."""

    layer: Layer
    verdict: Verdict
    why: Why
    hits: tuple[Hit, ...]

    def sentence(self, language: str, attributes: Sequence[Attribute]) -> str:
        """The answer in words, by the attributes that the reader may see."""
        if self.verdict == "does_not":
            return self.layer.sentences.absent[language] if self.layer.sentences.absent is not None else ""
        said = [filled(self.layer, hit, language, attributes) for hit in self.hits]
        return "".join(dict.fromkeys(said))


def answer(layer: Layer, hits: Sequence[Hit], error: float = 0.0) -> Applies:
    """What the layer says, by the features at the point and those nearer to it than its stated error.

    ``error``: that of the point itself, where it is the larger (metres).
    """
    if layer.shape != "polygon":
        near = sorted((one for one in hits if one.border <= layer.near), key=lambda one: one.border)
        if near:
            return Applies(layer, "applies", "", tuple(near[: layer.most]))
        return Applies(layer, "does_not" if layer.complete else "unknown", "" if layer.complete else "no_data", ())
    inside = tuple(one for one in hits if one.inside)
    doubtful = tuple(one for one in hits if one.border < max(layer.accuracy, error))
    if doubtful and _differ(layer, inside, doubtful):
        return Applies(layer, "unknown", "border", tuple(one for one in hits if one in inside or one in doubtful))
    if inside:
        return Applies(layer, "applies", "", inside)
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


class _Shown(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "―"


#: Filled in whatever the layer: how far away it is, for points and lines.
DISTANCE: Final = "distance"


def filled(layer: Layer, hit: Hit, language: str, attributes: Sequence[Attribute]) -> str:
    """The layer's sentence about one feature; what the reader may not see is a dash."""
    values = _Shown({one.key: shown(one, hit.properties.get(one.key), language) for one in attributes})
    values[DISTANCE] = f"{hit.border:,.0f}m"
    return layer.sentences.applies[language].format_map(values)
