"""Where one is signed in: noted at every request, ended from afar.

Noting is no act: nothing of the city changes by it, and that somebody signed in is an event already.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from madoguchi.events import Actor, Reason, act, record
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.ground import clock
from madoguchi.ground.errors import NotFound
from madoguchi.people import rules
from madoguchi.people.models import Account, Person, SignIn

BY_ACCOUNT = Reason("own-account", "ご本人のアカウントだから", lambda actor, account: actor.id == account.pk)
BY_PERSON = Reason(
    "own-person",
    "ご本人のサインインだから",
    lambda actor, person: actor.kind == "resident" and actor.id == person.pk,
)
#: ``seen_at`` is written anew when it is older than this.
_FRESH: Final = timedelta(minutes=1)
#: No session lives so long without use: its row is forgotten.
_FORGOTTEN: Final = timedelta(days=1)


def note_use(key: str, agent: str, *, account: UUID | None = None, person: UUID | None = None) -> str:
    """The sign-in of this browser, noted as used: the one that the session names, or a new one where it names none
    (``key`` is empty). Empty where the one it names has been ended, or is another's.
    """
    now = clock.now()
    if not key:
        if person is not None and not Person.objects.filter(pk=person).exists():
            return ""
        SignIn.objects.filter(seen_at__lt=now - _FORGOTTEN).delete()
        return str(SignIn.objects.create(account_id=account, person_id=person, browser=rules.browser_of(agent)).pk)
    seen = SignIn.objects.filter(pk=key, account=account, person=person).values_list("seen_at", flat=True).first()
    if seen is None:
        return ""
    if now - seen > _FRESH:
        SignIn.objects.filter(pk=key).update(seen_at=now)
    return key


def note_end(key: str) -> None:
    """The person has signed out in this browser."""
    if key:
        SignIn.objects.filter(pk=key).delete()


@act("account.end_sessions", allow=(BY_ACCOUNT, BY_SYSTEM))
def end_sessions_of_account(
    account: Account, *, by: Actor, only: UUID | None = None, but: UUID | None = None
) -> Account:
    """職員のサインインの終了: one browser (``only``), all others (``but`` this one), or all; each asks anew."""
    record(ended=_end(SignIn.objects.filter(account=account), only, but))
    return account


@act("person.end_sessions", allow=(BY_PERSON,))
def end_sessions_of_person(person: Person, *, by: Actor, only: UUID | None = None, but: UUID | None = None) -> Person:
    """住民のサインインの終了: one browser (``only``), or all others (``but`` this one); each asks to sign in again."""
    record(ended=_end(SignIn.objects.filter(person=person), only, but))
    return person


def _end(rows: QuerySet[SignIn], only: UUID | None, but: UUID | None) -> int:
    if only is not None:
        rows = rows.filter(pk=only)
    if but is not None:
        rows = rows.exclude(pk=but)
    ended, _ = rows.delete()
    if only is not None and not ended:
        raise NotFound("session-unknown", "このサインインは、すでに終わっています。")
    return ended
