"""Stripe's Checkout as a payment provider: a page of theirs, looked at with our key, notices signed by them.

Only what a payment needs goes out: the amount, the name of the procedure and the 受付番号. Yen have no decimals there.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, TypeVar

import stripe
from django.conf import settings

from madoguchi.cases.ports import Ask, Asked, Forged, Notice, NotPossible, Seen, TryLater

SECONDS: Final = 15.0
#: How old a notice may be. Theirs are sent again for three days, each time signed anew.
TOLERANCE_SECONDS: Final = 300
#: What the person sees as the page's language.
LOCALES: Final = {"ja": "ja", "ja-simple": "ja", "en": "en"}
#: States of a payment intent in which the money will not come by itself any more.
FAILED: Final = frozenset({"requires_payment_method", "canceled"})

T = TypeVar("T")


class StripeCheckout:
    """See :class:`madoguchi.cases.ports.PaymentProvider`. ``url`` is the API's base, without a path."""

    def __init__(self, url: str, key: str, webhook_secret: str) -> None:
        stripe.enable_telemetry = False
        self._secret = webhook_secret
        self._client = stripe.StripeClient(
            key,
            base_addresses={"api": url.rstrip("/")},
            max_network_retries=1,
            http_client=stripe.RequestsClient(timeout=SECONDS),
        )

    def ask(self, one: Ask) -> Asked:
        """A Checkout Session of one line. It can be paid for 24 hours."""
        page = _said(
            lambda: self._client.v1.checkout.sessions.create(
                params={
                    "mode": "payment",
                    "client_reference_id": one.key,
                    "locale": LOCALES.get(one.language, "auto"),
                    "line_items": [
                        {
                            "quantity": 1,
                            "price_data": {
                                "currency": "jpy",
                                "unit_amount": one.yen,
                                "product_data": {"name": one.title, "description": one.reference},
                            },
                        }
                    ],
                    "metadata": {"payment": one.key, "reference": one.reference},
                    "payment_intent_data": {"metadata": {"payment": one.key, "reference": one.reference}},
                    "success_url": one.back,
                    "cancel_url": one.back,
                },
                options={"idempotency_key": one.key},
            )
        )
        return Asked(page.id, str(page.url or ""))

    def look(self, reference: str) -> Seen:
        """The session and its payment intent as they are now."""
        return _seen(
            _said(lambda: self._client.v1.checkout.sessions.retrieve(reference, params={"expand": ["payment_intent"]}))
        )

    def close(self, reference: str) -> Seen:
        """Expire the session. One that was paid or had expired before cannot be: then it is as it is."""
        with suppress(NotPossible):
            _said(lambda: self._client.v1.checkout.sessions.expire(reference))
        return self.look(reference)

    def refund(self, charge: str, yen: int, *, key: str) -> str:
        """Refund of the payment intent. Keys are forgotten after a day; what was refunded before is found then."""
        try:
            made = _said(
                lambda: self._client.v1.refunds.create(
                    params={"payment_intent": charge, "amount": yen}, options={"idempotency_key": key}
                )
            )
            return str(made.id)
        except NotPossible as refusal:
            if refusal.code != "charge_already_refunded":
                raise
        earlier = _said(lambda: self._client.v1.refunds.list(params={"payment_intent": charge, "limit": 1}))
        return str(earlier.data[0].id)

    def read_notice(self, body: bytes, headers: Mapping[str, str]) -> Notice | None:
        """An event about a Checkout Session of ours."""
        try:
            event = stripe.Webhook.construct_event(
                body, headers.get("Stripe-Signature"), self._secret, TOLERANCE_SECONDS, api_key="unused"
            )
        except (stripe.SignatureVerificationError, ValueError):
            raise Forged from None
        if not event.type.startswith("checkout.session."):
            return None
        about: Any = event.data.object
        payment = (about.to_dict().get("metadata") or {}).get("payment")
        return Notice(event.id, event.type, payment) if payment else None


def _said(call: Callable[[], T]) -> T:
    """What the API answers, its refusals in the words of the port. Messages of theirs are not passed on."""
    try:
        return call()
    except (stripe.APIConnectionError, stripe.RateLimitError, stripe.APIError) as trouble:
        raise TryLater(type(trouble).__name__) from None
    except stripe.AuthenticationError:
        raise TryLater("our key is refused") from None  # for the operator to mend; nothing is wrong with the payment
    except stripe.StripeError as refusal:
        raise NotPossible(refusal.code or type(refusal).__name__) from None


def _seen(page: Any) -> Seen:
    if page.status == "expired":
        return Seen("over")
    if page.status == "open":
        return Seen("open")
    intent = page.payment_intent
    if page.payment_status == "paid" and page.currency == "jpy":
        return Seen("paid", int(page.amount_total), str(intent.id))
    if page.payment_status == "paid":
        raise NotPossible("currency")
    return Seen("over") if intent.status in FAILED else Seen("pending")


def open_provider() -> StripeCheckout:
    """The provider of this node. A node without a key asks nobody for money until it has one."""
    if not settings.STRIPE_KEY or not settings.STRIPE_WEBHOOK_SECRET:
        raise TryLater("MADOGUCHI_STRIPE_KEY and MADOGUCHI_STRIPE_WEBHOOK_SECRET are not set")
    return StripeCheckout(settings.STRIPE_URL, settings.STRIPE_KEY, settings.STRIPE_WEBHOOK_SECRET)
