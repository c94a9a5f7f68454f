"""The signer: one loaded key, one CMS made by pyHanko, of which every further letter changes digest and signature only.

A signature at level B-B holds no time of its own, so the CMS of two letters differs in these two values alone.
Building it anew costs pyHanko ten times what the signature costs.
"""

import asyncio
import hashlib
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from io import BytesIO
from typing import Any, Final, TypeVar

import httpx
from asn1crypto import cms, tsp
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.fields import InvisSigSettings, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.timestamps.api import TimeStamper
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from madoguchi.bridges.pades import keys
from madoguchi.messages.ports import Signature

T = TypeVar("T")
_DIGEST: Final = "sha256"
#: An invisible field outside the page: PDF/A-2 forbids a hidden one, PDF/UA-1 an untagged one inside the page.
_OUTSIDE: Final = InvisSigSettings(set_print_flag=True, set_hidden_flag=False, box_out_of_bounds=True)


class _City(SimpleSigner):
    """pyHanko's signer with the key loaded once and the CMS of the last letter as the pattern of the next."""

    def __init__(self, credentials: keys.Credentials) -> None:
        key, certificate, chain, _ = credentials
        store = SimpleCertificateStore()
        store.register_multiple(_asn1(one) for one in chain)
        private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        super().__init__(_asn1(certificate), asn1_keys.PrivateKeyInfo.load(private), store)
        self._key = key
        self._pattern: tuple[bytes, bytes, bytes, bytes] | None = None

    def sign_raw(self, data: bytes, digest_algorithm: str) -> bytes:
        """The bare signature over ``data``."""
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return self._key.sign(data, ec.ECDSA(hashes.SHA256()))

    async def async_sign(self, data_digest: bytes, digest_algorithm: str, *args: Any, **kwargs: Any) -> cms.ContentInfo:
        """The CMS over ``data_digest``."""
        fixed = (
            kwargs.get("timestamper") is None and not kwargs.get("dry_run") and isinstance(self._key, rsa.RSAPrivateKey)
        )
        if fixed and self._pattern:
            whole, attributes, digest, signature = self._pattern
            attributes = attributes.replace(digest, data_digest)
            whole = whole.replace(digest, data_digest)
            return cms.ContentInfo.load(whole.replace(signature, self.sign_raw(attributes, digest_algorithm)))
        content = await super().async_sign(data_digest, digest_algorithm, *args, **kwargs)
        if fixed:
            info = content["content"]["signer_infos"][0]
            pattern = (content.dump(), info["signed_attrs"].untag().dump(), data_digest, info["signature"].native)
            if pattern[0].count(data_digest) == pattern[0].count(pattern[3]) == pattern[1].count(data_digest) == 1:
                self._pattern = pattern
        return content


class HttpTimeStamper(TimeStamper):
    """A time-stamping authority (RFC 3161) over HTTP; a letter is not issued where it does not answer in time."""

    def __init__(self, url: str, seconds: float = 10) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # pyHanko leaves this constructor untyped
        self._url, self._seconds = url, seconds

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """Ask for the time stamp. Raises httpx.HTTPError where there is none to be had."""
        headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
        async with httpx.AsyncClient(timeout=self._seconds, trust_env=False) as client:
            answer = await client.post(self._url, content=req.dump(), headers=headers)
            answer.raise_for_status()
            return tsp.TimeStampResp.load(answer.content)


class PadesSigner:
    """Signs with the credentials of the city; see :class:`madoguchi.messages.ports.Signer`."""

    def __init__(self, credentials: keys.Credentials, timestamper: TimeStamper | None = None) -> None:
        self._credentials = credentials
        self._timestamper = timestamper
        self._per_thread = threading.local()
        self._ours = {one.fingerprint(hashes.SHA256()) for one in credentials.ours}

    @cached_property
    def name(self) -> str:
        """The subject of the certificate."""
        return self._credentials.certificate.subject.rfc4514_string()

    def sign(self, pdf: bytes) -> bytes:
        """The file with an invisible PAdES signature over all of it (B-B; B-T with a time-stamping authority)."""
        if not hasattr(self._per_thread, "city"):
            self._per_thread.city = _City(self._credentials)
        city: _City = self._per_thread.city
        writer = IncrementalPdfFileWriter(BytesIO(pdf))
        field = SigFieldSpec("signature", on_page=-1, invis_sig_settings=_OUTSIDE, readable_field_name="電子署名")
        metadata = PdfSignatureMetadata(field_name="signature", md_algorithm=_DIGEST, subfilter=SigSeedSubFilter.PADES)
        signer = PdfSigner(metadata, city, timestamper=self._timestamper, new_field_spec=field)
        room = None if self._timestamper else self._room
        signed = _run(signer.async_sign_pdf(writer, bytes_reserved=room))
        return bytes(signed.getvalue())

    @cached_property
    def _room(self) -> int:
        """Bytes of hexadecimal text for one CMS: the certificates, the signature, and a kilobyte for the rest."""
        certificates = (self._credentials.certificate, *self._credentials.chain)
        size = sum(len(one.public_bytes(Encoding.DER)) for one in certificates) + 512 + 1024
        return 2 * size

    def inspect(self, pdf: bytes) -> Signature:
        """What the signature of any file says; a file that is broken but bears our certificate was altered."""
        try:
            return self._inspect(pdf)
        except Exception:  # noqa: BLE001 -- hostile bytes raise anything, and the answer is still one of four
            leaves = (one.public_bytes(Encoding.DER).hex().encode() for one in self._credentials.ours)
            lower = pdf.lower()
            return Signature("altered" if any(leaf in lower for leaf in leaves) else "none")

    def _inspect(self, pdf: bytes) -> Signature:
        embedded = PdfFileReader(BytesIO(pdf), strict=False).embedded_regular_signatures
        if not embedded:
            return Signature("none")
        found = embedded[-1]
        leaf = found.signer_cert.dump()
        signer = str(found.signer_cert.subject.human_friendly)
        if hashlib.sha256(leaf).digest() not in self._ours:
            return Signature("foreign", signer)
        trust = ValidationContext(trust_roots=[found.signer_cert], allow_fetching=False)
        status = _run(async_validate_pdf_signature(found, trust, trust))
        whole = status.coverage == SignatureCoverageLevel.ENTIRE_FILE
        return Signature("intact" if status.intact and status.valid and whole else "altered", signer)


def _run(coroutine: Coroutine[Any, Any, T]) -> T:
    """What pyHanko hands out as a coroutine, run to its end; in a thread of its own where a loop runs already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def open_signer() -> PadesSigner:
    """The signer of this node. Where there is no key, one of a 見本 is made, unless the node is served by https.

    Raises RuntimeError that says where the key must lie.
    """
    file = settings.SIGNING_KEY
    password = settings.SIGNING_PASSWORD
    if not file.exists():
        if settings.HTTPS:
            raise RuntimeError(f"no signing key: put the PKCS#12 file of the city at {file} (MADOGUCHI_SIGNING_KEY)")
        keys.make_sample(file, keys.kept_password(file), city=settings.CITY.name)
    credentials = keys.load(file, password or keys.kept_password(file))
    return PadesSigner(credentials, HttpTimeStamper(settings.TIMESTAMP_URL) if settings.TIMESTAMP_URL else None)
