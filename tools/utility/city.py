"""The city's API as a company uses it: a token, what a customer has handed over, the answer. Standard library only."""

import base64
import json
import threading
import time
import urllib.error
import urllib.request
from typing import Any

Thing = dict[str, Any]


class NotNow(Exception):
    """The city could not be reached, or did not do it: ``status`` (0: no answer), and the code of its refusal."""

    def __init__(self, status: int, code: str = "") -> None:
        super().__init__(f"{status} {code}")
        self.status, self.code = status, code


class City:
    """Calls under ``base`` with the client's id and secret (OAuth 2.0 client credentials)."""

    def __init__(self, base: str, client: str, secret: str) -> None:
        self._base, self._client, self._secret = base.rstrip("/"), client, secret
        self._token, self._ends = "", 0.0
        self._lock = threading.Lock()

    def listen(self, url: str) -> str:
        """Be told at ``url``, and nowhere else any more; the secret that signs from now on."""
        for one in self._call("GET", "/webhooks")["webhooks"]:
            self._call("DELETE", f"/webhooks/{one['id']}")
        new = {"url": url, "types": ["service.asked", "service.called-off"]}
        return str(self._call("POST", "/webhooks", new, f"listen-{time.time_ns()}")["secret"])

    def waiting(self, state: str) -> list[str]:
        """The ids of what was not fetched yet (``sent``), or is to be stopped (``called-off``)."""
        found: list[str] = []
        while True:
            after = f"&after={found[-1]}" if found else ""
            page = [one["id"] for one in self._call("GET", f"/services?state={state}{after}")["services"]]
            found += page
            if not page:
                return found

    def fetch(self, service: str) -> Thing:
        """What the customer has handed over."""
        return self._call("GET", f"/services/{service}")

    def answer(self, service: str, said: Thing) -> None:
        """Say what has become of it; sent again, it is said once."""
        self._call("POST", f"/services/{service}/answer", said, f"{service}-{said['state']}")

    def _call(self, method: str, path: str, body: Thing | None = None, key: str = "") -> Thing:
        headers = {"Authorization": f"Bearer {self._bearer()}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        content = json.dumps(body).encode() if body is not None else None
        return self._ask(urllib.request.Request(f"{self._base}/api/v1{path}", content, headers, method=method))  # noqa: S310 -- the city of the demo

    def _bearer(self) -> str:
        with self._lock:
            if time.monotonic() > self._ends:
                proof = base64.b64encode(f"{self._client}:{self._secret}".encode()).decode()
                headers = {"Authorization": f"Basic {proof}"}
                asked = urllib.request.Request(f"{self._base}/oauth/token", b"grant_type=client_credentials", headers)  # noqa: S310 -- the same
                given = self._ask(asked)
                self._token, self._ends = given["access_token"], time.monotonic() + given["expires_in"] - 60
            return self._token

    @staticmethod
    def _ask(asked: urllib.request.Request) -> Thing:
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310 -- the same
                found: Thing = json.loads(answer.read() or b"{}")
                return found
        except urllib.error.HTTPError as refused:
            with refused:
                try:
                    code = str(json.loads(refused.read()).get("code", ""))
                except ValueError:
                    code = ""
            raise NotNow(refused.code, code) from None
        except (urllib.error.URLError, OSError):
            raise NotNow(0) from None
