"""The words of a section's mails: changed, and given back to the catalogue. Every wording is kept, with who and when.

Here and not among the messages, because what a section's post may do stands in the organisation.
"""

from collections.abc import Mapping
from typing import Final

from django.db import IntegrityError

from madoguchi.cases.actions.reasons import MAY_WORD
from madoguchi.cases.queries.wording import wordable
from madoguchi.events import Actor, act, record
from madoguchi.ground.errors import Invalid, NotFound, Problem, Stale
from madoguchi.ground.languages import READ
from madoguchi.ground.text import clean
from madoguchi.messages import queries as messages
from madoguchi.messages.models import Wording
from madoguchi.messages.rules.texts import Text

#: Code points. A mail that nobody reads to its end tells nothing.
MOST: Final[Mapping[str, int]] = {"subject": 100, "body": 3000}
_EMPTY: Final[Mapping[str, str]] = {}

Words = Mapping[str, Mapping[str, str]]
"""Part (``subject``, ``body``) → language → words; empty ones mean those of the catalogue."""


@act("text.word", allow=(MAY_WORD,))
def word(section: str, template: str, words: Words, *, by: Actor, seen: int) -> Wording:
    """お知らせの文の変更: from the next mail on the section says it so. ``seen``: the version that was on the screen.

    Raises Invalid whose fields are ``<part>.<language>``, Stale where another one has changed it since.
    """
    text = _template(template)
    said = fitting(text, words)
    own = {
        language: (said["subject"][language], said["body"][language])
        for language in said["body"]
        if (said["subject"][language], said["body"][language]) != (text.subject.get(language), text.body.get(language))
    }
    now = messages.wording(template, section)
    before = {one: (now.subject[one], now.body.get(one)) for one in now.subject} if now else {}
    _unchanged_since(now, seen)
    if own == before:
        raise Invalid("text-same", "いまの文と同じです。何も変えていません。")
    made = _next(
        section,
        template,
        seen + 1,
        by,
        {one: subject for one, (subject, _) in own.items()},
        {one: body for one, (_, body) in own.items()},
    )
    changed = sorted(one for one in own.keys() | before.keys() if own.get(one) != before.get(one))
    record(section=section, template=template, version=made.version, languages=changed)
    return made


@act("text.restore", allow=(MAY_WORD,))
def restore(section: str, template: str, *, by: Actor, seen: int) -> Wording:
    """お知らせの文を標準に戻すこと: from the next mail on the section says what the catalogue says."""
    _template(template)
    now = messages.wording(template, section)
    _unchanged_since(now, seen)
    if now is None or not now.subject:
        raise Invalid("text-same", "いまの文と同じです。何も変えていません。")
    made = _next(section, template, seen + 1, by, _EMPTY, _EMPTY)
    record(section=section, template=template, version=made.version, languages=sorted(now.subject))
    return made


def fitting(text: Text, words: Words) -> dict[str, dict[str, str]]:
    """The words as they would be kept, by part and language; where none are given the catalogue's. Raises Invalid."""
    said: dict[str, dict[str, str]] = {"subject": {}, "body": {}}
    wrong: dict[str, Problem] = {}
    for language in READ:
        for part, kept in said.items():
            default = text.subject if part == "subject" else text.body
            try:
                given = clean(words.get(part, {}).get(language, ""), multiline=part == "body", max_length=MOST[part])
            except Invalid as refusal:
                wrong[f"{part}.{language}"] = refusal.as_problem()
                continue
            if given and (problem := text.wrong_with(part, given)):
                wrong[f"{part}.{language}"] = Problem("text-place", problem)
            elif given or language in default:
                kept[language] = given or default[language]
        one_sided = (language in said["subject"]) != (language in said["body"])
        if one_sided and not any(f"{part}.{language}" in wrong for part in said):
            part = "subject" if language in said["body"] else "body"
            message = "この言語には標準の文がないため、件名と本文の両方を書きます。"
            wrong[f"{part}.{language}"] = Problem("text-half", message)
    if wrong:
        raise Invalid("text-wrong", "直すところがあります。", fields=wrong)
    return said


def _template(code: str) -> Text:
    found = wordable().get(code)
    if found is None:
        raise NotFound("text-unknown", "このお知らせの文は見つかりません。")
    return found


def _unchanged_since(now: Wording | None, seen: int) -> None:
    if (now.version if now else 0) != seen:
        raise _faster()


def _next(
    section: str, template: str, version: int, by: Actor, subject: Mapping[str, str], body: Mapping[str, str]
) -> Wording:
    try:
        return Wording.objects.create(
            section=section,
            template=template,
            version=version,
            subject=dict(subject),
            body=dict(body),
            changed_by_id=by.who,
        )
    except IntegrityError:
        raise _faster() from None


def _faster() -> Stale:
    return Stale("text-changed", "この文は、ほかの職員が先に変えました。いまの文を見てから、もう一度保存してください。")
