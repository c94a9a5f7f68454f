"""The relying party: this city hall at デジタル認証アプリ, or at any provider configured as that one prescribes.

Authorization code with PKCE (S256), state, nonce, ``private_key_jwt`` and ES256 throughout. Five steps: discover, send
the visitor off (``begin``); check what they bring back, exchange the code, ask for the attributes (``complete``).
Signing out goes either way: from here (``leave``, OpenID Connect RP-Initiated Logout 1.0), or from there (``ended``,
Back-Channel Logout 1.0).
"""

import datetime as dt
import hmac
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc7523 import private_key_jwt_sign
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc.jwk import ECKey

from madoguchi.bridges.oidc import attributes, tokens
from madoguchi.bridges.oidc.documents import read_object
from madoguchi.bridges.oidc.refusals import cancelled, expired, mismatch, unavailable
from madoguchi.ground import clock
from madoguchi.ground.errors import Refused
from madoguchi.ground.ids import new_token
from madoguchi.people.ports import Claims, Ended, Transaction

#: How long a visitor may take in the app.
PATIENCE: Final = dt.timedelta(minutes=10)
#: How long discovery and keys are believed; an unknown key is looked up at once.
FRESH: Final = dt.timedelta(hours=1)
#: Seconds that a client assertion is valid: it is used at once. The library's default is an hour.
ASSERTION_SECONDS: Final = 60
TIMEOUT: Final = httpx.Timeout(5.0, connect=3.0)
#: Seconds for one whole answer, however steadily it drips.
LONGEST_ANSWER: Final = 10.0
#: A stranger may post a logout_token of any key: the keys are fetched again for one only if they are older than this.
SETTLED: Final = dt.timedelta(seconds=10)
#: No answer of a provider is nearly as large, in bytes.
LARGEST_ANSWER: Final = 256 * 1024
_LOOPBACK: Final = {"localhost", "127.0.0.1", "::1"}
_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")
#: What we use, and where the provider says that it offers it; one that says nothing of it may.
_NEEDED: Final[Mapping[str, str]] = {
    "code_challenge_methods_supported": "S256",
    "id_token_signing_alg_values_supported": tokens.ALGORITHM,
    "token_endpoint_auth_methods_supported": "private_key_jwt",
}
#: An access token as a header can carry it (RFC 6750, 2.1).
_BEARER: Final = re.compile(r"[A-Za-z0-9._~+/=-]{1,8192}")


@dataclass(frozen=True, slots=True)
class Registration:
    """How we are known to the provider. ``scopes`` are the attributes that the purpose needs, and no more.

    ``metadata``: what discovery would say (OpenID Connect Discovery 1.0, 3), for a provider that only writes it down.
    """

    issuer: str
    client_id: str
    key: ECKey = field(repr=False)
    scopes: tuple[str, ...] = ("openid", "name", "address", "birthdate", "gender")
    acr: tuple[str, ...] = ("aal3", "crl")
    metadata: Mapping[str, Any] | None = field(default=None, repr=False)


@dataclass(slots=True)
class _Known:
    """A document of the provider and when it was fetched."""

    document: dict[str, Any]
    at: dt.datetime

    def is_fresh(self) -> bool:
        return clock.now() - self.at < FRESH


