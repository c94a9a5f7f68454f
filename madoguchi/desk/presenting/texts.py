"""The words of a section's mails: the list by turn of the case, and one template with its languages side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from madoguchi.cases import queries as cases
from madoguchi.cases.actions.wording import MOST, Words, fitting
from madoguchi.desk.presenting.differences import Piece, differences
from madoguchi.desk.presenting.words import time_words
from madoguchi.events import Actor
from madoguchi.ground import languages
from madoguchi.ground.errors import Invalid, NotAllowed, NotFound, Problem, Refused, fill
from madoguchi.messages import queries as messages
from madoguchi.messages.models import Wording
from madoguchi.messages.rules.texts import Text
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.city import Section

#: The templates in the order in which a case meets them; what is not named here stands under the last title.
TURNS: Final[Sequence[tuple[str, Sequence[str]]]] = (
    (gettext_noop("提出まで"), ("draft-forgotten", "cosign-asked", "received")),
    (gettext_noop("審査のあいだ"), ("returned", "reminded", "corrected", "answered")),
    (gettext_noop("納付"), ("payment-asked", "payment-received", "payment-refunded")),
    (gettext_noop("終わり"), ("decided", "closed", "withdrawn", "lapsed", "deletion-soon")),
    (gettext_noop("すべてのメール"), ("closing",)),
    (gettext_noop("そのほか"), ()),
)
#: What a value in braces stands for.
VALUES: Final[Mapping[str, str]] = {
    "city": gettext_noop("市の名前"),
    "procedure": gettext_noop("手続の名前"),
    "reference": gettext_noop("受付番号"),
    "promised": gettext_noop("お約束の日（標準処理期間の終わり）"),
    "due": gettext_noop("いま求めていることの期限"),
    "deleted": gettext_noop("記録が消える日"),
    "url": gettext_noop("申請者が開くページのアドレス"),
    "contact": gettext_noop("担当課の名前と電話番号"),
    "subject": gettext_noop("区域のお知らせの件名"),
    "text": gettext_noop("区域のお知らせの本文"),
    "office": gettext_noop("お知らせを出す課"),
}


@dataclass(frozen=True, slots=True)
class TextLine:
    """One template of the list. ``changed``: when and by whom, where the section words it itself."""

    url: str
    title: str
    subject: str
    own: bool
    changed: str
    unfit: bool


@dataclass(frozen=True, slots=True)
class TextsPage:
    """All that ``desk/texts.html`` shows: turns of the case with their templates."""

    section: str
    others: Sequence[tuple[str, str]]
    groups: Sequence[tuple[str, Sequence[TextLine]]]


@dataclass(frozen=True, slots=True)
class Value:
    """One value that the words may name, with an example."""

    place: str
    means: str
    example: str
    needed: bool


@dataclass(frozen=True, slots=True)
class Writing:
    """The words in one language: what stands in the fields, what is wrong with it, what is said now."""

    language: str
    tag: str
    name: str
    subject: str
    body: str
    subject_problem: str
    body_problem: str
    own: bool
    unfit: bool
    default_subject: str
    default_body: str


@dataclass(frozen=True, slots=True)
class Preview:
    """A mail as it arrives, and as the inbox shows it. ``instead``: the language that is read where this one lacks."""

    tag: str
    name: str
    subject: str
    body: str
    instead: str


@dataclass(frozen=True, slots=True)
class Change:
    """One version: who, when, and what differs from the one before, by language and part."""

    version: int
    when: str
    who: str
    restored: bool
    parts: Sequence[tuple[str, str, Sequence[Piece]]]


@dataclass(frozen=True, slots=True)
class TextPage:
    """All that ``desk/text.html`` shows."""

    url: str
    list_url: str
    section: str
    title: str
    has_subject: bool
    seen: int
    own: bool
    values: Sequence[Value]
    writings: Sequence[Writing]
    more: Sequence[Writing]
    previews: Sequence[Preview]
    sample: str
    changes: Sequence[Change]
    limits: Mapping[str, int] = field(default_factory=lambda: MOST)
    trying: bool = False
    problem: str = ""
    problems: Sequence[tuple[str, str, str]] = ()


def may_word(by: Actor, section: str = "") -> Section:
    """The section of that id (or the first) whose words this member of staff may change. Raises NotAllowed."""
    sections = cases.sections_where_may(by, "texts")
    found = next((one for one in sections if section in ("", one.id)), None)
    if found is None:
        raise NotAllowed("not-allowed", "この課のお知らせの文は、課の定めた職だけが直せます。")
    return found


def texts_page(section: Section, by: Actor) -> TextsPage:
    """The list of a section."""
    templates = cases.wordable()
    known = {code for _, codes in TURNS for code in codes}
    rest = [code for code in templates if code not in known]
    groups = []
    for number, (title, codes) in enumerate(TURNS, 1):
        there = [one for one in codes if one in templates] + (rest if number == len(TURNS) else [])
        if there:
            groups.append((gettext(title), [_line(templates[one], section) for one in there]))
    others = [
        (one.name["ja"], reverse("desk:texts-of", args=(one.id,))) for one in cases.sections_where_may(by, "texts")
    ]
    return TextsPage(section.name["ja"], others if len(others) > 1 else [], groups)


def _line(text: Text, section: Section) -> TextLine:
    kept = messages.wordings(text.code, section.id)
    now = kept[0] if kept and kept[0].subject else None
    said = messages.text(text.code, section.id)
    return TextLine(
        url=reverse("desk:text", args=(section.id, text.code)),
        title=text.title,
        subject=said.subject["ja"] if _has_subject(text) else "",
        own=now is not None,
        changed=f"{time_words(now.changed_at)}　{now.changed_by.display_name}" if now else "",
        unfit=now is not None and bool(_unfit(text, now)),
    )


def text_page(section: Section, template: str, typed: Words | None = None, refusal: Refused | None = None) -> TextPage:
    """One template. ``typed``: what is being tried or was refused; else the words in force. Raises NotFound."""
    default = cases.wordable().get(template)
    if default is None:
        raise NotFound("text-unknown", "このお知らせの文は見つかりません。")
    kept = messages.wordings(template, section.id)
    now = kept[0] if kept and kept[0].subject else None
    shown, problems = default, dict(refusal.fields if refusal else {})
    try:
        said = fitting(default, typed) if typed is not None else None
    except Invalid as wrong:
        said, problems = _without(default, typed or {}, wrong), {**wrong.fields, **problems}
    if said is not None:
        shown = default.worded(said["subject"], said["body"])
    elif now is not None:
        shown = messages.text(template, section.id)
    writings = [_writing(one, default, now, typed, problems) for one in procedures.city().file.languages]
    lacking = [one for one in writings if not one.default_body and not one.body and not one.subject]
    names = dict(settings.LANGUAGES)
    values = {one: cases.sample_values(section, one) for one in procedures.city().file.languages}
    return TextPage(
        url=reverse("desk:text", args=(section.id, template)),
        list_url=reverse("desk:texts-of", args=(section.id,)),
        section=section.name["ja"],
        title=default.title,
        has_subject=_has_subject(default),
        seen=kept[0].version if kept else 0,
        own=now is not None,
        values=[
            Value(f"{{{one}}}", gettext(VALUES.get(one, one)), str(values["ja"].get(one, "")), one in default.needs)
            for one in default.uses
        ],
        writings=[one for one in writings if one not in lacking],
        more=lacking,
        previews=[
            _preview(one, shown, section, values[one])
            for one in values
            if one in shown.body or one in languages.LANGUAGES
        ],
        sample=str(values["ja"]["procedure"]),
        changes=[_change(one, before, default) for one, before in pairwise([*kept, None]) if one is not None],
        trying=typed is not None and refusal is None,
        problem=fill(gettext(refusal.message), refusal.params) if refusal else "",
        problems=[(f"{name.replace('.', '-')}", _place(name, names), _said(one)) for name, one in problems.items()],
    )


def _has_subject(text: Text) -> bool:
    return text.subject["ja"] != "-"


def _writing(
    language: str, default: Text, now: Wording | None, typed: Words | None, problems: Mapping[str, Problem]
) -> Writing:
    own = now is not None and language in now.subject
    in_force = {
        "subject": now.subject[language] if now and own else default.subject.get(language, ""),
        "body": now.body[language] if now and own else default.body.get(language, ""),
    }
    said = {part: typed.get(part, {}).get(language, "") if typed is not None else in_force[part] for part in in_force}
    return Writing(
        language=language,
        tag=languages.tag(language),
        name=dict(settings.LANGUAGES).get(language, language),
        subject=said["subject"],
        body=said["body"],
        subject_problem=_said(problems.get(f"subject.{language}")),
        body_problem=_said(problems.get(f"body.{language}")),
        own=own,
        unfit=now is not None and language in _unfit(default, now),
        default_subject=default.subject.get(language, ""),
        default_body=default.body.get(language, ""),
    )


def _unfit(text: Text, now: Wording) -> list[str]:
    """The languages whose kept words the template does not take any more: the catalogue's are sent."""
    return [
        one
        for one in now.subject
        if text.wrong_with("subject", now.subject[one]) or text.wrong_with("body", now.body[one])
    ]


