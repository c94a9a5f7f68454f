"""Who proves that a resident is who they say, by what they sign, and what tells partners: the ports that bridges fill.

A face calls ``identity_provider().begin``, keeps the transaction in the visitor's session, sends the visitor away, and
hands what comes back to ``people.actions.sign_in``.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Literal, NamedTuple, Protocol

from madoguchi.events import Actor
from madoguchi.ground.registry import Registry
from madoguchi.people.models import Person

Level = Literal["contact", "account", "card", "card-signature"]
Sex = Literal["male", "female", "not-applicable", "unknown"]


@dataclass(frozen=True, slots=True)
class Transaction:
    """One sign-in under way, between the page that sent the visitor to the provider and the page they come back to.

    Holds secrets (``state``, ``nonce``, ``verifier``): it lives in the visitor's session on our side and nowhere else.
    """

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    redirect_uri: str
    acr: tuple[str, ...]
    begun_at: dt.datetime

    def as_json(self) -> dict[str, str]:
        """A form that a session can hold."""
        return {
            "state": self.state,
            "nonce": self.nonce,
            "verifier": self.verifier,
            "redirect_uri": self.redirect_uri,
            "acr": " ".join(self.acr),
            "begun_at": self.begun_at.isoformat(),
        }

    @classmethod
    def from_json(cls, stored: object) -> "Transaction | None":
        """What :meth:`as_json` made; None where the session holds nothing or something older."""
        if not isinstance(stored, Mapping) or not all(isinstance(stored.get(key), str) for key in _STORED):
            return None
        return cls(
            state=stored["state"],
            nonce=stored["nonce"],
            verifier=stored["verifier"],
            redirect_uri=stored["redirect_uri"],
            acr=tuple(stored["acr"].split()),
            begun_at=dt.datetime.fromisoformat(stored["begun_at"]),
        )


_STORED = ("state", "nonce", "verifier", "redirect_uri", "acr", "begun_at")


@dataclass(frozen=True, slots=True)
class Claims:
    """What a provider has proven of a person: the identity, and the attributes that it handed over.

    ``subject`` is pairwise: the same person has another one elsewhere. An attribute that was not handed over, or that
    could not be read with certainty, is None; the latter is named in ``unreadable``. ``raw`` is what came over the
    wire, to be kept as evidence of the source and never to be logged. ``proof`` is shown to the provider at the
    sign-out, to say whose it is; empty where it says more of the person than ``subject``. ``session`` is the
    provider's name for this visit (``sid``), where it gives one.
    """

    issuer: str
    subject: str = field(repr=False)
    level: Level
    acr: tuple[str, ...] = ()
    authenticated_at: dt.datetime | None = None
    full_name: str | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)
    birth_date: dt.date | None = field(default=None, repr=False)
    sex: Sex | None = field(default=None, repr=False)
    unreadable: frozenset[str] = frozenset()
    raw: Mapping[str, object] = field(default_factory=dict, repr=False)
    proof: str = field(default="", repr=False)
    session: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Ended:
    """That a provider says: this subject, or who was in this session of theirs, has signed out with us; one of the two
    may be empty. ``mark`` is the saying's own name, by which it is heeded once; after ``until`` it is refused for its
    age."""

    issuer: str
    subject: str = field(repr=False)
    session: str = field(repr=False)
    mark: str = field(repr=False)
    until: dt.datetime


class IdentityProvider(Protocol):
    """A party that authenticates residents. Every call may reach over the network; all but ``leave`` may refuse."""

    def begin(self, *, redirect_uri: str, afresh: bool = False) -> tuple[str, Transaction]:
        """The address to send the visitor to, and the transaction to keep until they come back to ``redirect_uri``.

        ``afresh``: whoever signed in there before on this device must not be taken for the visitor.
        """
        ...

    def complete(self, params: Mapping[str, str], transaction: Transaction) -> Claims:
        """Check what the visitor came back with, and fetch what the provider says of them.

        Refused where the visitor cancelled, the provider is out of reach, time has run out or anything does not match.
        """
        ...

    def leave(self, *, return_to: str, state: str, proof: str = "") -> str | None:
        """The address at which the provider signs its visitor out and sends them back to ``return_to`` with ``state``;
        None where there is none. ``proof`` as ``Claims`` had it."""
        ...

    def ended(self, logout_token: str) -> Ended:
        """Who has signed out at the provider, by what it says. Refused where it is not the provider's word."""
        ...


