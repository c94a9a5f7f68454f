"""An authority that issues whatever a test wants, and a format that believes it."""

import datetime as dt
import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from madoguchi.bridges.jpki.certificate import Roots
from madoguchi.bridges.jpki.format import JpkiFormat
from madoguchi.people.ports import RawSignature
from tools.jpki.authority import Authority, Card, Holder, new_key

NOW = dt.datetime(2026, 11, 29, 3, 0, tzinfo=dt.UTC)
CONTENT = "電子申請\n氏名: 見本　花子\n".encode()
HANAKO = Holder("見本　花子", "大阪府大東市谷川一丁目1番1号", dt.date(1990, 4, 12), "female")

Signs = Callable[..., bytes]


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority(since=dt.datetime(2024, 1, 1, tzinfo=dt.UTC))


@pytest.fixture(scope="session")
def key() -> RSAPrivateKey:
    return new_key()


@pytest.fixture(scope="session")
def form(authority: Authority) -> JpkiFormat:
    """Believes the authority, as a test one."""
    return JpkiFormat(Roots((), (authority.certificate,)))


@pytest.fixture(scope="session")
def hanako(authority: Authority, key: RSAPrivateKey) -> Card:
    return authority.issue(HANAKO, key=key)


@pytest.fixture
def signs(form: JpkiFormat) -> Signs:
    """``signs(card)``: the CMS over :data:`CONTENT`; ``content`` and ``at`` take the place of what is honest."""

    def sign(card: Card, content: bytes = CONTENT, at: dt.datetime = NOW, **more: Any) -> bytes:
        attributes = form.attributes(content, at)
        return form.assemble(attributes, RawSignature(card.sign(hashlib.sha256(attributes).digest()), card.der))

    return sign