def _without(text: Text, typed: Words, wrong: Invalid) -> dict[str, dict[str, str]]:
    """What of the typed words can be tried: those of the languages of which nothing is wrong."""
    bad = {name.partition(".")[2] for name in wrong.fields}
    good = {part: {one: said for one, said in words.items() if one not in bad} for part, words in typed.items()}
    return fitting(text, good)


def _preview(language: str, shown: Text, section: Section, values: Mapping[str, object]) -> Preview:
    subject, body = shown.say(language, values)
    names = dict(settings.LANGUAGES)
    read = shown.body.language_for(language)
    closing = messages.text("closing", section.id).say(language, values)[1] if shown.code != "closing" else ""
    return Preview(
        tag=languages.tag(read),
        name=names.get(language, language),
        subject=subject if _has_subject(shown) else "",
        body=f"{body}\n{closing}".strip(),
        instead=names.get(read, read) if read != language else "",
    )


def _change(one: Wording, before: Wording | None, default: Text) -> Change:
    names = dict(settings.LANGUAGES)
    parts = []
    for language in languages.READ:
        for part, title in (("subject", gettext("件名")), ("body", gettext("本文"))):
            plain = default.subject if part == "subject" else default.body
            old = (getattr(before, part) if before else {}).get(language, plain.get(language, ""))
            new = getattr(one, part).get(language, plain.get(language, ""))
            if old != new:
                parts.append((names.get(language, language), title, differences(old, new)))
    return Change(one.version, time_words(one.changed_at), one.changed_by.display_name, not one.subject, parts)


def _place(name: str, names: Mapping[str, str]) -> str:
    part, _, language = name.partition(".")
    return f"{names.get(language, language)}　{gettext('件名') if part == 'subject' else gettext('本文')}"


def _said(problem: Problem | None) -> str:
    return fill(gettext(problem.message), problem.params) if problem is not None else ""
