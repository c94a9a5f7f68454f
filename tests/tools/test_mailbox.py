"""The mail catcher: what was sent by SMTP can be read on the page, and nothing in a message runs."""

import smtplib
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Mailbox(NamedTuple):
    smtp: int
    http: int
    folder: Path

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}{path}", timeout=5) as answer:
            return str(answer.read().decode())

    def send(self, subject: str, text: str, to: str = "hanako@example.jp") -> None:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "madoguchi@city.example.jp", to, subject
        message.set_content(text)
        message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="決定通知書.pdf")
        with smtplib.SMTP("127.0.0.1", self.smtp, timeout=5) as client:
            client.send_message(message)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    box = Mailbox(free_port(), free_port(), tmp_path / "mail")
    command = [sys.executable, "-m", "tools.mailbox", "--smtp-port", str(box.smtp), "--http-port", str(box.http)]
    program = subprocess.Popen([*command, "--folder", str(box.folder)], cwd=ROOT, stdout=subprocess.PIPE)
    assert program.stdout is not None
    assert program.stdout.readline().startswith(b"mailbox:")
    yield box
    program.terminate()
    assert program.wait(timeout=10) == 0
    program.stdout.close()


def test_shows_what_was_sent(mailbox: Mailbox) -> None:
    assert "まだ届いていません" in mailbox.get("/")
    mailbox.send("受付のお知らせ", "確認はこちら\nhttp://localhost:8000/confirm/abc?x=1&y=2\n")
    listing = mailbox.get("/")
    assert "受付のお知らせ" in listing
    link = listing.partition('href="/message/')[2].partition('"')[0]
    page = mailbox.get(f"/message/{link}")
    assert 'href="http://localhost:8000/confirm/abc?x=1&amp;y=2"' in page
    assert "決定通知書.pdf" in page
    assert mailbox.get(f"/message/{link}.eml").startswith("X-Envelope-To: hanako@example.jp")


def test_lists_one_recipient_newest_first(mailbox: Mailbox) -> None:
    for number, to in ((1, "a@example.jp"), (2, "b@example.jp"), (3, "a@example.jp")):
        mailbox.send(f"通知{number}", "本文", to)
    listing = mailbox.get("/?to=a@example.jp")
    assert "通知2" not in listing
    assert listing.index("通知3") < listing.index("通知1")


def test_a_message_cannot_run_anything(mailbox: Mailbox) -> None:
    mailbox.send("<script>alert(1)</script>", "<img src=x onerror=alert(1)>")
    listing = mailbox.get("/")
    assert "<script>" not in listing
    link = listing.partition('href="/message/')[2].partition('"')[0]
    assert "<img" not in mailbox.get(f"/message/{link}")


@pytest.mark.parametrize("path", ["/message/../../etc/passwd", "/message/1", "/other"])
def test_other_addresses_are_not_found(mailbox: Mailbox, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404") as error:
        mailbox.get(path)
    error.value.close()
