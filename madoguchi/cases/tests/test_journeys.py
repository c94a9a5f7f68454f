"""A life event in one go: what applies, what is asked once, received together, ended each by itself."""

import datetime as dt
from typing import Any

import pytest

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case, Step
from madoguchi.cases.queries.figures import count as figures_now
from madoguchi.cases.tests.conftest import Staff, fill_in, flat
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.facts import actions as facts
from madoguchi.facts.models import Source
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotAllowed, Stale
from madoguchi.messages.models import Message
from madoguchi.people.models import Person
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules import journeys

pytestmark = pytest.mark.django_db
Published = dict[str, Procedure]

MOVED = {"direction": "within", "moved_on": "2026-11-20", "has_children": False, "expecting": False}
PERSON = {
    "full_name": "見本 花子",
    "full_name_kana": "ミホン　ハナコ",
    "date_of_birth": "1990-04-02",
    "registered_address": "大阪府大東市谷川一丁目1番1号",
    "phone": "072-000-0000",
}
DOG = {
    "registered_before": "first",
    "dog_name": "モモ", "breed": "柴犬", "dog_born_on": "2025-01-01", "coat": "茶", "dog_sex": "female",
    "acquired_on": "2026-11-01", "kept_at": {"text": "大阪府大東市谷川一丁目1番1号"}, "microchip": "registered",
    "microchip_number": "392140000000001",
}  # fmt: skip


def begin(by: Actor, **more: Any) -> Case:
    row = procedures.current("moving")
    assert row is not None
    journey = actions.open_draft(row, by=by)
    fill_in(journey, {**MOVED, "new_dog": True, "wants_copy": False, **more}, by)
    return journey


def part(journey: Case, code: str) -> Case:
    return next(one for one in cases.journey_parts(journey) if one.procedure.code == code)


def complete(case: Case, by: Actor) -> None:
    """Answer what is still missing, from the answers of an example that was granted."""
    package = procedures.package(case.procedure)
    answers: dict[str, Any] = {"person": PERSON, **(DOG if case.procedure.code == "dog-registration" else MOVE)}
    raw = flat(answers)
    for section in [*package.form.sections, *package.form.sections]:  # an answer may ask for another
        case.refresh_from_db()
        missing = package.form.missing_in(section, case.answers)
        posted = {name: value for name, value in raw.items() if any(_is_of(name, path) for path in missing)}
        if posted:
            assert not actions.save_section(case, section.id, posted, by=by).problems
    case.refresh_from_db()
    assert package.form.missing(case.answers) == {}


def _is_of(name: str, path: str) -> bool:
    return name == path or name.startswith(f"{path}.")


MOVE = {
    "i_move": True, "new_address": {"text": "大阪府大東市灰塚二丁目2番2号"}, "new_postal_code": "574-0041",
    "household": "same", "head": "見本 花子", "relation_to_head": "self",
}  # fmt: skip


def test_what_applies_follows_from_the_answers(published: Published, resident: Actor) -> None:
    journey = begin(resident)
    assert [one.procedure.code for one in cases.offered_parts(journey)] == ["change-of-address", "dog-registration"]
    fill_in(journey, {"direction": "into", "has_children": True, "wants_copy": True}, resident)
    codes = [one.procedure.code for one in cases.offered_parts(journey)]
    assert codes == ["child-allowance-claim", "dog-registration", "resident-record-copy"]


def test_nothing_is_asked_twice(published: Published, resident: Actor) -> None:
    journey = begin(resident)
    moving, dog = actions.open_parts(journey, ["change-of-address", "dog-registration"], by=resident)
    assert (moving.answers["moved_from"], moving.answers["moved_on"]) == ("within", "2026-11-20")
    assert dog.answers == {"registered_before": "first"}
    actions.save_section(moving, "filer", flat({"person": PERSON, "i_move": True}), by=resident)
    dog.refresh_from_db()
    # The address before the move is the move's alone.
    assert dog.answers["person"] == {name: PERSON[name] for name in ("full_name", "full_name_kana", "phone")}
    actions.save_section(dog, "owner", flat({"person": {"registered_address": "大東市灰塚二丁目2番2号"}}), by=resident)
    moving.refresh_from_db()
    assert moving.answers["person"]["registered_address"] == PERSON["registered_address"]
    form = procedures.package(dog.procedure).form
    section = form.section("owner")
    assert section is not None
    assert not journeys.asks_something(form, section, dog.answers, dog.typed)
    # Put right in one, it is right in all.
    actions.save_section(dog, "owner", flat({"person": {"phone": "072-111-1111"}}), by=resident)
    moving.refresh_from_db()
    assert moving.answers["person"]["phone"] == "072-111-1111"


