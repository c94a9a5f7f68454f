"""書かない窓口: what a clerk, a tablet and a resident may do, and what changes nothing."""

import base64
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from madoguchi.cases import actions, jobs
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case, Confirmation, Document, DocumentContent, Kiosk, Sitting
from madoguchi.cases.models.sitting import SITTING_IDLE
from madoguchi.cases.rules import counter as rules
from madoguchi.cases.tests.conftest import Staff, somebody
from madoguchi.cases.tests.test_examples import answer
from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.facts.models import Source
from madoguchi.facts.queries import count, known
from madoguchi.facts.rules import Purpose
from madoguchi.facts.tests.registers import imported, person
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotAllowed, NotFound, Refused, Stale
from madoguchi.people.models import Person
from madoguchi.people.queries import actor_of_person
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules.examples import answers_of
from madoguchi.procedures.rules.form import Form
from madoguchi.procedures.tests.shipped import catalogue

pytestmark = pytest.mark.django_db

TABLET = Actor("visitor", channel="counter")
TOLD = {
    "name": "見本　花子",
    "kana": "みほん はなこ",
    "address": "大阪府大東市谷川一丁目1番1号",
    "born": "平成2年4月12日",
    "sex": "female",
}
WRONG = "000000"


def answers() -> dict[str, Any]:
    return answers_of(catalogue().packages["dog-registration"].examples["microchip-granted"])


def form_of(published: dict[str, Procedure]) -> Form:
    return procedures.package(published["dog-registration"]).form


def drawn(*, ink: bool = True, size: tuple[int, int] = (1200, 400), form: str = "PNG") -> str:
    """A drawing as the tablet posts it."""
    picture = Image.new("RGBA", size, (0, 0, 0, 0))
    if ink:
        ImageDraw.Draw(picture).line([(50, 50), (600, 300), (900, 90)], fill="black", width=6)
    out = io.BytesIO()
    (picture if form == "PNG" else picture.convert("RGB")).save(out, form)
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


@pytest.fixture
def clerk(published: dict[str, Procedure], staff: Staff) -> Actor:
    return replace(staff("residents", "residents-clerk"), channel="counter")


@pytest.fixture
def kiosk(clerk: Actor) -> Kiosk:
    made = actions.make_kiosk("窓口 1番", by=clerk)
    return actions.join_kiosk(made, cases.kiosk_code(made), "Mozilla/5.0 (iPad) Safari/604.1", by=TABLET)


@pytest.fixture
def sitting(clerk: Actor) -> Sitting:
    return actions.open_sitting(by=clerk)


def known_one(sitting: Sitting, clerk: Actor) -> Sitting:
    """Identified by a document, and agreed."""
    return actions.note_agreed(actions.identify_by_document(sitting, "driving-licence", TOLD, by=clerk), by=clerk)


def typed(sitting: Sitting, clerk: Actor, row: Procedure) -> Case:
    """The whole form, filled in by the clerk."""
    case = actions.begin_at_counter(sitting, row, by=clerk)
    answer(case, answers(), clerk)
    return Case.objects.select_related("sitting", "procedure").get(pk=case.pk)


def test_from_the_code_to_the_receipt(
    clerk: Actor, kiosk: Kiosk, sitting: Sitting, published: dict[str, Procedure]
) -> None:
    actions.pair(kiosk, cases.pairing_code(sitting), by=TABLET)
    actions.identify_by_document(sitting, "driving-licence", TOLD, by=clerk)
    actions.agree(kiosk, by=TABLET)
    case = typed(sitting, clerk, published["dog-registration"])
    assert cases.to_confirm(sitting) is None
    asked = actions.ask_resident(case, by=clerk)
    with pytest.raises(Stale, match="ご本人の確認"):
        actions.submit(case, by=clerk)
    actions.confirm_typed(case, kiosk, asked.digest, by=TABLET, drawn=drawn())
    actions.submit(case, by=clerk)
    case.refresh_from_db()
    assert (case.channel, case.state) == ("counter", "received")
    found = Confirmation.objects.get(case=case)
    assert (found.how, found.shown, found.clerk_id) == ("signed", "driving-licence", clerk.id)
    assert found.signature is not None
    assert DocumentContent.objects.get(document=found.signature).content[:4] == b"\x89PNG"
    event = Event.objects.get(verb="case.submit", outcome="done", subject_id=case.pk)
    assert (event.channel, event.actor_id, event.reason) == ("counter", clerk.id, "at-counter")
    assert event.data["resident"] == str(case.person_id)
    # What was typed is the resident's statement, what was read from the document the clerk's.
    by = actor_of_person(case.person_id, "card")
    facts = known(case.person_id, ["person.date_of_birth", "person.phone"], Purpose("view"), by=by)
    assert facts["person.date_of_birth"].source == Source.STAFF
    assert facts["person.date_of_birth"].level == "checked"
    assert facts["person.phone"].source == Source.SELF


