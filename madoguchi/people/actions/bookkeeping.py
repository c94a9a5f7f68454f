"""What is remembered of a partner's calls: counts and answers. Not acts, because nothing of the city changes by them,
and because the answer to a request must be remembered whether or not its act was done.
"""

import datetime as dt
from typing import Any, NamedTuple

from django.db import IntegrityError, connection, transaction

from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, Stale
from madoguchi.people import rules
from madoguchi.people.models import Partner, PartnerRequest, Window


class Count(NamedTuple):
    """How many calls of the present minute there were, this one included, and seconds until the next minute."""

    calls: int
    reset: int


def count_call(who: str) -> Count:
    """Count one call, in one statement, for all processes together."""
    now = clock.now()
    minute = now.replace(second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO partner_window AS w (who, began_at, count) VALUES (%s, %s, 1)"
            " ON CONFLICT (who) DO UPDATE SET began_at = EXCLUDED.began_at,"
            " count = CASE WHEN w.began_at = EXCLUDED.began_at THEN w.count + 1 ELSE 1 END RETURNING count",
            [who, minute],
        )
        calls = int(cursor.fetchone()[0])
    return Count(calls, 60 - now.second)


def calls_of(who: str) -> int:
    """How many were counted in the present minute."""
    minute = clock.now().replace(second=0, microsecond=0)
    return Window.objects.filter(who=who, began_at=minute).values_list("count", flat=True).first() or 0


def begin_request(partner: Partner, key: str, digest: str) -> PartnerRequest:
    """Take the Idempotency-Key, or find what it was used for. ``answered_at`` of the result says which.

    Raises Invalid ``idempotency-other-request`` (422) where the key was used for something else, and Stale (409) where
    the first request with it still goes on, or has ended in a way that nobody knows: it is never done a second time.
    """
    PartnerRequest.objects.filter(asked_at__lt=clock.now() - rules.ANSWER_KEPT_FOR).delete()
    try:
        with transaction.atomic():  # noqa: TID251 -- a savepoint, should a test hold a transaction around it
            return PartnerRequest.objects.create(partner=partner, key=key, digest=digest)
    except IntegrityError:
        pass
    held = PartnerRequest.objects.filter(partner=partner, key=key).first()
    if held is None:
        raise _in_progress()
    if held.digest != digest:
        raise Invalid(
            "idempotency-other-request",
            "このIdempotency-Keyは、別の内容の要求に使われています。新しい値を付けてください。",
        )
    if held.answered_at is None:
        if held.asked_at < clock.now() - dt.timedelta(minutes=2):
            raise Stale(
                "idempotency-outcome-unknown",
                "前の要求の結果がわかりません。対象の手続の状況を確かめてから、新しい値で要求してください。",
            )
        raise _in_progress()
    return held


def end_request(request: PartnerRequest, status: int, answer: Any) -> None:
    """Remember the answer of what was done."""
    request.status, request.answer, request.answered_at = status, answer, clock.now()
    request.save(update_fields=["status", "answer", "answered_at"])


def forget_request(request: PartnerRequest) -> None:
    """The request was refused, so nothing has changed, and the key may be used again."""
    request.delete()


def _in_progress() -> Stale:
    return Stale("idempotency-in-progress", "同じIdempotency-Keyの要求を処理しているところです。少し待ってください。")
