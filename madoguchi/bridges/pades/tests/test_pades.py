import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from asn1crypto import keys as asn1_keys
from asn1crypto import tsp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509 import CertificateBuilder, random_serial_number
from django.conf import settings
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from madoguchi.bridges.pades import keys
from madoguchi.bridges.pades.signer import HttpTimeStamper, PadesSigner, _asn1, open_signer
from madoguchi.bridges.pades.tests.harness import credentials, signer
from madoguchi.messages.rules import letters
from madoguchi.messages.tests.letter_sample import CATALOGUE, sample

LETTER = letters.render(CATALOGUE, "letters/sample.typ", sample())


def embedded(pdf: bytes) -> Any:
    (one,) = PdfFileReader(BytesIO(pdf)).embedded_regular_signatures
    return one


def test_every_letter_of_a_batch_is_pades_and_trusted_by_its_root() -> None:
    city = signer()
    trust = ValidationContext(trust_roots=[_asn1(credentials("daito").chain[0])], allow_fetching=False)
    for _ in range(3):  # the second and third are made from the pattern of the first
        found = embedded(city.sign(LETTER))
        status = validate_pdf_signature(found, trust)
        assert status.bottom_line
        assert status.coverage == SignatureCoverageLevel.ENTIRE_FILE
        assert found.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
        attributes = {one["type"].native for one in found.signer_info["signed_attrs"]}
        assert attributes == {"content_type", "message_digest", "signing_certificate_v2"}


def test_the_signature_keeps_the_file_archivable_and_accessible() -> None:
    pdf = signer().sign(LETTER)
    before, after = (PdfFileReader(BytesIO(file)).root for file in (LETTER, pdf))
    for key in ("/StructTreeRoot", "/MarkInfo", "/Lang", "/ViewerPreferences", "/OutputIntents"):
        assert str(after[key]) == str(before[key])
    metadata = after["/Metadata"].data
    assert b"pdfaid:part>2<" in metadata.replace(b" ", b"") or b'pdfaid:part="2"' in metadata
    assert b"pdfuaid:part" in metadata
    field = after["/AcroForm"]["/Fields"][0]
    assert field["/TU"] == "電子署名"
    assert all(edge < 0 for edge in field["/Rect"])  # outside the page: no untagged mark in it
    assert int(field["/F"]) & 0b110 == 0b100  # printed, not hidden (PDF/A-2 6.3.2)
    assert field["/P"]["/Tabs"] == "/S"


def test_an_elliptic_curve_key_signs_too(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    template = credentials("daito").certificate
    builder = CertificateBuilder(
        template.subject, template.subject, key.public_key(), random_serial_number(),
        template.not_valid_before_utc, template.not_valid_after_utc, list(template.extensions)[:2],
    )  # fmt: skip
    certificate = builder.sign(key, hashes.SHA256())
    file = tmp_path / "city.p12"
    file.write_bytes(serialize_key_and_certificates(b"", key, certificate, None, BestAvailableEncryption(b"x")))
    city = PadesSigner(keys.load(file, "x"))
    assert {city.inspect(city.sign(LETTER)).state for _ in range(3)} == {"intact"}


def test_letters_of_an_earlier_key_are_still_ours(tmp_path: Path) -> None:
    file = tmp_path / "city.p12"
    keys.make_sample(file, "x", city="daito")
    (tmp_path / keys.EARLIER).mkdir()
    (tmp_path / keys.EARLIER / "2020.pem").write_bytes(keys.pem(credentials("daito").certificate))
    old = signer().sign(LETTER)
    assert PadesSigner(keys.load(file, "x")).inspect(old).state == "intact"


# --- keys -----------------------------------------------------------------------------------------------------------


def test_a_sample_says_that_it_is_one_in_every_subject() -> None:
    made = credentials("daito")
    assert all(keys.LABEL in one.subject.rfc4514_string() for one in (made.certificate, *made.chain))
    assert made.certificate.issuer == made.chain[0].subject
    made.certificate.verify_directly_issued_by(made.chain[0])


def test_an_existing_key_is_never_overwritten_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "signing" / "city.p12"
    keys.make_sample(file, "x", city="daito")
    first = file.read_bytes()
    keys.make_sample(file, "x", city="daito")
    assert file.read_bytes() == first
    assert file.stat().st_mode & 0o077 == 0
    assert [one.name for one in file.parent.iterdir()] == ["city.p12"]


def test_two_processes_agree_on_one_password(tmp_path: Path) -> None:
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(keys.kept_password(tmp_path / "a" / "city.p12"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


@pytest.mark.parametrize("content", [b"", b"junk"])
def test_a_key_that_cannot_be_read_names_the_file(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "city.p12"
    file.write_bytes(content)
    with pytest.raises(RuntimeError, match=r"city\.p12"):
        keys.load(file, "x")


def test_a_wrong_password_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "city.p12"
    keys.make_sample(file, "right", city="daito")
    with pytest.raises(RuntimeError, match="password"):
        keys.load(file, "wrong")


def test_a_real_node_makes_no_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SIGNING_KEY", tmp_path / "city.p12")
    monkeypatch.setattr(settings, "HTTPS", True)
    with pytest.raises(RuntimeError, match="MADOGUCHI_SIGNING_KEY"):
        open_signer()
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(settings, "HTTPS", False)
    assert keys.LABEL in open_signer().name


# --- time stamps ----------------------------------------------------------------------------------------------------


@pytest.fixture
def authority() -> Iterator[str]:
    """A time-stamping authority on loopback."""
    made = credentials("authority")
    private = made.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    stamps = DummyTimeStamper(_asn1(made.certificate), asn1_keys.PrivateKeyInfo.load(private))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = tsp.TimeStampReq.load(self.rfile.read(int(self.headers["Content-Length"])))
            answer = stamps.request_tsa_response(asked).dump()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 -- the name of the base class
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_with_an_authority_a_letter_bears_its_time(authority: str) -> None:
    city = PadesSigner(credentials("daito"), HttpTimeStamper(authority))
    for _ in range(2):
        pdf = city.sign(LETTER)
        assert city.inspect(pdf).state == "intact"
        unsigned = embedded(pdf).signer_info["unsigned_attrs"]
        assert [one["type"].native for one in unsigned] == ["signature_time_stamp_token"]


def test_without_its_authority_no_letter_is_signed() -> None:
    city = PadesSigner(credentials("daito"), HttpTimeStamper("http://127.0.0.1:9/", seconds=1))
    with pytest.raises(httpx.HTTPError):
        city.sign(LETTER)
