"""文例: sentences that a section writes again and again, in the languages in which applicants read them. Pure.

A clerk picks the Japanese sentence and may go on writing. What of the text still stands line by line as a phrase has it
is said to the applicant in the applicant's language; every other line stays as it was written.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from madoguchi.ground.languages import SOURCE

#: What differs from case to case; anything else in braces is refused.
VALUES: Final = ("reference", "procedure", "name", "contact")
#: Code points.
MOST_TITLE: Final = 60
MOST_TEXT: Final = 1000
#: More than this nobody finds anything in.
MOST_OF_SECTION: Final = 200

_PLACE: Final = re.compile(r"\{([^{}]*)\}")


def wrong_with(text: str) -> str:
    """What is wrong with the places of a sentence, in Japanese; empty where nothing is."""
    if unknown := [name for name in _PLACE.findall(text) if name not in VALUES]:
        known = "、".join(f"{{{one}}}" for one in VALUES)
        return f"{{{unknown[0]}}} という値はありません。使えるのは {known} です。"
    rest = _PLACE.sub("", text)
    return "「{」と「}」の組が合っていません。" if "{" in rest or "}" in rest else ""


def has_places(text: str) -> bool:
    """Whether the sentence reads otherwise from case to case."""
    return _PLACE.search(text) is not None


def filled(text: str, values: Mapping[str, str]) -> str:
    """The sentence with the values of a case; a value is never read as a place."""
    return _PLACE.sub(lambda place: values.get(place[1], place[0]), text)


def translations(text: str, phrases: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The text by language, but Japanese: for each language in which at least one of its lines can be said.

    ``phrases`` are the sentences by language, filled for this case.
    """
    lines = [line.strip() for line in text.splitlines()]
    known = sorted(
        (([line.strip() for line in one[SOURCE].splitlines()], one) for one in phrases if one.get(SOURCE, "").strip()),
        key=lambda pair: -len(pair[0]),
    )
    pieces: list[Mapping[str, str] | str] = []
    at = 0
    while at < len(lines):
        found = next(((said, one) for said, one in known if lines[at : at + len(said)] == said), None)
        pieces.append(found[1] if found else lines[at])
        at += len(found[0]) if found else 1
    languages = {language for one in pieces if not isinstance(one, str) for language in one if language != SOURCE}
    return {
        language: "\n".join(one if isinstance(one, str) else one.get(language, one[SOURCE]) for one in pieces)
        for language in sorted(languages)
    }
