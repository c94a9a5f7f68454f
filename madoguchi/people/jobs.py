"""What happens later with partners: what they are to be told is posted to them, signed (Standard Webhooks)."""

import json
import logging
from base64 import b64decode, b64encode
from hashlib import sha256
from hmac import digest
from uuid import UUID

from madoguchi.events import SYSTEM
from madoguchi.events.following import follows
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.people import rules
from madoguchi.people.actions import webhooks as acts
from madoguchi.people.models import Delivery
from madoguchi.people.ports import NotPosted, poster
from madoguchi.people.queries import webhooks

logger = logging.getLogger(__name__)


class TryAgain(Exception):
    """It has not arrived, and is tried again later. Holds no address."""


@follows("webhook.send", "webhook.redeliver", name="people.webhook")
def post(event_id: UUID) -> None:
    """Post the delivery of the event; a failure reaches the worker, which tries again, later and later."""
    about = Event.objects.values_list("subject_id", flat=True).get(pk=event_id)
    delivery = Delivery.objects.select_related("subscription__partner").filter(pk__in=[about]).first()
    if delivery is None or delivery.delivered_at or delivery.dead_at or delivery.dropped_at:
        return
    if delivery.subscription.closed_at is not None or delivery.subscription.partner.closed_at is not None:
        return
    trouble = _try(delivery)
    noted = acts.note_try(delivery, trouble, by=SYSTEM)
    if noted.dead_at is not None:
        logger.warning(
            "webhook %s to partner %s was given up (%s): `madoguchi webhooks dead`, or the desk",
            delivery.pk, delivery.subscription.partner_id, trouble,
        )  # fmt: skip
    elif trouble:
        raise TryAgain(trouble)


def body(delivery: Delivery) -> bytes:
    """What is told: ids only. Whoever wants to know more asks, and is asked who it is."""
    said = {
        "type": delivery.type,
        "timestamp": delivery.happened_at.isoformat(),
        "data": {rules.webhook_about(delivery.type): str(delivery.about), "procedure": delivery.procedure},
    }
    return json.dumps(said, separators=(",", ":")).encode()


def signed(delivery: Delivery, content: bytes) -> dict[str, str]:
    """The headers of Standard Webhooks: id, time and a signature with each secret that signs now."""
    at = str(int(clock.now().timestamp()))
    text = f"{delivery.pk}.{at}.".encode() + content
    signatures = [
        "v1," + b64encode(digest(b64decode(secret.removeprefix("whsec_")), text, sha256)).decode()
        for secret in webhooks.signing_secrets(delivery.subscription)
    ]
    return {"webhook-id": str(delivery.pk), "webhook-timestamp": at, "webhook-signature": " ".join(signatures)}


def _try(delivery: Delivery) -> str:
    """Empty where it arrived (2xx), else a short word why not."""
    content = body(delivery)
    try:
        status = poster().post(delivery.subscription.url, content, signed(delivery, content))
    except NotPosted as trouble:
        return trouble.code
    return "" if 200 <= status < 300 else f"status-{status}"
