"""What applicant and office have written to each other, on the status page; and the inbox, where all is in one list."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext

from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case, Remark
from madoguchi.cases.rules.talking import MOST_CHARACTERS
from madoguchi.events import Actor
from madoguchi.ground.errors import Refused
from madoguchi.ground.ids import uuid7
from madoguchi.ground.languages import LocalText, tag
from madoguchi.procedures import queries as procedures
from madoguchi.web.presenting.formpage import key_of
from madoguchi.web.words import language, said, words


@dataclass(frozen=True, slots=True)
class Line:
    """One message. ``mine``: the applicant's own; ``fresh``: of the office, and not seen before. ``original``: the
    Japanese words, where ``body`` says them in the reader's language."""

    who: str
    mine: bool
    at: dt.datetime
    body: str
    fresh: bool
    language: str
    original: str = ""


@dataclass(frozen=True, slots=True)
class Thread:
    """All that ``web/_thread.html`` shows; ``typed`` and ``problem`` are of a message that was refused."""

    lines: Sequence[Line]
    url: str
    open: bool
    once: UUID
    limit: int = MOST_CHARACTERS
    typed: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the inbox. ``kind``: notice, letter or remark."""

    kind: str
    title: str
    procedure: str
    at: dt.datetime
    url: str
    unread: bool


@dataclass(frozen=True, slots=True)
class Inbox:
    """All that ``web/inbox.html`` shows. ``filters`` are number, title and whether it is the one chosen."""

    entries: Sequence[Entry]
    filters: Sequence[tuple[str, str, bool]]
    chosen: str
    unread: int


def thread(case: Case, office: str, *, typed: str = "", refusal: Refused | None = None) -> Thread:
    """The messages of a case that the reader may see. The office speaks as the section, not as a person."""
    lines = [_line(one, office) for one in cases.remarks(case)]
    problem = words(refusal.fields.get("body", refusal)) if refusal is not None else ""
    return Thread(
        lines,
        reverse("web:write", args=(key_of(case),)),
        cases.may_write(case),
        uuid7(),
        typed=typed,
        problem=problem,
    )


def _line(one: Remark, office: str) -> Line:
    if one.account_id is None:
        return Line(gettext("あなた"), True, one.written_at, one.body, False, one.language[:2])
    text = LocalText({**one.translated, "ja": one.body})
    spoken = text.language_for(language())
    return Line(
        who=office,
        mine=False,
        at=one.written_at,
        body=text[spoken],
        fresh=one.read_at is None,
        language=tag(spoken),
        original="" if spoken == "ja" else one.body,
    )


def headline(subject: str) -> str:
    """A subject without the city's 「【大東市】」, which tells senders apart in a mailbox and nothing on the city's own
    pages."""
    for name in procedures.city().file.name.values():
        for sender in (f"【{name}】", f"[{name}]"):
            if subject.startswith(sender):
                return subject.removeprefix(sender).strip()
    return subject


def by_company(subject: str, code: str | None) -> str:
    """「見本電力：連絡した会社から…」 where a notice is about a company. The message itself names none: it goes out by
    mail, too."""
    one = cases.company(code) if code else None
    return gettext("%(whole)s：%(part)s") % {"whole": said(one.name), "part": subject} if one is not None else subject


def inbox(resident: Actor, case: Case | None) -> Inbox:
    """Everything that the city said to the resident, or about one case of theirs."""
    found = cases.inbox(resident, case)
    titles = {one.case.pk: said(procedures.package(one.case.procedure).procedure.title) for one in found if one.case}
    entries = []
    for one in found:
        key = key_of(one.case) if one.case is not None else ""
        if one.kind == "letter" and key:
            url = reverse("web:letter", args=(key, one.key))
        elif one.kind == "remark":
            url = f"{reverse('web:case', args=(key,))}#thread"
        else:
            url = reverse("web:notice", args=(one.key,))
        entries.append(
            Entry(
                one.kind,
                by_company(headline(one.subject), one.company) or gettext("担当課からのメッセージ"),
                titles.get(one.case.pk, "") if one.case else "",
                one.at,
                url,
                one.unread,
            )
        )
    mine = [one for one in cases.own_cases(resident).defer("answers", "typed")[:100] if one.number]
    filters = [
        (
            one.number or "",
            said(procedures.package(one.procedure).procedure.title),
            case is not None and one.pk == case.pk,
        )
        for one in mine
    ]
    chosen = case.number if case is not None and case.number else ""
    return Inbox(entries, filters, chosen, sum(one.unread for one in entries))
