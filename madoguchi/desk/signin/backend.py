"""Who is signed in at the desk: the account, and in the same question whether it has a second factor."""

from typing import Any
from uuid import UUID

from allauth.account.auth_backends import AuthenticationBackend
from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef, QuerySet

from madoguchi.events.composing import Asked, composed_once
from madoguchi.people.models import Account


class StaffBackend(AuthenticationBackend):  # type: ignore[misc]  # allauth carries no types
    """Named by AUTHENTICATION_BACKENDS."""

    def get_user(self, user_id: Any) -> Account | None:
        """The account of a session, as it is now; None where it has been closed."""
        return next((one for one in _accounts(user_id) if self.user_can_authenticate(one)), None)


def account_asked(key: UUID) -> Asked:
    """What :meth:`StaffBackend.get_user` asks."""
    return _accounts.of(key)


@composed_once
def _accounts(key: Any) -> QuerySet[Account]:
    factors = Authenticator.objects.filter(user=OuterRef("pk"))
    return Account.objects.filter(pk=key).annotate(has_second_factor=Exists(factors))
