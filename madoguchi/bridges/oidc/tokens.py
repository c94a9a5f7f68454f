"""What must hold of an id_token before we believe it (OpenID Connect Core 3.1.3.7, RFC 9068's caution, FAPI's choices),
and of a logout_token (OpenID Connect Back-Channel Logout 1.0, 2.6).

Apart from the fetching, so that each rule can be read beside its source. Every failure is a refusal with its own code.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from joserfc import jwt
from joserfc.errors import (
    BadSignatureError,
    ExpiredTokenError,
    InvalidClaimError,
    JoseError,
    MissingClaimError,
)
from joserfc.jwk import ECKey
from joserfc.util import urlsafe_b64decode

from madoguchi.bridges.oidc.documents import read_object
from madoguchi.bridges.oidc.refusals import expired, mismatch, too_weak
from madoguchi.ground.errors import Refused

Kind = Literal["id-token", "logout-token"]

ALGORITHM: Final = "ES256"
#: Seconds by which the provider's clock and ours may differ.
LEEWAY: Final = 30
#: An id_token is used at once; one issued longer ago than this was not made for this sign-in.
MAX_AGE: Final = 600
#: No token of a provider is nearly as long, in characters.
LONGEST: Final = 16 * 1024
#: What the header's ``typ`` may say, in lower case; nothing is allowed, too. A token of one kind is none of another.
_TYPES: Final[Mapping[Kind, frozenset[str]]] = {
    "id-token": frozenset({"jwt"}),
    "logout-token": frozenset({"jwt", "logout+jwt"}),
}
#: By what a logout_token says what it is.
LOGOUT: Final = "http://schemas.openid.net/event/backchannel-logout"
#: All that an id_token may say to be shown to its provider again in an address: nothing about the person.
_BARE: Final = frozenset(
    [
        *("iss", "sub", "aud", "exp", "iat", "nbf", "auth_time", "nonce", "acr", "amr", "azp", "at_hash", "c_hash"),
        *("sid", "jti", "typ", "session_state"),
    ]
)


class UnknownKeyError(Exception):
    """No key of the set made this signature: the provider may have rotated its keys since we fetched them.

    ``refusal`` is what to say where these are the keys of now.
    """

    def __init__(self, refusal: Refused) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


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


def read_token(token: str, kind: Kind = "id-token") -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and payload as they are written; nothing of them is proven yet."""
    try:
        if len(token) > LONGEST:
            raise ValueError("too long")
        first, second, _ = token.encode("ascii").split(b".")
        return read_object(urlsafe_b64decode(first)), read_object(urlsafe_b64decode(second))
    except ValueError:
        raise mismatch(f"{kind}-form") from None


def verified_claims(token: str, keys: Iterable[ECKey], kind: Kind = "id-token") -> dict[str, Any]:
    """The payload of a token signed with ES256 by one of ``keys``.

    Without ``kid`` the key must be beyond doubt (there is exactly one). Keys and addresses of keys that the token
    itself brings along (jwk, jku, x5c, x5u) are never looked at. Raises UnknownKeyError where the keys may have
    changed.
    """
    header, claims = read_token(token, kind)
    if header.get("alg") != ALGORITHM:
        raise mismatch(f"{kind}-algorithm")
    if str(header.get("typ", "JWT")).lower().removeprefix("application/") not in _TYPES[kind]:
        raise mismatch(f"{kind}-type")
    key = _key_for(header.get("kid"), list(keys), kind)
    try:
        jwt.decode(token, key, algorithms=[ALGORITHM])
    except BadSignatureError:
        raise UnknownKeyError(mismatch(f"{kind}-signature")) from None
    except (JoseError, ValueError):
        raise mismatch(f"{kind}-form") from None
    return claims


def _key_for(kid: object, keys: list[ECKey], kind: Kind) -> ECKey:
    named = keys if kid is None else [key for key in keys if key.get("kid") == kid]
    if not named:
        raise UnknownKeyError(mismatch(f"{kind}-key"))
    if len(named) > 1:
        raise mismatch(f"{kind}-key-ambiguous")
    return named[0]


