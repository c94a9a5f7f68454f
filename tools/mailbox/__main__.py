"""``python -m tools.mailbox``: SMTP in, files on disk, a page to read them. For the demo and for tests."""

import argparse
import html
import re
import signal
import sys
import threading
import time
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

#: A message with a letter attached is far below; more is a mistake. In bytes.
LARGEST_MESSAGE = 20 * 1024**2
#: The newest messages that the page lists.
LISTED = 200


class Box:
    """The folder of messages. A name is a time and a number, so that names sort as the messages came."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._numbers = count()
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, content: bytes) -> str:
        """Write one message; a reader sees it whole or not at all. Returns its name."""
        name = f"{time.time_ns():020d}-{next(self._numbers):04d}"
        half = self.folder / f"{name}.half"
        half.write_bytes(content)
        half.rename(self.folder / f"{name}.eml")
        return name

    def names(self) -> list[str]:
        """Newest first."""
        return sorted((one.stem for one in self.folder.glob("*.eml")), reverse=True)

    def raw(self, name: str) -> bytes | None:
        """The message as it came; None where there is none of that name."""
        if not re.fullmatch(r"\d{20}-\d{4,}", name):
            return None
        path = self.folder / f"{name}.eml"
        return path.read_bytes() if path.exists() else None

    def read(self, name: str) -> EmailMessage | None:
        """The message, parsed."""
        raw = self.raw(name)
        if raw is None:
            return None
        message = BytesParser(policy=policy.default).parsebytes(raw)
        assert isinstance(message, EmailMessage)
        return message


class Keeper:
    """What aiosmtpd calls for each message."""

    def __init__(self, box: Box):
        self._box = box

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep the message, with the recipients of the envelope in front: a Bcc is in no other header."""
        content = envelope.content or b""
        recipients = ", ".join(envelope.rcpt_tos).encode()
        self._box.keep(b"X-Envelope-To: " + recipients + b"\r\n" + (content if isinstance(content, bytes) else b""))
        return "250 OK"


PAGE = """<!doctype html>
<html lang="ja"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>
body {{ font: 1rem/1.7 "BIZ UDPGothic", sans-serif; color: #333; max-width: 52rem; margin: 2rem auto; padding: 0 1rem }}
table {{ width: 100%; border-collapse: collapse }}
td, th {{ text-align: left; padding: .4rem .6rem; vertical-align: top; border-bottom: 1px solid #ccc }}
pre {{ white-space: pre-wrap; font: inherit; background: #f2f2f2; padding: 1rem }}
a {{ color: #0017c1; text-underline-offset: 3px }} h1 {{ font-size: 1.5rem }} .quiet {{ color: #626264 }}
</style></head><body><h1>{title}</h1>{body}</body></html>"""

#: A message may hold anything: the page runs no script and loads nothing.
HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'", "Cache-Control": "no-store"}


class Reader(BaseHTTPRequestHandler):
    """The page."""

    box: Box

    def do_GET(self) -> None:
        """``/``, ``/message/<name>`` and ``/message/<name>.eml``."""
        address = urlsplit(self.path)
        if address.path == "/":
            return self._list(parse_qs(address.query).get("to", [""])[0].strip().lower())
        if address.path.startswith("/message/"):
            name = address.path.removeprefix("/message/")
            if name.endswith(".eml"):
                raw = self.box.raw(name.removesuffix(".eml"))
                return self._answer(raw, "message/rfc822") if raw is not None else self._missing()
            message = self.box.read(name)
            return self._show(name, message) if message is not None else self._missing()
        return self._missing()

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the name of the base class
        """Say nothing: a page that polls would fill the terminal."""

    def _list(self, to: str) -> None:
        rows = []
        for name in self.box.names():
            message = self.box.read(name)
            if message is None:
                continue
            recipients = str(message["X-Envelope-To"] or message["To"] or "")
            if to and to not in recipients.lower():
                continue
            subject = html.escape(str(message["Subject"] or "（件名なし）"))
            rows.append(
                f"<tr><td>{html.escape(_when(name))}</td><td>{html.escape(recipients)}</td>"
                f'<td><a href="/message/{quote(name)}">{subject}</a></td></tr>'
            )
            if len(rows) == LISTED:
                break
        head = "<tr><th scope=col>時刻</th><th scope=col>宛先</th><th scope=col>件名</th></tr>"
        none = "<p>まだ届いていません。画面を再読み込みしてください。</p>"
        body = "<p class=quiet>このコンピューターの中だけの受信箱です。外へは送られません。</p>"
        self._page("届いたメール", body + (f"<table>{head}{''.join(rows)}</table>" if rows else none))

    def _show(self, name: str, message: EmailMessage) -> None:
        part = message.get_body(("plain", "html"))
        text = part.get_content() if part else ""
        if part is not None and part.get_content_type() == "text/html":
            text = re.sub(r"<[^>]+>", "", text)
        linked = re.sub(r"(https?://[^\s&<>\"']+(?:&amp;[^\s&<>\"']+)*)", r'<a href="\1">\1</a>', html.escape(text))
        head = "".join(
            f"<tr><th scope=row>{label}</th><td>{html.escape(str(message[key] or ''))}</td></tr>"
            for label, key in (("差出人", "From"), ("宛先", "X-Envelope-To"))
        )
        files = "、".join(html.escape(one.get_filename() or "名前なし") for one in message.iter_attachments())
        attached = f"<p>添付：{files}</p>" if files else ""
        back = f'<p><a href="/">一覧へ戻る</a>　<a href="/message/{quote(name)}.eml">元のまま（.eml）</a></p>'
        title = str(message["Subject"] or "（件名なし）")
        self._page(title, f"<table>{head}</table><pre>{linked}</pre>{attached}{back}")

    def _page(self, title: str, body: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._answer(PAGE.format(title=html.escape(title), body=body).encode(), "text/html; charset=utf-8", status)

    def _missing(self) -> None:
        self._page("見つかりません", '<p><a href="/">一覧へ</a></p>', HTTPStatus.NOT_FOUND)

    def _answer(self, content: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": kind, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def _when(name: str) -> str:
    return time.strftime("%m/%d %H:%M:%S", time.localtime(int(name.split("-")[0]) / 1e9))


def main() -> int:
    """Serve until told to end."""
    parser = argparse.ArgumentParser(prog="tools.mailbox", description=__doc__)
    parser.add_argument("--smtp-port", type=int, default=1025)
    parser.add_argument("--http-port", type=int, default=8025)
    parser.add_argument("--folder", type=Path, default=Path("var/mail"))
    options = parser.parse_args()
    box = Box(options.folder)
    smtp = Controller(
        Keeper(box),
        hostname="127.0.0.1",
        port=options.smtp_port,
        server_kwargs={"data_size_limit": LARGEST_MESSAGE, "enable_SMTPUTF8": True},
    )
    try:
        smtp.start()
        Reader.box = box
        page = ThreadingHTTPServer(("127.0.0.1", options.http_port), Reader)
    except OSError as error:
        print(f"mailbox: {error.strerror}: port {options.smtp_port} or {options.http_port}", file=sys.stderr)
        return 1
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    threading.Thread(target=page.serve_forever, daemon=True).start()
    print(f"mailbox: SMTP on port {options.smtp_port}, to read on http://localhost:{options.http_port}/", flush=True)
    done.wait()
    page.shutdown()
    smtp.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