class Admitting(Protocol):
    """Lets in whom a provider has just proven."""

    def __call__(self, claims: Claims, begun: Transaction, *, by: Actor) -> Person: ...


#: Where providers send visitors back to, below the base URL: a provider knows each such address beforehand.
RETURN_PATH: Final = "/sign-in/card/return/"
#: Where it sends back who has signed out there, and where it tells us that somebody has.
LEFT_PATH: Final = "/sign-out/return/"
ENDED_PATH: Final = "/sign-out/told/"

#: Bridges register a factory here at start-up; it is called when a sign-in needs it.
IDENTITY_PROVIDERS: Registry[Callable[[], IdentityProvider]] = Registry("identity provider")


def identity_provider(name: str = "card") -> IdentityProvider:
    """The provider registered under ``name``; ``card`` reads マイナンバーカード (デジタル認証アプリ)."""
    return IDENTITY_PROVIDERS.get(name)()


# --- signing by card ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Signing:
    """One signature under way: like :class:`Transaction`, kept in the visitor's session and nowhere else.

    ``transaction_id`` is the provider's name of it; ``attributes`` are the signed attributes (DER) that the card signs,
    and ``digest`` is the SHA-256 of the content that they speak of.
    """

    transaction: Transaction
    transaction_id: str
    attributes: bytes = field(repr=False)
    digest: str

    def as_json(self) -> dict[str, Any]:
        """A form that a session can hold."""
        return {
            "transaction": self.transaction.as_json(),
            "transaction_id": self.transaction_id,
            "attributes": self.attributes.hex(),
            "digest": self.digest,
        }

    @classmethod
    def from_json(cls, stored: object) -> "Signing | None":
        """What :meth:`as_json` made; None where the session holds nothing or something older."""
        if not isinstance(stored, Mapping):
            return None
        begun, rest = Transaction.from_json(stored.get("transaction")), ("transaction_id", "attributes", "digest")
        if begun is None or not all(isinstance(stored.get(key), str) for key in rest):
            return None
        return cls(begun, stored["transaction_id"], bytes.fromhex(stored["attributes"]), stored["digest"])


class RawSignature(NamedTuple):
    """What a card gives back: the signature (RSA PKCS#1 v1.5, SHA-256) and the signing certificate (DER)."""

    signature: bytes
    certificate: bytes


class CardSigner(Protocol):
    """A party that has a resident's card sign. Both calls may reach over the network and refuse (``Refused``)."""

    def begin(self, digest: bytes, *, redirect_uri: str) -> tuple[str, Transaction, str]:
        """The address to send the visitor to, the transaction to keep, and the provider's name of it. ``digest`` is the
        SHA-256 of what is signed."""
        ...

    def complete(self, params: Mapping[str, str], transaction: Transaction, transaction_id: str) -> RawSignature:
        """What the card has signed. Refused where the visitor cancelled, time has run out or anything mismatches."""
        ...


#: Whether a certificate was revoked: not asked, because nobody here may ask; or asked, and it was not.
Revocation = Literal["not_checked", "not_revoked"]


