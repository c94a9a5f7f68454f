"""What must hold of an id_token before we believe it (OpenID Connect Core 3.1.3.7, RFC 9068's caution, FAPI's choices).

Apart from the fetching, so that each rule can be read beside its source. Every failure is a refusal with its own code.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from typing import Any, Final

from joserfc import jws, jwt
from joserfc.errors import (
    BadSignatureError,
    ExpiredTokenError,
    InvalidClaimError,
    JoseError,
    MissingClaimError,
)
from joserfc.jwk import ECKey

from madoguchi.bridges.oidc.refusals import expired, mismatch, too_weak

ALGORITHM: Final = "ES256"
#: Seconds by which the provider's clock and ours may differ.
LEEWAY: Final = 30
#: An id_token is used at once; one issued longer ago than this was not made for this sign-in.
MAX_AGE: Final = 600


class UnknownKeyError(Exception):
    """No key of the set is the one named: the provider may have rotated its keys since we fetched them."""


def usable_keys(jwks: Mapping[str, Any]) -> list[ECKey]:
    """The keys that may have signed an id_token: P-256, not meant for encryption or another algorithm."""
    keys = []
    for one in jwks.get("keys", []):
        if not isinstance(one, dict) or (one.get("kty"), one.get("crv")) != ("EC", "P-256"):
            continue
        if one.get("use", "sig") != "sig" or one.get("alg", ALGORITHM) != ALGORITHM:
            continue
        public = {name: value for name, value in one.items() if name != "d"}
        try:
            keys.append(ECKey.import_key(public))
        except (JoseError, ValueError, TypeError):
            continue
    return keys


def verified_claims(id_token: str, keys: Iterable[ECKey]) -> dict[str, Any]:
    """The payload of a token signed with ES256 by one of ``keys``.

    Without ``kid`` the key must be beyond doubt (there is exactly one). Keys and addresses of keys that the token
    itself brings along (jwk, jku, x5c, x5u) are never looked at.
    """
    try:
        header = jws.extract_compact(id_token.encode()).headers()
    except (JoseError, ValueError):
        raise mismatch("id-token-form") from None
    if header.get("alg") != ALGORITHM:
        raise mismatch("id-token-algorithm")
    key = _key_for(header.get("kid"), list(keys))
    try:
        return jwt.decode(id_token, key, algorithms=[ALGORITHM]).claims
    except BadSignatureError:
        raise mismatch("id-token-signature") from None
    except (JoseError, ValueError):
        raise mismatch("id-token-form") from None


def _key_for(kid: object, keys: list[ECKey]) -> ECKey:
    if kid is None:
        if len(keys) > 1:
            raise mismatch("id-token-key-ambiguous")
        if not keys:
            raise UnknownKeyError
        return keys[0]
    named = [key for key in keys if key.get("kid") == kid]
    if not named:
        raise UnknownKeyError
    if len(named) > 1:
        raise mismatch("id-token-key-ambiguous")
    return named[0]


def check_claims(claims: Mapping[str, Any], *, issuer: str, client_id: str, nonce: str, now: int) -> None:
    """Issuer, audience, party, nonce and times. ``now`` in seconds since 1970 (UTC)."""
    registry = jwt.JWTClaimsRegistry(
        now=now,
        leeway=LEEWAY,
        iss={"essential": True, "value": issuer},
        sub={"essential": True},
        aud={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        registry.validate(dict(claims))
    except ExpiredTokenError:
        raise expired("sign-in-expired-id-token") from None
    except (MissingClaimError, InvalidClaimError) as error:
        raise mismatch(f"id-token-{error.claim.split(',')[0]}") from None
    # Whoever else the token is meant for could replay it here: only our own, and nobody beside us.
    audience = [claims["aud"]] if isinstance(claims["aud"], str) else claims["aud"]
    if audience != [client_id]:
        raise mismatch("id-token-aud")
    if claims.get("azp", client_id) != client_id:
        raise mismatch("id-token-azp")
    if claims["iat"] < now - MAX_AGE:
        raise expired("sign-in-expired-id-token")
    if not 0 < len(claims["sub"]) <= 255 or not claims["sub"].isascii():
        raise mismatch("id-token-sub")


def check_access_token(claims: Mapping[str, Any], access_token: str) -> None:
    """``at_hash``, where present, ties the id_token to the access token that came with it."""
    if "at_hash" not in claims:
        return
    half = hashlib.sha256(access_token.encode()).digest()[:16]
    wanted = urlsafe_b64encode(half).rstrip(b"=").decode()
    if not isinstance(claims["at_hash"], str) or not hmac.compare_digest(claims["at_hash"].encode(), wanted.encode()):
        raise mismatch("id-token-at-hash")


def check_strength(claims: Mapping[str, Any], asked: Iterable[str]) -> tuple[str, ...]:
    """``acr`` as the provider states it; it must hold everything that was asked (``aal3`` and ``crl``)."""
    stated = claims.get("acr")
    values = stated.split() if isinstance(stated, str) else stated if isinstance(stated, list) else []
    if not set(asked) <= {value for value in values if isinstance(value, str)}:
        raise too_weak()
    return tuple(values)
