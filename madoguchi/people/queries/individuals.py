"""Who is acting: from a stored account or person to the :class:`Actor` whose permission is asked."""

import datetime as dt
import hashlib
from collections.abc import Collection, Iterable
from typing import Final, NamedTuple
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt
from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.encoding import force_bytes

from madoguchi.events import Actor
from madoguchi.events.composing import Asked, among, composed_once, statement
from madoguchi.ground import clock
from madoguchi.ground.errors import NotAllowed, NotFound
from madoguchi.people import rules
from madoguchi.people.models import Absence, Account, EmailConfirmation, Identity, Person, PostHolding
from madoguchi.people.ports import LEADERS


def actor_of_account(account: Account, *, channel: str = "desk") -> Actor:
    """The member of staff with the posts and sections held today (Asia/Tokyo)."""
    rows = posts_asked(account.pk).rows()  # at every page of the desk, so in one question
    return Actor(
        "staff",
        account.pk,
        posts=frozenset(post for post, _, away in rows if away is None),
        sections=frozenset(section for _, section, away in rows if away is None),
        channel=channel,
        covers=frozenset(away for _, _, away in rows if away is not None),
    )


def posts_asked(account: UUID) -> Asked:
    """What :func:`actor_of_account` asks."""
    return statement.of(_HELD, {"account": account, "today": clock.today()})


#: Posts with their sections, and the accounts of those away for whom this one stands in.
_HELD: Final = """
    SELECT post, section, NULL::uuid AS away FROM staff_post_holding
    WHERE account_id = %(account)s AND since <= %(today)s AND (until IS NULL OR until >= %(today)s)
    UNION ALL
    SELECT '', '', account_id FROM staff_absence
    WHERE cover_id = %(account)s AND since <= %(today)s AND until >= %(today)s AND ended_at IS NULL
"""


def absent_on(day: dt.date) -> QuerySet[Absence]:
    """The absences of a day (Asia/Tokyo) that were not taken back."""
    return Absence.objects.filter(since__lte=day, until__gte=day, ended_at__isnull=True)


def absent_today() -> list[Absence]:
    """Who is away today."""
    return list(absent_on(clock.today()).select_related("cover"))


def absences_of(accounts: Iterable[UUID]) -> list[Absence]:
    """What these members of staff are away for, now and later, earliest first."""
    own = Absence.objects.filter(account__in=list(accounts), until__gte=clock.today(), ended_at__isnull=True)
    return list(own.select_related("account", "cover").order_by("since", "account__display_name"))


def there_today(posts: Iterable[str]) -> dict[str, frozenset[UUID]]:
    """Of each of these posts the accounts that hold it today and are not away; vacant posts are not named."""
    today = clock.today()
    held = PostHolding.objects.filter(
        Q(until__isnull=True) | Q(until__gte=today), post__in=list(posts), since__lte=today, account__is_active=True
    ).exclude(account__in=absent_on(today).values("account"))
    found: dict[str, set[UUID]] = {}
    for post, account in held.values_list("post", "account_id"):
        found.setdefault(post, set()).add(account)
    return {post: frozenset(accounts) for post, accounts in found.items()}


def colleagues(sections: Iterable[str] = (), posts: Iterable[str] = ()) -> list[Account]:
    """Whoever is in one of these sections or holds one of these posts today, by user name."""
    return colleagues_asked(sections, posts).rows()


def colleagues_asked(sections: Iterable[str] = (), posts: Iterable[str] = ()) -> Asked:
    """What :func:`colleagues` asks."""
    return _colleagues.of(list(sections) or ["-"], list(posts) or ["-"], clock.today())


@composed_once
def _colleagues(sections: Collection[str], posts: Collection[str], day: dt.date) -> QuerySet[Account]:
    theirs = Q(among("section", sections)) | Q(among("post", posts))
    held = PostHolding.objects.filter(theirs, Q(until__isnull=True) | Q(until__gte=day), since__lte=day)
    return Account.objects.filter(is_active=True, pk__in=held.values("account")).order_by("username")


