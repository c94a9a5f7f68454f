"""All that is kept about one person leaves the house: to the person, or by a post that answers 開示請求."""

from datetime import datetime, timedelta
from typing import Final

from madoguchi.cases.actions.reasons import MAY_EXPORT, OWN_PERSON, PARTNER_TRACKS
from madoguchi.cases.queries import persons
from madoguchi.cases.queries.usage import Usage
from madoguchi.cases.queries.usage import find_usage as tracked
from madoguchi.cases.rules.permission import LEVELS
from madoguchi.events import Actor, act, record
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotAllowed, Problem, Refused
from madoguchi.people.models import Person
from madoguchi.people.queries import level_of

#: On what request the office hands out (個人情報保護法76条1項・2項), and by what it knew who asks (77条2項).
BASES: Final = ("person", "representative")
PROOFS: Final = ("card", "licence", "passport", "two-documents", "representative-papers")
#: How often within an hour; each reads everything anew.
MOST_AN_HOUR: Final = 5


@act("person.export", allow=(OWN_PERSON, MAY_EXPORT))
def export_person(person: Person, *, by: Actor, basis: str = "", proof: str = "") -> Person:
    """本人の情報の書き出し: all that is kept about the person is handed out. The bytes follow after the event.

    A resident has signed in as surely as they ever did: with the card, where the card has ever proven them. Staff say
    on whose request (``basis``) and by what they knew who asks (``proof``).
    """
    if by.kind == "resident":
        if too_weak(person, by):
            raise NotAllowed("level-too-low", "まとめて受け取るには、マイナンバーカードでサインインし直してください。")
        record(level=by.level)
    else:
        persons.must_be_there(person.pk, by)
        wrong: dict[str, Problem] = {}
        if basis not in BASES:
            wrong["basis"] = Problem("basis-missing", "だれからの請求かを選んでください。")
        if proof not in PROOFS:
            wrong["proof"] = Problem("proof-missing", "何で本人を確かめたかを選んでください。")
        if wrong:
            raise Invalid("request-incomplete", "請求の内容を選んでください。", fields=wrong)
        record(basis=basis, proof=proof)
    since = clock.now() - timedelta(hours=1)
    done = Event.objects.filter(subject_id=person.pk, verb="person.export", outcome="done", at__gt=since)
    if done.count() >= MOST_AN_HOUR:
        raise Refused(
            "export-too-often",
            "1時間に受け取れるのは5回までです。しばらくしてから、もう一度お試しください。",
            status=429,
        )
    return person


def too_weak(person: Person, by: Actor) -> bool:
    """Whether the present sign-in is weaker than the one by which the person is known."""
    return LEVELS.index(by.level or "none") < LEVELS.index(level_of(person))


@act("person.find_usage", allow=(OWN_PERSON, PARTNER_TRACKS))
def find_usage(
    person: Person, *, by: Actor, since: datetime | None, until: datetime | None, offset: int, limit: int
) -> tuple[int, list[Usage]]:
    """だれが見たかの記録の提供: how many readings there were in a period, and a page of them, to the person or to the
    partner through which they ask. Raises NotAllowed where the sign-in, or the partner's, is weaker than the one by
    which the person is known."""
    if too_weak(person, by):
        raise NotAllowed("level-too-low", "ご本人をより確かに確かめた方法で、やり直してください。")
    total, usages = tracked(person.pk, since=since, until=until, offset=offset, limit=limit)
    record(told=len(usages))
    return total, usages


@act("person.find", allow=(MAY_EXPORT,))
def find_person(sought: persons.Sought, *, by: Actor) -> list[persons.FoundPerson]:
    """開示請求の本人さがし: who is meant by what stands on the request. The event says by what, not for whom."""
    found = persons.find(sought, by=by)
    record(sought=sought.named(), found=len(found))
    return found
