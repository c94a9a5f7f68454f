"""電子署名: the applicant's card signs exactly what is sent.

Three steps: what is signed goes to the provider as a digest (``begin``); what the card has signed comes back and, where
somebody here may ask, so does whether its certificate was revoked (``complete``: the network, outside any transaction);
then it is checked and kept in one act (``sign``).
"""

from collections.abc import Mapping

from django.conf import settings

from madoguchi.cases.actions import driving
from madoguchi.cases.actions.reasons import SEES_CASE
from madoguchi.cases.models import Case, Signature
from madoguchi.cases.queries.journeys import is_journey, journey_parts
from madoguchi.cases.queries.signing import signable
from madoguchi.cases.rules import signing as rules
from madoguchi.events import Actor, act, record
from madoguchi.events.acting import refuse
from madoguchi.facts.models import Source
from madoguchi.facts.queries import known
from madoguchi.facts.rules import Purpose
from madoguchi.facts.rules.matching import ATTRIBUTES, Outcome, Record, compare, is_holder, record_of
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, Refused, Stale
from madoguchi.people.ports import (
    REVOCATION_VERIFIERS,
    Revocation,
    Signatory,
    Signing,
    begin_signing,
    complete_signing,
    verify_signature,
)
from madoguchi.procedures import queries as procedures


def begin(case: Case, *, redirect_uri: str) -> tuple[str, Signing]:
    """Where to send the applicant, and what their session keeps until they are back. Raises Refused where the provider
    cannot be reached, Invalid where something is still missing."""
    _refuse_incomplete(case)
    return begin_signing(signable(case).content, at=clock.now(), redirect_uri=redirect_uri)


def complete(case: Case, params: Mapping[str, str], begun: Signing | None, *, by: Actor) -> list[Signature]:
    """Back from the provider. Raises Refused in plain words; then one event says so, and nothing is kept."""
    try:
        if begun is None:
            raise Stale("signing-unknown", "署名の手続きが見つかりませんでした。もう一度署名してください。")
        cms = complete_signing(params, begun)
        content = signable(case).content
        if rules.digest(content) != begun.digest:
            raise _changed()
        revocation = _revocation(cms, content)
    except Refused as refusal:
        refuse("case.sign", refusal, by=by, subject=case)
        raise
    return sign(case, cms, by=by, revocation=revocation)


@act("case.sign", allow=(SEES_CASE,))
def sign(case: Case, cms: bytes, *, by: Actor, revocation: Revocation = "not_checked") -> list[Signature]:
    """電子署名: a signature over all that the case now says is checked and kept; of a life event with each part.

    Raises Invalid where it is not over these bytes, not by a signing certificate that this city knows, or not by the
    card of whoever is signed in; nothing is kept then.
    """
    fresh = driving.locked(case)
    if fresh.withdrawn_at is not None or (fresh.received_at is not None and fresh.returned_at is None):
        raise Stale("case-received", "提出ずみのため、変更できません。直したいときは担当課にご連絡ください。")
    if fresh.part_of_id is not None and fresh.received_at is None:
        raise Stale("signed-with-others", "まとめて申し込む手続きは、全部まとめて署名します。")
    _refuse_incomplete(fresh)
    found = signable(fresh)
    signed = verify_signature(cms, found.content, at=clock.now())
    agreed = _agreed(fresh, signed.signatory, by)
    assert signed.signatory.birth_date is not None  # it agrees with that of the sign-in
    if fresh.received_at is None:  # nobody was sent the one before
        Signature.objects.filter(case__in=found.texts).delete()
    rows = [
        Signature(
            case_id=key,
            content=text,
            cover=b"" if text == found.content else found.content,
            digest=rules.digest(found.content),
            cms=cms,
            name=signed.signatory.full_name,
            address=signed.signatory.address,
            born_on=signed.signatory.birth_date,
            sex=signed.signatory.sex,
            substituted=sorted(signed.signatory.substituted),
            agreed=agreed,
            serial=signed.serial,
            issuer=signed.issuer,
            policy=signed.policy,
            is_test=signed.is_test,
            valid_until=signed.valid_until,
            revocation=revocation,
            signed_at=signed.signed_at,
        )
        for key, text in found.texts.items()
    ]
    Signature.objects.bulk_create(rows)
    record(case=fresh.pk, policy=signed.policy, test=signed.is_test, revocation=revocation, texts=len(rows))
    return rows


def _refuse_incomplete(case: Case) -> None:
    parts = journey_parts(case) if case.received_at is None and is_journey(case) else []
    for one in (case, *parts):
        problems = procedures.package(one.procedure).form.missing(one.answers, one.typed)
        if problems:
            raise Invalid("incomplete", "入力が終わっていないところが%(count)sか所あります。", {"count": len(problems)})


def _agreed(case: Case, holder: Signatory, by: Actor) -> list[str]:
    """What of the certificate agrees with the card that signed in. Raises Invalid where it is another's."""
    purpose = Purpose("sign", case.procedure.code, case=case.pk)
    keys = [key for name, key in ATTRIBUTES.items() if name != "kana"]
    said = known(by.who, keys, purpose, by=by, sources=(Source.CARD,))
    values = {
        "name": holder.full_name,
        "address": holder.address,
        "born": holder.birth_date.isoformat() if holder.birth_date else "",
        "sex": holder.sex.replace("-", "_"),
    }
    comparison = compare(Record(values, holder.substituted), record_of({key: one.value for key, one in said.items()}))
    if not is_holder(comparison):
        raise Invalid(
            "signed-by-another",
            "署名したカードの方と、サインインしている方が同じだと確かめられないため、まだ申し込んでいません。"
            "ご本人のマイナンバーカードでサインインし、同じカードで署名してください。",
        )
    return sorted(name for name, outcome in comparison.items() if outcome is Outcome.AGREES)


def _revocation(cms: bytes, content: bytes) -> Revocation:
    if not settings.REVOCATION_VERIFIER:
        return "not_checked"
    signed = verify_signature(cms, content, at=clock.now())
    if REVOCATION_VERIFIERS.get(settings.REVOCATION_VERIFIER)().is_revoked(signed.certificate, at=clock.now()):
        raise Invalid(
            "signature-revoked",
            "署名用電子証明書が失効しているため、まだ申し込んでいません。"
            "引っ越しや氏名の変更で失効します。お住まいの市区町村の窓口で、新しい証明書の発行を受けてください。",
        )
    return "not_revoked"


def _changed() -> Stale:
    return Stale(
        "signed-changed",
        "署名の間に内容が変わったため、まだ申し込んでいません。確かめて、もう一度署名してください。",
    )
