"""OpenID Connect: residents prove themselves with their card at デジタル認証アプリ (in the demo, at tools/idp).

Registers itself into ``people.ports.IDENTITY_PROVIDERS`` as ``card``. Settings: ``OIDC_ISSUER``, ``OIDC_CLIENT_ID``;
the own key is made at first use under ``var/secrets`` (its public half: ``setup.own_jwks``).
"""

from functools import cache

from django.conf import settings

from madoguchi.bridges.oidc.keys import own_key
from madoguchi.bridges.oidc.party import Registration, RelyingParty
from madoguchi.people.ports import IDENTITY_PROVIDERS


@IDENTITY_PROVIDERS.register("card")
@cache
def relying_party() -> RelyingParty:
    """The one of this process: it remembers what it has discovered."""
    key = own_key(settings.VAR / "secrets" / "oidc.json")
    return RelyingParty(Registration(settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, key))
