"""HTTP: the address at which the city tells, and a page with what has come in.

What a customer's number ends with decides how the company behaves (``RULES``), so that retry, refusal and silence can
be seen; for all that comes in next the page can choose it instead (``MANNERS``). Everything is kept in memory and
forgotten at the end.
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
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs

from tools.utility.city import City, NotNow, Thing

LARGEST: Final = 64 * 1024
#: A telling may be so many seconds old (or ahead): an older one is somebody's copy.
FRESH: Final = 300
#: By the last character of the customer's number.
RULES: Final = {
    "2": "断る",
    "3": "お客さまに電話をお願いする",
    "4": "受け付け、取りやめには「間に合わない」と答える",
    "5": "知らせに、はじめの2回は500を返す",
    "7": "知らせに、はじめの1回は20秒返事をしない",
    "9": "受け取るが、返事をしない",
}
SLOW: Final = 20.0
#: What can be chosen for all that comes in from now on: how it answers, and what its customer's number would have to
#: end with; ``down``: it is away.
MANNERS: Final = {
    "": ("お客さま番号の終わりで決める", ""),
    "accept": ("受け付け、しばらくして終わる", "0"),
    "refuse": (RULES["2"], "2"),
    "ask": (RULES["3"], "3"),
    "too-late": (RULES["4"], "4"),
    "silent": (RULES["9"], "9"),
    "down": ("止まっている（知らせに503を返し、何も受け取らない）", ""),
}

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
form {{ background: #fff; border-radius: 8px; padding: 1rem 1.25rem; margin: 1rem 0 }} legend {{ font-weight: bold }}
fieldset {{ border: 0; padding: 0; margin: 0 }} label {{ display: block; padding: .375rem 0 }}
button {{ font: inherit; padding: .5rem 1.25rem; margin-top: .5rem }}
</style></head><body><p class="sample">見本の会社です。電気もガスも動きません</p><main>
<h1>市から受け取った連絡</h1>{body}
<form method="post" action="/manner"><fieldset><legend>これから届く連絡に、どう答えるか</legend>{manners}</fieldset>
<button>この答え方にする</button></form>
<h2>お客さま番号の終わりで変わること</h2><dl>{rules}<dt>ほか</dt><dd>受け付け、しばらくして終わる</dd></dl></main></body></html>"""

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass
class Order:
    """What one customer has handed over, and what was done with it. ``told``: how often the city has told of it;
    ``ending``: of the customer's number, or as the page has chosen; ``off``: called off."""

    content: Thing
    ending: str
    at: dt.datetime = field(default_factory=lambda: _now())
    told: int = 0
    said: list[str] = field(default_factory=list)
    off: bool = False


class Sandbox:
    """The company in one object: ``with Sandbox(...) as one`` serves while the block runs.

    ``pause``: seconds from the fetching to the acceptance, and again as long to the end. ``orders`` by id.
    """

    def __init__(self, city: City, *, port: int = 0, pause: float = 8.0, slow: float = SLOW) -> None:
        self.city, self.pause, self.slow = city, pause, slow
        self.orders: dict[str, Order] = {}
        self.refused = 0
        self.manner = ""
        self._secret = ""
        self._to_do: queue.Queue[tuple[str, Thing]] = queue.Queue()
        owner = self

        class Bound(Handler):
            sandbox = owner

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Bound)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def listen(self) -> None:
        """Have the city tell us, and catch up. Raises NotNow."""
        self._secret = self.city.listen(f"{self.url}/notices")
        self.catch_up()

    def catch_up(self) -> None:
        """Ask for what we were not told of while we were away. Raises NotNow."""
        for service in self.city.waiting("sent"):
            self.take(service)
        for service in self.city.waiting("called-off"):
            self.stop(service)

    def take(self, service: str) -> Order:
        """Fetch it, once, and begin to work on it."""
        if service not in self.orders:
            content = self.city.fetch(service)
            ending = MANNERS[self.manner][1] or str(content.get("customer_number", ""))[-1:]
            self.orders[service] = Order(content, ending)
            for said in _course(self.orders[service]):
                self._to_do.put((service, said))
        return self.orders[service]

    def stop(self, service: str) -> None:
        """The customer does not want it any more: what was not begun is left, and the city hears what became of it."""
        order = self.orders.get(service)
        if order is not None and order.off:
            return
        if order is not None:
            order.off = True
            if order.ending == "9":
                return
        late = order is not None and order.ending == "4"
        words = "すでに手配が進んでいるため、取りやめできません。お手数ですがお電話ください。"
        self._to_do.put((service, {"state": "refused", "words": words} if late else {"state": "stopped"}))

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
            order = self.orders.get(service)
            if order is not None and order.off and said["state"] in ("accepted", "done"):
                self._to_do.task_done()
                continue
            heard = order.said if order is not None else []
            for wait in (0.2, 1, 5, 25, 60):
                try:
                    self.city.answer(service, {**said, "at": _now().isoformat()})
                except NotNow as refused:
                    if 400 <= refused.status < 500:
                        heard.append(f"{said['state']}（{refused.code}）")
                        break
                    time.sleep(wait)
                else:
                    heard.append(said["state"])
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
    accepted = {"state": "accepted", "reference": reference}
    return {"4": [accepted], "9": []}.get(order.ending, [accepted, {"state": "done"}])


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
        manners = "".join(
            f'<label><input type="radio" name="manner" value="{key}"{" checked" * (key == self.sandbox.manner)}> '
            f"{html.escape(words)}</label>"
            for key, (words, _) in MANNERS.items()
        )
        return self._send(HTTPStatus.OK, PAGE.format(body=body, rules=rules, manners=manners))

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length") or ""
        size = int(length) if length.isdigit() else LARGEST + 1
        if size > LARGEST:
            self.sandbox.refused += 1
            self.close_connection = True
            return self._send(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        body = self.rfile.read(size)
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.path == "/manner":
            chosen = parse_qs(body.decode(errors="replace")).get("manner", [""])[0]
            was, self.sandbox.manner = self.sandbox.manner, chosen if chosen in MANNERS else ""
            if was == "down" != self.sandbox.manner:
                with suppress(NotNow):
                    self.sandbox.catch_up()
            return self._send(HTTPStatus.SEE_OTHER, location="/")
        if self.sandbox.manner == "down":
            return self._send(HTTPStatus.SERVICE_UNAVAILABLE)
        if self.path != "/notices" or not self.sandbox.is_ours(headers, body):
            self.sandbox.refused += 1
            return self._send(HTTPStatus.UNAUTHORIZED)
        try:
            told = json.loads(body)
            if told["type"] == "service.called-off":
                self.sandbox.stop(told["data"]["service"])
                return self._send(HTTPStatus.OK)
            order = self.sandbox.take(told["data"]["service"])
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

    def _send(self, status: HTTPStatus, text: str = "", location: str = "") -> None:
        content = text.encode()
        try:
            self.send_response(status)
            more = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(content))}
            if location:
                more["Location"] = location
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
    off = "　お客さまが取りやめた" if order.off else ""
    line = f"{at:%H:%M:%S}　知らせを受けた回数 {order.told}　返した返事 {said}{off}"
    return f'<article><h2>{name}</h2><p class="quiet">{line}</p><dl>{rows}</dl></article>'
