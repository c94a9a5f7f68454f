"""Signatures that must not count: another certificate, content or form. Each is refused by its own check."""

import datetime as dt
import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from asn1crypto import cms, core
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from madoguchi.bridges.jpki import certificate
from madoguchi.bridges.jpki.certificate import Roots
from madoguchi.bridges.jpki.format import LARGEST, JpkiFormat
from madoguchi.bridges.jpki.tests.conftest import CONTENT, HANAKO, NOW, Signs
from madoguchi.ground.errors import Refused
from madoguchi.people.ports import RawSignature
from tools.jpki.authority import Authority, Card, new_key, usage


def refused(form: JpkiFormat, blob: bytes, content: bytes = CONTENT, at: dt.datetime = NOW) -> str:
    with pytest.raises(Refused) as caught:
        form.verify(blob, content, at=at)
    said = str(caught.value)
    assert "まだ申し込んでいません" in said
    assert HANAKO.name not in repr(caught.value) + said
    return caught.value.code


EARLY, LATE = (dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in (2025, 2030))

CERTIFICATES: list[Any] = [
    pytest.param({"policy": "1.2.392.200149.8.5.1.3.30"}, "signature-not-for-signing-policy", id="of sign-ins"),
    pytest.param({"policy": certificate.POLICY}, "signature-not-for-signing-policy", id="real policy of a test root"),
    pytest.param({"policy": None}, "signature-not-for-signing-policy", id="no policy"),
    pytest.param({"policy_critical": False}, "signature-not-for-signing-policy", id="policy not critical"),
    pytest.param({"bits": usage("digital_signature")}, "signature-not-for-signing-usage", id="usage of sign-ins"),
    pytest.param(
        {"bits": usage("digital_signature", "content_commitment", "key_cert_sign")},
        "signature-not-for-signing-usage",
        id="usage of an authority",
    ),
    pytest.param({"until": EARLY}, "signature-out-of-date", id="expired"),
    pytest.param({"since": NOW + dt.timedelta(days=1), "until": LATE}, "signature-out-of-date", id="not yet valid"),
    pytest.param(
        {"extra": x509.InhibitAnyPolicy(0)}, "signature-mismatch-certificate-extension", id="unknown critical"
    ),
    pytest.param({"attributes": {}}, "signature-mismatch-certificate-attributes", id="names nobody"),
    pytest.param(
        {"attributes": {**HANAKO.attributes(), 3: "7"}}, "signature-mismatch-certificate-sex", id="unknown code of sex"
    ),
    pytest.param(
        {"attributes": {**HANAKO.attributes(), 2: "0002x"}}, "signature-mismatch-certificate-flags", id="odd flags"
    ),
    pytest.param(
        {"attributes": {**HANAKO.attributes(), 1: "見本\u202e子"}},
        "signature-mismatch-certificate-attributes",
        id="a lying name",
    ),
    pytest.param(
        {"attributes": {**HANAKO.attributes(), 5: "大" * 3000}},
        "signature-mismatch-certificate-size",
        id="endless address",
    ),
]


@pytest.mark.parametrize(("changes", "code"), CERTIFICATES)
def test_another_certificate(
    changes: dict[str, Any], code: str, form: JpkiFormat, authority: Authority, key: RSAPrivateKey, signs: Signs
) -> None:
    card = authority.issue(HANAKO, **{"key": key, **changes})
    if code.endswith("certificate-size"):
        with pytest.raises(Refused) as caught:
            signs(card)
        assert caught.value.code == code
        return
    assert refused(form, signs(card)) == code


def test_a_weak_key(form: JpkiFormat, authority: Authority, signs: Signs) -> None:
    assert refused(form, signs(authority.issue(HANAKO, key=new_key(1024)))) == "signature-mismatch-certificate-key"


def test_another_authority_of_the_same_name(
    form: JpkiFormat, authority: Authority, key: RSAPrivateKey, signs: Signs
) -> None:
    other = Authority(since=authority.since)
    assert other.name == authority.name
    assert refused(form, signs(other.issue(HANAKO, key=key))) == "signature-unknown-authority"


def test_without_roots_nothing_is_believed(hanako: Card, signs: Signs) -> None:
    assert refused(JpkiFormat(Roots((), ())), signs(hanako)) == "signature-unknown-authority"


def test_a_holder_is_no_authority(authority: Authority, hanako: Card, key: RSAPrivateKey, signs: Signs) -> None:
    """A certificate that is named as root by mistake issues nothing."""
    believer = JpkiFormat(Roots((), (hanako.certificate,)))
    assert refused(believer, signs(hanako)) == "signature-unknown-authority"


def test_test_cards_do_not_count_where_only_real_roots_are_known(
    authority: Authority, hanako: Card, signs: Signs
) -> None:
    assert refused(JpkiFormat(Roots((authority.certificate,), ())), signs(hanako)) == "signature-not-for-signing-policy"


def test_other_bytes(form: JpkiFormat, hanako: Card, signs: Signs) -> None:
    assert refused(form, signs(hanako), CONTENT + b" ") == "signature-mismatch-digest"
    assert refused(form, signs(hanako), b"") == "signature-mismatch-digest"


def test_a_certificate_that_has_ended_since(
    form: JpkiFormat, authority: Authority, key: RSAPrivateKey, signs: Signs
) -> None:
    card = authority.issue(HANAKO, key=key, until=NOW + dt.timedelta(days=1))
    form.verify(signs(card), CONTENT, at=NOW)
    assert refused(form, signs(card), at=NOW + dt.timedelta(days=2)) == "signature-out-of-date"


def test_a_signature_from_tomorrow(form: JpkiFormat, hanako: Card, signs: Signs) -> None:
    assert refused(form, signs(hanako, at=NOW + dt.timedelta(days=1))) == "signature-out-of-date"


