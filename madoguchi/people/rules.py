"""What must hold of an e-mail address, of the code that confirms it, and of a partner's secret. Pure Python.

The code and the link of a confirmation, and the secret of a partner, are *derived* from an id with a key of this
installation: nothing that opens a door is stored, queued or logged, and whoever steals the database opens nothing.
"""

import hashlib
import hmac
import re
import unicodedata
from base64 import b64encode, urlsafe_b64encode
from datetime import timedelta
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from madoguchi.ground.errors import Invalid

#: To whom a case belongs whose keeping period is over: a row of ``person`` to which no identity leads.
NOBODY: Final = UUID(int=0)
#: Where the link of a confirmation mail leads, below the base URL. A face shows a button there: opening is no answer,
#: because mail scanners open links, too.
CONFIRMATION_PATH: Final = "/sign-in/email/{confirmation}/{token}/"
#: How long a code or link works, how often it may be mistyped, and how many may be asked for.
VALID_FOR: Final = timedelta(minutes=30)
MOST_TRIES: Final = 5
MOST_PER_ADDRESS: Final = 3
ADDRESS_WINDOW: Final = timedelta(minutes=30)
MOST_PER_CLIENT: Final = 30  # a whole office, a school or a mobile carrier may stand behind one address
CLIENT_WINDOW: Final = timedelta(hours=1)
#: When a confirmation, answered or not, is forgotten.
FORGOTTEN_AFTER: Final = timedelta(days=1)

#: In this order, because each names itself after those before it that it wants to be taken for.
_BROWSERS: Final = (
    ("Line/", "LINE"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_DEVICES: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("CrOS", "Chromebook"),
    ("Linux", "Linux"),
)


def browser_of(agent: str) -> str:
    """The User-Agent as people name browser and device: 「Edge / Windows」. Nothing that tells one of a kind
    from another; empty where neither is known."""
    known = (next((name for mark, name in kinds if mark in agent), "") for kinds in (_BROWSERS, _DEVICES))
    return " / ".join(filter(None, known))


# Dots may stand anywhere: addresses such as a..b.@docomo.ne.jp were given out by carriers and are still in use.
_LOCAL: Final = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
_DOMAIN: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{1,59})")


def normalise_address(text: str) -> str:
    """The one form of an e-mail address: half-width, lower case, the domain in ASCII. Raises Invalid ``email-form``.

    Upper and lower case before the @ could by RFC 5321 be two mailboxes; no provider in use lets them be.
    """
    folded = unicodedata.normalize("NFKC", text).strip().lower()
    local, at, domain = folded.rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        domain = ""
    address = f"{local}@{domain}"
    if not at or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain) or len(address) > 254:
        raise Invalid("email-form", "メールアドレスの形になっていません。「name@example.jp」のように入力してください。")
    return address


def confirmation_code(key: bytes, confirmation: UUID) -> str:
    """The six digits that a person types."""
    number = int.from_bytes(_derived(key, b"code", confirmation.bytes), "big")
    return f"{number % 1_000_000:06}"


def confirmation_token(key: bytes, confirmation: UUID) -> str:
    """What stands in the link instead of the six digits (192 bits)."""
    return urlsafe_b64encode(_derived(key, b"link", confirmation.bytes)[:24]).decode()


def client_mark(key: bytes, client: str) -> str:
    """By what requests from one place are counted, without keeping the place.

    The place is an IP address; of IPv6 the /64, because one household has all of it.
    """
    try:
        place = ip_address(client)
    except ValueError:
        return _derived(key, b"client", client.encode()).hex()[:32]
    packed = place.packed[:8] if place.version == 6 else place.packed
    return _derived(key, b"client", packed).hex()[:32]


def state_mark(state: str) -> str:
    """By what something that a provider said, and that counts once, is remembered."""
    return hashlib.sha256(state.encode()).hexdigest()


def session_mark(issuer: str, session: str) -> str:
    """By what the provider's session of a sign-in is remembered; empty where the provider named none."""
    return hashlib.sha256(f"{issuer} {session}".encode()).hexdigest() if session else ""