@dataclass(frozen=True, slots=True)
class Signatory:
    """The four attributes of a signing certificate. ``substituted``: by attribute (``name``, ``address``) the positions
    (from 0) at which it has a substitute (代替文字) for a character that it cannot write.

    ``birth_date`` is None where the certificate does not know it to the day.
    """

    full_name: str = field(repr=False)
    address: str = field(repr=False)
    birth_date: dt.date | None = field(repr=False)
    sex: Sex = field(repr=False)
    substituted: Mapping[str, frozenset[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Signed:
    """What a checked signature says: who signed, by which certificate and policy, whether of a test authority.

    ``signed_at`` is the time that the signature itself bears. ``certificate`` is DER.
    """

    signatory: Signatory
    serial: str = field(repr=False)
    issuer: str
    policy: str
    is_test: bool
    valid_until: dt.datetime
    signed_at: dt.datetime | None
    certificate: bytes = field(repr=False)


class SignatureFormat(Protocol):
    """How what a card signs becomes a CMS, and what makes one worth believing. No network is used."""

    def attributes(self, content: bytes, at: dt.datetime) -> bytes:
        """The signed attributes (DER) over ``content``: what the card signs."""
        ...

    def assemble(self, attributes: bytes, raw: RawSignature) -> bytes:
        """The detached CMS (DER). Refused where the certificate cannot be read."""
        ...

    def verify(self, cms: bytes, content: bytes, *, at: dt.datetime) -> Signed:
        """Who has signed ``content``. Refused where anything is not as it must be, in plain words."""
        ...


class RevocationVerifier(Protocol):
    """Asks whether a certificate was revoked: only a 署名検証者 (公的個人認証法17条) may, or who acts for one."""

    def is_revoked(self, certificate: bytes, *, at: dt.datetime) -> bool:
        """Of a certificate (DER). Refused, with status 503, where nobody answers."""
        ...


#: Bridges register here at start-up: who has cards sign (``card``), what a signature must be (``jpki``), who asks about
#: revocation (none is shipped; the setting ``REVOCATION_VERIFIER`` names it).
CARD_SIGNERS: Registry[Callable[[], CardSigner]] = Registry("card signer")
SIGNATURE_FORMATS: Registry[Callable[[], SignatureFormat]] = Registry("signature format")
REVOCATION_VERIFIERS: Registry[Callable[[], RevocationVerifier]] = Registry("revocation verifier")


def begin_signing(content: bytes, *, at: dt.datetime, redirect_uri: str) -> tuple[str, Signing]:
    """The address to send the visitor to, and what to keep until they come back to ``redirect_uri``."""
    attributes = SIGNATURE_FORMATS.get("jpki")().attributes(content, at)
    signer = CARD_SIGNERS.get("card")()
    url, begun, name = signer.begin(hashlib.sha256(attributes).digest(), redirect_uri=redirect_uri)
    return url, Signing(begun, name, attributes, hashlib.sha256(content).hexdigest())


def complete_signing(params: Mapping[str, str], begun: Signing) -> bytes:
    """The CMS (DER) that the visitor has brought back: put together, not checked."""
    raw = CARD_SIGNERS.get("card")().complete(params, begun.transaction, begun.transaction_id)
    return SIGNATURE_FORMATS.get("jpki")().assemble(begun.attributes, raw)


def verify_signature(cms: bytes, content: bytes, *, at: dt.datetime) -> Signed:
    """Who has signed ``content``; see :meth:`SignatureFormat.verify`."""
    return SIGNATURE_FORMATS.get("jpki")().verify(cms, content, at=at)


#: Where the provider sends visitors back to after signing, below the base URL.
SIGNED_PATH: Final = "/sign/return/"


# --- webhooks -----------------------------------------------------------------------------------------------------


class NotPosted(Exception):
    """It did not arrive. ``code`` is short and holds no address."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Poster(Protocol):
    """Posts to addresses that partners named. Safe to use from several threads."""

    def post(self, url: str, content: bytes, headers: Mapping[str, str]) -> int:
        """The status that the address answered with, within 15 seconds; no redirect is followed. Raises NotPosted."""


POSTERS: Final[Registry[Callable[[], Poster]]] = Registry("poster")


@cache
def poster() -> Poster:
    """The poster of this node."""
    return POSTERS.get("https")()


# --- who leads ----------------------------------------------------------------------------------------------------

#: Who leads a section: from its code to the posts that give out its work. The noun that knows the organisation
#: registers under ``organisation`` at start-up.
LEADERS: Registry[Callable[[str], frozenset[str]]] = Registry("who leads a section")
