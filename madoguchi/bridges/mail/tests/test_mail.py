import pytest
from django.conf import settings

from madoguchi.bridges.mail.channel import SmtpCarrier
from madoguchi.bridges.mail.tests.harness import free_port, world
from madoguchi.messages.ports import CARRIERS, Mail, TryLater

MAIL = Mail("0190", "hanako@example.jp", "件名", "本文\n")


@pytest.mark.parametrize("url", ["localhost:25", "http://localhost", "smtp://", ""])
def test_a_wrong_address_of_the_server_says_how_to_write_it(url: str) -> None:
    with pytest.raises(RuntimeError, match="smtp://host:port"):
        SmtpCarrier(url, "no-reply@example.jp")


def test_no_server_there_is_tried_later() -> None:
    with pytest.raises(TryLater):
        SmtpCarrier(f"smtp://127.0.0.1:{free_port()}", "no-reply@example.jp").send(MAIL)


def test_a_server_that_cannot_encrypt_or_log_in_gets_nothing() -> None:
    with world() as opened:
        server = opened.carrier._port
        for url in (f"smtp+starttls://127.0.0.1:{server}", f"smtp://user:p%40ss@127.0.0.1:{server}"):
            with pytest.raises(TryLater):
                SmtpCarrier(url, "no-reply@example.jp").send(MAIL)
        assert opened.received == []


def test_the_language_is_named() -> None:
    with world() as opened:
        opened.carrier.send(MAIL._replace(language="ja-simple"))
        opened.carrier.send(MAIL._replace(language="en"))
        assert [mail["Content-Language"] for mail in opened.received] == ["ja", "en"]


def test_the_carrier_that_settings_name_is_registered() -> None:
    assert settings.MAIL_CARRIER in CARRIERS
