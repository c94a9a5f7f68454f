"""電子署名: whether a case has to be signed, over which bytes, and whether it is."""

from dataclasses import dataclass
from uuid import UUID

from madoguchi.cases.models import Case, Signature
from madoguchi.cases.queries.journeys import is_journey, journey_parts
from madoguchi.cases.rules import signing
from madoguchi.cases.rules.signing import CARD_SIGNATURE, Attached
from madoguchi.ground.errors import NotFound
from madoguchi.procedures import queries as procedures


@dataclass(frozen=True, slots=True)
class Signable:
    """What is signed, as the answers stand: ``content``; and of which case which text it binds."""

    content: bytes
    texts: dict[UUID, bytes]


def signed_as(case: Case) -> Case:
    """The case whose signature counts for this one: a part that is still filled in is signed with its life event."""
    return case.part_of if case.part_of is not None and case.received_at is None else case


def demands_signature(case: Case) -> bool:
    """Whether this case, or the life event that it is part of, has to be signed before it is sent."""
    whole = signed_as(case)
    cases = [whole, *journey_parts(whole)] if whole.received_at is None and is_journey(whole) else [whole]
    return any(procedures.package(one.procedure).procedure.identity == CARD_SIGNATURE for one in cases)


def signable(case: Case) -> Signable:
    """The text of a case, or the cover over those of a life event."""
    if case.received_at is not None or not is_journey(case):
        text = _text(case)
        return Signable(text, {case.pk: text})
    texts = {one.pk: _text(one) for one in (case, *journey_parts(case))}
    digests = [signing.digest(one) for one in texts.values()]
    package = procedures.package(case.procedure)
    return Signable(signing.cover(package, case.pk, digests, city=procedures.city().names("ja")["mayor"]), texts)


def is_signed(case: Case) -> bool:
    """Whether there is a signature over exactly what the case, or its life event, now says."""
    whole = signed_as(case)
    last = whole.signatures.order_by("-kept_at", "-pk").values_list("digest", flat=True).first()
    return last is not None and last == signing.digest(signable(whole).content)


def signatures(case: Case) -> list[Signature]:
    """Of a received case, newest first; without their larger files."""
    signed = case.signatures.order_by("-kept_at", "-pk").defer("content", "cms")
    return [] if "signatures" in case.lacks else list(signed)


def signature(case: Case, signature_id: UUID) -> Signature:
    """One of them, with its files. Raises NotFound."""
    found = case.signatures.filter(pk=signature_id).first()
    if found is None:
        raise NotFound("signature-unknown", "この署名は見つかりません。")
    return found


def _text(case: Case) -> bytes:
    files = {str(one.pk): Attached(one.name, one.size, one.sha256) for one in case.documents.filter(removed_at=None)}
    package = procedures.package(case.procedure)
    return signing.text(package, case.pk, case.answers, files, city=procedures.city().names("ja")["mayor"])
