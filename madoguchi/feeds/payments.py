"""Notices of the payment provider: each is a hint to look, signed by the provider, and heard once."""

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from madoguchi.cases.actions import paying
from madoguchi.cases.models import Payment
from madoguchi.cases.ports import Forged, TryLater, provider
from madoguchi.events import SYSTEM

LARGEST = 256 * 1024
"""Bytes of a notice; those of Stripe have a few thousand."""


@csrf_exempt  # no cookie is read: the proof is the signature
@require_POST
def notice(request: HttpRequest) -> HttpResponse:
    """A notice as it comes in. 400 where it is not the provider's, 503 where we cannot tell now: it is sent again."""
    body = request.read(LARGEST + 1)
    if len(body) > LARGEST:
        return HttpResponse(status=413)
    try:
        heard = provider().read_notice(body, request.headers)
    except Forged:
        return HttpResponse(status=400)
    except TryLater:
        return HttpResponse(status=503)
    payment = _payment(heard.payment) if heard is not None else None
    if heard is not None and payment is not None:
        paying.hear(payment, settings.PAYMENT_PROVIDER, heard, by=SYSTEM)
    return HttpResponse(status=200)


def _payment(key: str) -> Payment | None:
    try:
        return Payment.objects.filter(pk=UUID(key)).first()
    except ValueError:
        return None
