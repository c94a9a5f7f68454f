"""The words of mails: templates of ``catalogue/messages/*.yaml`` in every language, filled with plain values.

A template is a sentence with ``{names}`` and no logic: what may differ is a template of its own. The file is read by
whoever calls, so that the check can read one that is not saved yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError

from madoguchi.ground.dates import format_day
from madoguchi.ground.languages import LocalText

_PLACE: Final = re.compile(r"\{([^{}]*)\}")
_LINE_BREAK: Final = re.compile(r"[\r\n]+")


class TextProblem(NamedTuple):
    """What is wrong with a template, and where: line from 1."""

    path: str
    line: int
    message: str
    instead: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}\n    → {self.instead}"


class BrokenText(Exception):
    """A template that cannot be used; ``problems`` says file and line."""

    def __init__(self, problems: list[TextProblem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class Text(BaseModel):
    """One template: what it is called, which values it may use, and its words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Annotated[str, Field(pattern=r"^[a-z]+(-[a-z]+)*$")]
    title: str = ""
    """What clerks call it, in Japanese."""
    uses: tuple[str, ...]
    needs: tuple[str, ...] = ()
    """Values that the body must name in every language: without the address of the page the mail leads nowhere."""
    secret: bool = False
    """The words open something (a confirmation code): erased from the database once they have been sent."""
    subject: LocalText
    body: LocalText

    def worded(self, subject: Mapping[str, str], body: Mapping[str, str]) -> Text:
        """The same template in other words. A language that they lack, or whose words the template does not take any
        more (the catalogue has changed since), keeps its own: a mail that cannot be filled is never sent."""
        fit = [
            one
            for one in subject.keys() & body.keys()
            if not self.wrong_with("subject", subject[one]) and not self.wrong_with("body", body[one])
        ]
        other = {
            "subject": {**self.subject, **{one: subject[one] for one in fit}},
            "body": {**self.body, **{one: body[one] for one in fit}},
        }
        return self.model_copy(update={part: LocalText(words) for part, words in other.items()})

    def wrong_with(self, part: str, words: str) -> str:
        """What is wrong with a sentence for ``subject`` or ``body``, in Japanese; empty where nothing is."""
        places = _PLACE.findall(words)
        if unknown := [name for name in places if name not in self.uses]:
            known = "、".join(f"{{{one}}}" for one in self.uses)
            return f"{{{unknown[0]}}} という値はありません。使えるのは {known} です。"
        if "{" in (rest := _PLACE.sub("", words)) or "}" in rest:
            return "「{」と「}」の組が合っていません。"
        if part == "body" and (lacking := [name for name in self.needs if name not in places]):
            return f"{{{lacking[0]}}} がありません。この文には必ず入れます。"
        return ""

    def say(self, language: str, values: Mapping[str, object]) -> tuple[str, str]:
        """Subject (one line) and body for a reader of ``language``.

        A value may be a LocalText or a date, which is written as that language writes it. Raises KeyError for a
        value that is missing.
        """
        words = {name: _spoken(value, language) for name, value in values.items()}
        subject, body = (
            _PLACE.sub(lambda place: words[place[1]], part.get_for(language)) for part in (self.subject, self.body)
        )
        return _LINE_BREAK.sub(" ", subject), body


def _spoken(value: object, language: str) -> str:
    if isinstance(value, LocalText):
        return value.get_for(language)
    if isinstance(value, date):
        return format_day(value, language)
    return str(value)


def load(path: str, source: str) -> Text:
    """The template in ``source``; ``path`` is its name in errors. Raises :class:`BrokenText`."""
    try:
        data = YAML(typ="rt", pure=True).load(source)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BrokenText([TextProblem(path, line, "YAMLとして読めません", "字下げと「:」を確かめます")]) from None
    try:
        text = Text.model_validate(data)
    except ValidationError as error:
        raise BrokenText(
            [
                TextProblem(
                    path, _line(data, one["loc"]), _words(one["loc"], one["msg"]), "ほかのひな形にならって書きます"
                )
                for one in error.errors()
            ]
        ) from None
    if problems := list(_problems(path, text, data)):
        raise BrokenText(problems)
    return text


def _words(where: tuple[int | str, ...], message: str) -> str:
    return f"{'.'.join(map(str, where)) or 'ひな形'}: {message.removeprefix('Value error, ')}"


def _line(data: Any, where: tuple[int | str, ...]) -> int:
    line = 1
    for key in where:
        try:
            line = (data.lc.key(key) if isinstance(data, CommentedMap) else data.lc.item(key))[0] + 1
            data = data[key]
        except (AttributeError, KeyError, IndexError, TypeError):
            break
    return line


def _problems(path: str, text: Text, data: Any) -> Iterator[TextProblem]:
    for part in ("subject", "body"):
        words: LocalText = getattr(text, part)
        for language in words.missing():
            yield TextProblem(
                path, _line(data, (part,)), f"{part} に {language} の文がありません", f"{language}: を書きます"
            )
        for language, sentence in words.items():
            if wrong := text.wrong_with(part, sentence):
                said, _, instead = wrong.partition("。")
                yield TextProblem(path, _line(data, (part, language)), said, instead or "書き直します")
