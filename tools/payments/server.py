"""HTTP: the API under ``/v1``, and the page on which a person pays under ``/pay``."""

import base64
import html
import json
import re
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, urlsplit

from tools.payments.book import Book, Wrong
from tools.payments.notices import Notices

LARGEST: Final = 64 * 1024
#: Seconds until what was to be paid at a convenience store has been paid.
STORE_SECONDS: Final = 8.0

PAGE: Final = """<!doctype html>
<html lang="ja"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>
body {{ font: 1rem/1.7 "BIZ UDPGothic", sans-serif; color: #1a1a1a; background: #f2f2f2; margin: 0 }}
.sample {{ background: #8b0000; color: #fff; text-align: center; padding: .5rem; font-weight: bold }}
main {{ max-width: 30rem; margin: 1.5rem auto; padding: 1.5rem; background: #fff; border-radius: 8px }}
h1 {{ font-size: 1.5rem; margin: 0 0 1rem }} h2 {{ font-size: 1.125rem; margin: 2rem 0 .5rem }}
dl {{ margin: 0 }} dt {{ color: #555 }} dd {{ margin: 0 0 .75rem; font-weight: bold; overflow-wrap: anywhere }}
.yen {{ font-size: 2rem; line-height: 1.3 }}
label {{ display: block; font-weight: bold }}
input {{ font: inherit; width: 100%; box-sizing: border-box; padding: .75rem; border: 1px solid #555;
  border-radius: 8px }}
button, .back {{ font: inherit; font-weight: bold; display: block; width: 100%; box-sizing: border-box;
  min-height: 48px;  padding: .6rem 1rem; border-radius: 8px; text-align: center; margin-top: 1rem; cursor: pointer }}
button {{ background: #0017c1; color: #fff; border: 2px solid #0017c1 }}
button.second {{ background: #fff; color: #0017c1 }}
.back {{ color: #0017c1; font-weight: normal }}
.wrong {{ border: 2px solid #b00000; color: #8b0000; padding: .75rem; border-radius: 8px; font-weight: bold }}
.quiet {{ color: #555; font-size: .875rem }}
:focus-visible {{ outline: 4px solid #000; outline-offset: 2px; box-shadow: 0 0 0 2px #ffd43d }}
</style></head><body><p class="sample">見本の決済ページです。お金は動きません</p><main>{body}</main></body></html>"""

FORM: Final = """<h1>お支払い</h1>
<dl><dt>お支払い先・内容</dt><dd>{title}</dd><dt>番号</dt><dd>{description}</dd>
<dt>金額</dt><dd class="yen">{yen}円</dd></dl>{wrong}
<form method="post"><h2>カードで支払う</h2>
<label for="number">カード番号</label>
<input id="number" name="number" inputmode="numeric" autocomplete="off" value="4242 4242 4242 4242"
 aria-describedby="numbers">
<p class="quiet" id="numbers">見本の番号だけが使えます。4242 4242 4242 4242 は支払えます。
4000 0000 0000 0002 は断られます。</p>
<button name="by" value="card">{yen}円を支払う</button></form>
<form method="post"><h2>コンビニで支払う</h2>
<p class="quiet">番号を受け取り、コンビニのレジで支払います。見本では、数秒後に支払われたことになります。</p>
<button class="second" name="by" value="store">コンビニで支払う</button></form>
<a class="back" href="{cancel}">支払わずに戻る</a>"""

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Sandbox:
    """The whole provider in one object: ``with Sandbox(...) as one`` serves while the block runs.

    ``healthy`` False makes the API answer 503, as on a bad day. ``book`` is what it knows, ``notices`` posts events.
    """

    def __init__(
        self, folder: Path, *, key: str, secret: str, notify: str = "", port: int = 0, store: float = STORE_SECONDS
    ) -> None:
        self.key, self.secret, self.healthy, self.store = key, secret, True, store
        self.calls: list[str] = []
        owner = self

        class Bound(Handler):
            sandbox = owner

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Bound)
        self.url = f"http://localhost:{self._server.server_port}"
        self.notices = Notices(notify, secret)
        self.book = Book(folder, self.url, self.notices.send)

    def serve(self) -> None:
        """Answer until :meth:`stop`."""
        self._server.serve_forever(poll_interval=0.1)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> "Sandbox":
        threading.Thread(target=self.serve, daemon=True, name="payments").start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def nested(text: str) -> dict[str, Any]:
    """A form as the API takes it: ``metadata[payment]=1`` is a mapping in a mapping."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        keys = re.findall(r"[^\[\]]+", name)
        here = found
        for key in keys[:-1]:
            here = here.setdefault(key, {})
        here[keys[-1]] = value
    return found


class Handler(BaseHTTPRequestHandler):
    """One request."""

    sandbox: Sandbox
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the name of the base class
        """Say nothing."""

    def _answer(self, how: Callable[[str, str], None]) -> None:
        address = urlsplit(self.path)
        try:
            if address.path.startswith("/v1/"):
                self._check_key()
            how(address.path, address.query)
        except Wrong as wrong:
            self._json(wrong.body, HTTPStatus(wrong.status))

    def _check_key(self) -> None:
        self.sandbox.calls.append(f"{self.command} {urlsplit(self.path).path}")
        if not self.sandbox.healthy:
            self._body()
            raise Wrong(503, "api_unavailable", "Not well today.", "api_error")
        kind, _, given = self.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            given = base64.b64decode(given).decode().partition(":")[0]
        if given != self.sandbox.key:
            self._body()
            raise Wrong(401, "api_key_invalid", "Invalid API Key provided.")

    def _get(self, path: str, query: str) -> None:
        book = self.sandbox.book
        if found := re.fullmatch(r"/v1/checkout/sessions/(\w+)", path):
            return self._json(book.session(found[1], expand="payment_intent" in query))
        if path == "/v1/refunds":
            return self._json(book.refunds(parse_qs(query).get("payment_intent", [""])[0]))
        if found := re.fullmatch(r"/pay/(\w+)", path):
            return self._page(found[1])
        if path == "/":
            return self._html("見本の決済", "<h1>見本の決済</h1><p>手数料の支払いを試すためのページです。</p>")
        raise Wrong(404, "url_invalid", "Unrecognized request URL")

    def _post(self, path: str, _: str) -> None:
        book, asked = self.sandbox.book, nested(self._body())
        key = self.headers.get("Idempotency-Key", "")
        if path == "/v1/checkout/sessions":
            return self._json(book.once(key, asked, lambda: book.create(asked)))
        if path == "/v1/refunds":
            return self._json(book.once(key, asked, lambda: book.refund(asked)))
        if found := re.fullmatch(r"/v1/checkout/sessions/(\w+)/expire", path):
            return self._json(book.expire(found[1]))
        if found := re.fullmatch(r"/pay/(\w+)", path):
            return self._pay(found[1], asked)
        raise Wrong(404, "url_invalid", "Unrecognized request URL")

    def _page(self, id_: str, wrong: str = "") -> None:
        try:
            one = self.sandbox.book.shown(id_)
        except Wrong:
            return self._html("見つかりません", "<h1>見つかりません</h1>", HTTPStatus.NOT_FOUND)
        back = html.escape(one["cancel_url"] or one["success_url"])
        if one["status"] != "open":
            return self._html("お支払い", f'<h1>この支払いは終わっています</h1><a class="back" href="{back}">戻る</a>')
        shown = {name: html.escape(str(one[name])) for name in ("title", "description")}
        said = f'<p class="wrong" role="alert">{html.escape(wrong)}</p>' if wrong else ""
        status = HTTPStatus.PAYMENT_REQUIRED if wrong else HTTPStatus.OK
        body = FORM.format(**shown, yen=f"{one['amount_total']:,}", cancel=back, wrong=said)
        return self._html("お支払い", body, status)

    def _pay(self, id_: str, asked: dict[str, Any]) -> None:
        book = self.sandbox.book
        try:
            if asked.get("by") == "store":
                book.pay_at_a_store(id_, self.sandbox.store)
                timer = threading.Timer(self.sandbox.store, book.arrive, (id_,))
                timer.daemon = True
                timer.start()
            elif declined := book.pay_by_card(id_, str(asked.get("number", ""))):
                return self._page(id_, declined)
        except Wrong:
            return self._page(id_)
        self.send_response(HTTPStatus.SEE_OTHER)
        self.send_header("Location", book.shown(id_)["success_url"])
        self.send_header("Content-Length", "0")
        return self.end_headers()

    def _body(self) -> str:
        size = int(self.headers.get("Content-Length") or 0)
        if size > LARGEST:
            raise Wrong(413, "request_too_large", "Too large")
        return self.rfile.read(size).decode()

    def _json(self, said: Any, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send(json.dumps(said, ensure_ascii=False).encode(), "application/json", status)

    def _html(self, title: str, body: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send(PAGE.format(title=html.escape(title), body=body).encode(), "text/html; charset=utf-8", status)

    def _send(self, content: bytes, kind: str, status: HTTPStatus) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": kind, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
