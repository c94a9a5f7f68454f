"""catalogue/synonyms.yaml: what people say, tied to what stands in titles, summaries and life events."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from madoguchi.ground.sounding import key
from madoguchi.procedures.rules.document import read
from madoguchi.procedures.rules.format import Model
from madoguchi.procedures.rules.load import validated

Words = Annotated[
    tuple[Annotated[str, StringConstraints(min_length=1, max_length=60)], ...], Field(min_length=1, max_length=200)
]


class Synonyms(Model):
    """What people ``say`` where one of ``means`` stands in the title, the summary or a life event."""

    means: Words
    say: Words


class SynonymsFile(Model):
    """synonyms.yaml"""

    model_config = ConfigDict(title="synonyms.yaml")

    words: tuple[Synonyms, ...]


def load_synonyms(path: Path) -> tuple[Synonyms, ...]:
    """Load synonyms.yaml. Raises BrokenPackage."""
    return validated(SynonymsFile, read(path)).words


def said_of(texts: Iterable[str], groups: Iterable[Synonyms]) -> Iterator[str]:
    """The everyday words for what stands in these texts."""
    there = "\n".join(map(key, texts))
    for group in groups:
        if any(key(one) in there for one in group.means):
            yield from group.say
