"""The inbox of a resident: everything that the city said to them, in one list, whatever it is."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

from django.db import connection

from madoguchi.cases.models import Case, Remark
from madoguchi.cases.queries.own import own_cases
from madoguchi.cases.queries.represented import closed_to
from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.ground.errors import NotFound
from madoguchi.messages.models import Letter, Message
from madoguchi.messages.queries import inbox as messages_of

#: Lines that the inbox shows at most; older ones stand on the pages of their cases.
MOST_LINES = 500
#: Templates of notices whose event says which company it was.
ABOUT_COMPANIES: Final = ("company-answered", "company-unreached")


@dataclass(frozen=True, slots=True)
class Received:
    """One line: a notice, a letter, or a message that somebody of the office wrote. ``case`` may be none; ``company``
    is the id of the one that a notice is about, else empty."""

    kind: Literal["notice", "letter", "remark"]
    key: UUID
    at: dt.datetime
    subject: str
    unread: bool
    case: Case | None
    company: str = ""


def inbox(by: Actor, case: Case | None = None) -> list[Received]:
    """What the resident got, unread first, then newest first; of one case only, if given (which the caller has asked
    for as the resident's own)."""
    cases = {one.pk: one for one in own_cases(by).defer("answers", "typed", "procedure__data", "procedure__graph")}
    about = [case.pk] if case is not None else list(cases)
    closed = closed_to(by.who)
    notices = messages_of(by.who).exclude(about__in=closed).defer("body")
    letters = Letter.objects.filter(person_id=by.who).exclude(about__in=closed).order_by("-issued_at")
    if case is not None:
        notices, letters = notices.filter(about=case.pk), letters.filter(about=case.pk)
    said = Remark.objects.filter(case__in=about, account__isnull=False).defer("body").order_by("-written_at")

    def of(key: Any) -> Case | None:
        return cases.get(key)

    shown = list(notices[:MOST_LINES])
    companies = companies_in(shown)
    lines = [
        Received(
            "notice",
            one.pk,
            one.created_at,
            one.subject,
            one.read_at is None,
            of(one.about),
            companies.get(one.pk, ""),
        )
        for one in shown
    ]
    lines += [
        Received("letter", one.pk, one.issued_at, one.title, one.read_at is None, of(one.about))
        for one in letters[:MOST_LINES]
    ]
    lines += [
        Received("remark", one.pk, one.written_at, "", one.read_at is None, of(one.case_id))
        for one in said[:MOST_LINES]
    ]
    lines.sort(key=lambda one: (one.unread, one.at), reverse=True)
    return lines[:MOST_LINES]


def companies_in(notices: Iterable[Message]) -> dict[UUID, str]:
    """By notice the id of the company that it is about. The portal names it; the words of the notice, which also go out
    by mail, do not."""
    about = {one.pk: one.event_id for one in notices if one.template in ABOUT_COMPANIES}
    if not about:
        return {}
    said = dict(Event.objects.filter(pk__in=set(about.values())).values_list("pk", "data__company"))
    return {key: said[event] for key, event in about.items() if said.get(event)}


def unread(by: Actor) -> int:
    """How many lines of the inbox have not been opened."""
    if by.kind != "resident":
        return 0
    with connection.cursor() as cursor:  # at every page of who is signed in, so in one question
        cursor.execute(_UNREAD, {"person": by.who, "closed": closed_to(by.who)})
        return int(cursor.fetchone()[0])


#: Messages, letters and remarks, but for those about what the resident sees no more.
_UNREAD: Final = """
    SELECT
        (SELECT count(*) FROM message
         WHERE person_id = %(person)s AND read_at IS NULL AND (about = ANY(%(closed)s::uuid[])) IS NOT TRUE)
        + (SELECT count(*) FROM letter
           WHERE person_id = %(person)s AND read_at IS NULL AND revoked_at IS NULL
           AND (about = ANY(%(closed)s::uuid[])) IS NOT TRUE)
        + (SELECT count(*) FROM case_remark r JOIN "case" c ON c.id = r.case_id
           WHERE c.person_id = %(person)s AND r.read_at IS NULL AND r.account_id IS NOT NULL
           AND r.case_id <> ALL(%(closed)s::uuid[]))
"""


def own_message(key: UUID, by: Actor) -> Message:
    """A notice to this resident. Raises NotFound for any other, existing or not."""
    found = Message.objects.filter(pk=key, person_id=by.who).first() if by.kind == "resident" else None
    if found is None or found.about in closed_to(by.who):
        raise NotFound("message-unknown", "このお知らせは見つかりません。")
    return found
