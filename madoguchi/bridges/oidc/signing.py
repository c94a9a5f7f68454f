"""A resident's card signs, at デジタル認証アプリ: the provider is given a digest, the visitor has the card sign it, and
what it has signed is fetched when they are back.

Published (developers.digital.go.jp, API reference and guideline; read in part): client credentials first; an
authorization request with the scope ``sign`` and ``sign_transaction_id`` (a UUID). Told by a platform's documents:
``/api/sign-transactions``, the digest in base64, with a DigestInfo around it where the signature is to be that of
RFC 8017, ``/{id}/result`` by the visitor's access token, an answer as JWE. **Not verified**: the names of the members
(:data:`_HASH` and those in :func:`_name` and :func:`_opened`), the scope of the first token, for whom the JWE is
encrypted and how. They stand in this file alone, to be compared with the reference at registration.
"""

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from asn1crypto import algos
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from madoguchi.bridges.oidc.party import RelyingParty
from madoguchi.bridges.oidc.refusals import for_signing, mismatch
from madoguchi.ground.errors import Refused
from madoguchi.people.ports import RawSignature, Transaction

_HASH: Final = "hash"
#: How the answer is encrypted for us (RFC 7518).
ALGORITHMS: Final = ("ECDH-ES+A256KW", "A256GCM")


class CardSigning:
    """Fills the port ``people.ports.CardSigner``. ``key`` is what answers are encrypted for (P-256)."""

    def __init__(self, party: RelyingParty, key: ECKey) -> None:
        self.party, self.key = party, key
        # .../api/realms/main and .../api/sign-transactions are siblings.
        self.url = party.registration.issuer.partition("/realms/")[0] + "/sign-transactions"

    def begin(self, digest: bytes, *, redirect_uri: str) -> tuple[str, Transaction, str]:
        """Tell the provider what will be signed, and where the visitor goes to sign it."""
        try:
            bearer = {"Authorization": f"Bearer {self.party.own_token('sign')}"}
            status, answer = self.party.fetch("signing", "POST", self.url, headers=bearer, json=_asked(digest))
            name = _name(status, answer)
            url, begun = self.party.address(("openid", "sign"), redirect_uri, sign_transaction_id=name)
        except Refused as refusal:
            raise for_signing(refusal) from None
        return url, begun, name

    def complete(self, params: Mapping[str, str], transaction: Transaction, transaction_id: str) -> RawSignature:
        """What the visitor's card has signed."""
        try:
            _, access_token, _ = self.party.returned(params, transaction)
            bearer = {"Authorization": f"Bearer {access_token}"}
            status, answer = self.party.fetch("signing", "GET", f"{self.url}/{transaction_id}/result", headers=bearer)
            if status != 200:
                raise mismatch("signing-result")
            return _opened(answer, self.key)
        except Refused as refusal:
            raise for_signing(refusal) from None


def digest_info(digest: bytes) -> bytes:
    """RFC 8017 9.2: what the card pads and signs, so that the signature is RSASSA-PKCS1-v1_5 with SHA-256."""
    return bytes(algos.DigestInfo({"digest_algorithm": {"algorithm": "sha256"}, "digest": digest}).dump())


def _asked(digest: bytes) -> dict[str, str]:
    assert len(digest) == hashlib.sha256().digest_size
    return {_HASH: b64encode(digest_info(digest)).decode()}


def _name(status: int, answer: Mapping[str, Any]) -> str:
    """The transaction's id, which becomes part of addresses: a UUID and nothing else."""
    try:
        if status in (200, 201):
            return str(UUID(str(answer.get("sign_transaction_id"))))
    except ValueError:
        pass
    raise mismatch("signing-transaction")


def _opened(answer: Mapping[str, Any], key: ECKey) -> RawSignature:
    try:
        sealed = jwe.decrypt_compact(str(answer.get("result", "")), key, algorithms=list(ALGORITHMS))
        told = json.loads(sealed.plaintext or b"")
        return RawSignature(*(b64decode(told[name], validate=True) for name in ("signature", "certificate")))
    except (JoseError, ValueError, KeyError, TypeError):
        raise mismatch("signing-answer") from None
