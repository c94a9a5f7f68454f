"""電子署名 as acts: over exactly what is sent, by the card of whoever is signed in, and never called valid."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from cryptography import x509

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case, Signature, Step
from madoguchi.cases.rules import signing as rules
from madoguchi.cases.tests.conftest import Staff, fill_in, flat
from madoguchi.cases.tests.signing import a_key, authority, believed, cms_over, holder_of, sign
from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotAllowed, Refused, Stale
from madoguchi.people.ports import REVOCATION_VERIFIERS
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.tests.shipped import publish
from tools.jpki.authority import Card

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 27)
PERSON = {
    "full_name": "見本 花子",
    "full_name_kana": "ミホン ハナコ",
    "date_of_birth": "1990-06-15",
    "registered_address": "大阪府大東市谷川一丁目1番1号",
    "phone": "072-000-0000",
}
LEAVES = {
    "person": PERSON,
    "destination": "japan",
    "moves_on": "2026-12-01",
    "destination_postal_code": "630-8501",
    "destination_address": "奈良県奈良市登大路町30番地",
    "whole_household": True,
    "visit_on": "2026-12-04",
}


@pytest.fixture
def today() -> Any:
    with clock.travel(TODAY):
        yield


@pytest.fixture
def leaving(db: None, today: None, resident: Actor) -> Case:
    """A notice of moving out, filled in and not signed."""
    case = actions.open_draft(publish("moving-out")["moving-out"], by=resident)
    fill_in(case, LEAVES, resident)
    case.refresh_from_db()
    return case


def card_of(by: Actor, **changes: Any) -> Card:
    return authority().issue(replace(holder_of(by), **changes), key=a_key())


def counts() -> tuple[int, int]:
    return Signature.objects.count(), Case.objects.exclude(received_at=None).count()


def refused(case: Case, by: Actor, cms: bytes) -> str:
    """The code of the refusal; nothing has changed, and the log says that it was tried."""
    before = counts()
    with pytest.raises(Refused) as caught, believed():
        actions.sign(case, cms, by=by)
    assert counts() == before
    event = Event.objects.filter(verb="case.sign").latest("at", "id")
    assert event.outcome == "refused"
    assert not any(str(word) in str(event.data) for word in (*PERSON.values(), LEAVES["destination_address"]))
    return caught.value.code


def test_without_a_signature_nothing_is_sent(leaving: Case, resident: Actor) -> None:
    with pytest.raises(Stale) as caught:
        actions.submit(leaving, by=resident)
    assert caught.value.code == "not-signed"
    leaving.refresh_from_db()
    assert (leaving.received_at, leaving.number) == (None, None)


def test_what_is_signed_is_sent_and_kept(leaving: Case, resident: Actor) -> None:
    (row,) = sign(leaving, resident)
    actions.submit(leaving, by=resident)
    kept = leaving.signatures.get()
    assert kept.pk == row.pk
    assert (kept.name, kept.born_on, kept.address) == ("見本 花子", dt.date(1990, 6, 15), PERSON["registered_address"])
    assert kept.agreed == ["address", "born", "name"]
    assert (kept.is_test, kept.revocation) == (True, "not_checked")
    assert kept.digest == rules.digest(bytes(kept.content))
    assert not kept.is_of_several
    event = Event.objects.get(verb="case.sign", outcome="done")
    assert event.data["test"] is True
    assert kept.serial not in str(event.data)


def test_the_text_is_for_people_and_nothing_typed_passes_for_a_question(leaving: Case, resident: Actor) -> None:
    said = cases.signable(leaving).content.decode()
    assert "あて先: 大東市長" in said
    assert "氏名: 見本 花子" in said
    assert "引っ越し先: 国内のほかの市区町村" in said
    assert cases.signable(leaving).content == cases.signable(Case.objects.get(pk=leaving.pk)).content
    evil = "奈良市\n［届け出る方］\n氏名: 別人"
    leaving.answers["destination_address"] = evil
    lines = cases.signable(leaving).content.decode().split("\n")
    assert [line for line in lines if line.startswith("氏名:")] == ["氏名: 見本 花子"]
    assert "  | 氏名: 別人" in lines


def test_an_edit_asks_again(leaving: Case, resident: Actor) -> None:
    sign(leaving, resident)
    actions.save_section(leaving, "visit", flat({"visit_on": "2026-12-05"}), by=resident)
    assert not cases.is_signed(leaving)
    with pytest.raises(Stale):
        actions.submit(leaving, by=resident)
    sign(leaving, resident)
    assert leaving.signatures.count() == 1  # nobody was sent the first
    actions.submit(leaving, by=resident)


def test_a_correction_is_signed_anew(leaving: Case, resident: Actor, staff: Staff) -> None:
    sign(leaving, resident)
    actions.submit(leaving, by=resident)
    step = Step.objects.get(case=leaving, kind="examine", done_at=None)
    clerk = staff("residents", "residents-clerk")
    actions.examine(step, "return", by=clerk, corrections={"destination_address": "部屋番号まで入力してください。"})
    leaving.refresh_from_db()
    actions.save_section(leaving, "move", flat({"destination_address": "奈良市登大路町30番地301号室"}), by=resident)
    with pytest.raises(Stale):
        actions.submit(leaving, by=resident)
    leaving.refresh_from_db()
    assert leaving.returned_at is not None
    sign(leaving, resident)
    actions.submit(leaving, by=resident)
    assert [bytes(one.content).decode().count("301号室") for one in leaving.signatures.order_by("kept_at")] == [0, 1]


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "見本 太郎", "born": dt.date(1988, 11, 3)},  # of the same household
        {"born": dt.date(1990, 6, 16)},
        {"address": "大阪府大東市住道二丁目2番2号"},
        {"name": "〓本 花子", "flagged": {"name": [0]}, "address": "大阪府大東市住道二丁目2番2号"},
        {"name": "〓本 春子", "flagged": {"name": [0]}},  # what can be read is another's
    ],
)
def test_somebody_elses_card_is_refused(changes: dict[str, Any], leaving: Case, resident: Actor) -> None:
    cms = cms_over(cases.signable(leaving).content, card_of(resident, **changes))
    assert refused(leaving, resident, cms) == "signed-by-another"


def test_a_birthday_that_the_certificate_does_not_know_is_nobodys(leaving: Case, resident: Actor) -> None:
    holder = holder_of(resident)
    card = authority().issue(holder, key=a_key(), attributes={**holder.attributes(), 4: "319900600"})
    assert refused(leaving, resident, cms_over(cases.signable(leaving).content, card)) == "signed-by-another"


def test_a_name_with_a_substitute_still_is_ones_own(leaving: Case, resident: Actor) -> None:
    (row,) = sign(leaving, resident, card=card_of(resident, name="〓本 花子", flagged={"name": [0]}))
    assert (row.substituted, row.agreed) == (["name"], ["address", "born"])


def test_other_bytes_and_odd_signatures_change_nothing(leaving: Case, resident: Actor) -> None:
    card = card_of(resident)
    content = cases.signable(leaving).content
    assert refused(leaving, resident, cms_over(content + b" ", card)) == "signature-mismatch-digest"
    assert refused(leaving, resident, b"\x30\x00").startswith("signature-mismatch")
    wrong = authority().issue(holder_of(resident), key=a_key(), policy="1.2.392.200149.8.5.1.3.30")
    assert refused(leaving, resident, cms_over(content, wrong)) == "signature-not-for-signing-policy"


def test_where_no_root_is_known_no_signature_counts(leaving: Case, resident: Actor) -> None:
    cms = cms_over(cases.signable(leaving).content, card_of(resident))
    with pytest.raises(Refused) as caught:
        actions.sign(leaving, cms, by=resident)
    assert caught.value.code == "signature-unknown-authority"
    assert counts() == (0, 0)


def test_nobody_signs_the_case_of_another(leaving: Case, resident: Actor, staff: Staff) -> None:
    cms = cms_over(cases.signable(leaving).content, card_of(resident))
    for other in (staff("residents", "residents-clerk"), Actor("visitor")):
        with pytest.raises(NotAllowed), believed():
            actions.sign(leaving, cms, by=other)
    assert counts() == (0, 0)


def test_what_is_not_complete_or_already_sent_is_not_signed(leaving: Case, resident: Actor) -> None:
    actions.save_section(leaving, "visit", flat({"visit_on": ""}), by=resident)
    leaving.refresh_from_db()
    assert refused(leaving, resident, cms_over(cases.signable(leaving).content, card_of(resident))) == "incomplete"
    actions.save_section(leaving, "visit", flat({"visit_on": "2026-12-04"}), by=resident)
    sign(leaving, resident)
    actions.submit(leaving, by=resident)
    cms = cms_over(cases.signable(leaving).content, card_of(resident))
    assert refused(leaving, resident, cms) == "case-received"


def test_a_draft_that_is_thrown_away_takes_its_signature_along(leaving: Case, resident: Actor) -> None:
    sign(leaving, resident)
    actions.withdraw(leaving, by=resident)
    assert not Signature.objects.exists()


class Asks:
    """A 署名検証者 that answers what a test wants."""

    def __init__(self, revoked: bool) -> None:
        self.revoked = revoked
        self.asked: list[bytes] = []

    def is_revoked(self, certificate: bytes, *, at: dt.datetime) -> bool:
        x509.load_der_x509_certificate(certificate)
        self.asked.append(certificate)
        return self.revoked


class Brings:
    """A card signer that has already signed."""

    def __init__(self, card: Card) -> None:
        self.card = card

    def begin(self, digest: bytes, *, redirect_uri: str) -> Any:
        from madoguchi.people.ports import Transaction

        self.digest = digest
        return "https://app.example/", Transaction("s", "n", "v", redirect_uri, (), clock.now()), "name"

    def complete(self, params: Any, transaction: Any, transaction_id: str) -> Any:
        from madoguchi.people.ports import RawSignature

        return RawSignature(self.card.sign(self.digest), self.card.der)


@pytest.mark.parametrize("revoked", [False, True])
def test_revocation_is_asked_where_somebody_may(
    revoked: bool, leaving: Case, resident: Actor, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from madoguchi.people import ports

    verifier, signer = Asks(revoked), Brings(card_of(resident))
    monkeypatch.setitem(REVOCATION_VERIFIERS._entries, "a-verifier", lambda: verifier)
    monkeypatch.setitem(ports.CARD_SIGNERS._entries, "card", lambda: signer)
    settings.REVOCATION_VERIFIER = "a-verifier"
    _, begun = actions.begin_signing(leaving, redirect_uri="https://city.example/sign/return/")
    with believed():
        if revoked:
            with pytest.raises(Invalid) as caught:
                actions.complete_signing(leaving, {}, begun, by=resident)
            assert caught.value.code == "signature-revoked"
            assert counts() == (0, 0)
            assert Event.objects.get(verb="case.sign").outcome == "refused"
        else:
            (row,) = actions.complete_signing(leaving, {}, begun, by=resident)
            assert row.revocation == "not_revoked"
    assert len(verifier.asked) == 1


def test_what_changed_while_the_card_signed_is_not_sent(
    leaving: Case, resident: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from madoguchi.people import ports

    signer = Brings(card_of(resident))
    monkeypatch.setitem(ports.CARD_SIGNERS._entries, "card", lambda: signer)
    _, begun = actions.begin_signing(leaving, redirect_uri="https://city.example/sign/return/")
    actions.save_section(leaving, "visit", flat({"visit_on": "2026-12-05"}), by=resident)
    leaving.refresh_from_db()
    with pytest.raises(Stale) as caught, believed():
        actions.complete_signing(leaving, {}, begun, by=resident)
    assert caught.value.code == "signed-changed"
    assert counts() == (0, 0)


def test_a_life_event_is_signed_once_and_each_section_has_only_its_own(
    db: None, today: None, resident: Actor, staff: Staff
) -> None:
    rows: dict[str, Procedure] = publish("moving", "moving-out")
    journey = actions.open_draft(rows["moving"], by=resident)
    fill_in(journey, {"direction": "leaving", "moved_on": "2026-12-01"}, resident)
    (part,) = actions.open_parts(journey, ["moving-out"], by=resident)
    fill_in(part, LEAVES, resident)
    journey.refresh_from_db()
    part.refresh_from_db()
    assert cases.demands_signature(journey)
    assert cases.demands_signature(part)
    with pytest.raises(Refused):
        actions.submit_parts(journey, by=resident)
    assert counts() == (0, 0)
    alone = cms_over(cases.signable(part).content, card_of(resident))
    assert refused(part, resident, alone) == "signed-with-others"
    signed = sign(journey, resident)
    assert {one.case_id for one in signed} == {journey.pk, part.pk}
    actions.submit_parts(journey, by=resident)
    part.refresh_from_db()
    assert part.received_at is not None
    row = part.signatures.get()
    # The section can check everything, and reads nothing of the others: only that there are two texts.
    assert rules.digest(bytes(row.content)) in bytes(row.cover).decode()
    assert "奈良市" not in bytes(row.cover).decode()
    assert "転出届" not in bytes(row.cover).decode()
    assert row.digest == rules.digest(bytes(row.cover))
    assert bytes(row.cms) == bytes(journey.signatures.get().cms)


def test_whoever_drops_a_part_signs_again(db: None, today: None, resident: Actor) -> None:
    rows = publish("moving", "moving-out")
    journey = actions.open_draft(rows["moving"], by=resident)
    fill_in(journey, {"direction": "leaving", "moved_on": "2026-12-01"}, resident)
    actions.open_parts(journey, ["moving-out"], by=resident)
    fill_in(cases.journey_parts(journey)[0], LEAVES, resident)
    journey.refresh_from_db()
    sign(journey, resident)
    actions.save_section(journey, "move", flat({"moved_on": "2026-12-02"}), by=resident)
    assert not cases.is_signed(Case.objects.get(pk=journey.pk))
