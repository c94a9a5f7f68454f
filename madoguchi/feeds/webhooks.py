"""Webhooks: a partner says where it wants to be told, sees what became of it, and has it told again."""

from typing import Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.params.functions import Query

from madoguchi.feeds.calling import caller, once, scoped
from madoguchi.feeds.declaring import operation
from madoguchi.feeds.schemas import Deliveries, DeliveryOfWebhook, NewWebhook, Webhook, Webhooks
from madoguchi.people import rules
from madoguchi.people.actions import webhooks as acts
from madoguchi.people.models import Delivery, Partner, Subscription
from madoguchi.people.queries import webhooks

router = Router()
SCOPE = "webhooks:manage"


def _webhook(one: Subscription, *, secret: bool = False) -> Webhook:
    told = Webhook(id=one.pk, url=one.url, types=one.types, opened_at=one.opened_at)
    if secret:
        told.secret = webhooks.signing_secrets(one)[0]
    return told


def _delivery(one: Delivery) -> DeliveryOfWebhook:
    return DeliveryOfWebhook(
        id=one.pk,
        type=one.type,
        happened_at=one.happened_at,
        state=_state(one),
        tries=one.tries,
        trouble=one.trouble or None,
        **{rules.webhook_about(one.type): one.about},
    )


def _state(one: Delivery) -> Literal["waiting", "delivered", "dead", "dropped"]:
    if one.delivered_at or one.dropped_at:
        return "delivered" if one.delivered_at else "dropped"
    return "dead" if one.dead_at else "waiting"


@router.get(
    "/webhooks",
    response={200: Webhooks},
    url_name="webhooks",
    operation_id="list_webhooks",
    summary="通知先の一覧",
    exclude_none=True,
    openapi_extra=operation(SCOPE),
)
@scoped(SCOPE)
def listed(request: HttpRequest) -> Webhooks:
    """The addresses at which the caller is told."""
    return Webhooks(webhooks=[_webhook(one) for one in webhooks.subscriptions_of(caller(request))])


@router.post(
    "/webhooks",
    response={201: Webhook},
    url_name="webhooks",
    operation_id="open_webhook",
    summary="通知先の登録",
    openapi_extra=operation(
        SCOPE,
        once=True,
        leads_to=dict.fromkeys(("close_webhook", "renew_webhook_secret", "list_deliveries"), "webhook_id"),
    ),
)
@scoped(SCOPE)
@once
def opened(request: HttpRequest, new: NewWebhook) -> tuple[int, Webhook]:
    """Be told of these types at this address. The answer holds the secret that signs."""
    partner: Partner = request.partner  # type: ignore[attr-defined]  # set by the bearer
    return 201, _webhook(acts.subscribe(partner, new.url, new.types, by=caller(request)), secret=True)


@router.delete(
    "/webhooks/{webhook_id}",
    response={204: None},
    url_name="webhook",
    operation_id="close_webhook",
    summary="通知先の廃止",
    openapi_extra=operation(SCOPE, 404),
)
@scoped(SCOPE)
def closed(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """Be told there no longer."""
    by = caller(request)
    acts.unsubscribe(webhooks.subscription(webhook_id, by), by=by)
    return HttpResponse(status=204)


@router.post(
    "/webhooks/{webhook_id}/secret",
    response={200: Webhook},
    url_name="webhook-secret",
    operation_id="renew_webhook_secret",
    summary="署名の秘密の更新",
    openapi_extra=operation(SCOPE, 404, once=True),
)
@scoped(SCOPE)
@once
def renewed(request: HttpRequest, webhook_id: UUID) -> tuple[int, Webhook]:
    """A new secret signs from now on; for a day the old one signs beside it."""
    by = caller(request)
    return 200, _webhook(acts.renew_webhook_secret(webhooks.subscription(webhook_id, by), by=by), secret=True)


@router.get(
    "/webhooks/{webhook_id}/deliveries",
    response={200: Deliveries},
    url_name="deliveries",
    operation_id="list_deliveries",
    summary="通知の記録",
    exclude_none=True,
    openapi_extra=operation(SCOPE, 404),
)
@scoped(SCOPE)
def told(request: HttpRequest, webhook_id: UUID, dead: bool = Query(False)) -> Deliveries:
    """The newest hundred, with what became of them; `dead=true` for those that were given up."""
    one = webhooks.subscription(webhook_id, caller(request))
    return Deliveries(deliveries=[_delivery(delivery) for delivery in webhooks.deliveries(one, dead=dead)])


@router.post(
    "/deliveries/{delivery_id}/redeliver",
    response={200: DeliveryOfWebhook},
    url_name="redeliver",
    operation_id="redeliver",
    summary="通知のやり直し",
    exclude_none=True,
    openapi_extra=operation(SCOPE, 404, once=True),
)
@scoped(SCOPE)
@once
def again(request: HttpRequest, delivery_id: UUID) -> tuple[int, DeliveryOfWebhook]:
    """Tell it again, under the same id."""
    by = caller(request)
    return 200, _delivery(acts.redeliver(webhooks.delivery(delivery_id, by), by=by))
