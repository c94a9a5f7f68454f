"""Cards of a test authority for those who play in tests: the acts take their signatures as they take real ones."""

import datetime as dt
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from django.conf import settings
from django.test import override_settings

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case, Signature
from madoguchi.events import Actor
from madoguchi.facts.actions import state
from madoguchi.facts.models import Source
from madoguchi.facts.queries import known
from madoguchi.facts.rules import Purpose
from madoguchi.ground import clock
from madoguchi.people.models import Person
from madoguchi.people.ports import SIGNATURE_FORMATS, RawSignature
from tools.jpki.authority import Authority, Card, Holder, new_key

SOMEBODY = {
    "person.full_name": "見本 花子",
    "person.date_of_birth": "1990-06-15",
    "person.registered_address": "大阪府大東市谷川一丁目1番1号",
}


@cache
def authority() -> Authority:
    """One for all tests of a process, with days for all that they play."""
    return Authority(since=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))


@cache
def a_key() -> RSAPrivateKey:
    """Making one takes a tenth of a second; which card has it does not matter."""
    return new_key()


@contextmanager
def believed() -> Iterator[None]:
    """While this lasts the city believes the test authority."""
    file = settings.VAR / "jpki" / "root.pem"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(authority().pem())
    with override_settings(JPKI_TEST_ROOTS=[str(file)]):
        yield


def holder_of(by: Actor) -> Holder:
    """What the card of the one signed in says; where they have shown none, one is shown."""
    keys = [*SOMEBODY, "person.sex"]

    def said() -> dict[str, Any]:
        found = known(by.who, keys, Purpose("view"), by=by, sources=(Source.CARD,))
        return {key: one.value for key, one in found.items()}

    missing = {key: value for key, value in SOMEBODY.items() if key not in said()}
    if missing:
        state(Person(pk=by.who), {(key, ""): value for key, value in missing.items()}, Source.CARD, by=by)
    facts = said()
    return Holder(
        facts["person.full_name"],
        facts["person.registered_address"],
        dt.date.fromisoformat(str(facts["person.date_of_birth"])),
        str(facts.get("person.sex", "unknown")),
    )


def cms_over(content: bytes, card: Card) -> bytes:
    """What comes back when this card has signed the content."""
    form = SIGNATURE_FORMATS.get("jpki")()
    attributes = form.attributes(content, clock.now())
    return form.assemble(attributes, RawSignature(card.sign(hashlib.sha256(attributes).digest()), card.der))


def sign(case: Case, by: Actor, *, card: Card | None = None) -> list[Signature]:
    """The case, or the whole life event, signed by the card of ``by``."""
    card = card or authority().issue(holder_of(by), key=a_key())
    with believed():
        return actions.sign(case, cms_over(cases.signable(case).content, card), by=by)


def sign_where_asked(case: Case, by: Actor) -> None:
    """What the page does between the review and the receipt."""
    if by.kind == "resident" and cases.demands_signature(case) and not cases.is_signed(case):
        sign(case, by)
