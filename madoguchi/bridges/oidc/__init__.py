"""OpenID Connect: residents prove themselves with their card at デジタル認証アプリ (in the demo, at tools/idp).

Registers itself into ``people.ports.IDENTITY_PROVIDERS`` as ``card``. Settings: ``OIDC_ISSUER``, ``OIDC_CLIENT_ID``,
``OIDC_METADATA``; the own key is made at first use under ``var/secrets`` (its public half: ``setup.own_jwks``).
"""

from functools import cache

from madoguchi.bridges.oidc.party import RelyingParty
from madoguchi.bridges.oidc.setup import registration
from madoguchi.people.ports import IDENTITY_PROVIDERS


@IDENTITY_PROVIDERS.register("card")
@cache
def relying_party() -> RelyingParty:
    """The one of this process: it remembers what it has discovered."""
    return RelyingParty(registration())
