"""The authority: one root, which issues to holders directly, as the real one does; the keys die with the process.

The certificates have what those of a card have: policy (that of the test environment) and key usage critical, the four
attributes as otherName in SAN, RSA-2048 with SHA-256. Issuer and subject say that they are of a test.
"""

import datetime as dt
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from asn1crypto import core
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID, ObjectIdentifier

from madoguchi.ground.wareki import ERAS

LABEL = "試験用（法的効力なし）"
TEST_POLICY = "1.2.392.200149.8.5.1.0.20"
CPS = "http://www.jpki.go.jp/cps.html"
_SEXES = {"male": "1", "female": "2", "unknown": "3", "not-applicable": "9"}


@dataclass(frozen=True)
class Holder:
    """Whom a certificate names. ``flagged``: by attribute the positions of 代替文字."""

    name: str
    address: str
    born: dt.date
    sex: str = "unknown"
    flagged: Mapping[str, Collection[int]] = field(default_factory=dict)

    def attributes(self) -> dict[int, str]:
        """The texts of the otherNames by their last number, in the order in which a card has them."""
        era = next(len(ERAS) - at for at, one in enumerate(ERAS) if one.first <= self.born)
        return {
            1: self.name,
            4: f"{era}{self.born:%Y%m%d}",
            3: _SEXES[self.sex],
            5: self.address,
            2: self._flags("name", self.name),
            6: self._flags("address", self.address),
        }

    def _flags(self, attribute: str, text: str) -> str:
        at = self.flagged.get(attribute, ())
        return "".join("1" if number in at else "0" for number in range(len(text)))


@dataclass(frozen=True)
class Card:
    """A signing key and its certificate."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    def sign(self, digest: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5 over a SHA-256 digest."""
        return self.key.sign(digest, padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def new_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """A key as a card has one."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def usage(*names: str) -> x509.KeyUsage:
    """A key usage with these bits, by their names in ``cryptography``."""
    bits = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign "
        "encipher_only decipher_only"
    )
    return x509.KeyUsage(**{one: one in names for one in bits.split()})


class Authority:
    """Issues what it is told to, so that tests can have what a real authority never would."""

    def __init__(self, *, since: dt.datetime, years: int = 20, name: str = "試験用署名用認証局") -> None:
        self.since, self.until = since, since + dt.timedelta(days=365 * years)
        self.name = _name(name)
        self.key = new_key()
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(self.name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.since)
            .not_valid_after(self.until)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage("key_cert_sign", "crl_sign"), critical=True)
            .sign(self.key, hashes.SHA256())
        )

    def pem(self) -> bytes:
        """The root, for the settings of whoever believes it."""
        return self.certificate.public_bytes(Encoding.PEM)

    def issue(
        self,
        holder: Holder,
        *,
        key: rsa.RSAPrivateKey | None = None,
        policy: str | None = TEST_POLICY,
        policy_critical: bool = True,
        bits: x509.KeyUsage | None = None,
        since: dt.datetime | None = None,
        until: dt.datetime | None = None,
        attributes: Mapping[int, str] | None = None,
        extra: x509.ExtensionType | None = None,
    ) -> Card:
        """A card for ``holder``; every other argument takes the place of what the profile says."""
        key = key or new_key()
        texts = holder.attributes() if attributes is None else attributes
        names = [
            x509.OtherName(ObjectIdentifier(f"1.2.392.200149.8.5.5.{number}"), core.UTF8String(one).dump())
            for number, one in texts.items()
        ]
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(secrets.token_hex(10).upper()))
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(since or self.since)
            .not_valid_after(until or self.until)
            .add_extension(bits or usage("digital_signature", "content_commitment"), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        if policy is not None:
            stated = x509.PolicyInformation(ObjectIdentifier(policy), [CPS])
            builder = builder.add_extension(x509.CertificatePolicies([stated]), critical=policy_critical)
        if extra is not None:
            builder = builder.add_extension(extra, critical=True)
        return Card(key, builder.sign(self.key, hashes.SHA256()))


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, LABEL),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )
