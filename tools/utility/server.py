"""HTTP: the address at which the city tells, and a page with what has come in.

What a customer's number ends with decides how the company behaves, so that retry, refusal and silence can be seen:
``RULES``. Everything is kept in memory and forgotten at the end.
"""

import datetime as dt
import hashlib
import hmac
import html
import json
import queue
import threading
import time
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from tools.utility.city import City, NotNow, Thing

LARGEST: Final = 64 * 1024
#: A telling may be so many seconds old (or ahead): an older one is somebody's copy.
FRESH: Final = 300
#: By the last character of the customer's number.
RULES: Final = {
    "2": "断る",
    "3": "お客さまに電話をお願いする",
    "5": "知らせに、はじめの2回は500を返す",
    "7": "知らせに、はじめの1回は20秒返事をしない",
    "9": "受け取るが、返事をしない",
}
SLOW: Final = 20.0

PAGE: Final = """<!doctype html>
<html lang="ja"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>見本の会社</title><style>
body {{ font: 1rem/1.7 "BIZ UDPGothic", sans-serif; color: #1a1a1a; background: #f2f2f2; margin: 0 }}
.sample {{ background: #8b0000; color: #fff; text-align: center; padding: .5rem; font-weight: bold; margin: 0 }}
main {{ max-width: 45rem; margin: 1.5rem auto; padding: 0 1rem }}
h1 {{ font-size: 1.5rem }} h2 {{ font-size: 1.125rem; margin: 0 }}
article {{ background: #fff; border-radius: 8px; padding: 1rem 1.25rem; margin: 1rem 0 }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: .75rem 0 0 }}
dt {{ color: #555 }} dd {{ margin: 0; overflow-wrap: anywhere }}
.quiet {{ color: #555; font-size: .875rem }}
</style></head><body><p class="sample">見本の会社です。電気もガスも動きません</p><main>
<h1>市から受け取った連絡</h1>{body}
<h2>お客さま番号の終わりで変わること</h2><dl>{rules}<dt>ほか</dt><dd>受け付け、しばらくして終わる</dd></dl></main></body></html>"""

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass
class Order:
    """What one customer has handed over, and what was done with it. ``told``: how often the city has told of it."""

    content: Thing
    at: dt.datetime = field(default_factory=lambda: _now())
    told: int = 0
    said: list[str] = field(default_factory=list)

    @property
    def ending(self) -> str:
        return str(self.content.get("customer_number", ""))[-1:]


class Sandbox:
    """The company in one object: ``with Sandbox(...) as one`` serves while the block runs.

    ``pause``: seconds from the fetching to the acceptance, and again as long to the end. ``orders`` by id.
    """

    def __init__(self, city: City, *, port: int = 0, pause: float = 8.0, slow: float = SLOW) -> None:
        self.city, self.pause, self.slow = city, pause, slow
        self.orders: dict[str, Order] = {}
        self.refused = 0
        self._secret = ""
        self._to_do: queue.Queue[tuple[str, Thing]] = queue.Queue()
        owner = self

        class Bound(Handler):
            sandbox = owner

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Bound)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def listen(self) -> None:
        """Have the city tell us, and fetch what it could not tell while we were away. Raises NotNow."""
        self._secret = self.city.listen(f"{self.url}/notices")
        for service in self.city.waiting():
            self.take(service)

    def take(self, service: str) -> Order:
        """Fetch it, once, and begin to work on it."""
        if service not in self.orders:
            self.orders[service] = Order(self.city.fetch(service))
            for said in _course(self.orders[service]):
                self._to_do.put((service, said))
        return self.orders[service]

    def is_ours(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether the city has signed this just now (Standard Webhooks)."""
        id_, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if not self._secret or not at.isdigit() or abs(time.time() - int(at)) > FRESH:
            return False
        key = b64decode(self._secret.removeprefix("whsec_"))
        expected = hmac.new(key, f"{id_}.{at}.".encode() + body, hashlib.sha256).digest()
        given = [one[3:] for one in headers.get("webhook-signature", "").split() if one.startswith("v1,")]
        return any(hmac.compare_digest(expected, _decoded(one)) for one in given)

    def idle(self) -> None:
        """Wait until everything was answered."""
        self._to_do.join()

    def _work(self) -> None:
        while True:
            service, said = self._to_do.get()
            time.sleep(self.pause)
            for wait in (0.2, 1, 5, 25, 60):
                try:
                    self.city.answer(service, {**said, "at": _now().isoformat()})
                except NotNow as refused:
                    if 400 <= refused.status < 500:
                        self.orders[service].said.append(f"{said['state']}（{refused.code}）")
                        break
                    time.sleep(wait)
                else:
                    self.orders[service].said.append(said["state"])
                    break
            self._to_do.task_done()

    def __enter__(self) -> "Sandbox":
        for name, run in (("utility", self._server.serve_forever), ("utility-work", self._work)):
            threading.Thread(target=run, daemon=True, name=name).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _now() -> dt.datetime:
    return dt.datetime.fromtimestamp(time.time(), dt.UTC)


def _course(order: Order) -> list[Thing]:
    """What will be answered, in order."""
    reference = f"M-{hashlib.sha256(order.content['id'].encode()).hexdigest()[:8].upper()}"
    if order.ending == "2":
        return [
            {
                "state": "refused",
                "words": "このお客さま番号のご契約が見つかりませんでした。番号をご確認のうえ、お電話ください。",
            }
        ]
    if order.ending == "3":
        words = "立ち会いの時間を決めたいので、平日の9時から17時にお電話ください。"
        return [{"state": "asked", "reference": reference, "words": words, "telephone": "0120-000-199"}]
    if order.ending == "9":
        return []
    return [{"state": "accepted", "reference": reference}, {"state": "done"}]


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return b""


class Handler(BaseHTTPRequestHandler):
    """One request."""

    sandbox: Sandbox
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path != "/":
            return self._send(HTTPStatus.NOT_FOUND)
        orders = sorted(self.sandbox.orders.values(), key=lambda one: one.at, reverse=True)
        body = "".join(map(_article, orders)) or "<p>まだ何も受け取っていません。</p>"
        rules = "".join(f"<dt>…{end}</dt><dd>{html.escape(what)}</dd>" for end, what in RULES.items())
        return self._send(HTTPStatus.OK, PAGE.format(body=body, rules=rules))

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size) if size <= LARGEST else b""
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.path != "/notices" or not self.sandbox.is_ours(headers, body):
            self.sandbox.refused += 1
            self.close_connection = size > LARGEST
            return self._send(HTTPStatus.UNAUTHORIZED)
        try:
            order = self.sandbox.take(json.loads(body)["data"]["service"])
        except NotNow as refused:
            # Taken back, or over: nothing to be told again. Anything else is.
            return self._send(HTTPStatus.OK if refused.status in (404, 409) else HTTPStatus.SERVICE_UNAVAILABLE)
        order.told += 1
        if order.ending == "5" and order.told <= 2:
            return self._send(HTTPStatus.INTERNAL_SERVER_ERROR)
        if order.ending == "7" and order.told == 1:
            time.sleep(self.sandbox.slow)
        return self._send(HTTPStatus.OK)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 -- the name of the base class
        """Say nothing: what comes in is about people."""

    def _send(self, status: HTTPStatus, text: str = "") -> None:
        content = text.encode()
        try:
            self.send_response(status)
            more = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(content))}
            for name, value in {**HEADERS, **more}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
        except OSError:
            self.close_connection = True  # whoever asked has gone


def _article(order: Order) -> str:
    content = {name: value for name, value in order.content.items() if name not in ("id", "state", "sent_at")}
    rows = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(str(value))}</dd>" for name, value in content.items())
    at = order.at.astimezone(dt.timezone(dt.timedelta(hours=9)))
    said = html.escape("、".join(order.said) or "なし")
    name = html.escape(str(order.content.get("company", "")))
    line = f"{at:%H:%M:%S}　知らせを受けた回数 {order.told}　返した返事 {said}"
    return f'<article><h2>{name}</h2><p class="quiet">{line}</p><dl>{rows}</dl></article>'