def is_right_code(key: bytes, confirmation: UUID, typed: str) -> bool:
    """Whether the digits are right, as typed: full-width, with spaces or hyphens."""
    digits = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", typed))
    return hmac.compare_digest(digits.encode(), confirmation_code(key, confirmation).encode())


def is_right_token(key: bytes, confirmation: UUID, token: str) -> bool:
    """Whether the link is the one that was sent."""
    return hmac.compare_digest(token.encode(), confirmation_token(key, confirmation).encode())


# --- partners ---------------------------------------------------------------------------------------------------

#: What a partner can be allowed, and how that is said to people.
SCOPES: Final = {
    "procedures:read": "手続の一覧と様式を読む",
    "cases:create": "住民に代わって手続を始め、提出する",
    "cases:read": "状況・経過・期限を読む",
    "cases:answers": "申請の内容と添付書類、通知書を読む",
    "documents:add": "書類を添付する",
    "cases:decide": "審査の結果を登録する",
    "services:answer": "住民が同意して渡した連絡を受け取り、返事をする",
    "webhooks:manage": "通知先を登録し、やめる",
    "usage:read": "ご本人に、だれが情報を見たかの記録を示す",
    "layers:read": "地図の、職員向けのレイヤーと属性を読む",
    "places:read": "住所や名前から場所を、場所から住所を調べる",
}
#: How long an access token works, and how long the answer to an Idempotency-Key is remembered.
TOKEN_VALID_FOR: Final = timedelta(minutes=15)
ANSWER_KEPT_FOR: Final = timedelta(hours=24)
MOST_SECRETS: Final = 2


def partner_secret(key: bytes, secret: UUID) -> str:
    """The secret of a partner (256 bits), as it is handed over once."""
    return urlsafe_b64encode(_derived(key, b"partner", secret.bytes)).decode().rstrip("=")


#: Of what a partner can be told.
WEBHOOK_TYPES: Final = {
    "case.received": "受け付けた",
    "case.corrected": "補正されて戻ってきた",
    "case.returned": "補正を求めた",
    "case.decided": "決定した",
    "case.closed": "終わった",
    "case.withdrawn": "取り下げられた",
    "service.asked": "住民から会社への連絡がある",
    "service.called-off": "住民が会社への連絡を取りやめた",
}


def webhook_about(type_: str) -> str:
    """What the id in a telling of this type leads to: a ``case``, or a ``service``."""
    return type_.partition(".")[0]


#: Tries of one delivery, 2, 4, 8 … seconds apart: about eighteen hours until it is given up.
MOST_DELIVERIES: Final = 15
OLD_SECRET_SIGNS_FOR: Final = timedelta(days=1)


def webhook_secret(key: bytes, subscription: UUID, serial: int) -> str:
    """The secret that signs what a subscription is told, in the form of Standard Webhooks."""
    value = _derived(key, b"webhook", subscription.bytes + serial.to_bytes(8, "big"))
    return "whsec_" + b64encode(value).decode()


def webhook_url(text: str, *, plain: bool) -> str:
    """An address that can be told: https, a host, no user, no fragment. Raises Invalid ``webhook-url``.

    ``plain``: http as well, for this machine itself (tests, the demo). Which hosts may be reached is asked when it is
    posted, because a name may lead elsewhere tomorrow.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    local = plain and parts.scheme == "http" and host in ("localhost", "127.0.0.1", "::1")
    printable = text.isascii() and text.isprintable() and " " not in text and "\\" not in text
    if (
        not (parts.scheme == "https" or local)
        or not host
        or "@" in parts.netloc
        or parts.fragment
        or not printable
        or len(text) > 500
        or port == 0
    ):
        raise Invalid("webhook-url", "通知先は、https:// で始まるアドレスにしてください。ユーザー名や # は使えません。")
    return text


def token_digest(token: str) -> str:
    """By what a token is found again; a token has 256 bits of its own, so no salt is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def _derived(key: bytes, purpose: bytes, value: bytes) -> bytes:
    return hmac.new(key, b"madoguchi.people/" + purpose + b"/" + value, hashlib.sha256).digest()
