"""OpenID Connect: residents prove themselves with their card at デジタル認証アプリ (in the demo: tools/idp), and sign.

Registers itself into ``people.ports.IDENTITY_PROVIDERS`` and ``CARD_SIGNERS`` as ``card``. Settings: ``OIDC_ISSUER``,
``OIDC_CLIENT_ID``, ``OIDC_METADATA``; the own keys are made at first use under ``var/secrets`` (their public halves:
``setup.own_jwks``).
"""

from functools import cache

from madoguchi.bridges.oidc.party import RelyingParty
from madoguchi.bridges.oidc.setup import answers_key, registration
from madoguchi.bridges.oidc.signing import CardSigning
from madoguchi.people.ports import CARD_SIGNERS, IDENTITY_PROVIDERS


@IDENTITY_PROVIDERS.register("card")
@cache
def relying_party() -> RelyingParty:
    """The one of this process: it remembers what it has discovered."""
    return RelyingParty(registration())


@CARD_SIGNERS.register("card")
@cache
def card_signing() -> CardSigning:
    """Signing at the same provider."""
    return CardSigning(relying_party(), answers_key())
