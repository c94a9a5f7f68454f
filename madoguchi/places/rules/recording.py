"""What the map said of a place, as an answer of a form keeps it: the verdict, the edition, the values, the words.

Plain JSON, so that conditions see it in Python and in SQL alike, and so that it can be read when the layer is long
another one. Only what everybody may see is kept: what decides is what the applicant was shown.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, get_args

from madoguchi.places.rules.applying import Applies, Verdict, Why
from madoguchi.places.rules.layer import Attribute, Kind

#: What a condition asks of every layer, beside its attributes.
VERDICT: Final = "verdict"
VERDICTS: Final[tuple[str, ...]] = get_args(Verdict)


def name_of(code: str) -> str:
    """A layer as conditions name it: junior-high-district → junior_high_district."""
    return code.replace("-", "_")


def recorded(one: Applies, edition: int) -> dict[str, Any]:
    """What one layer says of the place to everybody. ``edition``: by which of its editions."""
    attributes = one.layer.seen_by("public")
    words = {language: one.sentence(language, attributes) for language in one.layer.sentences.applies}
    return {
        VERDICT: one.verdict,
        "why": one.why,
        "edition": edition,
        "said": _agreed(one, attributes),
        "words": {language: text for language, text in words.items() if text},
    }


def unknown(why: Why = "no_data") -> dict[str, Any]:
    """Nothing is known there: there is no point, no data, or it is out of the city."""
    return {VERDICT: "unknown", "why": why, "edition": 0, "said": {}, "words": {}}


def _agreed(one: Applies, attributes: Iterable[Attribute]) -> dict[str, Any]:
    """The values of what applies: of points and lines those of the nearest, of areas what all of them say."""
    if one.verdict != "applies":
        return {}
    hits = one.hits if one.layer.shape == "polygon" else one.hits[:1]
    said = {}
    for attribute in attributes:
        values = [hit.properties.get(attribute.key) for hit in hits]
        if values[0] is not None and all(value == values[0] for value in values):
            said[attribute.key] = values[0]
    return said


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two records decide alike, whatever the edition and the wording."""
    return (one[VERDICT], one["said"]) == (other[VERDICT], other["said"])


# -- in conditions ----------------------------------------------------------------------------------------------------


def seen(place: Mapping[str, Any], layers: Iterable[str]) -> dict[str, Any]:
    """A place as conditions see it: ``<layer>.verdict`` (unknown where nobody has asked) and ``<layer>.<attribute>``,
    which is not known but where it applies."""
    held: Mapping[str, Any] = place.get("map") or {}
    found = {}
    for code in layers:
        record = held.get(code) or unknown()
        found[name_of(code)] = {**record.get("said", {}), VERDICT: record[VERDICT]}
    return {**place, **found}


_CASTS: Final[Mapping[Kind, str]] = {"number": "numeric", "integer": "integer", "yes_no": "boolean", "date": "date"}


def column(answers: str, field: str, code: str, attribute: Attribute | None) -> str:
    """The same as typed SQL: ``answers`` is the SQL of the answers (jsonb); without ``attribute`` the verdict.

    ``field`` and ``code`` stand in checked packages.
    """
    path = f"{field.replace('.', ',')},map,{code}"
    if attribute is None:
        held = f"{answers} #> '{{{field.replace('.', ',')}}}'"
        return f"case when {held} is not null then coalesce({answers} #>> '{{{path},{VERDICT}}}', 'unknown') end"
    return f"({answers} #>> '{{{path},said,{attribute.key}}}')::{_CASTS.get(attribute.kind, 'text')}"


#: What the type of an input of a table may be, by the kind of the attribute.
INPUTS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "text": ("text",),
    "code": ("choice", "text"),
    "number": ("decimal",),
    "integer": ("integer", "decimal"),
    "yes_no": ("yes_no",),
    "date": ("date",),
}
