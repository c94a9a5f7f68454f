"""A card signs at the sample provider, a program of its own; and at a provider that answers what it should not."""

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from joserfc import jwe
from joserfc.jwk import ECKey

from madoguchi.bridges.oidc.party import RelyingParty
from madoguchi.bridges.oidc.signing import ALGORITHMS, CardSigning, digest_info
from madoguchi.bridges.oidc.tests.conftest import RETURN_TO, SampleProvider
from madoguchi.bridges.oidc.tests.hostile import HostileProvider
from madoguchi.ground.errors import Refused

WORDS = b"what is signed"
DIGEST = hashlib.sha256(WORDS).digest()


@pytest.fixture
def signing(party: RelyingParty, sample_provider: SampleProvider) -> CardSigning:
    return CardSigning(party, sample_provider.answers_key)


def test_a_card_signs_what_it_was_told(signing: CardSigning, sample_provider: SampleProvider) -> None:
    url, begun, name = signing.begin(DIGEST, redirect_uri=RETURN_TO)
    asked = {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
    assert (asked["scope"], asked["sign_transaction_id"]) == ("openid sign", name)
    raw = signing.complete(sample_provider.visit(url, choose="mihon-hanako"), begun, name)
    assert raw.certificate == (sample_provider.cards / "mihon-hanako.cert.der").read_bytes()
    key = x509.load_der_x509_certificate(raw.certificate).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(raw.signature, WORDS, padding.PKCS1v15(), hashes.SHA256())


def test_whoever_cancels_has_signed_nothing(signing: CardSigning, sample_provider: SampleProvider) -> None:
    url, begun, name = signing.begin(DIGEST, redirect_uri=RETURN_TO)
    with pytest.raises(Refused) as caught:
        signing.complete(sample_provider.visit(url, choose=None), begun, name)
    assert caught.value.code == "signing-cancelled"
    assert "まだ申し込んでいません" in str(caught.value)


def test_a_signature_is_fetched_once_and_by_its_own_transaction(
    signing: CardSigning, sample_provider: SampleProvider
) -> None:
    url, begun, name = signing.begin(DIGEST, redirect_uri=RETURN_TO)
    back = sample_provider.visit(url, choose="mihon-hanako")
    _, _, other = signing.begin(DIGEST, redirect_uri=RETURN_TO)
    with pytest.raises(Refused) as caught:
        signing.complete(back, begun, other)
    assert caught.value.code == "signing-mismatch-signing-result"
    with pytest.raises(Refused):  # and the code is spent
        signing.complete(back, begun, name)


def test_what_was_made_for_another_is_not_ours(signing: CardSigning, sample_provider: SampleProvider) -> None:
    url, _, name = signing.begin(DIGEST, redirect_uri=RETURN_TO)
    back = sample_provider.visit(url, choose="mihon-hanako")
    _, other, _ = signing.begin(DIGEST, redirect_uri=RETURN_TO)
    with pytest.raises(Refused) as caught:
        signing.complete(back, other, name)
    assert caught.value.code == "signing-mismatch-state"


def test_the_provider_signs_for_nobody_without_a_token(sample_provider: SampleProvider) -> None:
    url = sample_provider.issuer.partition("/realms/")[0] + "/sign-transactions"
    for token in ({}, {"Authorization": "Bearer nothing"}):
        answer = httpx.post(url, json={"hash": b64encode(digest_info(DIGEST)).decode()}, headers=token, trust_env=False)
        assert (answer.status_code, answer.json()) == (401, {"error": "invalid_token"})


class Hostile(HostileProvider):
    """Also signs; ``said`` is what it answers to both calls."""

    said: dict[str, Any]

    def answer(self, path: str, form: dict[str, str]) -> tuple[int, bytes]:
        if "/sign-transactions" in path:
            return self.said.get("status", 200), json.dumps(self.said).encode()
        return super().answer(path, form)


@pytest.fixture
def liar() -> Iterator[Hostile]:
    provider = Hostile()
    provider.said = {}
    yield provider
    provider.close()


def at(provider: Hostile, party: RelyingParty, key: ECKey) -> CardSigning:
    found = CardSigning(party, key)
    found.url = provider.issuer.replace("/realm", "/sign-transactions")
    return found


@pytest.mark.parametrize("said", [{}, {"sign_transaction_id": "../../x"}, {"sign_transaction_id": 7}, {"status": 403}])
def test_a_transaction_has_a_uuid_or_there_is_none(said: dict[str, Any], liar: Hostile) -> None:
    signing, liar.said = _signing(liar), said
    with pytest.raises(Refused) as caught:
        signing.begin(DIGEST, redirect_uri=RETURN_TO)
    assert caught.value.code == "signing-mismatch-signing-transaction"


def sealed(told: Any, key: ECKey, algorithm: str = ALGORITHMS[0]) -> str:
    header = {"alg": algorithm, "enc": "A256GCM"}
    return jwe.encrypt_compact(header, json.dumps(told), key, algorithms=[algorithm, "A256GCM"])


MINE, ANOTHERS = (ECKey.generate_key("P-256") for _ in range(2))
GOOD = {"signature": "AAAA", "certificate": "AAAA"}


@pytest.mark.parametrize(
    "result",
    [
        "",
        "a.b.c.d.e",
        7,
        sealed(GOOD, ANOTHERS),
        sealed(GOOD, MINE, "ECDH-ES"),
        sealed({"signature": "AAAA"}, MINE),
        sealed({**GOOD, "certificate": "*"}, MINE),
        sealed([], MINE),
    ],
)
def test_an_answer_that_is_not_for_us_is_none(result: Any, liar: Hostile) -> None:
    signing = _signing(liar)
    liar.said = {"sign_transaction_id": str(uuid4())}
    _, begun, name = signing.begin(DIGEST, redirect_uri=RETURN_TO)
    liar.nonce, liar.said = begun.nonce, {"result": result}
    with pytest.raises(Refused) as caught:
        signing.complete({"state": begun.state, "code": "c", "iss": liar.issuer}, begun, name)
    assert caught.value.code == "signing-mismatch-signing-answer"


def test_a_provider_that_is_away_is_said_to_be(liar: Hostile) -> None:
    signing, liar.said = _signing(liar), {"status": 503}
    with pytest.raises(Refused) as caught:
        signing.begin(DIGEST, redirect_uri=RETURN_TO)
    assert (caught.value.code, caught.value.status) == ("provider-unavailable-signing", 503)


def _signing(liar: Hostile) -> CardSigning:
    from madoguchi.bridges.oidc.party import Registration
    from madoguchi.bridges.oidc.tests.conftest import CLIENT_ID

    party = RelyingParty(Registration(liar.issuer, CLIENT_ID, ECKey.generate_key("P-256", auto_kid=True)))
    return at(liar, party, MINE)
