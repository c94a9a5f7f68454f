"""The signing certificate (署名用電子証明書): is it one, who issued it, whom does it name. Pure functions.

What is checked is the profile of J-LIS (公的個人認証サービス プロファイル仕様書), as far as it is known: policy,
usage, key and dates were seen on cards; the document itself was not read. The signing authority is its own root and
issues to holders directly, so a chain has two members.
"""

import datetime as dt
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from asn1crypto import core
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtensionOID, SignatureAlgorithmOID

from madoguchi.bridges.jpki.refusals import mismatch, not_for_signing, out_of_date, unknown_authority
from madoguchi.ground.errors import Refused
from madoguchi.ground.text import clean
from madoguchi.ground.wareki import ERAS
from madoguchi.people.ports import Sex, Signatory

#: Of the signing certificate on a card. One in a phone has another, which was not verified and is not accepted yet.
POLICY: Final = "1.2.392.200149.8.5.1.1.20"
#: The same in the test environment, for which alone test roots are believed.
TEST_POLICY: Final = "1.2.392.200149.8.5.1.0.20"
NAME, NAME_FLAGS, SEX, BORN, ADDRESS, ADDRESS_FLAGS = (f"1.2.392.200149.8.5.5.{number}" for number in range(1, 7))
#: 1 男, 2 女; 3 and 9 say that it is not known or does not apply.
SEXES: Final[Mapping[str, Sex]] = {"1": "male", "2": "female", "3": "unknown", "9": "not-applicable"}
#: Critical extensions that are looked at; a certificate with any other is not accepted (RFC 5280 4.2).
_UNDERSTOOD: Final = {
    ExtensionOID.KEY_USAGE,
    ExtensionOID.CERTIFICATE_POLICIES,
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
}
SMALLEST_KEY: Final = 2048
LARGEST: Final = 8 * 1024  # bytes
LONGEST: Final = 400  # characters of an attribute; addresses have up to 200
_BORN: Final = re.compile(r"([0-5])(\d{4})(\d{2})(\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Roots:
    """Certificates of signing authorities: real ones, and of test authorities."""

    real: Collection[x509.Certificate]
    test: Collection[x509.Certificate]


def read(der: bytes) -> x509.Certificate:
    """Raises Refused where it is none."""
    if len(der) > LARGEST:
        raise mismatch("certificate-size")
    try:
        found = x509.load_der_x509_certificate(der)
        _ = found.extensions, found.public_key()  # read lazily, and may be broken
        return found
    except Exception:  # noqa: BLE001 -- a stranger's certificate raises whatever its parts do
        raise mismatch("certificate") from None


def check(found: x509.Certificate, roots: Roots, *, at: Collection[dt.datetime]) -> bool:
    """That it is a signing certificate, issued by one of ``roots``, valid at each of ``at``. Whether a test one."""
    if found.signature_algorithm_oid != SignatureAlgorithmOID.RSA_WITH_SHA256:
        raise mismatch("certificate-algorithm")
    key = found.public_key()
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < SMALLEST_KEY:
        raise mismatch("certificate-key")
    if any(one.critical and one.oid not in _UNDERSTOOD for one in found.extensions):
        raise mismatch("certificate-extension")
    is_test = _issued_by(found, roots, at)
    _check_usage(found)
    _check_policy(found, TEST_POLICY if is_test else POLICY)
    if not all(found.not_valid_before_utc <= one <= found.not_valid_after_utc for one in at):
        raise out_of_date()
    return is_test


def _issued_by(found: x509.Certificate, roots: Roots, at: Collection[dt.datetime]) -> bool:
    for is_test, ones in ((False, roots.real), (True, roots.test)):
        for root in ones:
            if root.subject != found.issuer or not _is_authority(root):
                continue
            try:
                found.verify_directly_issued_by(root)
            except (ValueError, TypeError, InvalidSignature):
                continue
            if not all(root.not_valid_before_utc <= one <= root.not_valid_after_utc for one in at):
                raise out_of_date()
            return is_test
    raise unknown_authority()


def _is_authority(root: x509.Certificate) -> bool:
    try:
        basic = root.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = root.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return basic.ca and usage.key_cert_sign


def _check_usage(found: x509.Certificate) -> None:
    """digitalSignature and nonRepudiation, critical; that for sign-ins has digitalSignature alone."""
    try:
        one = found.extensions.get_extension_for_class(x509.KeyUsage)
    except x509.ExtensionNotFound:
        raise not_for_signing("usage") from None
    usage = one.value
    others = (usage.key_encipherment, usage.data_encipherment, usage.key_agreement, usage.key_cert_sign, usage.crl_sign)
    if not (one.critical and usage.digital_signature and usage.content_commitment) or any(others):
        raise not_for_signing("usage")
    try:
        if found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            raise not_for_signing("authority")
    except x509.ExtensionNotFound:
        pass


def _check_policy(found: x509.Certificate, wanted: str) -> None:
    try:
        one = found.extensions.get_extension_for_class(x509.CertificatePolicies)
    except x509.ExtensionNotFound:
        raise not_for_signing("policy") from None
    if not one.critical or [policy.policy_identifier.dotted_string for policy in one.value] != [wanted]:
        raise not_for_signing("policy")


# -- whom it names ----------------------------------------------------------------------------------------------------


def signatory(found: x509.Certificate) -> Signatory:
    """The four attributes and where they have substitutes. Raises Refused where one is missing, twice or unreadable."""
    values = _attributes(found)
    sex = SEXES.get(values[SEX])
    if sex is None:
        raise mismatch("certificate-sex")
    name, address = values[NAME], values[ADDRESS]
    flags = {"name": _flagged(values[NAME_FLAGS], name), "address": _flagged(values[ADDRESS_FLAGS], address)}
    return Signatory(name, address, born_on(values[BORN]), sex, {key: at for key, at in flags.items() if at})


def _attributes(found: x509.Certificate) -> dict[str, str]:
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        raise mismatch("certificate-attributes") from None
    values: dict[str, str] = {}
    for one in names.get_values_for_type(x509.OtherName):
        try:
            text = core.UTF8String.load(one.value, strict=True).native
            if not isinstance(text, str) or clean(text, max_length=LONGEST) != text.strip() or not text:
                raise mismatch("certificate-attributes")
        except (ValueError, TypeError, Refused):
            raise mismatch("certificate-attributes") from None
        if one.type_id.dotted_string in values:
            raise mismatch("certificate-attributes")
        values[one.type_id.dotted_string] = text
    if not {NAME, NAME_FLAGS, SEX, BORN, ADDRESS, ADDRESS_FLAGS} <= values.keys():
        raise mismatch("certificate-attributes")
    return values


def _flagged(flags: str, text: str) -> frozenset[int]:
    """One 0 or 1 for each character. Where they are not as many, nobody can say which is meant: all are unknown."""
    if not set(flags) <= {"0", "1"}:
        raise mismatch("certificate-flags")
    if len(flags) != len(text):
        return frozenset(range(len(text))) if "1" in flags else frozenset()
    return frozenset(at for at, one in enumerate(flags) if one == "1")


def born_on(text: str) -> dt.date | None:
    """``EYYYYMMDD``: a digit for the era (1 明治 … 5 令和), then the Gregorian date. None where it is not known to the
    day, or the era does not hold it: such dates exist in the register, and nothing is guessed."""
    found = _BORN.fullmatch(text)
    if found is None or found[1] == "0":
        return None
    try:
        day = dt.date(int(found[2]), int(found[3]), int(found[4]))
    except ValueError:
        return None
    eras = ERAS[::-1]  # 明治 first
    at = int(found[1]) - 1
    ends = eras[at + 1].first if at + 1 < len(eras) else dt.date.max  # the day of a change is written either way
    return day if eras[at].first <= day <= ends else None