def test_by_card_nobody_types_who_sits_there(clerk: Actor, kiosk: Kiosk, sitting: Sitting) -> None:
    actions.pair(kiosk, cases.pairing_code(sitting), by=TABLET)
    resident = replace(somebody("見本 花子", "1990-04-12"), channel="counter")
    with pytest.raises(Stale):
        actions.identify_by_card(kiosk, {}, by=replace(resident, level="contact"))
    actions.identify_by_card(kiosk, {"person.full_name": "見本 花子"}, by=resident)
    sitting.refresh_from_db()
    assert (sitting.person_id, sitting.shown) == (resident.id, "card")
    with pytest.raises(Stale):  # a second card does not take the place of the first
        actions.identify_by_card(kiosk, {}, by=replace(somebody("別 人", "1980-01-01"), channel="counter"))
    sitting.refresh_from_db()
    assert sitting.person_id == resident.id


def test_what_the_draft_at_home_says_stays_at_home(
    clerk: Actor, kiosk: Kiosk, sitting: Sitting, published: dict[str, Procedure]
) -> None:
    resident = replace(somebody("見本 花子", "1990-04-12"), channel="counter")
    home = actions.open_draft(published["dog-registration"], by=resident)
    actions.pair(kiosk, cases.pairing_code(sitting), by=TABLET)
    actions.identify_by_card(kiosk, {}, by=resident)
    actions.agree(kiosk, by=TABLET)
    here = actions.begin_at_counter(sitting, published["dog-registration"], by=clerk)
    assert here.pk != home.pk
    assert actions.begin_at_counter(sitting, published["dog-registration"], by=clerk).pk == here.pk
    assert [one.pk for one in cases.own_cases(resident)] == [home.pk]
    with pytest.raises(NotAllowed):
        actions.save_section(home, "dog", {}, by=clerk)


@pytest.mark.parametrize("who", ["colleague", "without-the-post", "resident"])
def test_nobody_else_types_into_a_sitting(
    who: str, clerk: Actor, sitting: Sitting, published: dict[str, Procedure], staff: Staff, resident: Actor
) -> None:
    known_one(sitting, clerk)
    case = typed(sitting, clerk, published["dog-registration"])
    by = {
        "colleague": lambda: staff("environment", "environment-clerk"),
        "without-the-post": lambda: staff("residents", "residents-head"),
        "resident": lambda: resident,
    }[who]()
    before = Case.objects.values().get(pk=case.pk)
    section = form_of(published).sections[0].id
    for deed in (
        lambda: actions.save_section(case, section, {"person.full_name": ["別人"]}, by=by),
        lambda: actions.ask_resident(case, by=by),
        lambda: actions.note_confirmed(case, by=by),
        lambda: actions.submit(case, by=by),
        lambda: actions.end_sitting(sitting, by=by),
        lambda: actions.begin_at_counter(sitting, published["dog-registration"], by=by),
        lambda: actions.show_code(sitting, by=by),
    ):
        with pytest.raises(NotAllowed):
            deed()
    assert Case.objects.values().get(pk=case.pk) == before
    assert not Confirmation.objects.exists()
    if by.kind == "staff":
        with pytest.raises(NotFound):
            cases.own_sitting(sitting.pk, by)


def test_only_who_serves_the_counter_begins(staff: Staff, published: dict[str, Procedure], resident: Actor) -> None:
    for by in (staff("residents", "residents-head"), resident, TABLET):
        with pytest.raises(NotAllowed):
            actions.open_sitting(by=by)
        with pytest.raises(NotAllowed):
            actions.make_kiosk("1番", by=by)
    assert not Sitting.objects.exists()
    assert not Kiosk.objects.exists()


