"""An OpenID provider for tests that does everything right, until a test replaces one part of what it says.

It checks as little as it can: what it must not get away with is the relying party's affair.
"""

import json
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import ECKey

Json = dict[str, Any]
ACCESS_TOKEN = "an-access-token"


def new_key(kid: str | None = "first") -> ECKey:
    """A signing key; None leaves it without a name."""
    return ECKey.generate_key("P-256", {"kid": kid} if kid else None)


def at_hash(access_token: str) -> str:
    """OpenID Connect Core 3.1.3.6; ``c_hash`` is made the same way of the code."""
    return segment(sha256(access_token.encode()).digest()[:16])


def segment(part: bytes) -> str:
    """A part of a token."""
    return urlsafe_b64encode(part).rstrip(b"=").decode()


def signed(header: str, payload: str, key: ECKey) -> str:
    """A token with a true ES256 signature over texts that no library would write."""
    text = f"{segment(header.encode())}.{segment(payload.encode())}"
    r, s = decode_dss_signature(key.get_op_key("sign").sign(text.encode(), ECDSA(SHA256())))
    return f"{text}.{segment(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


@dataclass
class HostileProvider:
    """Every attribute may be replaced; the functions take what an honest provider would say and return what is said."""

    keys: list[ECKey] = field(default_factory=lambda: [new_key()])
    nonce: str = ""
    header: Callable[[Json], Json] = lambda header: header
    claims: Callable[[Json], Json] = lambda claims: claims
    sign: Callable[[Json, Json], str] | None = None
    token: Callable[[Json], Json] = lambda answer: answer
    userinfo: Callable[[Json], Json] = lambda person: person
    metadata: Callable[[Json], Json] = lambda metadata: metadata
    jwks: Callable[[Json], Json] = lambda jwks: jwks
    status: dict[str, int] = field(default_factory=dict)
    body: dict[str, bytes] = field(default_factory=dict)
    delay: dict[str, float] = field(default_factory=dict)
    #: Seconds between two bytes of an answer.
    drip: dict[str, float] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    token_requests: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._say({})

            def do_POST(self) -> None:
                form = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self._say({name: values[0] for name, values in parse_qs(form).items()})

            def _say(self, form: dict[str, str]) -> None:
                status, body = provider.answer(self.path, form)
                name = self.path.rsplit("/", 1)[-1]
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                for header in provider.headers.get(name, {}).items():
                    self.send_header(*header)
                self.end_headers()
                if pause := provider.drip.get(name):
                    for at in range(len(body)):
                        self.wfile.write(body[at : at + 1])
                        time.sleep(pause)
                else:
                    self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the library's name
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.issuer = f"http://localhost:{self._server.server_address[1]}/realm"
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str, form: dict[str, str]) -> tuple[int, bytes]:
        """Status and body for one request."""
        name = path.rsplit("/", 1)[-1]
        self.asked.append(name)
        time.sleep(self.delay.get(name, 0))
        parts: dict[str, Callable[[], Json]] = {
            "openid-configuration": self._metadata,
            "token": lambda: self._token(form),
            "userinfo": self._userinfo,
            "certs": lambda: self.jwks({"keys": [key.as_dict(private=False) for key in self.keys]}),
        }
        return self.status.get(name, 200), self.body.get(name) or json.dumps(parts[name]()).encode()

    def logout_token(self, header: Json | None = None, **changed: Any) -> str:
        """What is posted over the back channel; a value that is None is left out."""
        now = int(time.time())
        honest = {
            "iss": self.issuer,
            "sub": "pairwise-subject",
            "aud": "RP00000001",
            "iat": now,
            "exp": now + 120,
            "jti": str(uuid.uuid4()),
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        }
        claims = {name: value for name, value in (honest | changed).items() if value is not None}
        return jwt.encode(
            {"alg": "ES256", "kid": self.keys[0].kid, "typ": "logout+jwt"} | (header or {}), claims, self.keys[0]
        )

    def _metadata(self) -> Json:
        return self.metadata(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/auth",
                "token_endpoint": f"{self.issuer}/token",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "jwks_uri": f"{self.issuer}/certs",
                "end_session_endpoint": f"{self.issuer}/logout",
                "code_challenge_methods_supported": ["S256"],
                "id_token_signing_alg_values_supported": ["ES256"],
                "token_endpoint_auth_methods_supported": ["private_key_jwt"],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    def _token(self, form: dict[str, str]) -> Json:
        self.token_requests.append(form)
        now = int(time.time())
        claims = self.claims(
            {
                "iss": self.issuer,
                "sub": "pairwise-subject",
                "aud": form["client_id"],
                "iat": now,
                "exp": now + 300,
                "auth_time": now,
                "nonce": self.nonce,
                "acr": "aal3 crl",
                "at_hash": at_hash(ACCESS_TOKEN),
            }
        )
        kid = self.keys[0].kid
        header = self.header({"alg": "ES256", "kid": kid} if kid else {"alg": "ES256"})
        sign = self.sign or (lambda header, claims: jwt.encode(header, claims, self.keys[0]))
        answer = {"access_token": ACCESS_TOKEN, "token_type": "Bearer", "id_token": sign(header, claims)}
        return self.token(answer)

    def _userinfo(self) -> Json:
        return self.userinfo(
            {"sub": "pairwise-subject", "name": "見本　花子", "address": {"formatted": "大阪府大東市谷川一丁目1番1号"}}
        )
