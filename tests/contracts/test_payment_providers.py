"""What every payment provider must keep. Runs by itself for each that registers in ``cases.ports.PAYMENT_PROVIDERS``.

A bridge brings ``madoguchi/bridges/<name>/tests/harness.py`` with a context manager ``world()`` that opens its provider
against a real server on loopback and hands out a ``World``.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from typing import Protocol

import pytest

from madoguchi.cases.ports import (
    PAYMENT_PROVIDERS,
    Ask,
    Asked,
    Forged,
    Notice,
    NotPossible,
    PaymentProvider,
    Seen,
    TryLater,
)

Posted = tuple[bytes, Mapping[str, str]]


class World(Protocol):
    """The provider, and the outside: people who pay, notices that come in, signed as the provider signs."""

    provider: PaymentProvider

    def pay(self, reference: str) -> None: ...
    def pay_later(self, reference: str) -> None: ...
    def arrive(self, reference: str, *, paid: bool) -> None: ...
    def well(self, well: bool) -> None: ...
    def notices(self) -> list[Posted]: ...
    def foreign(self) -> Posted: ...
    def forged(self) -> Iterable[Posted]: ...


@pytest.fixture(params=list(PAYMENT_PROVIDERS))
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    package = PAYMENT_PROVIDERS.get(request.param).__module__.rpartition(".")[0]
    with import_module(f"{package}.tests.harness").world() as opened:
        yield opened


ASK = Ask("0190-key", 3000, "大東市 犬の登録", "26-4831-0957-3", "ja", "http://localhost:8000/cases/26/pay/return/")


def test_a_page_is_made_once_for_a_key(world: World) -> None:
    first = world.provider.ask(ASK)
    assert first.reference
    assert first.url.startswith("http")
    assert world.provider.ask(ASK) == first
    assert world.provider.ask(ASK._replace(key="another")) != first
    with pytest.raises(NotPossible):
        world.provider.ask(ASK._replace(yen=9999))
    assert world.provider.look(first.reference) == Seen("open")


def test_many_windows_make_one_page(world: World) -> None:
    made: list[Asked] = []
    threads = [threading.Thread(target=lambda: made.append(world.provider.ask(ASK))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 6
    assert len(set(made)) == 1


def test_what_is_paid_is_seen_with_its_amount(world: World) -> None:
    page = world.provider.ask(ASK)
    world.pay(page.reference)
    seen = world.provider.look(page.reference)
    assert (seen.state, seen.yen) == ("paid", 3000)
    assert seen.charge
    assert world.provider.close(page.reference) == seen, "what was paid just before is not closed away"


def test_what_comes_later_is_pending_until_it_has_come(world: World) -> None:
    page, other = world.provider.ask(ASK), world.provider.ask(ASK._replace(key="other"))
    for one in (page, other):
        world.pay_later(one.reference)
        assert world.provider.look(one.reference).state == "pending"
    world.arrive(page.reference, paid=True)
    world.arrive(other.reference, paid=False)
    assert world.provider.look(page.reference).yen == 3000
    assert world.provider.look(other.reference) == Seen("over")


def test_what_is_closed_is_over(world: World) -> None:
    page = world.provider.ask(ASK)
    for _ in range(2):
        assert world.provider.close(page.reference) == Seen("over")


def test_money_goes_back_once(world: World) -> None:
    page = world.provider.ask(ASK)
    world.pay(page.reference)
    charge = world.provider.look(page.reference).charge
    first = world.provider.refund(charge, 3000, key="back")
    assert first
    assert world.provider.refund(charge, 3000, key="back") == first
    assert world.provider.refund(charge, 3000, key="the key was forgotten") == first
    with pytest.raises(NotPossible):
        world.provider.refund("unknown", 3000, key="unknown")


def test_notices_name_the_payment_and_are_the_same_when_sent_again(world: World) -> None:
    world.pay(world.provider.ask(ASK).reference)
    ((body, headers),) = world.notices()
    said = world.provider.read_notice(body, headers)
    assert isinstance(said, Notice)
    assert said.payment == ASK.key
    assert said.key
    assert world.provider.read_notice(body, headers) == said


def test_notices_about_other_things_are_nothing(world: World) -> None:
    assert world.provider.read_notice(*world.foreign()) is None


def test_forged_stale_and_broken_notices_are_not_believed(world: World) -> None:
    world.pay(world.provider.ask(ASK).reference)
    forged = list(world.forged())
    assert len(forged) > 3
    for body, headers in forged:
        with pytest.raises(Forged):
            world.provider.read_notice(body, headers)


def test_a_provider_that_is_not_well_is_tried_later(world: World) -> None:
    page = world.provider.ask(ASK)
    world.well(False)
    with pytest.raises(TryLater):
        world.provider.ask(ASK._replace(key="another"))
    with pytest.raises(TryLater):
        world.provider.look(page.reference)
    with pytest.raises(TryLater):
        world.provider.refund("any", 1, key="any")
    world.well(True)
    assert world.provider.look(page.reference).state == "open"


def test_what_is_unknown_there_is_refused(world: World) -> None:
    with pytest.raises(NotPossible):
        world.provider.look("cs_unknown")
