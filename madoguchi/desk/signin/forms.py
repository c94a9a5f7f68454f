"""The forms that take a code. A code is accepted a step early or late (clocks differ), so for longer than allauth
remembers that it was used: these remember for as long as it would be accepted.
"""

from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from django.conf import settings
from django.core.cache import cache


class _Once:
    """A code opens once, then never again."""

    def clean_code(self) -> str:
        """The code, if it is right and new. Raises ValidationError otherwise."""
        code: str = super().clean_code()  # type: ignore[misc]  # of allauth's form, beside which this stands
        accepted_for = 30 * (2 * settings.MFA_TOTP_TOLERANCE + 1)
        mark = f"totp-used:{self.user.pk}:{normalize_user_code(code)}"  # type: ignore[attr-defined]
        if not cache.add(mark, True, timeout=accepted_for):
            raise get_adapter().validation_error("incorrect_code")
        return code


class CodeForm(_Once, AuthenticateForm):  # type: ignore[misc]  # allauth carries no types
    """At the door."""


class CodeAgainForm(_Once, ReauthenticateForm):  # type: ignore[misc]  # allauth carries no types
    """Before something dear."""
