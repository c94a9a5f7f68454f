"""The key and certificate of the city: loaded from PKCS#12, or made as a 見本 where there is none.

A real node puts the file that its certification authority (LGPKI or another) issued in the place of the sample.
"""

import contextlib
import os
import secrets
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509.oid import NameOID

from madoguchi.ground import clock

#: Said in every subject of a sample, so that nobody takes such a signature for one of a city.
LABEL: Final = "見本（法的効力なし）"
#: Certificates of earlier keys (PEM) lie beside the key: letters they signed are still recognised as ours.
EARLIER: Final = "earlier"


class Credentials(NamedTuple):
    """What it takes to sign, and to recognise what was signed: ``chain`` ends in the root, ``ours`` are all leaves."""

    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    ours: tuple[x509.Certificate, ...]


def load(file: Path, password: str) -> Credentials:
    """The credentials in a PKCS#12 file. Raises RuntimeError that says what is wrong with it."""
    try:
        bundle = pkcs12.load_pkcs12(file.read_bytes(), password.encode())
    except (OSError, ValueError) as error:
        raise RuntimeError(
            f"the signing key {file} cannot be read ({error}): check the file and its password"
        ) from None
    if not isinstance(bundle.key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) or bundle.cert is None:
        raise RuntimeError(f"the signing key {file} must hold an RSA or elliptic-curve key and its certificate")
    certificate = bundle.cert.certificate
    folder = file.parent / EARLIER
    earlier = [x509.load_pem_x509_certificate(one.read_bytes()) for one in sorted(folder.glob("*.pem"))]
    chain = tuple(one.certificate for one in bundle.additional_certs)
    return Credentials(bundle.key, certificate, chain, (certificate, *earlier))


def make_sample(file: Path, password: str, *, city: str) -> None:
    """Make a sample certification authority and a certificate for ``city`` in ``file``; the CA's key is thrown away.

    The file appears complete or not at all, and an existing one is never overwritten.
    """
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    root_key, root = _certificate(f"{LABEL}認証局", city, years=10)
    leaf_key, leaf = _certificate(f"{LABEL}市長", city, years=5, issuer=(root_key, root))
    bundle = pkcs12.serialize_key_and_certificates(
        b"madoguchi", leaf_key, leaf, [root], BestAvailableEncryption(password.encode())
    )
    descriptor, draft = tempfile.mkstemp(dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(bundle)
        with contextlib.suppress(FileExistsError):  # another process was faster: its key is the city's
            os.link(draft, file)
    finally:
        Path(draft).unlink()


def kept_password(file: Path) -> str:
    """The password of a sample: random, kept beside it, readable by its owner only."""
    place = file.with_suffix(".password")
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, draft = tempfile.mkstemp(dir=place.parent)
        with os.fdopen(descriptor, "w") as opened:
            opened.write(secrets.token_urlsafe(32))
        with contextlib.suppress(FileExistsError):
            os.link(draft, place)
        Path(draft).unlink()
    return place.read_text().strip()


def _certificate(
    name: str, city: str, *, years: int, issuer: tuple[rsa.RSAPrivateKey, x509.Certificate] | None = None
) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"{LABEL}{city}"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    issuer_key, issuer_certificate = issuer or (key, None)
    start = clock.now() - timedelta(days=1)
    usage = x509.KeyUsage(
        digital_signature=issuer is not None,
        content_commitment=issuer is not None,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=issuer is None,
        crl_sign=issuer is None,
        encipher_only=False,
        decipher_only=False,
    )
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer_certificate.subject if issuer_certificate else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=365 * years))
        .add_extension(
            x509.BasicConstraints(ca=issuer is None, path_length=0 if issuer is None else None), critical=True
        )
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(authority, critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    return key, certificate


def pem(certificate: x509.Certificate) -> bytes:
    """The certificate as PEM, for publishing and for the folder of earlier ones."""
    return certificate.public_bytes(Encoding.PEM)
