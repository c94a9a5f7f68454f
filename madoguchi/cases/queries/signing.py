"""電子署名: whether a case has to be signed, over which bytes, and whether it is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from madoguchi.cases.models import Case, Document, Signature
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


def demands_signature(case: Case, parts: Iterable[Case] | None = None) -> bool:
    """Whether this case, or the life event that it is part of, has to be signed before it is sent; ``parts`` are those
    of the life event, where they have been read."""
    whole = signed_as(case)
    if parts is None:
        parts = journey_parts(whole) if whole.received_at is None and is_journey(whole) else ()
    return any(procedures.package(one.procedure).procedure.identity == CARD_SIGNATURE for one in (whole, *parts))


def signable(case: Case) -> Signable:
    """The text of a case, or the cover over those of a life event."""
    if case.received_at is not None or not is_journey(case):
        texts = _texts([case])
        return Signable(texts[case.pk], texts)
    texts = _texts([case, *journey_parts(case)])
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
    if "signatures" in case.lacks:
        return []
    return list(case.signatures.order_by("-kept_at", "-pk").defer("content", "cms"))


def signature(case: Case, signature_id: UUID) -> Signature:
    """One of them, with its files. Raises NotFound."""
    found = case.signatures.filter(pk=signature_id).first()
    if found is None:
        raise NotFound("signature-unknown", "この署名は見つかりません。")
    return found


def _texts(cases: Sequence[Case]) -> dict[UUID, bytes]:
    files: dict[UUID, dict[str, Attached]] = {one.pk: {} for one in cases}
    for one in Document.objects.filter(case__in=cases, removed_at=None):
        files[one.case_id][str(one.pk)] = Attached(one.name, one.size, one.sha256)
    city = procedures.city().names("ja")["mayor"]
    packages = ((one, procedures.package(one.procedure)) for one in cases)
    return {one.pk: signing.text(package, one.pk, one.answers, files[one.pk], city=city) for one, package in packages}
