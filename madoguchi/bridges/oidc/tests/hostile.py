"""An OpenID provider for tests that does everything right, until a test replaces one part of what it says.

It checks as little as it can: what it must not get away with is the relying party's affair.
"""

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

from joserfc import jwt
from joserfc.jwk import ECKey

Json = dict[str, Any]
ACCESS_TOKEN = "an-access-token"


def new_key(kid: str | None = "first") -> ECKey:
    """A signing key; None leaves it without a name."""
    return ECKey.generate_key("P-256", {"kid": kid} if kid else None)


def at_hash(access_token: str) -> str:
    """OpenID Connect Core 3.1.3.6."""
    return urlsafe_b64encode(sha256(access_token.encode()).digest()[:16]).rstrip(b"=").decode()


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
    token_requests: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._say(*provider.answer(self.path, {}))

            def do_POST(self) -> None:
                form = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self._say(*provider.answer(self.path, {name: values[0] for name, values in parse_qs(form).items()}))

            def _say(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
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
        time.sleep(self.delay.get(name, 0))
        parts: dict[str, Callable[[], Json]] = {
            "openid-configuration": self._metadata,
            "token": lambda: self._token(form),
            "userinfo": self._userinfo,
            "certs": lambda: self.jwks({"keys": [key.as_dict(private=False) for key in self.keys]}),
        }
        return self.status.get(name, 200), self.body.get(name) or json.dumps(parts[name]()).encode()

    def _metadata(self) -> Json:
        return self.metadata(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/auth",
                "token_endpoint": f"{self.issuer}/token",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "jwks_uri": f"{self.issuer}/certs",
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