def test_what_was_known_before_the_parts_were_opened_goes_to_each(published: Published, resident: Actor) -> None:
    dog = actions.open_draft(published["dog-registration"], by=resident)
    actions.save_section(dog, "owner", flat({"person": PERSON}), by=resident)
    journey = begin(resident)
    opened = actions.open_parts(journey, ["change-of-address", "dog-registration"], by=resident)
    assert dog.pk in {one.pk for one in opened}
    assert part(journey, "change-of-address").answers["person"]["full_name"] == "見本 花子"


def test_where_one_lives_after_the_move_is_told_to_the_others(published: Published, resident: Actor) -> None:
    journey = begin(resident)
    moving, dog = actions.open_parts(journey, ["change-of-address", "dog-registration"], by=resident)
    actions.save_section(moving, "filer", flat({"person": PERSON, "i_move": True}), by=resident)
    actions.save_section(moving, "move", flat(MOVE), by=resident)
    dog.refresh_from_db()
    assert dog.answers["person"]["registered_address"] == "大阪府大東市灰塚二丁目2番2号"
    moving.refresh_from_db()
    assert moving.answers["person"]["registered_address"] == PERSON["registered_address"]
    # Who notifies it for the family alone lives where they lived.
    actions.save_section(moving, "filer", flat({"i_move": False}), by=resident)
    dog.refresh_from_db()
    assert "registered_address" not in dog.answers["person"]


def test_what_was_written_before_the_move_spreads_nothing_and_is_looked_at_again(
    published: Published, resident: Actor
) -> None:
    before = clock.now() - dt.timedelta(days=40)
    with clock.travel(before):
        dog = actions.open_draft(published["dog-registration"], by=resident)
        old = {**PERSON, "registered_address": "奈良県奈良市登大路町30番地"}
        actions.save_section(dog, "owner", flat({"person": old}), by=resident)
    known = {("person.registered_address", ""): PERSON["registered_address"], ("person.full_name", ""): "見本　花子"}
    facts.state(Person(pk=resident.who), known, Source.CARD, by=resident)
    journey = begin(resident, direction="into", certified=False, wants_copy=True)
    opened = actions.open_parts(journey, ["dog-registration", "resident-record-copy"], by=resident)
    copy, dog = part(journey, "resident-record-copy"), part(journey, "dog-registration")
    assert dog.pk in {one.pk for one in opened}
    assert cases.unseen_sections(dog, journey) == {"owner"}
    assert [one.field.name for one in cases.departures_of(dog, resident)] == ["person.registered_address"]
    # The old address is told to nobody; what is known no otherwise is.
    assert "registered_address" not in copy.answers["person"]
    assert copy.answers["person"]["phone"] == PERSON["phone"]
    assert dog.answers["person"]["registered_address"] == old["registered_address"]
    actions.save_section(dog, "owner", {"person.registered_address.as_known": ["1"]}, by=resident)
    copy.refresh_from_db()
    dog.refresh_from_db()
    assert cases.unseen_sections(dog, journey) == set()
    assert cases.departures_of(dog, resident) == []
    assert copy.answers["person"]["registered_address"] == PERSON["registered_address"]


