"""What messages need of the outside: something that carries mail, something that signs. Bridges register here.

A port holds one factory per implementation; settings name the one in use. The contract every implementation keeps is
tests/contracts/test_mail.py and test_signer.py, which run for each that is registered.
"""

from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any, Final, Literal, NamedTuple, Protocol

from django.conf import settings

from madoguchi.ground.registry import Registry

# --- mail -------------------------------------------------------------------------------------------------------


class Mail(NamedTuple):
    """One mail to one address. ``key`` is stable: a mail that is tried again carries the same Message-ID."""

    key: str
    to: str
    subject: str
    body: str
    language: str = "ja"


class TryLater(Exception):
    """The mail has not left, and the same mail may well leave later: no connection, 4xx, timeout."""


class Undeliverable(Exception):
    """This mail will never arrive as it is (unknown address, 5xx). ``code`` is short and holds no address."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Carrier(Protocol):
    """Carries mail. Safe to use from several threads."""

    def send(self, mail: Mail) -> None:
        """Hand the mail to the next server, within 30 seconds. Raises TryLater or Undeliverable."""


CARRIERS: Final[Registry[Callable[[], Carrier]]] = Registry("mail carrier")


# --- signatures -------------------------------------------------------------------------------------------------

SignatureState = Literal["none", "intact", "altered", "foreign"]


class Signature(NamedTuple):
    """What the signature of a PDF says.

    ``none``: there is none. ``intact``: ours, over the whole file. ``altered``: ours, but the file is not what was
    signed. ``foreign``: somebody else's. ``signer`` is the subject of the certificate.
    """

    state: SignatureState
    signer: str = ""


class Signer(Protocol):
    """Signs PDF files with the key of the city. Safe to use from several threads, quick in a batch."""

    @property
    def name(self) -> str:
        """Who signs: the subject of the certificate."""

    def sign(self, pdf: bytes) -> bytes:
        """The signed file, which begins with the unsigned one (an incremental update). PAdES B-B or better."""

    def inspect(self, pdf: bytes) -> Signature:
        """What the signature of any uploaded file says. Never raises, whatever the bytes are."""


SIGNERS: Final[Registry[Callable[[], Signer]]] = Registry("signer")


# --- notices to those who live somewhere ------------------------------------------------------------------------


class Office(NamedTuple):
    """A section or department that may send notices. ``posts`` may do so; ``contact`` stands beneath the mail;
    ``letter`` are the keys ``from`` and ``contact`` of a letter (catalogue/letters/README.md), ``symbol`` its 文書記号.
    """

    city: str
    name: str
    contact: str
    symbol: str
    letter: Mapping[str, Any]
    posts: frozenset[str]


class Audience(Protocol):
    """Who is meant, by where they live."""

    def checked(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        """What was said, as it is kept (JSON). Raises Invalid."""

    def words(self, said: Mapping[str, Any]) -> str:
        """The same in words, for the office."""

    def chosen(self, said: Mapping[str, Any], addresses: Collection[str]) -> frozenset[str]:
        """Those of these addresses that are meant. Raises Invalid."""


#: Offices by code, and kinds of audience: the noun that knows the organisation and the map registers both.
OFFICES: Final[Registry[Callable[[str], Office | None]]] = Registry("office that sends notices")
AUDIENCES: Final[Registry[Audience]] = Registry("audience of a notice")


@cache
def carrier() -> Carrier:
    """The carrier that settings name, opened once per process."""
    return CARRIERS.get(settings.MAIL_CARRIER)()


@cache
def signer() -> Signer:
    """The signer that settings name, with its key loaded once per process."""
    return SIGNERS.get(settings.SIGNER)()
