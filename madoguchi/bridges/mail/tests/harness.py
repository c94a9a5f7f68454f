"""A real SMTP server on loopback for the contract of carriers."""

import email.policy
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from typing import Literal

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from madoguchi.bridges.mail.channel import SmtpCarrier


class World:
    """See tests/contracts/test_carriers.py."""

    def __init__(self, port: int) -> None:
        self.carrier = SmtpCarrier(f"smtp://127.0.0.1:{port}", "no-reply@city.example.jp")
        self.received: list[EmailMessage] = []
        self.behaviour: Literal["accept", "refuse", "busy", "gone"] = "accept"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """The server's answer to RCPT TO."""
        if self.behaviour == "gone" and server.transport:
            server.transport.close()
        if self.behaviour == "refuse":
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """The server's answer to the text."""
        if self.behaviour == "busy":
            return "451 try again later"
        content = envelope.content
        assert isinstance(content, bytes)
        self.received.append(message_from_bytes(content, policy=email.policy.default))
        return "250 OK"


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def world() -> Iterator[World]:
    """The SMTP carrier against a server of its own."""
    port = free_port()
    opened = World(port)
    controller = Controller(opened, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield opened
    finally:
        controller.stop()