def test_codes_are_guessed_five_times(clerk: Actor, kiosk: Kiosk, sitting: Sitting) -> None:
    right = cases.pairing_code(sitting)
    wrong = WRONG if right != WRONG else "111111"
    for _ in range(rules.MOST_TRIES):
        with pytest.raises(Invalid):
            actions.pair(kiosk, wrong, by=TABLET)
    with pytest.raises(Refused, match="しばらく使えません"):
        actions.pair(kiosk, right, by=TABLET)
    sitting.refresh_from_db()
    assert sitting.kiosk_id is None
    with clock.travel(clock.now() + rules.TRIES_FORGOTTEN):
        later = actions.open_sitting(by=clerk)
        assert actions.pair(kiosk, cases.pairing_code(later), by=TABLET).pk == later.pk


def test_a_code_works_once_and_not_for_long(clerk: Actor, kiosk: Kiosk, sitting: Sitting) -> None:
    right = cases.pairing_code(sitting)
    with clock.travel(clock.now() + rules.PAIRING_LASTS + timedelta(seconds=1)):
        assert cases.pairing_code(sitting) == ""
        with pytest.raises(Invalid):
            actions.pair(kiosk, right, by=TABLET)
    actions.pair(kiosk, right, by=TABLET)
    second = actions.make_kiosk("窓口 2番", by=clerk)
    actions.join_kiosk(second, cases.kiosk_code(second), "", by=TABLET)
    with pytest.raises(Invalid):
        actions.pair(second, right, by=TABLET)
    sitting.refresh_from_db()
    assert sitting.kiosk_id == kiosk.pk


def test_the_second_tablet_takes_the_place_of_the_first(clerk: Actor, kiosk: Kiosk, sitting: Sitting) -> None:
    actions.pair(kiosk, cases.pairing_code(sitting), by=TABLET)
    second = actions.make_kiosk("窓口 2番", by=clerk)
    second = actions.join_kiosk(second, cases.kiosk_code(second), "", by=TABLET)
    actions.pair(second, cases.pairing_code(actions.show_code(sitting, by=clerk)), by=TABLET)
    actions.identify_by_document(sitting, "passport", TOLD, by=clerk)
    with pytest.raises(Stale):
        actions.agree(kiosk, by=TABLET)
    sitting.refresh_from_db()
    assert sitting.agreed_at is None
    actions.agree(second, by=TABLET)
    assert cases.sitting_on(kiosk) is None


def test_a_tablet_that_was_taken_back_answers_nothing(clerk: Actor, kiosk: Kiosk, sitting: Sitting) -> None:
    actions.pair(kiosk, cases.pairing_code(sitting), by=TABLET)
    actions.identify_by_document(sitting, "passport", TOLD, by=clerk)
    actions.end_kiosk(kiosk, by=clerk)
    assert cases.live_kiosk(kiosk.pk) is None
    with pytest.raises(Stale):
        actions.agree(kiosk, by=TABLET)
    sitting.refresh_from_db()
    assert sitting.agreed_at is None


def test_a_kiosk_code_works_once(clerk: Actor) -> None:
    made = actions.make_kiosk("ロビー", by=clerk)
    code = cases.kiosk_code(made)
    for wrong in ("", "AAAA-AAAA-AAAA", "あ"):
        with pytest.raises(NotFound):
            actions.find_kiosk(wrong)
    actions.join_kiosk(actions.find_kiosk(code.lower().replace("-", " ")), code, "", by=TABLET)
    with pytest.raises(NotFound):
        actions.join_kiosk(made, code, "", by=TABLET)
    with pytest.raises(NotFound):
        actions.find_kiosk(code)


def test_what_changes_after_the_confirmation_is_not_confirmed(
    clerk: Actor, kiosk: Kiosk, sitting: Sitting, published: dict[str, Procedure]
) -> None:
    actions.pair(kiosk, cases.pairing_code(sitting), by=TABLET)
    known_one(sitting, clerk)
    case = typed(sitting, clerk, published["dog-registration"])
    asked = actions.ask_resident(case, by=clerk)
    section, field = next(
        (section, one)
        for section in form_of(published).sections
        for one in section.fields
        if one.fact == "person.phone"
    )
    actions.save_section(case, section.id, {field.name: ["072-870-0001"]}, by=clerk)
    with pytest.raises(Stale):
        actions.confirm_typed(case, kiosk, asked.digest, by=TABLET, name="見本花子")
    assert Confirmation.objects.get(case=case).confirmed_at is None
    actions.note_confirmed(Case.objects.get(pk=case.pk), by=clerk)
    actions.save_section(case, section.id, {field.name: ["072-870-0002"]}, by=clerk)
    with pytest.raises(Stale):
        actions.submit(case, by=clerk)
    case.refresh_from_db()
    assert case.received_at is None


