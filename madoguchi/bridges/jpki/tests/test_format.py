"""What the port promises of a good signature; read back by pyHanko and OpenSSL's own eyes where they can."""

import datetime as dt
import hashlib

import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from pyhanko.sign.validation.generic_cms import async_validate_detached_cms
from pyhanko_certvalidator import ValidationContext

from madoguchi.bridges.jpki import certificate
from madoguchi.bridges.jpki.certificate import Roots
from madoguchi.bridges.jpki.format import JpkiFormat
from madoguchi.bridges.jpki.tests.conftest import CONTENT, HANAKO, NOW, Signs
from tools.jpki.authority import Authority, Card, Holder


def test_a_good_signature_says_who_when_and_by_what(form: JpkiFormat, hanako: Card, signs: Signs) -> None:
    signed = form.verify(signs(hanako), CONTENT, at=NOW + dt.timedelta(minutes=2))
    who = signed.signatory
    assert (who.full_name, who.address, who.birth_date, who.sex) == (HANAKO.name, HANAKO.address, HANAKO.born, "female")
    assert who.substituted == {}
    assert (signed.signed_at, signed.policy, signed.is_test) == (NOW, certificate.TEST_POLICY, True)
    assert signed.serial == f"{hanako.certificate.serial_number:x}"
    assert signed.valid_until == hanako.certificate.not_valid_after_utc
    assert signed.certificate == hanako.der


def test_a_real_root_takes_the_real_policy(authority: Authority, key: RSAPrivateKey, signs: Signs) -> None:
    real = JpkiFormat(Roots((authority.certificate,), ()))
    card = authority.issue(HANAKO, key=key, policy=certificate.POLICY)
    assert not real.verify(signs(card), CONTENT, at=NOW).is_test


def test_substitutes_are_told_by_their_places(
    form: JpkiFormat, authority: Authority, key: RSAPrivateKey, signs: Signs
) -> None:
    holder = Holder("見本　●子", HANAKO.address, HANAKO.born, "female", {"name": [3], "address": [6, 7]})
    who = form.verify(signs(authority.issue(holder, key=key)), CONTENT, at=NOW).signatory
    assert who.substituted == {"name": {3}, "address": {6, 7}}


def test_flags_that_are_not_as_many_as_the_characters_make_all_unknown(
    form: JpkiFormat, authority: Authority, key: RSAPrivateKey, signs: Signs
) -> None:
    card = authority.issue(HANAKO, key=key, attributes={**HANAKO.attributes(), 2: "01"})
    assert form.verify(signs(card), CONTENT, at=NOW).signatory.substituted == {"name": set(range(5))}


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("319800217", dt.date(1980, 2, 17)),
        ("520190501", dt.date(2019, 5, 1)),
        ("420190501", dt.date(2019, 5, 1)),  # the day of a change is written either way
        ("120191231", None),  # 明治 has no such day
        ("019800217", None),  # the era is not known
        ("319800200", None),  # nor the day
        ("319800230", None),
        ("19800217", None),
        ("３19800217", None),
        ("", None),
    ],
)
def test_a_birthday_is_read_or_not_at_all(text: str, day: dt.date | None) -> None:
    assert certificate.born_on(text) == day


async def _independent(blob: bytes, root: bytes) -> tuple[bool, bool]:
    from asn1crypto import x509

    trust = ValidationContext(
        trust_roots=[x509.Certificate.load(root)], allow_fetching=False, moment=NOW + dt.timedelta(minutes=1)
    )
    content = cms.ContentInfo.load(blob)["content"]
    status = await async_validate_detached_cms(CONTENT, content, trust)
    return status.intact, status.trusted


def test_another_library_believes_it_too(authority: Authority, hanako: Card, signs: Signs) -> None:
    import asyncio

    from cryptography.hazmat.primitives.serialization import Encoding

    root = authority.certificate.public_bytes(Encoding.DER)
    assert asyncio.run(_independent(signs(hanako), root)) == (True, True)


def test_what_the_card_signs_is_in_der(form: JpkiFormat) -> None:
    attributes = form.attributes(CONTENT, NOW)
    read = cms.CMSAttributes.load(attributes, strict=True)
    assert read.dump(force=True) == attributes
    assert [one["type"].native for one in read] == ["content_type", "signing_time", "message_digest"]
    assert hashlib.sha256(CONTENT).digest() in attributes
