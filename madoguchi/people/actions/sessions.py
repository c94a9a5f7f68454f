"""Where one is signed in: noted at every request, ended from afar.

Noting is no act: nothing of the city changes by it, and that somebody signed in is an event already.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from madoguchi.events import Actor, Reason, act, record
from madoguchi.events.acting import refuse
from madoguchi.events.composing import Asked, composed_once
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.ground import clock
from madoguchi.ground.errors import NotFound, Refused
from madoguchi.people import rules
from madoguchi.people.models import Account, Identity, Person, SignIn, SpentSignIn
from madoguchi.people.ports import Ended, IdentityProvider

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


def note_use(
    key: str, agent: str, *, account: UUID | None = None, person: UUID | None = None, provider_session: str = ""
) -> str:
    """The sign-in of this browser, noted as used: the one that the session names, or a new one where it names none
    (``key`` is empty), with the mark of the ``provider_session``. Empty where the one it names has been ended, or is
    another's.
    """
    now = clock.now()
    if not key:
        if person is not None and not Person.objects.filter(pk=person).exists():
            return ""
        SignIn.objects.filter(seen_at__lt=now - _FORGOTTEN).delete()
        fresh = SignIn.objects.create(
            account_id=account, person_id=person, browser=rules.browser_of(agent), provider_session=provider_session
        )
        return str(fresh.pk)
    seen = next((at for at, *of in _uses(UUID(key)) if of == [account, person]), None)
    if seen is None:
        return ""
    if now - seen > _FRESH:
        SignIn.objects.filter(pk=key).update(seen_at=now)
    return key


def use_asked(key: UUID) -> Asked:
    """What :func:`note_use` asks of a sign-in that is known."""
    return _uses.of(key)


@composed_once
def _uses(key: UUID) -> QuerySet[SignIn, tuple[datetime, UUID | None, UUID | None]]:
    return SignIn.objects.filter(pk=key).values_list("seen_at", "account", "person")


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


@act("person.heed_sign_out", allow=(BY_SYSTEM,))
def heed_sign_out(ended: Ended, *, by: Actor) -> Person | None:
    """認証アプリの側でのサインアウト: whoever has signed out there is signed out here, too.

    In the browser of that session, or in all where the provider names none. Heeded once (``sign-out-spent``); of a
    stranger it ends nothing.
    """
    if not comes_first(rules.state_mark(f"{ended.issuer} {ended.mark}"), until=ended.until):
        raise Refused("sign-out-spent", "このサインアウトの知らせは、すでに受け取っています。")
    theirs = SignIn.objects.exclude(person=None)
    known = Identity.objects.select_related("person").filter(issuer=ended.issuer, subject=ended.subject).first()
    if ended.subject:
        theirs = theirs.filter(person=known.person if known is not None else None)
    if ended.session:
        named = theirs.filter(provider_session=rules.session_mark(ended.issuer, ended.session))
        unnamed = theirs.filter(provider_session="") if ended.subject else SignIn.objects.none()
        theirs = named if named.exists() else unnamed  # whoever cannot be told apart is signed out, too
    first = theirs.select_related("person").first()
    record(ended=_end(theirs, None, None))
    return known.person if known is not None else first.person if first is not None else None


def hear_sign_out(provider: IdentityProvider, logout_token: str, *, by: Actor) -> None:
    """What a provider tells over the back channel: checked with it, then heeded. Leaves one event, of either or of the
    refusal."""
    try:
        ended = provider.ended(logout_token)
    except Refused as refusal:
        refuse("person.heed_sign_out", refusal, by=by)
        raise
    heed_sign_out(ended, by=by)


def comes_first(mark: str, *, until: datetime) -> bool:
    """Whether this mark of something that counts once was not seen before; remembered until it would be too old anyway.
    For acts."""
    SpentSignIn.objects.filter(until__lt=clock.now()).delete()
    _, first = SpentSignIn.objects.get_or_create(mark=mark, defaults={"until": until})
    return first


def _end(rows: QuerySet[SignIn], only: UUID | None, but: UUID | None) -> int:
    if only is not None:
        rows = rows.filter(pk=only)
    if but is not None:
        rows = rows.exclude(pk=but)
    ended, _ = rows.delete()
    if only is not None and not ended:
        raise NotFound("session-unknown", "このサインインは、すでに終わっています。")
    return ended
