"""Acts on webhooks: a partner subscribes; it is told; what could not be told lies in the dead-letter list."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from django.conf import settings

from madoguchi.events import Actor, Reason, act, record
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, Problem, Stale
from madoguchi.ground.text import clean
from madoguchi.people import rules
from madoguchi.people.actions.partners import ITSELF, OWNER
from madoguchi.people.models import Delivery, Partner, Subscription

OWN_SUBSCRIPTION = Reason(
    "own-subscription",
    "連携先の自分の通知先だから",
    lambda actor, one: actor.kind == "partner" and actor.id == one.partner_id,
)
OWNER_OF_SUBSCRIPTION = Reason(
    "owner-of-subscription",
    "この連携先を所管する課だから",
    lambda actor, one: actor.kind == "staff" and one.partner.section in actor.sections,
)
OWN_DELIVERY = Reason(
    "own-delivery",
    "連携先の自分への通知だから",
    lambda actor, one: actor.kind == "partner" and actor.id == one.subscription.partner_id,
)
OWNER_OF_DELIVERY = Reason(
    "owner-of-delivery",
    "この連携先を所管する課だから",
    lambda actor, one: actor.kind == "staff" and one.subscription.partner.section in actor.sections,
)
#: Addresses that one partner may have told at a time.
MOST_SUBSCRIPTIONS = 10
#: Characters of the reason for which something is not told any more.
MOST_BECAUSE = 300


@act("webhook.subscribe", allow=(ITSELF, OWNER, BY_SYSTEM))
def subscribe(partner: Partner, url: str, types: Sequence[str], *, by: Actor) -> Subscription:
    """通知先の登録: the partner is told of ``types`` at ``url`` from now on. Raises Invalid for what cannot be."""
    held = Partner.objects.select_for_update().get(pk=partner.pk)
    if held.subscriptions.filter(closed_at=None).count() >= MOST_SUBSCRIPTIONS:
        raise Invalid("webhook-too-many", "通知先は%(count)s件までです。", {"count": MOST_SUBSCRIPTIONS})
    if not types or set(types) - set(rules.WEBHOOK_TYPES):
        raise Invalid("webhook-type", "通知の種類の名前が正しくありません。")
    address = rules.webhook_url(url, plain=bool(settings.WEBHOOK_NETWORKS))
    subscription = Subscription.objects.create(partner=held, url=address, types=sorted(set(types)))
    record(partner=held.pk, types=subscription.types)
    return subscription


@act("webhook.renew-secret", allow=(OWN_SUBSCRIPTION, OWNER_OF_SUBSCRIPTION, BY_SYSTEM))
def renew_webhook_secret(subscription: Subscription, *, by: Actor) -> Subscription:
    """通知の署名の秘密の更新: from now on a new secret signs; for a day the one before signs, too."""
    held = Subscription.objects.select_for_update().get(pk=subscription.pk)
    if held.closed_at is not None:
        raise Stale("webhook-closed", "この通知先はもう使われていません。")
    held.serial, held.renewed_at = held.serial + 1, clock.now()
    held.save(update_fields=["serial", "renewed_at"])
    record(partner=held.partner_id)
    return held


@act("webhook.unsubscribe", allow=(OWN_SUBSCRIPTION, OWNER_OF_SUBSCRIPTION, BY_SYSTEM))
def unsubscribe(subscription: Subscription, *, by: Actor) -> Subscription:
    """通知先の廃止: nothing is told there any more; what waits is not sent."""
    Subscription.objects.filter(pk=subscription.pk, closed_at=None).update(closed_at=clock.now())
    record(partner=subscription.partner_id)
    return subscription


@act("webhook.send", allow=(BY_SYSTEM,))
def send_webhook(
    type_: str,
    *,
    to: Subscription,
    about: UUID,
    procedure: str,
    happened_at: dt.datetime,
    once: str,
    by: Actor,
) -> Delivery:
    """連携先への通知: tell that something has happened; a job carries it. Told twice, it is told once."""
    delivery, new = Delivery.objects.get_or_create(
        subscription=to,
        once=once,
        defaults={"type": type_, "about": about, "procedure": procedure, "happened_at": happened_at},
    )
    record(partner=to.partner_id, type=type_, about=about, new=new)
    return delivery


@act("webhook.note", allow=(BY_SYSTEM,))
def note_try(delivery: Delivery, trouble: str, *, by: Actor) -> Delivery:
    """通知の結果: it arrived, or ``trouble`` says why not; after the last try it lies in the dead-letter list."""
    held = Delivery.objects.select_for_update().get(pk=delivery.pk)
    now = clock.now()
    held.tries, held.tried_at, held.trouble = held.tries + 1, now, trouble
    if held.delivered_at is None and not trouble:
        held.delivered_at, held.dead_at, held.dropped_at, held.dropped_because = now, None, None, ""
    elif held.delivered_at is None and held.tries >= rules.MOST_DELIVERIES:
        held.dead_at = held.dead_at or now
    held.save()
    record(trouble=trouble or None, tries=held.tries, dead=held.dead_at is not None)
    return held


@act("webhook.redeliver", allow=(OWN_DELIVERY, OWNER_OF_DELIVERY, BY_SYSTEM))
def redeliver(delivery: Delivery, *, by: Actor) -> Delivery:
    """通知のやり直し: try again from the beginning, under the same id. Raises Stale where nobody listens any more."""
    held = Delivery.objects.select_related("subscription__partner").select_for_update(of=("self",)).get(pk=delivery.pk)
    if held.subscription.closed_at is not None or held.subscription.partner.closed_at is not None:
        raise Stale("webhook-closed", "この通知先はもう使われていません。")
    if held.delivered_at is None and held.dead_at is None and held.dropped_at is None:
        raise Stale("webhook-waiting", "この通知は、いま送っているところです。")
    held.tries, held.delivered_at, held.dead_at, held.trouble = 0, None, None, ""
    held.dropped_at, held.dropped_because = None, ""
    held.save(update_fields=["tries", "delivered_at", "dead_at", "trouble", "dropped_at", "dropped_because"])
    record(partner=held.subscription.partner_id)
    return held


@act("webhook.drop", allow=(OWNER_OF_DELIVERY, BY_SYSTEM))
def drop(delivery: Delivery, because: str = "", *, by: Actor) -> Delivery:
    """通知の取りやめ: nobody needs to be told of it any more. Staff say why. Raises Invalid where they do not, Stale
    where it has arrived, is still being tried (for staff) or was dropped before.

    The reason stays with the row: what a person has typed is not for the log.
    """
    held = Delivery.objects.select_related("subscription__partner").select_for_update(of=("self",)).get(pk=delivery.pk)
    if held.delivered_at is not None:
        raise Stale("webhook-arrived", "この通知は、もう届いています。")
    if held.dropped_at is not None:
        raise Stale("webhook-dropped", "この通知は、もう取りやめています。")
    if by.kind == "staff" and held.dead_at is None:
        raise Stale("webhook-waiting", "この通知は、いま送っているところです。")
    try:
        said = clean(because, max_length=MOST_BECAUSE)
    except Invalid as refusal:
        raise Invalid(refusal.code, refusal.message, refusal.params, fields={"because": refusal.as_problem()}) from None
    if by.kind == "staff" and not said:
        problem = Problem("because-missing", "取りやめる理由を書いてください。")
        raise Invalid(problem.code, problem.message, fields={"because": problem})
    held.dropped_at, held.dropped_because = clock.now(), said
    held.save(update_fields=["dropped_at", "dropped_because"])
    record(partner=held.subscription.partner_id, type=held.type, about=held.about, said_why=bool(said))
    return held