def coverers(account: Account) -> list[Account]:
    """Who can do this member's work: the colleagues of the same sections."""
    return [one for one in colleagues(sections_of(account)) if one.pk != account.pk]


def leads(actor: Actor, sections: Iterable[str]) -> bool:
    """Whether this member of staff gives out the work of one of these sections: its head, or who stands in."""
    leaders = LEADERS.get("organisation")
    return actor.kind == "staff" and any(actor.posts & leaders(section) for section in sections)


def sections_of(account: Account) -> frozenset[str]:
    """The sections in which the account holds a post today."""
    return actor_of_account(account).sections


def actor_of_person(person_id: UUID, level: str, *, channel: str = "web") -> Actor:
    """The resident, with the assurance of the present sign-in."""
    return Actor("resident", person_id, level=level, channel=channel)


def person_of(by: Actor) -> Person:
    """The resident's own row. Raises NotFound where it has gone."""
    found = Person.objects.filter(pk=by.who).first() if by.kind == "resident" else None
    if found is None:
        raise NotFound("person-unknown", "この方の記録は見つかりません。")
    return found


def staff_names(ids: set[UUID]) -> dict[UUID, str]:
    """Display names of accounts, for histories."""
    return dict(_names(ids)) if ids else {}


@composed_once
def _names(accounts: Collection[UUID]) -> QuerySet[Account, tuple[UUID, str]]:
    return Account.objects.filter(among("pk", accounts)).values_list("pk", "display_name")


def confirmation_key() -> bytes:
    """The key of this installation from which codes and links are derived."""
    return hashlib.sha256(b"madoguchi.people.confirmation/" + force_bytes(settings.SECRET_KEY)).digest()


class Challenge(NamedTuple):
    """What the confirmation mail says. Never store or log it."""

    address: str
    language: str
    code: str
    path: str


def challenge(confirmation: UUID) -> Challenge | None:
    """What to send for a confirmation (the link below the base URL); None where it was answered or is too old."""
    held = EmailConfirmation.objects.filter(
        pk=confirmation, answered_at__isnull=True, expires_at__gt=clock.now()
    ).first()
    if held is None:
        return None
    key = confirmation_key()
    return Challenge(
        held.address,
        held.language,
        rules.confirmation_code(key, held.pk),
        rules.CONFIRMATION_PATH.format(confirmation=held.pk, token=rules.confirmation_token(key, held.pk)),
    )


def totp_now(username: str) -> str:
    """The code that the account's app would show now. For the demo's accounts only: NotAllowed on a real node."""
    if not settings.DEMO:
        raise NotAllowed("totp-demo-only", "確認コードの表示は、見本のデータで動いているときだけ使えます。")
    enrolled = Authenticator.objects.filter(user__username=username, type=Authenticator.Type.TOTP).first()
    if enrolled is None:
        raise NotFound("totp-unknown", "そのアカウントはないか、認証アプリを登録していません。")
    counter = int(clock.now().timestamp()) // 30
    return str(format_hotp_value(hotp_value(decrypt(enrolled.data["secret"]), counter)))


def confirmed_address(person: UUID) -> str:
    """The e-mail address that the person has confirmed last, empty where there is none."""
    rows = Identity.objects.filter(person_id=person, issuer="mailto:").order_by("-confirmed_at")
    return rows.values_list("subject", flat=True).first() or ""


def posts_on(days: Iterable[tuple[UUID, dt.date]]) -> dict[tuple[UUID, dt.date], list[str]]:
    """The posts that each of these accounts held on that day (codes of ``organisation.yaml``)."""
    wanted = set(days)
    held = list(PostHolding.objects.filter(account__in={account for account, _ in wanted}).order_by("post"))
    return {
        (account, day): [
            one.post
            for one in held
            if one.account_id == account and one.since <= day and (one.until is None or day <= one.until)
        ]
        for account, day in wanted
    }


def level_of(person: Person) -> str:
    """How surely the person has ever been recognised: card, account, or contact (``LEVELS`` of procedures)."""
    held = set(Identity.objects.filter(person=person).values_list("level", flat=True))
    return "card" if held & {"card", "card-signature"} else "account" if "account" in held else "contact"