def test_all_are_received_together_or_none(published: Published, resident: Actor) -> None:
    journey = begin(resident)
    moving, dog = actions.open_parts(journey, ["change-of-address", "dog-registration"], by=resident)
    complete(moving, resident)
    before = Event.objects.filter(verb="case.submit", outcome="done").count()
    with pytest.raises(Invalid) as refusal:
        actions.submit_parts(journey, by=resident)
    assert all(path.startswith("dog-registration:") for path in refusal.value.fields)
    assert not Case.objects.exclude(received_at=None).exists()
    assert Event.objects.filter(verb="case.submit", outcome="done").count() == before
    with pytest.raises(Stale):
        actions.submit(journey, by=resident)
    assert not Case.objects.exclude(received_at=None).exists()
    complete(dog, resident)
    actions.submit_parts(journey, by=resident)
    for one in (journey, moving, dog):
        one.refresh_from_db()
        assert one.received_at is not None
    assert journey.due_on == max(moving.due_on, dog.due_on)  # type: ignore[type-var]  # all are received
    assert {moving.section, dog.section} == {"residents", "environment"}
    again = actions.submit_parts(journey, by=resident)
    assert again.number == journey.number
    assert Case.objects.exclude(received_at=None).count() == 3


def test_each_ends_by_itself_and_the_last_ends_all(published: Published, resident: Actor, staff: Staff) -> None:
    journey = begin(resident, wants_copy=False)
    moving, dog = actions.open_parts(journey, ["change-of-address", "dog-registration"], by=resident)
    complete(moving, resident)
    complete(dog, resident)
    actions.submit_parts(journey, by=resident)
    # One is refused: it says so, and holds nothing back.
    clerk = staff("environment", "environment-clerk")
    step = Step.objects.get(case=dog, kind="examine", done_at=None)
    actions.examine(step, "refuse", by=clerk, reasons=["届け出た犬の登録がすでにあります。"], note="")
    head = staff("environment", "environment-head")
    for one in Step.objects.filter(case=dog, kind="approve", done_at=None):
        actions.approve(one, "approve", by=head, note="")
    for one in Step.objects.filter(case=dog, kind="issue", done_at=None):
        actions.perform(one, by=SYSTEM)
    dog.refresh_from_db()
    journey.refresh_from_db()
    assert dog.closed_at is not None
    assert journey.closed_at is None
    outcomes = dict(Step.objects.filter(case=journey, node__startswith="apply-").values_list("node", "outcome"))
    assert outcomes == {"apply-change-of-address": "", "apply-dog-registration": "refused"}
    actions.withdraw(moving, by=resident)
    assert Case.objects.get(pk=journey.pk).closed_at is not None
    assert Step.objects.get(case=journey, node="apply-change-of-address").outcome == "withdrawn"


def test_what_is_left_out_is_not_applied_for(published: Published, resident: Actor) -> None:
    journey = begin(resident)
    actions.open_parts(journey, ["change-of-address", "dog-registration"], by=resident)
    (moving,) = actions.open_parts(journey, ["change-of-address"], by=resident)
    assert not cases.drafts_of("dog-registration", resident)
    complete(moving, resident)
    actions.submit_parts(journey, by=resident)
    assert Step.objects.get(case=journey, node="apply-dog-registration").outcome == "left-out"
    assert Step.objects.get(case=journey, node="apply-change-of-address").done_at is None


def test_a_draft_of_its_own_is_let_go_and_not_deleted(published: Published, resident: Actor) -> None:
    dog = actions.open_draft(published["dog-registration"], by=resident)
    actions.save_section(dog, "owner", flat({"person": PERSON}), by=resident)
    journey = begin(resident)
    actions.open_parts(journey, ["change-of-address", "dog-registration"], by=resident)
    actions.open_parts(journey, ["change-of-address"], by=resident)
    dog.refresh_from_db()
    assert dog.withdrawn_at is None
    assert dog.part_of_id is None
    assert dog.answers["person"]["full_name"] == "見本 花子"


def test_nothing_chosen_or_not_answered_opens_nothing(published: Published, resident: Actor) -> None:
    row = procedures.current("moving")
    assert row is not None
    journey = actions.open_draft(row, by=resident)
    with pytest.raises(Invalid):
        actions.open_parts(journey, ["dog-registration"], by=resident)
    journey = begin(resident)
    for chosen in ([], ["no-such"], ["pregnancy-notification"]):  # the last does not apply
        with pytest.raises(Invalid):
            actions.open_parts(journey, chosen, by=resident)
    assert Case.objects.count() == 1


