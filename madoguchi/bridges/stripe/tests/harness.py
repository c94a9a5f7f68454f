"""The bridge against the sandbox of the demo, which speaks the real protocol on loopback."""

import json
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from madoguchi.bridges.stripe.checkout import StripeCheckout
from tools.payments.notices import signature
from tools.payments.server import Sandbox

KEY, SECRET = "sk_test_contract", "whsec_contract"


class StripeWorld:
    """See ``tests.contracts.test_payment_providers.World``."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.provider = StripeCheckout(sandbox.url, KEY, SECRET)
        self.told: list[dict[str, Any]] = []
        self.sandbox.book._tell = self.told.append

    def pay(self, reference: str) -> None:
        assert self.sandbox.book.pay_by_card(reference, "4242 4242 4242 4242") == ""

    def pay_later(self, reference: str) -> None:
        self.sandbox.book.pay_at_a_store(reference, 3600)

    def arrive(self, reference: str, *, paid: bool) -> None:
        self.sandbox.book.arrive(reference, paid=paid)

    def well(self, well: bool) -> None:
        self.sandbox.healthy = well

    def notices(self) -> list[tuple[bytes, Mapping[str, str]]]:
        return [self.signed(one) for one in self.told]

    def foreign(self) -> tuple[bytes, Mapping[str, str]]:
        return self.signed({"id": "evt_1", "object": "event", "type": "charge.succeeded", "data": {"object": {}}})

    def forged(self) -> Iterator[tuple[bytes, Mapping[str, str]]]:
        body, headers = self.notices()[0]
        yield body, {}
        yield body, {"Stripe-Signature": "t=1,v1=00"}
        yield body, {"Stripe-Signature": "nonsense"}
        yield body + b" ", headers
        yield body, {"Stripe-Signature": signature("whsec_of_somebody_else", body, time.time())}
        yield body, {"Stripe-Signature": signature(SECRET, body, time.time() - 3600)}
        yield b"\xff\xfe", {"Stripe-Signature": signature(SECRET, b"\xff\xfe", time.time())}

    @staticmethod
    def signed(event: dict[str, Any]) -> tuple[bytes, Mapping[str, str]]:
        body = json.dumps(event).encode()
        return body, {"Stripe-Signature": signature(SECRET, body, time.time())}


@contextmanager
def world() -> Iterator[StripeWorld]:
    with tempfile.TemporaryDirectory() as folder, Sandbox(Path(folder), key=KEY, secret=SECRET) as sandbox:
        yield StripeWorld(sandbox)