def check_claims(claims: Mapping[str, Any], *, issuer: str, client_id: str, nonce: str, now: int) -> None:
    """Issuer, audience, party, nonce and times. ``now`` in seconds since 1970 (UTC)."""
    required = {"sub": {"essential": True}, "nonce": {"essential": True, "value": nonce}}
    _check("id-token", claims, issuer, client_id, now, required)
    _check_subject("id-token", claims["sub"])


def check_logout(claims: Mapping[str, Any], *, issuer: str, client_id: str, now: int) -> None:
    """Whether a logout_token says that the subject has signed out: its own event, a name of its own (``jti``), and no
    nonce, by which an id_token could pass for one. Who it was says ``sub``, ``sid`` or both."""
    _check("logout-token", claims, issuer, client_id, now, {"jti": {"essential": True}})
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT), dict):
        raise mismatch("logout-token-events")
    if "nonce" in claims:
        raise mismatch("logout-token-nonce")
    if not isinstance(claims["jti"], str) or not 0 < len(claims["jti"]) <= 255:
        raise mismatch("logout-token-jti")
    if "sub" in claims or "sid" not in claims:
        _check_subject("logout-token", claims.get("sub"))
    if not is_session(claims.get("sid", "-")):
        raise mismatch("logout-token-sid")


def _check(
    kind: Kind, claims: Mapping[str, Any], issuer: str, client_id: str, now: int, required: Mapping[str, Any]
) -> None:
    registry = jwt.JWTClaimsRegistry(
        now=now,
        leeway=LEEWAY,
        iss={"essential": True, "value": issuer},
        aud={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        **required,
    )
    try:
        registry.validate(dict(claims))
    except ExpiredTokenError:
        raise expired(f"sign-in-expired-{kind}") from None
    except (MissingClaimError, InvalidClaimError) as error:
        raise mismatch(f"{kind}-{error.claim.split(',')[0]}") from None
    # Whoever else the token is meant for could replay it here: only our own, and nobody beside us.
    audience = [claims["aud"]] if isinstance(claims["aud"], str) else claims["aud"]
    if audience != [client_id]:
        raise mismatch(f"{kind}-aud")
    if claims.get("azp", client_id) != client_id:
        raise mismatch(f"{kind}-azp")
    if claims["iat"] < now - MAX_AGE:
        raise expired(f"sign-in-expired-{kind}")


def is_session(name: object) -> bool:
    """Whether this may be a provider's name for a session (``sid``)."""
    return isinstance(name, str) and 0 < len(name) <= 255 and name.isascii()


def _check_subject(kind: Kind, subject: object) -> None:
    if not isinstance(subject, str) or not 0 < len(subject) <= 255 or not subject.isascii():
        raise mismatch(f"{kind}-sub")


def check_hash(claims: Mapping[str, Any], name: str, secret: str) -> None:
    """``at_hash`` and ``c_hash``, where present, tie the id_token to the access token and the code it came with."""
    if name not in claims:
        return
    half = hashlib.sha256(secret.encode()).digest()[:16]
    wanted = urlsafe_b64encode(half).rstrip(b"=").decode()
    if not isinstance(claims[name], str) or not hmac.compare_digest(claims[name].encode(), wanted.encode()):
        raise mismatch(f"id-token-{name.replace('_', '-')}")


def is_bare(claims: Mapping[str, Any]) -> bool:
    """Whether the token says nothing about its person but the pairwise subject, so that an address may hold it."""
    return claims.keys() <= _BARE


def check_strength(claims: Mapping[str, Any], asked: Iterable[str]) -> tuple[str, ...]:
    """``acr`` as the provider states it; it must hold everything that was asked (``aal3`` and ``crl``)."""
    stated = claims.get("acr")
    values = stated.split() if isinstance(stated, str) else stated if isinstance(stated, list) else []
    if not set(asked) <= {value for value in values if isinstance(value, str)}:
        raise too_weak()
    return tuple(values)
