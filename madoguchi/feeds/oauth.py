"""Tokens for partners: OAuth 2.0 client credentials (RFC 6749 §4.4), introspection (7662), revocation (7009), metadata
(8414). Authlib speaks the protocol; who the partners are and what a token opens is ours.

Proof of the partner: client_secret_basic, client_secret_post, and signed assertions (RFC 7523): private_key_jwt with
ES256, client_secret_jwt with HS256. A partner with a key of its own has no other way in.
"""

import hmac
import json
from collections.abc import Iterable
from typing import Any, Final

from authlib.integrations.django_oauth2 import AuthorizationServer
from authlib.integrations.django_oauth2.requests import DjangoOAuth2Payload, DjangoOAuth2Request
from authlib.oauth2.rfc6749 import ClientMixin, InvalidClientError, InvalidScopeError, OAuth2Request
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext_noop
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OctKey

from madoguchi.events import Actor
from madoguchi.events.acting import refuse
from madoguchi.feeds import problems
from madoguchi.ground import clock
from madoguchi.ground.errors import NotAllowed, Refused
from madoguchi.people import actions, queries, rules
from madoguchi.people.actions import bookkeeping
from madoguchi.people.actions.partners import fresh_token
from madoguchi.people.models import Partner, PartnerToken

METHODS: Final = ["client_secret_basic", "client_secret_post", "client_assertion_jwt"]
#: Wrong proofs from one place in a minute, before it has to wait.
MOST_FAILURES: Final = 20
#: How far ahead an assertion may expire, in seconds: what is valid for a year is a password.
LONGEST_ASSERTION: Final = 600


class Client(ClientMixin):  # type: ignore[misc]  # Authlib has no types
    """A partner as Authlib asks for it."""

    def __init__(self, partner: Partner) -> None:
        self.partner = partner
        self.user_id = None

    @property
    def client_id(self) -> str:
        return str(self.partner.pk)

    def get_client_id(self) -> str:
        return self.client_id

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """What was asked for, if all of it was given to the partner; all that was given, if nothing was asked for."""
        asked = (scope or "").split() or self.partner.scopes
        return " ".join(sorted(set(asked))) if set(asked) <= set(self.partner.scopes) else None

    def check_client_secret(self, client_secret: str) -> bool:
        given = client_secret.encode()
        return any(hmac.compare_digest(given, one.encode()) for one in queries.secrets_of(self.partner))

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_assertion_jwt" or not self.partner.public_key

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "client_credentials"


class Assertion(JWTBearerClientAssertion):  # type: ignore[misc]  # Authlib has no types
    """A JWT that the partner signed, with its own key (ES256) or with its secret (HS256), for this server, once."""

    def get_audiences(self) -> list[str]:
        return [settings.BASE_URL, f"{settings.BASE_URL}/oauth/token"]

    def resolve_client_public_key(self, client: Client) -> Key:
        """Only what Authlib asks before it lets the claims be judged: which key it really is, is tried below."""
        keys = self._keys(client.partner)
        if not keys:
            raise InvalidClientError(description="The client has no key.")
        return keys[0][0]

    def process_assertion_claims(self, assertion: str, key: object) -> Any:
        """Try the keys of the partner that the assertion names; claims count only under a good signature."""
        named = json.loads(jwt_payload(assertion)).get("sub", "")
        partner = queries.partner_of(named) if isinstance(named, str) else None
        for one, algorithm in self._keys(partner) if partner else []:
            try:
                token = jwt.decode(assertion, one, algorithms=[algorithm])
            except (JoseError, ValueError):
                continue
            expires = token.claims.get("exp")
            if not isinstance(expires, int) or expires > clock.now().timestamp() + LONGEST_ASSERTION:
                raise InvalidClientError(description="The assertion is valid for too long.")
            self.verify_claims(token.claims)
            return token.claims
        raise InvalidClientError(description="Invalid JWT assertion.")

    def validate_jti(self, claims: Any, jti: object) -> bool:
        partner = queries.partner_of(claims["sub"])
        return isinstance(jti, str) and partner is not None and actions.spend_assertion(partner, jti[:500])

    def _keys(self, partner: Partner) -> list[tuple[Key, str]]:
        if partner.public_key:
            return [(ECKey.import_key(json.loads(partner.public_key)), "ES256")]
        held: list[tuple[Key, str]] = [(OctKey.import_key(one), "HS256") for one in queries.secrets_of(partner)]
        return held


def jwt_payload(assertion: str) -> bytes:
    """The middle part, not verified. Authlib has read it as JSON before."""
    from joserfc.jws import extract_compact

    return bytes(extract_compact(assertion.encode()).payload)


class TokenRequest(DjangoOAuth2Request):  # type: ignore[misc]  # Authlib has no types
    """A request as Authlib reads it. That it came over TLS is asked before (SECURE_SSL_REDIRECT), for every address;
    Authlib would refuse the demo on loopback under any name but localhost.
    """

    def __init__(self, request: HttpRequest) -> None:
        OAuth2Request.__init__(self, request.method, f"https://localhost{request.path}", headers=request.headers)
        self.payload = DjangoOAuth2Payload(request)
        self._request = request