class RelyingParty:
    """Fills the port ``people.ports.IdentityProvider``. One instance serves all threads of a process.

    What it remembers are whole documents, replaced in one step: two threads that fetch at once do no harm.
    """

    def __init__(self, registration: Registration) -> None:
        if not _is_protected(registration.issuer):
            raise ValueError("the issuer of identities must be https (or on this machine)")
        self.registration = registration
        self._metadata: _Known | None = None
        self._keys: _Known | None = None
        local = urlsplit(registration.issuer).hostname in _LOOPBACK
        self._http = httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=not local)

    def close(self) -> None:
        """Let go of the connections that are kept open."""
        self._http.close()

    def begin(self, *, redirect_uri: str, afresh: bool = False) -> tuple[str, Transaction]:
        """The provider's address for this visitor, with everything デジタル認証アプリ requires in it. ``afresh``: with
        ``prompt=login`` (OpenID Connect Core 3.1.2.1), so that a session that stands there is not used."""
        more = {"prompt": "login"} if afresh else {}
        return self.address(self.registration.scopes, redirect_uri, acr=self.registration.acr, **more)

    def address(
        self, scopes: Iterable[str], redirect_uri: str, *, acr: tuple[str, ...] = (), **more: str
    ) -> tuple[str, Transaction]:
        """Where to send a visitor for these scopes; ``more`` are further parameters of the request."""
        transaction = Transaction(
            state=new_token(),
            nonce=new_token(),
            verifier=new_token(48),
            redirect_uri=redirect_uri,
            acr=acr,
            begun_at=clock.now(),
        )
        params = {
            "response_type": "code",
            "client_id": self.registration.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(scopes),
            "state": transaction.state,
            "nonce": transaction.nonce,
            "code_challenge": create_s256_code_challenge(transaction.verifier),
            "code_challenge_method": "S256",
            **more,
        }
        if transaction.acr:
            params["acr_values"] = " ".join(transaction.acr)
        return str(add_params_to_uri(self._discover()["authorization_endpoint"], list(params.items()))), transaction

    def complete(self, params: Mapping[str, str], transaction: Transaction) -> Claims:
        """The checked identity and attributes of the visitor who came back with ``params``."""
        token, access_token, id_token = self.returned(params, transaction)
        acr = tokens.check_strength(token, transaction.acr)
        person = self._ask(access_token, self._discover())
        if person.get("sub") != token["sub"]:
            raise mismatch("userinfo-sub")
        read, unreadable = attributes.read(person)
        return Claims(
            issuer=self.registration.issuer,
            subject=token["sub"],
            level="card",
            acr=acr,
            authenticated_at=_moment(token.get("auth_time", token["iat"])),
            unreadable=unreadable,
            raw=person,
            proof=id_token if tokens.is_bare(token) else "",
            session=token["sid"] if tokens.is_session(token.get("sid")) else "",
            **read,
        )

    def returned(self, params: Mapping[str, str], transaction: Transaction) -> tuple[dict[str, Any], str, str]:
        """What the visitor who came back with ``params`` has brought: the checked claims of the id_token, the access
        token, and the id_token itself."""
        metadata = self._discover()
        code = self._check_return(params, transaction, metadata)
        answer = self._exchange(code, transaction, metadata)
        access_token, id_token = answer.get("access_token"), answer.get("id_token")
        if not isinstance(access_token, str) or not isinstance(id_token, str):
            raise mismatch("token-answer")
        if _BEARER.fullmatch(access_token) is None:
            raise mismatch("access-token")
        if str(answer.get("token_type", "")).lower() != "bearer":
            raise mismatch("token-type")
        token = self._verify(id_token, metadata)
        tokens.check_claims(
            token,
            issuer=self.registration.issuer,
            client_id=self.registration.client_id,
            nonce=transaction.nonce,
            now=int(clock.now().timestamp()),
        )
        tokens.check_hash(token, "at_hash", access_token)
        tokens.check_hash(token, "c_hash", code)
        return token, access_token, id_token

    def own_token(self, scope: str) -> str:
        """An access token of our own (client credentials), for what is asked before any visitor is sent."""
        form = {"grant_type": "client_credentials", "scope": scope}
        status, answer = self._at_token_endpoint(form, self._discover())
        token = answer.get("access_token")
        if status != 200 or not isinstance(token, str) or _BEARER.fullmatch(token) is None:
            raise mismatch("own-token")
        return token

    def leave(self, *, return_to: str, state: str, proof: str = "") -> str | None:
        """Where to send who signs out, so that the provider forgets them, too. None where it offers no such place, or
        is out of reach: nobody is kept from signing out here by what is wrong there."""
        try:
            place = self._discover().get("end_session_endpoint")
        except Refused:
            return None
        if not isinstance(place, str) or not _is_protected(place):
            return None
        params = {"client_id": self.registration.client_id, "post_logout_redirect_uri": return_to, "state": state}
        if proof:
            params["id_token_hint"] = proof
        return str(add_params_to_uri(place, list(params.items())))

    def ended(self, logout_token: str) -> Ended:
        """Who has signed out at the provider, as it told us over the back channel."""
        tokens.read_token(
            logout_token, "logout-token"
        )  # what anybody may post goes no further than that, if it is none
        metadata, now = self._discover(), clock.now()
        token = self._verify(logout_token, metadata, "logout-token")
        tokens.check_logout(
            token,
            issuer=self.registration.issuer,
            client_id=self.registration.client_id,
            now=int(now.timestamp()),
        )
        until = _moment(token["exp"] + tokens.LEEWAY) or now + PATIENCE
        return Ended(self.registration.issuer, token.get("sub", ""), token.get("sid", ""), token["jti"], until)

    def _check_return(self, params: Mapping[str, str], transaction: Transaction, metadata: Mapping[str, Any]) -> str:
        """The code that the visitor brought, once it is sure that they went to this provider from this session."""
        if clock.now() - transaction.begun_at > PATIENCE:
            raise expired()
        if not hmac.compare_digest(params.get("state", "").encode(), transaction.state.encode()):
            raise mismatch("state")
        # RFC 9207: an answer that another provider was tricked into giving names that other provider, or nobody.
        named = params.get("iss")
        if named is None and metadata.get("authorization_response_iss_parameter_supported") is True:
            raise mismatch("iss-missing")
        if named is not None and named != self.registration.issuer:
            raise mismatch("iss")
        error = params.get("error")
        if error == "access_denied":
            raise cancelled()
        if error in ("server_error", "temporarily_unavailable"):
            raise unavailable("authorization")
        if error is not None:
            raise mismatch("refused-by-provider")
        code = params.get("code", "")
        if not 0 < len(code) <= 2048:
            raise mismatch("code")
        return code

    def _exchange(self, code: str, transaction: Transaction, metadata: Mapping[str, Any]) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": transaction.redirect_uri,
            "code_verifier": transaction.verifier,
        }
        status, answer = self._at_token_endpoint(form, metadata)
        if status == 200:
            return answer
        # The provider says why in a code of RFC 6749 5.2; its prose stays where it is.
        if answer.get("error") == "invalid_grant":
            raise expired("sign-in-expired-code")
        raise mismatch("token-refused")

    def _at_token_endpoint(self, form: Mapping[str, str], metadata: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        registration = self.registration
        assertion = private_key_jwt_sign(
            registration.key,
            client_id=registration.client_id,
            token_endpoint=registration.issuer,  # the audience: all endpoints of one issuer understand its own name
            alg=tokens.ALGORITHM,
            header={"alg": tokens.ALGORITHM, "kid": registration.key.kid},
            expires_in=ASSERTION_SECONDS,
        )
        return self.fetch(
            "token",
            "POST",
            metadata["token_endpoint"],
            data={
                **form,
                "client_id": registration.client_id,
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": assertion,
            },
        )

    def usable_keys(self) -> int:
        """How many keys the provider publishes that may sign for us, for an operator who looks."""
        return len(tokens.usable_keys(self._jwks(self._discover(), anew=True)))

    def _verify(self, token: str, metadata: Mapping[str, Any], kind: tokens.Kind = "id-token") -> dict[str, Any]:
        """Checked against the keys we know; where none of them has signed it, once more against those of now."""
        known = self._keys
        try:
            return tokens.verified_claims(token, tokens.usable_keys(self._jwks(metadata)), kind)
        except tokens.UnknownKeyError as unknown:
            fetched_now = self._keys is not known
            if fetched_now or (kind == "logout-token" and known is not None and clock.now() - known.at < SETTLED):
                raise unknown.refusal from None
        try:
            return tokens.verified_claims(token, tokens.usable_keys(self._jwks(metadata, anew=True)), kind)
        except tokens.UnknownKeyError as unknown:
            raise unknown.refusal from None

    def _ask(self, access_token: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {access_token}"}
        status, answer = self.fetch("userinfo", "GET", metadata["userinfo_endpoint"], headers=headers)
        if status != 200:
            raise mismatch("userinfo-refused")
        return answer

    def _discover(self) -> dict[str, Any]:
        known = self._metadata
        if known is None or not known.is_fresh():
            issuer = self.registration.issuer
            if self.registration.metadata is not None:
                found = dict(self.registration.metadata)
            else:
                status, found = self.fetch("discovery", "GET", f"{issuer}/.well-known/openid-configuration")
                if status != 200:
                    raise unavailable("discovery")
            if found.get("issuer") != issuer:
                raise mismatch("discovery-issuer")
            for name in _ENDPOINTS:
                if not isinstance(found.get(name), str) or not _is_protected(found[name]):
                    raise mismatch("discovery-endpoints")
            for name, needed in _NEEDED.items():
                if name in found and (not isinstance(found[name], list) or needed not in found[name]):
                    raise mismatch(
                        f"discovery-{name.partition('_values')[0].partition('_methods')[0].replace('_', '-')}"
                    )
            self._metadata = known = _Known(found, clock.now())
        return known.document

    def _jwks(self, metadata: Mapping[str, Any], *, anew: bool = False) -> dict[str, Any]:
        known = self._keys
        if known is None or anew or not known.is_fresh():
            status, found = self.fetch("keys", "GET", metadata["jwks_uri"])
            if status != 200 or not isinstance(found.get("keys"), list):
                raise unavailable("keys")
            self._keys = known = _Known(found, clock.now())
        return known.document

    def fetch(self, what: str, method: str, url: str, **options: Any) -> tuple[int, dict[str, Any]]:
        """Status and JSON object; out of reach, too slow, too large, packed, broken or 5xx is unavailable."""
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", **options.pop("headers", {})}
        until = time.monotonic() + LONGEST_ANSWER
        try:
            with self._http.stream(method, url, headers=headers, **options) as response:
                packed = response.headers.get("Content-Encoding", "identity") != "identity"
                if response.status_code >= 500 or packed:
                    raise unavailable(what)
                body = b""
                for chunk in response.iter_raw():
                    body += chunk
                    if len(body) > LARGEST_ANSWER or time.monotonic() > until:
                        raise unavailable(what)
            answer = read_object(body)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            raise unavailable(what) from None
        return response.status_code, answer


def _is_protected(url: str) -> bool:
    """https, or a provider on this machine (the demo's); nothing in it that could end a line or hide a host."""
    if not url.isascii() or not url.isprintable() or " " in url or "@" in url:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


def _moment(seconds: object) -> dt.datetime | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC)
    except (OverflowError, OSError, ValueError):
        return None