def changed(blob: bytes, change: Callable[[Any, Any], None]) -> bytes:
    """The CMS with signed data and signer as ``change`` leaves them."""
    info = cms.ContentInfo.load(blob)
    signed = info["content"].copy()
    change(signed, signed["signer_infos"][0])
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump(force=True))


def attribute(name: str, *values: Any) -> cms.CMSAttribute:
    return cms.CMSAttribute({"type": name, "values": list(values)})


def named(issuer: Any, serial: int) -> cms.SignerIdentifier:
    one = cms.IssuerAndSerialNumber({"issuer": issuer, "serial_number": serial})
    return cms.SignerIdentifier("issuer_and_serial_number", one)


FORMS: list[Any] = [
    pytest.param(lambda d, s: d["signer_infos"].append(s.copy()), "signature-mismatch-signers", id="two signers"),
    pytest.param(lambda d, s: d.__setitem__("signer_infos", []), "signature-mismatch-signers", id="no signer"),
    pytest.param(
        lambda d, s: d.__setitem__("certificates", []), "signature-mismatch-certificate-missing", id="no certificate"
    ),
    pytest.param(
        lambda d, s: d["certificates"].append(d["certificates"][0].copy()),
        "signature-mismatch-certificate-missing",
        id="more certificates",
    ),
    pytest.param(
        lambda d, s: s.__setitem__("sid", named(s["sid"].chosen["issuer"], 1)),
        "signature-mismatch-certificate-missing",
        id="another serial number",
    ),
    pytest.param(
        lambda d, s: d["encap_content_info"].__setitem__("content", CONTENT),
        "signature-mismatch-not-detached",
        id="with the content inside",
    ),
    pytest.param(
        lambda d, s: s["digest_algorithm"].__setitem__("algorithm", "sha1"),
        "signature-mismatch-digest-algorithm",
        id="SHA-1",
    ),
    pytest.param(
        lambda d, s: s["signature_algorithm"].__setitem__("algorithm", "sha1_rsa"),
        "signature-mismatch-signature-algorithm",
        id="SHA-1 with RSA",
    ),
    pytest.param(lambda d, s: s.__setitem__("signed_attrs", None), "signature-mismatch-attributes", id="no attributes"),
    pytest.param(
        lambda d, s: s["signed_attrs"].append(attribute("message_digest", hashlib.sha256(CONTENT).digest())),
        "signature-mismatch-attributes",
        id="an attribute twice",
    ),
    pytest.param(
        lambda d, s: s.__setitem__("signed_attrs", [attribute("content_type", "data")]),
        "signature-mismatch-digest",
        id="no digest",
    ),
    pytest.param(
        lambda d, s: s.__setitem__("signed_attrs", [attribute("message_digest", hashlib.sha256(CONTENT).digest())]),
        "signature-mismatch-content-type",
        id="no content type",
    ),
    pytest.param(
        lambda d, s: s.__setitem__("signature", bytes(256)), "signature-mismatch-signature", id="an empty signature"
    ),
    pytest.param(
        lambda d, s: s.__setitem__("signature", s["signature"].native[:-1]),
        "signature-mismatch-signature",
        id="a short one",
    ),
]


@pytest.mark.parametrize(("change", "code"), FORMS)
def test_another_form(
    change: Callable[[Any, Any], None], code: str, form: JpkiFormat, hanako: Card, signs: Signs
) -> None:
    assert refused(form, changed(signs(hanako), change)) == code


def test_a_signature_over_other_attributes(form: JpkiFormat, hanako: Card) -> None:
    """The card has signed something else, somebody put attributes beside it that fit."""
    attributes = form.attributes(CONTENT, NOW)
    other = form.attributes(b"something else", NOW)
    raw = RawSignature(hanako.sign(hashlib.sha256(other).digest()), hanako.der)
    assert refused(form, form.assemble(attributes, raw)) == "signature-mismatch-signature"


def test_the_certificate_of_somebody_else(form: JpkiFormat, authority: Authority, hanako: Card) -> None:
    taro = authority.issue(HANAKO)
    attributes = form.attributes(CONTENT, NOW)
    raw = RawSignature(taro.sign(hashlib.sha256(attributes).digest()), hanako.der)
    assert refused(form, form.assemble(attributes, raw)) == "signature-mismatch-signature"


def test_odd_ber(form: JpkiFormat, hanako: Card, signs: Signs) -> None:
    good = signs(hanako)
    assert good[:2] == b"\x30\x82"
    body = good[4:]
    for odd in (
        good + b"\x00",  # something behind it
        b"\x30\x83\x00" + good[2:4] + body,  # a length written longer than it has to be
        b"\x30\x80" + body + b"\x00\x00",  # no length at all
        good[:-1],
        b"",
        b"\x30\x00",
        b"\x30" * 5000,
        core.OctetString(good).dump(),
    ):
        assert refused(form, odd) in (
            "signature-mismatch-form",
            "signature-mismatch-not-der",
            "signature-mismatch-type",
        )


def test_a_huge_blob_is_not_even_read(form: JpkiFormat) -> None:
    assert refused(form, b"\x30" + bytes(LARGEST)) == "signature-mismatch-size"


def test_flipped_bits_never_count(form: JpkiFormat, hanako: Card, signs: Signs) -> None:
    """Whatever byte is changed, it is refused, or it is no part of what counts."""
    good = signs(hanako)
    said = form.verify(good, CONTENT, at=NOW)
    for place in range(0, len(good), 7):
        bad = bytearray(good)
        bad[place] ^= 0x01
        try:
            assert form.verify(bytes(bad), CONTENT, at=NOW) == said
        except Refused:
            continue