def test_nobody_else_opens_or_sends(published: Published, resident: Actor, staff: Staff) -> None:
    journey = begin(resident)
    actions.open_parts(journey, ["dog-registration"], by=resident)
    stranger = Actor("resident", journey.pk, level="card")
    for by in (stranger, staff("residents", "residents-clerk")):
        with pytest.raises(NotAllowed):
            actions.open_parts(journey, ["change-of-address"], by=by)
        with pytest.raises(NotAllowed):
            actions.submit_parts(journey, by=by)
    assert [one.procedure.code for one in cases.journey_parts(journey)] == ["dog-registration"]
    assert not Case.objects.exclude(received_at=None).exists()


def test_deleting_the_draft_deletes_those_of_its_parts(published: Published, resident: Actor) -> None:
    journey = begin(resident)
    actions.open_parts(journey, ["change-of-address", "dog-registration"], by=resident)
    actions.withdraw(journey, by=resident)
    assert not Case.objects.filter(withdrawn_at=None).exists()
    assert not any(Case.objects.exclude(answers={}))


def test_of_all_that_was_received_one_word_is_said(published: Published, resident: Actor) -> None:
    from madoguchi.cases.jobs import tell_applicant

    journey = begin(resident)
    for one in actions.open_parts(journey, ["change-of-address", "dog-registration"], by=resident):
        complete(one, resident)
    actions.submit_parts(journey, by=resident)
    for event in Event.objects.filter(verb="case.submit", outcome="done"):
        tell_applicant(event.pk)
    told = Message.objects.filter(template="received")
    assert [one.about for one in told] == [journey.pk]


def test_the_desk_sees_what_a_case_rests_on(published: Published, resident: Actor) -> None:
    journey = begin(resident, new_dog=False, wants_copy=True)
    actions.open_parts(journey, ["change-of-address", "resident-record-copy"], by=resident)
    copy = part(journey, "resident-record-copy")
    assert [one.procedure.code for one in cases.rests_on(copy)] == ["change-of-address"]
    assert cases.rests_on(part(journey, "change-of-address")) == []


def test_an_answer_taken_away_is_away_in_all(published: Published, resident: Actor) -> None:
    journey = begin(resident)
    moving, dog = actions.open_parts(journey, ["change-of-address", "dog-registration"], by=resident)
    actions.save_section(moving, "filer", flat({"person": PERSON}), by=resident)
    actions.save_section(moving, "filer", {"person.phone": [""]}, by=resident)
    dog.refresh_from_db()
    assert "phone" not in dog.answers["person"]
    # And saving the other does not bring it back.
    actions.save_section(dog, "owner", {"person.full_name": ["見本 華子"]}, by=resident)
    moving.refresh_from_db()
    assert "phone" not in moving.answers["person"]
    assert moving.answers["person"]["full_name"] == "見本 華子"


def test_what_the_life_event_gives_follows_its_answers(published: Published, resident: Actor) -> None:
    journey = begin(resident)
    moving, _ = actions.open_parts(journey, ["change-of-address", "dog-registration"], by=resident)
    fill_in(journey, {"moved_on": "2026-11-21"}, resident)
    moving.refresh_from_db()
    assert moving.answers["moved_on"] == "2026-11-21"
    # What was answered otherwise in the part stays.
    actions.save_section(moving, "move", flat({"moved_on": "2026-11-19"}), by=resident)
    fill_in(journey, {"moved_on": "2026-11-22"}, resident)
    moving.refresh_from_db()
    assert moving.answers["moved_on"] == "2026-11-19"


def test_what_does_not_apply_any_more_is_not_sent(published: Published, resident: Actor) -> None:
    journey = begin(resident)
    for one in actions.open_parts(journey, ["change-of-address", "dog-registration"], by=resident):
        complete(one, resident)
    fill_in(journey, {"direction": "leaving", "moved_on": "2026-12-10"}, resident)
    with pytest.raises(Stale):
        actions.submit_parts(journey, by=resident)
    assert not Case.objects.exclude(received_at=None).exists()


def test_a_part_of_another_life_event_stays_there(published: Published, resident: Actor) -> None:
    journey = begin(resident, new_dog=False, wants_copy=True)
    actions.open_parts(journey, ["change-of-address", "resident-record-copy"], by=resident)
    birth = actions.open_draft(published["birth"], by=resident)
    said = {"born_on": "2026-11-20", "receives": False, "wants_childcare": False, "wants_copy": True}
    fill_in(birth, said, resident)
    with pytest.raises(Invalid, match="引越しの手続き"):
        actions.open_parts(birth, ["child-allowance-claim", "resident-record-copy"], by=resident)
    assert part(journey, "resident-record-copy").part_of_id == journey.pk
    assert cases.journey_parts(birth) == []