@pytest.mark.parametrize(
    "posted",
    [
        lambda: drawn(ink=False),
        lambda: drawn(size=(4000, 4000)),
        lambda: drawn(form="JPEG"),
        lambda: "data:image/svg+xml;base64,PHN2Zz48c2NyaXB0Pjwvc2NyaXB0Pjwvc3ZnPg==",
        lambda: "data:image/png;base64,not base64",
        lambda: "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\0" * 100).decode(),
        lambda: "data:image/png;base64," + "A" * 700_000,
        lambda: "javascript:alert(1)",
    ],
)
def test_a_hostile_signature_confirms_nothing(
    posted: Callable[[], str], clerk: Actor, kiosk: Kiosk, sitting: Sitting, published: dict[str, Procedure]
) -> None:
    with pytest.raises(Invalid):
        rules.signature(posted())
    actions.pair(kiosk, cases.pairing_code(sitting), by=TABLET)
    known_one(sitting, clerk)
    case = actions.begin_at_counter(sitting, published["dog-registration"], by=clerk)
    Confirmation.objects.create(
        case=case, clerk_id=clerk.who, shown="passport", digest=rules.digest_of(case.answers, case.typed)
    )
    with pytest.raises(Invalid):
        actions.confirm_typed(case, kiosk, rules.digest_of(case.answers, case.typed), by=TABLET, drawn=posted())
    assert Confirmation.objects.get(case=case).confirmed_at is None
    assert not Document.objects.filter(case=case).exists()


def test_when_it_ends_nothing_is_left(
    clerk: Actor, kiosk: Kiosk, sitting: Sitting, published: dict[str, Procedure]
) -> None:
    actions.pair(kiosk, cases.pairing_code(sitting), by=TABLET)
    known_one(sitting, clerk)
    case = typed(sitting, clerk, published["dog-registration"])
    actions.note_confirmed(case, by=clerk)
    actions.end_sitting(sitting, by=clerk)
    sitting.refresh_from_db()
    case.refresh_from_db()
    assert (sitting.told, sitting.kiosk_id) == ({}, None)
    assert (case.answers, case.state) == ({}, "withdrawn")
    assert cases.sitting_on(kiosk) is None
    for deed in (
        lambda: actions.submit(case, by=clerk),
        lambda: actions.begin_at_counter(sitting, published["dog-registration"], by=clerk),
        lambda: actions.agree(kiosk, by=TABLET),
    ):
        with pytest.raises(Refused):
            deed()
    case.refresh_from_db()
    assert case.received_at is None
    assert Case.objects.count() == 1


def test_a_sitting_that_nobody_ends_is_over(clerk: Actor, sitting: Sitting, published: dict[str, Procedure]) -> None:
    known_one(sitting, clerk)
    case = typed(sitting, clerk, published["dog-registration"])
    with clock.travel(clock.now() + timedelta(hours=2, seconds=1)):
        with pytest.raises(NotAllowed):
            actions.note_confirmed(case, by=clerk)
        actions.open_sitting(by=clerk)
        sitting.refresh_from_db()
        assert sitting.told == {}
        assert Case.objects.get(pk=case.pk).answers == {}
    with clock.travel(clock.now() + timedelta(days=2)):
        actions.open_sitting(by=clerk)
        assert not Sitting.objects.filter(pk=sitting.pk).exists()


def test_whoever_is_not_known_gets_no_draft(clerk: Actor, sitting: Sitting, published: dict[str, Procedure]) -> None:
    for told, shown in (({}, "passport"), ({**TOLD, "born": "きのう"}, "passport"), (TOLD, "a-letter")):
        with pytest.raises(Invalid):
            actions.identify_by_document(sitting, shown, told, by=clerk)
    assert not Person.objects.filter(cases__isnull=False).exists()
    actions.identify_by_document(sitting, "passport", TOLD, by=clerk)
    with pytest.raises(Stale):
        actions.begin_at_counter(sitting, published["dog-registration"], by=clerk)
    assert not Case.objects.exists()
    actions.mistaken(sitting, by=clerk)
    sitting.refresh_from_db()
    assert (sitting.person_id, sitting.told) == (None, {})


