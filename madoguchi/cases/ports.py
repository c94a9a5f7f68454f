"""What cases need of the outside: who takes payments, who looks for viruses. Bridges register here; settings name them.
And of a face: how what a person is handed out reads.

The contract that every implementation keeps is tests/contracts/test_payment_providers.py, which runs for each that is
registered. A provider is never called inside an act: a transaction must not wait for the network, and what was paid
must not be forgotten because a transaction was undone.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, Literal, NamedTuple, Protocol

from django.conf import settings

from madoguchi.ground.registry import Registry


class Ask(NamedTuple):
    """What is asked of one person: so many yen. Nothing in it names the person.

    ``key`` is stable: asked again with the same key, the provider answers with the same page and takes the money once.
    ``back`` is where the person returns to, whatever has become of it.
    """

    key: str
    yen: int
    title: str
    reference: str
    language: str
    back: str


class Asked(NamedTuple):
    """The provider's page for one payment. ``reference`` is its name there, ``url`` where the person pays."""

    reference: str
    url: str


class Seen(NamedTuple):
    """What has become of a payment, in the provider's own word.

    ``open``: can be paid. ``pending``: the person has done their part, the money is on its way. ``paid``: it has
    arrived; ``yen`` of it, which is to be compared with what was asked, and ``charge`` names it for a refund.
    ``over``: it can no longer be paid, and was not.
    """

    state: Literal["open", "pending", "paid", "over"]
    yen: int = 0
    charge: str = ""


class Notice(NamedTuple):
    """A provider's word that something has happened to a payment: a hint to look, never the truth itself.

    ``key`` is stable: a notice that is sent again carries the same. ``payment`` is the ``key`` of our Ask.
    """

    key: str
    kind: str
    payment: str


class TryLater(Exception):
    """The provider could not be reached or is not well; the same call may well succeed later."""


class NotPossible(Exception):
    """The provider has understood and says no. ``code`` is short and names nobody."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Forged(Exception):
    """A notice that is not from the provider, or is too old to be believed."""


class PaymentProvider(Protocol):
    """Takes payments. Safe to use from several threads. Every call may raise TryLater or NotPossible."""

    def ask(self, one: Ask) -> Asked:
        """Prepare the page on which ``one`` is paid."""

    def look(self, reference: str) -> Seen:
        """What has become of it."""

    def close(self, reference: str) -> Seen:
        """Nobody shall pay this any more. Returns what has become of it, which may be that it was paid just before."""

    def refund(self, charge: str, yen: int, *, key: str) -> str:
        """Give ``yen`` back, once for each ``key``; what was given back before is no error. Returns its name there."""

    def read_notice(self, body: bytes, headers: Mapping[str, str]) -> Notice | None:
        """A notice as it came in, its signature verified; None where it is about nothing of ours. Raises Forged."""


PAYMENT_PROVIDERS: Final[Registry[Callable[[], PaymentProvider]]] = Registry("payment provider")


@cache
def provider(name: str = "") -> PaymentProvider:
    """The provider of this name, else the one that settings name, opened once per process."""
    return PAYMENT_PROVIDERS.get(name or settings.PAYMENT_PROVIDER)()


# --- viruses ----------------------------------------------------------------------------------------------------


class ScannerDown(Exception):
    """Nothing was found out: the scanner does not answer, or not in its language. The same file is tried again."""


class Scanner(Protocol):
    """Looks for viruses. Safe to use from several threads."""

    def scan(self, content: bytes) -> str:
        """The name of what was found in the file, empty where it is clean. Raises ScannerDown."""

    def version(self) -> str:
        """What the scanner says of itself and of the age of its signatures. Raises ScannerDown."""


SCANNERS: Final[Registry[Callable[[str], Scanner]]] = Registry("virus scanner")


@cache
def scanner() -> Scanner | None:
    """The scanner that the settings name, None where this node has none; opened once per process."""
    return SCANNERS.get("clamd")(settings.CLAMD) if settings.CLAMD else None


# --- what a person is handed out ----------------------------------------------------------------------------------

#: Makes one part of ``index.html`` (``head``, ``case``, ``foot``) of what it is given.
Page = Callable[[str, Mapping[str, Any]], str]
#: From a language to the page in it. The residents' face registers ``html`` at start-up.
HANDOUT_PAGES: Final[Registry[Callable[[str], Page]]] = Registry("page of what is handed out")
