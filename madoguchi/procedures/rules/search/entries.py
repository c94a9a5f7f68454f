"""What is searched of a procedure: its texts in every language, by how much they say about it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from madoguchi.ground.languages import LocalText
from madoguchi.procedures.rules.published import Published
from madoguchi.procedures.rules.search.synonyms import Synonyms, said_of

#: How much a word counts that stands there.
WEIGHTS: Final[Mapping[str, float]] = {
    "title": 5.0,
    "said": 4.0,
    "life_events": 2.5,
    "summary": 2.0,
    "outcome": 1.5,
    "law": 1.5,
    "office": 1.0,
    "needs": 0.8,
    "questions": 0.5,
}
#: The fields whose sound is searched, too: short names, not sentences.
NAMES: Final = ("title", "said", "life_events", "law")
#: The fields of sentences, of which the sound of each name in them is searched.
DESCRIBED: Final = ("title", "summary", "needs")


@dataclass(frozen=True, slots=True)
class Entry:
    """One procedure as the search sees it. ``texts``: field of WEIGHTS → its texts."""

    code: str
    texts: Mapping[str, tuple[str, ...]]


def entry(package: Published, office: LocalText | None, groups: Iterable[Synonyms]) -> Entry:
    """What is searched of a published procedure that ``office`` handles here."""
    one = package.procedure
    telling = (*one.title.values(), *_all(one.summary), *one.life_events)
    fields = [field for section in package.form.sections for field in section.fields]
    texts: dict[str, tuple[str, ...]] = {
        "title": tuple(one.title.values()),
        "said": tuple(dict.fromkeys(said_of(telling, groups))),
        "life_events": one.life_events,
        "summary": _all(one.summary),
        "outcome": _all(one.outcome),
        "law": tuple(dict.fromkeys(basis.statute for basis in one.law.basis)),
        "office": _all(office),
        "needs": tuple(text for need in one.needs for text in need.values()),
        "questions": tuple(
            text for field in fields for part in (field.label, *field.options.values()) for text in part.values()
        ),
    }
    return Entry(one.code, texts)


def _all(text: LocalText | None) -> tuple[str, ...]:
    return tuple(text.values()) if text is not None else ()