@pytest.mark.parametrize("how", ["mistaken", "ended", "left alone"])
def test_of_whoever_asked_for_nothing_nothing_is_kept(clerk: Actor, sitting: Sitting, how: str) -> None:
    sitting = actions.note_agreed(actions.identify_by_document(sitting, "passport", TOLD, by=clerk), by=clerk)
    person = sitting.person_id
    assert person is not None
    assert count(person) == 5
    if how == "mistaken":
        actions.mistaken(sitting, by=clerk)
    elif how == "ended":
        actions.end_sitting(sitting, by=clerk)
    else:
        with clock.travel(clock.now() + SITTING_IDLE):
            jobs.end_forgotten_sittings()
    assert count(person) == 0


def test_before_the_resident_agrees_nothing_is_stated_and_nobody_is_looked_for(
    clerk: Actor, kiosk: Kiosk, sitting: Sitting, tmp_path: Path
) -> None:
    imported(tmp_path, [person("0001")])
    actions.pair(kiosk, cases.pairing_code(sitting), by=TABLET)
    before = (Person.objects.count(), Event.objects.filter(verb__startswith="facts.").count())
    sitting = actions.identify_by_document(sitting, "passport", TOLD, by=clerk)
    assert sitting.person_id is None
    assert (Person.objects.count(), Event.objects.filter(verb__startswith="facts.").count()) == before
    sitting = actions.agree(kiosk, by=TABLET)
    assert sitting.person_id is not None
    stated = Event.objects.get(verb="facts.state", subject_id=sitting.person_id, actor_id=clerk.id)
    assert stated.actor_kind == "staff", "the clerk has seen the document"
    assert count(sitting.person_id) >= 5


def test_a_sitting_goes_on_while_it_is_used_and_ends_soon_after(
    clerk: Actor, kiosk: Kiosk, sitting: Sitting, published: dict[str, Procedure]
) -> None:
    actions.pair(kiosk, cases.pairing_code(sitting), by=TABLET)
    known_one(sitting, clerk)
    case = typed(sitting, clerk, published["dog-registration"])
    moment = clock.now()
    ways: list[Callable[[], object]] = [
        lambda: actions.stay(sitting, by=clerk),
        lambda: actions.stay_at_kiosk(kiosk, by=TABLET),
    ]
    for stays in ways:
        moment += SITTING_IDLE - timedelta(minutes=1)
        with clock.travel(moment):
            assert jobs.end_forgotten_sittings() == 0
            stays()
    with clock.travel(moment + SITTING_IDLE):
        assert cases.sitting_on(kiosk) is None, "the tablet knows nobody, before the worker has looked"
        deeds: list[Callable[[], object]] = [
            lambda: actions.stay(sitting, by=clerk),
            lambda: actions.stay_at_kiosk(kiosk, by=TABLET),
            lambda: actions.note_confirmed(case, by=clerk),
        ]
        for deed in deeds:
            with pytest.raises(Refused):
                deed()
        assert (jobs.end_forgotten_sittings(), jobs.end_forgotten_sittings()) == (1, 0)
    sitting.refresh_from_db()
    assert (sitting.told, sitting.kiosk_id) == ({}, None)
    assert Case.objects.get(pk=case.pk).answers == {}


def test_what_was_read_of_whoever_has_a_case_goes_with_it(
    clerk: Actor, sitting: Sitting, published: dict[str, Procedure]
) -> None:
    case = typed(known_one(sitting, clerk), clerk, published["dog-registration"])
    actions.end_sitting(sitting, by=clerk)
    assert count(case.person_id) == 5, "its draft is deleted with the next round"
    with clock.travel(clock.now() + timedelta(days=1)):
        jobs.keep_house()
    assert count(case.person_id) == 0


def test_a_document_means_whom_the_register_means(
    clerk: Actor, sitting: Sitting, tmp_path: Path, published: dict[str, Procedure]
) -> None:
    imported(tmp_path, [person("0001")])
    before = Person.objects.count()
    said = {**TOLD, "address": "大東市谷川一丁目1番1号", "born": "1990-04-12"}
    actions.identify_by_document(sitting, "my-number-card", said, by=clerk)
    actions.note_agreed(sitting, by=clerk)
    assert Person.objects.count() == before, "the person of the entry was taken"
    actions.mistaken(sitting, by=clerk)
    actions.identify_by_document(sitting, "my-number-card", {**said, "born": "1990-04-13"}, by=clerk)
    actions.note_agreed(sitting, by=clerk)
    assert Person.objects.count() == before + 1, "one attribute differs: somebody else"
