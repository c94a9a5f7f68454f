"""Texts in several languages. Japanese is the source; やさしい日本語 is a language of its own, not a mark-up.

Apart from gettext, because catalogue texts are data that clerks write and the check looks for gaps in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

LANGUAGES: Final = ("ja", "ja-simple", "en")
"""Every text of the catalogue is complete when it exists in these."""

COMMON: Final = ("zh-hans", "ko", "vi", "pt")
"""Whatever the pages themselves say is read in these, too. A catalogue text may have them; else English is read."""

READ: Final = LANGUAGES + COMMON
"""Every language in which a page can be read."""

SOURCE: Final = "ja"
_ABSENT: Final = object()


def chain(language: str) -> tuple[str, ...]:
    """The languages in which a reader of ``language`` is served, best first: en before ja for whoever reads neither."""
    return (language, "en", SOURCE) if language in COMMON else (language, SOURCE)


def tag(language: str) -> str:
    """The language as HTML and HTTP write it (BCP 47): やさしい日本語 is Japanese."""
    return {"ja-simple": "ja", "zh-hans": "zh-Hans"}.get(language, language)


class LocalText(Mapping[str, str]):
    """One text in several languages; immutable and hashable. Japanese is always there.

    Raises ValueError for a language that is not in READ, for an empty text and where Japanese is missing.
    """

    __slots__ = ("_texts",)
    _texts: dict[str, str]

    def __init__(self, texts: Mapping[str, object] | str) -> None:
        given: Mapping[str, object] = {SOURCE: texts} if isinstance(texts, str) else texts
        if unknown := sorted(str(language) for language in given.keys() - set(READ)):
            raise ValueError(f"{', '.join(unknown)} という言語はありません。{', '.join(READ)} のどれかで書きます")
        if SOURCE not in given:
            raise ValueError(f"日本語の文がありません。{SOURCE}: を書きます")
        kept: dict[str, str] = {}
        for language in READ:
            text = given.get(language, _ABSENT)
            if isinstance(text, str) and text.strip():
                kept[language] = text.strip()
            elif text is not _ABSENT:
                raise ValueError(f"{language}: に文がありません。文を書くか、行ごと消します")
        object.__setattr__(self, "_texts", kept)

    def get_for(self, language: str) -> str:
        """The text for a reader of this language, or the nearest that there is (:func:`chain`)."""
        return self._texts[self.language_for(language)]

    def language_for(self, language: str) -> str:
        """The language of what :meth:`get_for` gives."""
        return next(one for one in chain(language) if one in self._texts)

    def missing(self) -> tuple[str, ...]:
        """The languages this text still lacks, in the order of LANGUAGES."""
        return tuple(language for language in LANGUAGES if language not in self._texts)

    def __getitem__(self, language: str) -> str:
        return self._texts[language]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a LocalText does not change")

    def __hash__(self) -> int:
        return hash(tuple(self._texts.items()))

    def __reduce__(self) -> tuple[type[LocalText], tuple[dict[str, str]]]:
        return LocalText, (dict(self._texts),)

    def __str__(self) -> str:
        return self._texts[SOURCE]

    def __repr__(self) -> str:
        return f"LocalText({self._texts!r})"

    @classmethod
    def _from_data(cls, value: object) -> LocalText:
        if isinstance(value, LocalText):
            return value
        if isinstance(value, str | Mapping):
            return cls(value)
        raise ValueError("文か、言語ごとの文（ja: … / ja-simple: … / en: …）を書きます")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls._from_data, serialization=core_schema.plain_serializer_function_ser_schema(dict)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        text = {"type": "string", "minLength": 1}
        return {
            "anyOf": [
                {"description": "日本語だけの文", **text},
                {
                    "type": "object",
                    "properties": dict.fromkeys(READ, text),
                    "required": [SOURCE],
                    "additionalProperties": False,
                },
            ]
        }
