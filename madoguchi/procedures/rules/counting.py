"""What a layer that is counted from cases says of itself: ``counted:`` in its file, and the attributes that it has."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Annotated, Final

from pydantic import Field

from madoguchi.ground.languages import LocalText
from madoguchi.places.rules.counted import LEAST, Measure, Period
from madoguchi.places.rules.layer import Attribute, Kind, Layer
from madoguchi.procedures.rules.document import Document, Problem
from madoguchi.procedures.rules.format import Kebab, Model


class LayerCounted(Model):
    """What is counted by town, of periods that are over; docs/layers.md says what nobody can tell from it."""

    measure: Measure
    procedures: Annotated[list[Kebab], Field(min_length=1)]
    """No two layers may count the same procedure."""
    period: Period
    threshold: Annotated[int, Field(ge=LEAST, le=1_000)]
    """Figures are rounded down to a multiple of it; below it nothing is said."""


def _attribute(key: str, kind: Kind, ja: str, easy: str, en: str) -> Attribute:
    return Attribute(key, LocalText({"ja": ja, "ja-simple": easy, "en": en}), kind, key, required=True)


#: The attributes of a layer that is counted: ``people`` is a range (10–19), ``at_least`` its lower end.
COUNTED: Final = (
    _attribute("name", "text", "町名", "町の 名前", "Town"),
    _attribute("people", "text", "人数の範囲", "人の 数", "People (range)"),
    _attribute("at_least", "integer", "少なくとも（人）", "少なくとも 何人", "People, at least"),
    _attribute("since", "date", "期間の初日", "いつから", "First day"),
    _attribute("until", "date", "期間の末日", "いつまで", "Last day"),
    _attribute("town", "text", "町字ID", "町の 番号", "Town ID"),
)


def counted_twice(layers: Mapping[str, Layer], documents: Mapping[str, Document]) -> Iterator[Problem]:
    """Layers that count the same cases: the difference of their figures would be a figure that nobody has rounded."""
    for one, other in itertools.combinations(sorted(layers), 2):
        first, second = layers[one].counted, layers[other].counted
        if first is not None and second is not None and first.overlaps(second):
            shared = "、".join(sorted(set(first.procedures) & set(second.procedures)))
            yield documents[other].problem(
                ("counted", "procedures"),
                "M05",
                f"{shared} は {one} でも数えています。二つの差から、少ない人数が分かってしまいます",
                "一つの手続は、一つのレイヤーだけで数えます",
            )
