"""Webhooks: who is to be told, with which secret, and what could not be told."""

from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from madoguchi.events import Actor
from madoguchi.events.composing import Asked, statement
from madoguchi.ground import clock
from madoguchi.ground.errors import NotFound
from madoguchi.people import rules
from madoguchi.people.models import Delivery, Partner, Subscription
from madoguchi.people.queries.individuals import confirmation_key


def listeners(type_: str, procedure: str, filed_by: UUID | None) -> QuerySet[Subscription]:
    """The subscriptions to this type whose partners may see such a case: by procedure, or because they filed it."""
    may_read = Q(partner__scopes__contains=["cases:read"])
    if filed_by is not None:
        may_read |= Q(partner=filed_by, partner__scopes__contains=["cases:create"])
    of_procedure = Q(partner__procedures__overlap=[procedure, "*"])
    open_ones = Subscription.objects.filter(closed_at=None, partner__closed_at=None, types__contains=[type_])
    return open_ones.filter(of_procedure, may_read)


def subscriptions_to(type_: str, partner: UUID) -> QuerySet[Subscription]:
    """The addresses at which this very partner is told of this type."""
    return Subscription.objects.filter(
        closed_at=None, partner=partner, partner__closed_at=None, types__contains=[type_]
    )


def signing_secrets(subscription: Subscription) -> list[str]:
    """What signs now, newest first: the secret, and for a day after a renewal the one before."""
    key = confirmation_key()
    serials = [subscription.serial]
    if subscription.renewed_at is not None and clock.now() < subscription.renewed_at + rules.OLD_SECRET_SIGNS_FOR:
        serials.append(subscription.serial - 1)
    return [rules.webhook_secret(key, subscription.pk, serial) for serial in serials]


def subscriptions_of(by: Actor) -> QuerySet[Subscription]:
    """The open subscriptions of the partner who asks, or of the partners for which staff's sections answer."""
    held = Subscription.objects.filter(closed_at=None, partner__closed_at=None).select_related("partner")
    if by.kind == "partner":
        return held.filter(partner=by.id).order_by("pk")
    return held.filter(partner__section__in=by.sections if by.kind == "staff" else []).order_by("pk")


def subscription(key: UUID, by: Actor) -> Subscription:
    """One of them. Raises NotFound for any other, existing or not."""
    found = subscriptions_of(by).filter(pk=key).first()
    if found is None:
        raise NotFound("webhook-unknown", "この通知先は見つかりません。")
    return found


def deliveries(of: Subscription, *, dead: bool = False, most: int = 100) -> list[Delivery]:
    """The newest deliveries of a subscription that the caller may see; with ``dead``, those that were given up."""
    rows = of.deliveries.filter(dead_at__isnull=False, dropped_at=None) if dead else of.deliveries.all()
    return list(rows.order_by("-pk")[:most])


def delivery(key: UUID, by: Actor) -> Delivery:
    """A delivery to a subscription that ``by`` may see. Raises NotFound for any other."""
    rows = Delivery.objects.filter(subscription__in=subscriptions_of(by)).select_related("subscription__partner")
    found = rows.filter(pk=key).first()
    if found is None:
        raise NotFound("delivery-unknown", "この通知は見つかりません。")
    return found


def dead_letters(partner: Partner | None = None) -> QuerySet[Delivery]:
    """All that was given up and that nobody has dealt with, oldest first; of one partner, where given. What nobody
    listens for any more is in it: to drop it is all that is left."""
    rows = Delivery.objects.filter(dead_at__isnull=False, dropped_at=None)
    rows = rows.select_related("subscription__partner").order_by("dead_at", "pk")
    return rows.filter(subscription__partner=partner) if partner is not None else rows


def dead_letters_of(by: Actor) -> QuerySet[Delivery]:
    """Those of the partners for which the sections of this member of staff answer."""
    return dead_letters().filter(subscription__partner__section__in=by.sections if by.kind == "staff" else [])


def dropped_of(by: Actor, most: int = 20) -> list[Delivery]:
    """What these sections decided not to tell any more, newest first."""
    rows = Delivery.objects.filter(
        dropped_at__isnull=False, subscription__partner__section__in=by.sections if by.kind == "staff" else []
    ).exclude(dropped_because="")
    return list(rows.select_related("subscription__partner").order_by("-dropped_at", "-pk")[:most])


def dead_letter(key: UUID, by: Actor) -> Delivery:
    """One of those that a member of staff answers for, dead or dealt with since. Raises NotFound for any other."""
    rows = Delivery.objects.filter(subscription__partner__section__in=by.sections if by.kind == "staff" else [])
    found = rows.select_related("subscription__partner").filter(pk=key).first()
    if found is None:
        raise NotFound("delivery-unknown", "この通知は見つかりません。")
    return found


def answers_for_partners(by: Actor) -> bool:
    """Whether a section of this member of staff has let a system in."""
    return by.kind == "staff" and Partner.objects.filter(closed_at=None, section__in=by.sections).exists()


def count_dead_letters(by: Actor) -> int | None:
    """How many :func:`dead_letters_of` there are; None where no section of this member has let a system in."""
    if by.kind != "staff" or not by.sections:
        return None
    [(partners, letters)] = dead_letters_asked(by).rows()
    return letters if partners else None


def dead_letters_asked(by: Actor) -> Asked:
    """What :func:`count_dead_letters` asks, beside every page of the desk."""
    return statement.of(_COUNT, [sorted(by.sections)])


_COUNT: Final = """
    SELECT count(DISTINCT p.id) FILTER (WHERE p.closed_at IS NULL), count(d.id)
    FROM partner p LEFT JOIN partner_subscription s ON s.partner_id = p.id
    LEFT JOIN partner_delivery d ON d.subscription_id = s.id AND d.dead_at IS NOT NULL AND d.dropped_at IS NULL
    WHERE p.section = ANY(%s)
"""


def untold(about: UUID, type_: str) -> QuerySet[Delivery]:
    """What is on its way, or could not be told, of this and of this kind."""
    return Delivery.objects.filter(about=about, type=type_, delivered_at=None, dropped_at=None)
