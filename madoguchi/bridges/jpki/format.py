"""The CMS (RFC 5652) that a card's signature is kept in: detached, one signer, SHA-256, RSA PKCS#1 v1.5.

The card signs the signed attributes; they say the digest of the content, and when. Whose certificate it will be is not
known before the card has answered, so no attribute names it (as CAdES wants: ESS signingCertificateV2).
"""

import datetime as dt
import hashlib
from functools import cache
from pathlib import Path
from typing import Any, Final

from asn1crypto import algos, cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings

from madoguchi.bridges.jpki import certificate
from madoguchi.bridges.jpki.certificate import Roots
from madoguchi.bridges.jpki.refusals import mismatch, out_of_date
from madoguchi.ground.errors import Refused
from madoguchi.people.ports import RawSignature, Signed

#: No CMS of one signer with one certificate is nearly as large, in bytes.
LARGEST: Final = 32 * 1024
#: By how much the time in a signature may lie ahead of ours.
LEEWAY: Final = dt.timedelta(minutes=5)


class JpkiFormat:
    """Fills the port ``people.ports.SignatureFormat``."""

    def __init__(self, roots: Roots) -> None:
        self.roots = roots

    def attributes(self, content: bytes, at: dt.datetime) -> bytes:
        """contentType, signingTime and messageDigest, as a SET OF in DER: exactly these bytes are signed."""
        values = (
            ("content_type", "data"),
            ("signing_time", cms.Time({"utc_time": at.astimezone(dt.UTC).replace(microsecond=0)})),
            ("message_digest", hashlib.sha256(content).digest()),
        )
        found = cms.CMSAttributes([cms.CMSAttribute({"type": name, "values": [value]}) for name, value in values])
        return bytes(found.dump())

    def assemble(self, attributes: bytes, raw: RawSignature) -> bytes:
        """The detached CMS. Nothing is checked but that it can be put together."""
        found = certificate.read(raw.certificate)
        issued = asn1_x509.Certificate.load(found.public_bytes(Encoding.DER))
        signer = cms.SignerInfo(
            {
                "version": "v1",
                "sid": cms.SignerIdentifier(
                    "issuer_and_serial_number",
                    cms.IssuerAndSerialNumber({"issuer": issued.issuer, "serial_number": issued.serial_number}),
                ),
                "digest_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
                "signed_attrs": cms.CMSAttributes.load(attributes),
                "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "rsassa_pkcs1v15"}),
                "signature": raw.signature,
            }
        )
        signed = cms.SignedData(
            {
                "version": "v1",
                "digest_algorithms": [algos.DigestAlgorithm({"algorithm": "sha256"})],
                "encap_content_info": {"content_type": "data"},
                "certificates": [cms.CertificateChoices("certificate", issued)],
                "signer_infos": [signer],
            }
        )
        return bytes(cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump())

    def verify(self, cms: bytes, content: bytes, *, at: dt.datetime) -> Signed:
        """Form, digest, signature, then the certificate: issuer, usage, policy, dates (then and at ``at``)."""
        if len(cms) > LARGEST:
            raise mismatch("size")
        try:
            return self._verified(cms, content, at)
        except Refused:
            raise
        except Exception:  # noqa: BLE001 -- hostile bytes raise anything when they are looked into
            raise mismatch("form") from None

    def _verified(self, given: bytes, content: bytes, at: dt.datetime) -> Signed:
        signed, signer = _read(given)
        found = _certificate_of(signed, signer)
        signed_at = _check_attributes(signer, content)
        if signed_at is not None and signed_at > at + LEEWAY:
            raise out_of_date()
        is_test = certificate.check(found, self.roots, at=[at] if signed_at is None else [at, min(signed_at, at)])
        key = found.public_key()
        assert isinstance(key, rsa.RSAPublicKey)  # checked with the certificate
        try:
            attributes = signer["signed_attrs"].untag().dump()
            key.verify(signer["signature"].native, attributes, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            raise mismatch("signature") from None
        return Signed(
            signatory=certificate.signatory(found),
            serial=f"{found.serial_number:x}",
            issuer=found.issuer.rfc4514_string(),
            policy=certificate.TEST_POLICY if is_test else certificate.POLICY,
            is_test=is_test,
            valid_until=found.not_valid_after_utc,
            signed_at=signed_at,
            certificate=found.public_bytes(Encoding.DER),
        )


def _read(given: bytes) -> tuple[Any, Any]:
    """The signed data and its one signer; in DER and nothing behind it."""
    info = cms.ContentInfo.load(given, strict=True)
    if info["content_type"].native != "signed_data":
        raise mismatch("type")
    signed = info["content"]
    _ = signed.native  # everything is read once before anything is believed
    if info.dump(force=True) != given:
        raise mismatch("not-der")
    if signed["encap_content_info"]["content_type"].native != "data" or signed["encap_content_info"]["content"].native:
        raise mismatch("not-detached")
    if len(signed["signer_infos"]) != 1:
        raise mismatch("signers")
    signer = signed["signer_infos"][0]
    if signer["digest_algorithm"]["algorithm"].native != "sha256":
        raise mismatch("digest-algorithm")
    if signer["signature_algorithm"]["algorithm"].native not in ("rsassa_pkcs1v15", "sha256_rsa"):
        raise mismatch("signature-algorithm")
    return signed, signer


def _certificate_of(signed: Any, signer: Any) -> x509.Certificate:
    """The one certificate that came along, which is the signer's: no chain is taken from a stranger."""
    if not isinstance(signed["certificates"], core.Void) and len(signed["certificates"]) == 1:
        choice = signed["certificates"][0]
        if choice.name == "certificate" and signer["sid"].name == "issuer_and_serial_number":
            one, named = choice.chosen, signer["sid"].chosen
            if (one.issuer.dump(), one.serial_number) == (named["issuer"].dump(), named["serial_number"].native):
                return certificate.read(one.dump())
    raise mismatch("certificate-missing")


def _check_attributes(signer: Any, content: bytes) -> dt.datetime | None:
    """contentType and messageDigest, each once, and what the latter says; the time of signing where there is one."""
    if isinstance(signer["signed_attrs"], core.Void):
        raise mismatch("attributes")
    values: dict[str, Any] = {}
    for one in signer["signed_attrs"]:
        name = one["type"].native
        if name in values or len(one["values"]) != 1:
            raise mismatch("attributes")
        values[name] = one["values"][0].native
    if values.get("content_type") != "data":
        raise mismatch("content-type")
    if values.get("message_digest") != hashlib.sha256(content).digest():
        raise mismatch("digest")
    said = values.get("signing_time")
    if said is not None and not isinstance(said, dt.datetime):
        raise mismatch("attributes")
    return said


def open_format() -> JpkiFormat:
    """The format with the roots that the settings name. Raises RuntimeError where a file is unreadable."""
    return JpkiFormat(Roots(_roots(tuple(settings.JPKI_ROOTS)), _roots(tuple(settings.JPKI_TEST_ROOTS))))


@cache
def _roots(files: tuple[str, ...]) -> tuple[x509.Certificate, ...]:
    return tuple(_root(Path(one)) for one in files)


def _root(file: Path) -> x509.Certificate:
    """PEM, or DER as jpki.go.jp publishes them."""
    try:
        content = file.read_bytes()
        pem = content.lstrip().startswith(b"-----BEGIN")
        return x509.load_pem_x509_certificate(content) if pem else x509.load_der_x509_certificate(content)
    except (OSError, ValueError) as error:
        raise RuntimeError(f"the certificate {file} of a signing authority cannot be read ({error})") from None