class Tokens(AuthorizationServer):  # type: ignore[misc]  # Authlib has no types
    """Authlib's server over our partners and tokens."""

    def __init__(self) -> None:
        super().__init__(None, None)
        self.register_grant(Credentials)
        self.register_client_auth_method("client_assertion_jwt", Assertion())
        self.register_endpoint(Introspection)
        self.register_endpoint(Revocation)

    def create_oauth2_request(self, request: HttpRequest) -> TokenRequest:
        return request if isinstance(request, TokenRequest) else TokenRequest(request)

    def query_client(self, client_id: str) -> Client | None:
        partner = queries.partner_of(client_id)
        return Client(partner) if partner is not None else None

    def generate_token(
        self, grant_type: str, client: Client, scope: str | None = None, **more: object
    ) -> dict[str, object]:
        seconds = int(rules.TOKEN_VALID_FOR.total_seconds())
        allowed = client.get_allowed_scope(scope)
        return {"access_token": fresh_token(), "token_type": "Bearer", "expires_in": seconds, "scope": allowed}

    def validate_requested_scope(self, scope: str | None) -> None:
        """Asked of the client, not of a list of the server."""

    def save_token(self, token: dict[str, Any], request: Any) -> None:
        partner: Partner = request.client.partner
        by = queries.actor_of_partner(partner)
        actions.issue_token(partner, token["access_token"], token["scope"].split(), by=by)

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nothing here follows signals: an act leaves an event."""


class Credentials(ClientCredentialsGrant):  # type: ignore[misc]  # Authlib has no types
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def validate_requested_scope(self) -> None:
        """Unknown or too much: invalid_scope, and no token with less than was asked for."""
        if self.request.client.get_allowed_scope(self.request.payload.scope) is None:
            raise InvalidScopeError


def _own(token: str, client: Client) -> PartnerToken | None:
    """A partner learns of its own tokens only; another's does not exist."""
    held = queries.token_of(token)
    return held if held is not None and held.partner_id == client.partner.pk else None


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]  # Authlib has no types
    CLIENT_AUTH_METHODS = METHODS

    def authenticate_token(self, request: Any, client: Client) -> PartnerToken | None:
        self.check_params(request, client)
        return _own(request.form["token"], client)

    def create_introspection_payload(self, token: PartnerToken | None) -> dict[str, object]:
        if token is None:
            return {"active": False}
        return {
            "active": True,
            "client_id": str(token.partner_id),
            "scope": " ".join(sorted(set(token.scopes) & set(token.partner.scopes))),
            "token_type": "Bearer",
            "iat": int(token.issued_at.timestamp()),
            "exp": int(token.expires_at.timestamp()),
        }


class Revocation(RevocationEndpoint):  # type: ignore[misc]  # Authlib has no types
    CLIENT_AUTH_METHODS = METHODS

    def authenticate_token(self, request: Any, client: Client) -> PartnerToken | None:
        self.check_params(request, client)
        return _own(request.form["token"], client)

    def revoke_token(self, token: PartnerToken, request: Any) -> None:
        actions.revoke_token(token, by=queries.actor_of_partner(token.partner))


_server = Tokens()


@csrf_exempt  # no cookie is read: the proof is in the request
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """A token for who proves to be a partner."""
    return _answered(request, lambda: _server.create_token_response(request))


@csrf_exempt
@require_POST
def introspect(request: HttpRequest) -> HttpResponse:
    """Whether one's own token still works, and for what."""
    return _answered(request, lambda: _server.create_endpoint_response("introspection", request))


@csrf_exempt
@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    """One's own token works no longer."""
    return _answered(request, lambda: _server.create_endpoint_response("revocation", request))


@require_safe
def metadata(request: HttpRequest) -> JsonResponse:
    """RFC 8414: where what is, for clients that configure themselves."""
    base = settings.BASE_URL
    methods = ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"]
    return JsonResponse(
        {
            "issuer": base,
            "token_endpoint": f"{base}/oauth/token",
            "introspection_endpoint": f"{base}/oauth/introspect",
            "revocation_endpoint": f"{base}/oauth/revoke",
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": [],
            "scopes_supported": sorted(rules.SCOPES),
            "service_documentation": f"{base}/api/docs/",
            **{f"{one}_endpoint_auth_methods_supported": methods for one in ("token", "introspection", "revocation")},
            **{
                f"{one}_endpoint_auth_signing_alg_values_supported": ["ES256", "HS256"]
                for one in ("token", "introspection", "revocation")
            },
        }
    )


def _answered(request: HttpRequest, ask: Any) -> HttpResponse:
    """Who fails too often from one place waits; each failure leaves one event, without what was tried."""
    place = "token:" + rules.client_mark(queries.confirmation_key(), str(request.META.get("REMOTE_ADDR", "")))
    if bookkeeping.calls_of(place) >= MOST_FAILURES:
        return problems.answer(
            Refused("token-too-often", gettext_noop("失敗が続いています。1分ほど待ってください。"), status=429),
            {"Retry-After": "60"},
        )
    if any("\0" in one for one in _texts(request)):
        response: HttpResponse = JsonResponse({"error": "invalid_request"}, status=400)
    else:
        response = ask()
    response.headers["Cache-Control"] = "no-store"
    if response.status_code in (400, 401) and b"invalid_client" in response.content:
        bookkeeping.count_call(place)
        refusal = NotAllowed("client-not-proven", "連携先であることを確かめられませんでした。")
        refuse("partner.issue-token", refusal, by=Actor("visitor", channel="api"))
        if request.headers.get("Authorization"):
            response.status_code = 401
            response.headers["WWW-Authenticate"] = 'Basic realm="madoguchi"'
    return response


def _texts(request: HttpRequest) -> Iterable[str]:
    yield from (value for values in (*request.GET.lists(), *request.POST.lists()) for value in values[1])
