"""Where somebody is signed in now."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings

from madoguchi.ground import clock
from madoguchi.people.models import SignIn


def sign_ins(*, account: UUID | None = None, person: UUID | None = None) -> list[SignIn]:
    """The browsers in which a member of staff or a resident is signed in, the one used last first.

    A session that was not used for as long as sessions live has ended by itself.
    """
    alive = clock.now() - timedelta(seconds=settings.SESSION_COOKIE_AGE)
    return list(SignIn.objects.filter(account=account, person=person, seen_at__gt=alive).order_by("-seen_at", "-id"))
