"""The carrier over SMTP: one connection a mail, because a dead connection costs more."""

import re
import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cached_property
from typing import Final
from urllib.parse import unquote, urlsplit

from django.conf import settings

from madoguchi.ground import clock
from madoguchi.messages.ports import Mail, TryLater, Undeliverable

_SECONDS: Final = 15.0
#: One address as servers take it without extensions: no comma, quote or line break that would make it two.
_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_PORTS: Final = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


class SmtpCarrier:
    """See :class:`madoguchi.messages.ports.Carrier`. ``url`` is ``smtp[s|+starttls]://[user:password@]host[:port]``."""

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise RuntimeError(f"MADOGUCHI_SMTP must look like smtp://host:port, one of {', '.join(sorted(_PORTS))}")
        self._scheme, self._host = parts.scheme, parts.hostname
        self._port = parts.port or _PORTS[parts.scheme]
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._sender = sender

    def send(self, mail: Mail) -> None:
        """Hand the mail to the server.

        A recipient or a text refused for good (5xx) is Undeliverable. All else may pass, so it is TryLater: 4xx,
        no connection, and also a refused login or sender, which the operator has to mend.
        """
        if not _ADDRESS.fullmatch(mail.to):
            raise Undeliverable("address")
        message = self._message(mail)
        try:
            with self._connect() as server:
                server.send_message(message, self._sender, [mail.to])
        except smtplib.SMTPRecipientsRefused as refused:
            raise _trouble(next(iter(refused.recipients.values()))[0]) from None
        except smtplib.SMTPDataError as refused:
            raise _trouble(refused.smtp_code) from None
        except (smtplib.SMTPException, OSError) as trouble:
            raise TryLater(type(trouble).__name__) from None

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        """Whose certificates are trusted; to read them takes longer than to carry a mail."""
        return ssl.create_default_context()

    def _connect(self) -> smtplib.SMTP:
        server: smtplib.SMTP
        if self._scheme == "smtps":
            server = smtplib.SMTP_SSL(self._host, self._port, timeout=_SECONDS, context=self._trust)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=_SECONDS)
        try:
            if self._scheme == "smtp+starttls":
                server.starttls(context=self._trust)
            if self._user:
                server.login(self._user, self._password)
        except BaseException:
            server.close()
            raise
        return server

    def _message(self, mail: Mail) -> EmailMessage:
        message = EmailMessage(policy=SMTP)
        message["From"] = self._sender
        message["To"] = mail.to
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(clock.now())
        message["Message-ID"] = f"<{mail.key}@{self._sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
        message.set_content(mail.body, charset="utf-8", cte="base64")
        message["Content-Language"] = "en" if mail.language == "en" else "ja"  # after the content, which clears it
        return message


def _trouble(code: int) -> Exception:
    return Undeliverable(f"smtp-{code}") if 500 <= code < 600 else TryLater(f"smtp-{code}")


def open_carrier() -> SmtpCarrier:
    """The carrier of this node."""
    return SmtpCarrier(settings.SMTP_URL, settings.MAIL_FROM)