def test_what_is_filled_in_together_is_forgotten_together(published: Published, resident: Actor) -> None:
    journey = begin(resident)
    moving, dog = actions.open_parts(journey, ["change-of-address", "dog-registration"], by=resident)
    later = clock.now() + dt.timedelta(days=20)
    with clock.travel(later):
        actions.save_section(moving, "filer", flat({"person": PERSON}), by=resident)
    for one in (journey, dog):
        one.refresh_from_db()
        assert one.saved_at >= later


def test_no_section_reads_the_questions_of_a_life_event(published: Published, resident: Actor, staff: Staff) -> None:
    journey = begin(resident)
    for one in actions.open_parts(journey, ["change-of-address", "dog-registration"], by=resident):
        complete(one, resident)
    actions.submit_parts(journey, by=resident)
    clerk = staff("residents", "residents-clerk")
    shown = {line.case.pk for line in cases.listing("section", clerk)}
    assert journey.pk not in shown
    assert part(journey, "change-of-address").pk in shown


def test_what_was_known_is_taken_over_or_counted_as_typed_again(published: Published, resident: Actor) -> None:
    """再入力率: of what the city knew, how much was typed once more."""
    row = published["dog-registration"]
    first = actions.open_draft(row, by=resident)
    complete(first, resident)
    actions.submit(first, by=resident)
    assert (first.known_taken, first.known_retyped) == (0, 0)
    second = actions.open_draft(row, by=resident)
    actions.save_section(
        second,
        "owner",
        {
            "person.full_name.as_known": ["1"],
            "person.full_name_kana.as_known": ["1"],
            "person.registered_address": [PERSON["registered_address"]],  # typed, though it was known
            "person.phone": ["072-999-9999"],  # corrected
        },
        by=resident,
    )
    complete(second, resident)
    actions.submit(second, by=resident)
    assert (second.known_taken, second.known_retyped) == (2, 1)
    figures = {one.code: one for one in figures_now()}["dog-registration"]
    assert (figures.known_taken, figures.known_retyped) == (2, 1)


def test_what_one_part_told_is_not_typed_again_in_another(published: Published, resident: Actor) -> None:
    journey = begin(resident)
    moving, dog = actions.open_parts(journey, ["change-of-address", "dog-registration"], by=resident)
    complete(moving, resident)
    complete(dog, resident)
    actions.submit_parts(journey, by=resident)
    dog.refresh_from_db()
    assert (dog.known_taken, dog.known_retyped) == (0, 0)


def test_a_life_event_asks_less_than_its_procedures_one_by_one(published: Published, resident: Actor) -> None:
    """The fields to be typed when all is asked in one go, against the sum of the single forms."""
    journey = begin(resident, direction="into", has_children=True, certified=True, expecting=True, wants_copy=True)
    codes = [one.procedure.code for one in cases.offered_parts(journey)]
    assert len({part.section for part in actions.open_parts(journey, codes, by=resident)}) == 5
    own, asked, alone = (
        {"direction", "moved_on", "has_children", "certified", "expecting", "new_dog", "wants_copy"},
        0,
        0,
    )
    for one in cases.journey_parts(journey):
        one.refresh_from_db()
        form = procedures.package(one.procedure).form
        for section in form.visible_sections(one.answers):
            for cell in form.cells(section, one.answers):
                alone += 1
                if cell.value in (None, "", []):
                    asked += 1
                    if cell.field.fact and section.each is None:  # told once, it stands in all
                        actions.save_section(one, section.id, flat(told(cell.field.fact)), by=resident)
                        one.refresh_from_db()
    assert asked + len(own) < alone
    assert alone - asked >= 15


def told(fact: str) -> dict[str, Any]:
    """An answer under a key of the vocabulary, of its type."""
    subject, _, name = fact.partition(".")
    known = {"phone": "072-000-0000", "pension_scheme": "employees", "occupation": "会社員", **PERSON}
    return {subject: {name: known[name]}} if subject == "person" and name in known else {}
