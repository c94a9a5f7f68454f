"""What every carrier of mail must keep. Runs by itself for each one that registers in ``messages.ports.CARRIERS``.

A bridge brings ``madoguchi/bridges/<name>/tests/harness.py`` with a context manager ``world()`` that opens its carrier
against a real server on loopback and hands out a ``World``.
"""

import threading
from collections.abc import Iterator
from email.message import EmailMessage
from importlib import import_module
from typing import Literal, Protocol

import pytest

from madoguchi.messages.ports import CARRIERS, Carrier, Mail, TryLater, Undeliverable


class World(Protocol):
    """The carrier, what has arrived outside, and how the outside behaves from now on."""

    carrier: Carrier
    received: list[EmailMessage]
    behaviour: Literal["accept", "refuse", "busy", "gone"]


@pytest.fixture(params=list(CARRIERS))
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    package = CARRIERS.get(request.param).__module__.rpartition(".")[0]
    with import_module(f"{package}.tests.harness").world() as opened:
        yield opened


MAIL = Mail(
    "0190",
    "hanako@example.jp",
    "【大東市】手続きを受け付けました（受付番号 26-4831-0957-3）",
    "一行目\n.\n\nFrom ここ\n" + "長" * 2000 + "\n髙﨑𠮷\n",
)


def test_what_is_sent_arrives_as_written(world: World) -> None:
    world.carrier.send(MAIL)
    (arrived,) = world.received
    assert arrived["To"] == MAIL.to
    assert arrived["Subject"] == MAIL.subject
    assert arrived.get_content().replace("\r\n", "\n") == MAIL.body
    assert arrived["Auto-Submitted"] == "auto-generated"
    assert arrived["Date"]


def test_a_mail_that_is_tried_again_carries_the_same_id(world: World) -> None:
    for _ in range(2):
        world.carrier.send(MAIL)
    assert len({mail["Message-ID"] for mail in world.received}) == 1


def test_what_is_refused_for_good_is_undeliverable_and_says_no_address(world: World) -> None:
    world.behaviour = "refuse"
    with pytest.raises(Undeliverable) as trouble:
        world.carrier.send(MAIL)
    assert trouble.value.code
    assert "hanako" not in f"{trouble.value!r}{trouble.value.__cause__!r}"
    assert world.received == []


@pytest.mark.parametrize("behaviour", ["busy", "gone"])
def test_what_may_pass_is_tried_later(world: World, behaviour: Literal["busy", "gone"]) -> None:
    world.behaviour = behaviour
    with pytest.raises(TryLater):
        world.carrier.send(MAIL)
    assert world.received == []


@pytest.mark.parametrize(
    "address",
    ["", "nobody", "a@example.jp, b@example.jp", "a@example.jp\nBcc: b@example.jp", "a@", "見本", "undisclosed:;"],
)
def test_what_is_no_address_reaches_nobody(world: World, address: str) -> None:
    with pytest.raises(Undeliverable):
        world.carrier.send(MAIL._replace(to=address))
    assert world.received == []


def test_several_threads_send_at_once(world: World) -> None:
    threads = [threading.Thread(target=world.carrier.send, args=(MAIL._replace(key=str(key)),)) for key in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({mail["Message-ID"] for mail in world.received}) == 8
