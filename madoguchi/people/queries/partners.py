"""Partners: which one it is, what it may do now, and what its secrets are."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from madoguchi.events import Actor
from madoguchi.ground import clock
from madoguchi.ground.errors import NotFound
from madoguchi.people import rules
from madoguchi.people.models import Partner, PartnerToken
from madoguchi.people.queries.individuals import confirmation_key


def partner_of(client_id: str) -> Partner | None:
    """The open partner with this client_id; None for any other text."""
    try:
        key = UUID(client_id)
    except ValueError:
        return None
    return Partner.objects.filter(pk=key, closed_at=None).first()


def partners_for(companies: Iterable[str]) -> dict[str, Partner]:
    """Company of services.yaml → the open partner that takes what residents hand over to it; the first let in."""
    wanted = set(companies)
    rows = Partner.objects.filter(closed_at=None, companies__overlap=list(wanted), scopes__contains=["services:answer"])
    found: dict[str, Partner] = {}
    for one in rows.order_by("opened_at", "pk") if wanted else ():
        for company in wanted.intersection(one.companies):
            found.setdefault(company, one)
    return found


def partners_of(by: Actor) -> QuerySet[Partner]:
    """The partners for which this member of staff's sections answer, by name."""
    held = Partner.objects.filter(section__in=by.sections if by.kind == "staff" else [])
    return held.order_by("closed_at", "name")


def own_partner(key: UUID, by: Actor) -> Partner:
    """One of them. Raises NotFound for any other, existing or not."""
    partner = partners_of(by).filter(pk=key).first()
    if partner is None:
        raise NotFound("partner-unknown", "この連携先は見つかりません。")
    return partner


def secrets_of(partner: Partner) -> list[str]:
    """The secrets that open now, newest first. Show one to whoever set it up, never log it."""
    rows = partner.secrets.filter(closed_at=None).order_by("-opened_at", "-id")
    return [rules.partner_secret(confirmation_key(), one.pk) for one in rows]


def token_of(token: str) -> PartnerToken | None:
    """The live token that reads so: not expired, not revoked, of a partner that is open."""
    found = PartnerToken.objects.select_related("partner").filter(digest=rules.token_digest(token)).first()
    if found is None or found.revoked_at is not None or found.expires_at <= clock.now():
        return None
    return found if found.partner.closed_at is None else None


def actor_of_partner(partner: Partner, scopes: Iterable[str] | None = None) -> Actor:
    """The partner as it acts: with the scopes of its token, or all that it was given; never with more."""
    given = frozenset(partner.scopes)
    return Actor(
        "partner",
        partner.pk,
        level=partner.level,
        channel="api",
        scopes=given if scopes is None else given & frozenset(scopes),
        procedures=frozenset(partner.procedures),
    )


def partner_names(ids: set[UUID]) -> dict[UUID, str]:
    """Names of partners, for histories."""
    return dict(Partner.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}
