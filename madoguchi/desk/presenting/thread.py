"""Messages with the applicant: on the case page, and the list of those who wait for an answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext

from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case
from madoguchi.cases.rules.talking import MOST_CHARACTERS
from madoguchi.desk.presenting.phrases import read_as
from madoguchi.desk.presenting.words import time_words
from madoguchi.events import Actor
from madoguchi.ground.ids import uuid7
from madoguchi.messages.models import Message
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.form import get


@dataclass(frozen=True, slots=True)
class Line:
    """One message. ``waits``: the applicant's, and nobody has answered it or said that it needs no answer."""

    who: str
    mine: bool
    when: str
    body: str
    note: str
    waits: bool
    read: tuple[str, str, str] | None
    """Language, tag and words, where the applicant reads the office's message in another language."""


@dataclass(frozen=True, slots=True)
class Bounce:
    """A mail that did not arrive."""

    subject: str
    words: str


@dataclass(frozen=True, slots=True)
class Thread:
    """All that ``desk/_thread.html`` shows."""

    lines: Sequence[Line]
    url: str
    open: bool
    waiting: int
    once: UUID
    bounces: Sequence[Bounce]
    mail: str
    limit: int = MOST_CHARACTERS
    typed: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class WaitingLine:
    url: str
    applicant: str
    procedure: str
    number: str
    words: str


def thread(case: Case, mails: Sequence[Message]) -> Thread:
    """The messages of a case that the reader may see, and which of its ``mails`` came back."""
    said = cases.remarks(case)
    return Thread(
        lines=[
            Line(
                who=one.account.display_name if one.account is not None else gettext("申請者"),
                mine=one.account is not None,
                when=time_words(one.written_at),
                body=one.body,
                note=_note(one.account is not None, one.read_at is not None, one.language),
                waits=one.account is None and one.read_at is None,
                read=read_as(case, one.translated),
            )
            for one in said
        ],
        url=reverse("desk:thread", args=(case.number,)),
        open=cases.may_write(case),
        waiting=sum(one.account is None and one.read_at is None for one in said),
        once=uuid7(),
        bounces=[
            Bounce(
                one.subject, gettext("%(when)s　%(code)s") % {"when": time_words(one.failed_at), "code": one.failure}
            )
            for one in mails
            if one.failed_at is not None
        ],
        mail=gettext("申請者にはメールでもお知らせします（内容は書きません）。")
        if case.email
        else gettext("申請者のメールアドレスがないため、申請者が画面を開いたときに読まれます。"),
    )


def _note(mine: bool, read: bool, language: str) -> str:
    if mine:
        return gettext("既読") if read else gettext("まだ読まれていません")
    return (
        ""
        if language == "ja"
        else gettext("使っている言語：%(name)s") % {"name": dict(settings.LANGUAGES).get(language, language)}
    )


def waiting(by: Actor) -> list[WaitingLine]:
    """Who waits for an answer of this member's sections, longest first."""
    lines = []
    for one in cases.waiting_for_answer(by):
        answers = one.case.answers
        lines.append(
            WaitingLine(
                url=f"{reverse('desk:case', args=(one.case.number,))}#thread",
                applicant=str(get(answers, "person.full_name") or get(answers, "applicant_name") or "（名前なし）"),
                procedure=procedures.package(one.case.procedure).procedure.title["ja"],
                number=one.case.number or "",
                words=gettext("%(n)s通　%(when)sから") % {"n": one.count, "when": time_words(one.since)},
            )
        )
    return lines
