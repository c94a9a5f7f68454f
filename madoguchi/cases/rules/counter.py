"""書かない窓口: the codes that are typed there, what is shown as proof of who one is, what a signature may be. Pure."""

import hashlib
import hmac
import io
import json
import re
import unicodedata
from base64 import b64decode
from binascii import Error
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from PIL import Image

from madoguchi.cases.rules import uploads
from madoguchi.cases.rules.uploads import Checked
from madoguchi.ground.errors import Invalid

#: The code that pairs a tablet with a sitting: six digits, typed within five minutes on a device that is a kiosk.
PAIRING_LASTS: Final = timedelta(minutes=5)
MOST_TRIES: Final = 5
TRIES_FORGOTTEN: Final = timedelta(minutes=10)
#: The code that makes a device a kiosk: 60 bits, because whoever finds the page may guess.
KIOSK_CODE_LASTS: Final = timedelta(minutes=10)
#: Without 0 O 1 I: read from one screen, typed into another.
_LETTERS: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_KIOSK_CODE: Final = 12

#: By what a resident is identified at the counter; ``card`` was read by the identity provider, the others a clerk saw.
CARD: Final = "card"
SHOWN: Final[Mapping[str, str]] = {
    "my-number-card": "マイナンバーカード（券面）",
    "driving-licence": "運転免許証・運転経歴証明書",
    "passport": "旅券（パスポート）",
    "residence-card": "在留カード・特別永住者証明書",
    "disability-certificate": "障害者手帳",
    "two-documents": "顔写真のない書類2点（資格確認書、年金手帳など）",
}
#: Under what a signature is kept among the documents of a case: no field of a form.
SIGNATURE: Final = "counter:signature"
#: A drawing of a finger: bytes and pixels that it may have, and marks that it must have.
_SIGNATURE_BYTES: Final = 300_000
_SIGNATURE_SIDES: Final = (2400, 1200)
_SIGNATURE_MARKS: Final = 80
_DATA: Final = "data:image/png;base64,"


def pairing_code(key: bytes, sitting: UUID, serial: int) -> str:
    """The six digits of now of a sitting. Derived, so that nothing that opens a door is stored."""
    return f"{int.from_bytes(_derived(key, b'pair', sitting, serial), 'big') % 1_000_000:06}"


def is_pairing_code(key: bytes, sitting: UUID, serial: int, typed: str) -> bool:
    """Whether these are the digits, as typed: full-width, with spaces or hyphens."""
    digits = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", typed))
    return hmac.compare_digest(digits.encode(), pairing_code(key, sitting, serial).encode())


def kiosk_code(key: bytes, kiosk: UUID) -> str:
    """What is typed once into a device: ``ABCD-EFGH-JKLM``."""
    number = int.from_bytes(_derived(key, b"kiosk", kiosk, 0)[:8], "big")
    letters = "".join(_LETTERS[(number >> 5 * at) & 31] for at in range(_KIOSK_CODE))
    return "-".join(letters[at : at + 4] for at in range(0, _KIOSK_CODE, 4))


def is_kiosk_code(key: bytes, kiosk: UUID, typed: str) -> bool:
    """Whether this is the code, as typed."""
    letters = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", typed)).upper()
    return hmac.compare_digest(letters.encode(), kiosk_code(key, kiosk).replace("-", "").encode())


def digest_of(answers: Mapping[str, Any], typed: Mapping[str, Any]) -> str:
    """By what it is known that these answers, and what could not be read, are those that were shown."""
    return hashlib.sha256(json.dumps([answers, typed], sort_keys=True, default=str).encode()).hexdigest()


def signature(posted: str) -> Checked:
    """A drawing as the tablet posts it (a PNG in a data URL), cleaned. Raises Invalid in the resident's words.

    It is hostile until it is decoded and encoded anew: only PNG, of a size that a finger draws, and not empty.
    """
    problem = Invalid("signature-broken", "署名を受け取れませんでした。消して、もう一度書いてください。")
    if not posted.startswith(_DATA) or len(posted) > _SIGNATURE_BYTES * 2:
        raise problem
    try:
        drawn = b64decode(posted.removeprefix(_DATA), validate=True)
    except (Error, ValueError):
        raise problem from None
    if len(drawn) > _SIGNATURE_BYTES or not drawn.startswith(b"\x89PNG\r\n\x1a\n"):
        raise problem
    try:
        # The size stands in the first bytes: a bomb is refused before anything is unpacked.
        with Image.open(io.BytesIO(drawn), formats=["PNG"]) as found:
            sides = found.size
    except uploads.UNREADABLE:
        raise problem from None
    if sides[0] > _SIGNATURE_SIDES[0] or sides[1] > _SIGNATURE_SIDES[1]:
        raise problem
    try:
        kept = uploads.check("署名.png", drawn, images_only=True)
    except Invalid:
        raise problem from None
    with Image.open(io.BytesIO(kept.content)) as picture:
        inked = picture.convert("RGBA")
        on_white = Image.new("RGBA", inked.size, "white")
        on_white.alpha_composite(inked)
        if sum(on_white.convert("L").histogram()[:128]) < _SIGNATURE_MARKS:
            raise Invalid("signature-empty", "署名がまだ書かれていません。指で名前を書いてください。")
    return kept


def _derived(key: bytes, purpose: bytes, one: UUID, serial: int) -> bytes:
    text = b"madoguchi.counter/" + purpose + b"/" + one.bytes + serial.to_bytes(4, "big")
    return hmac.new(key, text, hashlib.sha256).digest()
