"""A place in a form: found by its words, chosen, or given as a point; what applies there is shown, kept and decides."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest

from madoguchi.cases import actions
from madoguchi.cases.actions.drafting import section_digest
from madoguchi.cases.models import Case
from madoguchi.cases.tests.conftest import Staff, fill_in, flat
from madoguchi.cases.tests.test_examples import photograph
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.facts.actions import state
from madoguchi.facts.models import Source
from madoguchi.facts.queries import place_row
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, Stale
from madoguchi.ground.kana import search_key
from madoguchi.people.models import Person
from madoguchi.places.models import Feature, Place
from madoguchi.places.tests.laying import lay, square
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules.examples import answers_of
from madoguchi.procedures.tests.shipped import catalogue

pytestmark = pytest.mark.django_db

#: The middle of 谷川一丁目 as the tests draw it; 谷川二丁目 lies east of it.
LON, LAT = 135.6235, 34.7119
EAST = LON + 0.004
YELLOW = {"number": "1", "kind": "yellow"}


@pytest.fixture
def towns(db: None) -> None:
    """Two towns side by side."""
    named = [("谷川１丁目", LON), ("谷川２丁目", EAST)]
    lay("towns", *((square(lon, LAT), {"name": name, "key_code": name}) for name, lon in named))


@pytest.fixture
def dog(published: dict[str, Procedure], resident: Actor, towns: None) -> Case:
    return actions.open_draft(published["dog-registration"], by=resident)


@pytest.fixture
def house(published: dict[str, Procedure], resident: Actor, towns: None) -> Case:
    return actions.open_draft(published["disaster-certificate"], by=resident)


def say(case: Case, by: Actor, **parts: str) -> dict[str, Any]:
    """What became of a place that was typed so."""
    section, name = (
        ("keeping", "kept_at") if case.procedure.code == "dog-registration" else ("dwelling", "dwelling_place")
    )
    read = actions.save_section(case, section, {f"{name}.{part}": [value] for part, value in parts.items()}, by=by)
    case.refresh_from_db()
    return {**case.answers.get(name, {}), "problem": read.problems[name].code if name in read.problems else ""}


def verdicts(place: Mapping[str, Any]) -> dict[str, str]:
    return {code: record["verdict"] for code, record in place["map"].items()}


# -- found ------------------------------------------------------------------------------------------------------------


def test_words_that_mean_one_place_are_that_place_with_level_and_error(house: Case, resident: Actor) -> None:
    lay("landslide", (square(LON, LAT, 0.02), YELLOW))
    lay("flood")
    found = say(house, resident, text="大東市谷川1-1-1　みほん荘301")
    assert found["text"] == "大東市谷川1-1-1　みほん荘301", "as it was written, with the room"
    assert found["town"] == "0025001"
    assert 100 < found["error"] < 400, "known as far as its town"
    assert (found["lon"], found["lat"]) == pytest.approx((LON, LAT), abs=0.002)
    assert verdicts(found) == {"flood": "does_not", "landslide": "applies"}
    assert found["map"]["landslide"]["said"] == YELLOW
    assert "イエローゾーン" in found["map"]["landslide"]["words"]["ja"]


def test_what_is_nearer_to_a_border_than_the_place_is_known_is_unknown(house: Case, resident: Actor) -> None:
    lay("landslide", (square(LON + 0.001, LAT, 0.002), YELLOW))
    by_words = say(house, resident, text="谷川一丁目1番")
    assert (by_words["map"]["landslide"]["why"], by_words["map"]["landslide"]["said"]) == ("border", {})
    here = {"lat": str(LAT), "lon": str(LON + 0.0005)}
    assert verdicts(say(house, resident, text="谷川一丁目1番", **here, error="10"))["landslide"] == "applies"
    assert verdicts(say(house, resident, text="谷川一丁目1番", **here, error="900"))["landslide"] == "unknown"


def test_words_that_mean_several_are_asked_back_and_only_one_of_them_can_be_chosen(dog: Case, resident: Actor) -> None:
    form = procedures.package(dog.procedure).form
    found = say(dog, resident, text="谷川")
    assert (found["among"], "lat" in found, verdicts(found)) == (True, False, {"towns": "unknown"})
    assert form.missing(dog.answers)["kept_at"].code == "place-which"
    before = dog.answers["kept_at"]
    refused = say(dog, resident, text="谷川", pick="北条一丁目")
    assert refused["problem"] == "place-gone"
    assert dog.answers["kept_at"] == before, "what was kept stands"
    chosen = say(dog, resident, text="谷川", pick="谷川二丁目")
    assert (chosen["name"], chosen["town"], chosen["problem"]) == ("谷川二丁目", "0025002", "")
    assert "kept_at" not in form.missing(dog.answers, dog.typed)
    assert say(dog, resident, text="谷川")["name"] == "谷川二丁目", "it stays chosen while the words do"
    assert say(dog, resident, text="谷川一丁目")["name"] == "谷川一丁目"
    alone = say(dog, resident, text="谷川", pick="words")
    assert (alone["level"], "kept_at" in form.missing(dog.answers, dog.typed)) == ("words", False)


def test_words_that_the_map_does_not_know_are_taken_as_they_are(dog: Case, resident: Actor) -> None:
    found = say(dog, resident, text="うちの庭の奥")
    assert (found["text"], found["level"], verdicts(found)) == ("うちの庭の奥", "words", {"towns": "unknown"})
    assert "kept_at" not in procedures.package(dog.procedure).form.missing(dog.answers)


def test_a_point_alone_gets_its_words_and_can_be_given_up(dog: Case, resident: Actor) -> None:
    point = {"text": "", "lat": str(LAT), "lon": str(LON), "error": "12.5"}
    found = say(dog, resident, **point)
    assert (found["text"], found["town"], found["level"], found["error"]) == (
        "谷川一丁目付近",
        "0025001",
        "point",
        12.5,
    )
    assert verdicts(found) == {"towns": "applies"}
    again = say(dog, resident, **{**point, "text": "谷川二丁目", "pick": "words"})
    assert (again["name"], again["level"]) == ("谷川二丁目", "town")


def test_a_point_stays_while_the_words_may_mean_it_and_not_when_they_mean_a_place_elsewhere(
    dog: Case, resident: Actor
) -> None:
    point = {"lat": str(LAT), "lon": str(LON), "error": "12.5"}
    say(dog, resident, text="", **point)
    assert say(dog, resident, text="谷川一丁目1番　みほん荘", **point)["level"] == "point"
    assert say(dog, resident, text="玄関の右", **point)["level"] == "point"
    elsewhere = say(dog, resident, text="谷川二丁目3番", **point)
    assert (elsewhere["level"], elsewhere["town"]) == ("town", "0025002")


def test_nobody_chooses_what_applies_by_a_point_that_is_not_where_the_address_is(dog: Case, resident: Actor) -> None:
    found = say(dog, resident, text="谷川二丁目3番", lat=str(LAT), lon=str(LON), error="5")
    assert (found["apart"], verdicts(found)) == (True, {"towns": "unknown"})


@pytest.mark.parametrize(
    ("lat", "lon", "code"),
    [("nan", "135.6", "place-point"), ("135.6", "34.7", "place-swapped"), ("51.5", "-0.1", "place-point")],
)
def test_a_point_that_can_be_none_changes_nothing(lat: str, lon: str, code: str, dog: Case, resident: Actor) -> None:
    before = {k: v for k, v in say(dog, resident, text="谷川一丁目").items() if k != "problem"}
    assert say(dog, resident, text="谷川二丁目", lat=lat, lon=lon)["problem"] == code
    assert dog.answers["kept_at"] == before
    assert dog.typed["kept_at"]["text"] == "谷川二丁目", "what was typed is there to be mended"


def test_out_of_the_city_no_layer_knows_anything_but_that_of_the_towns(house: Case, dog: Case, resident: Actor) -> None:
    lay("landslide")
    lay("flood")
    away = {"text": "となりの市", "lat": "34.75", "lon": "135.70"}
    assert verdicts(say(house, resident, **away)) == {"flood": "unknown", "landslide": "unknown"}
    assert verdicts(say(dog, resident, **away)) == {"towns": "does_not"}


# -- decides ----------------------------------------------------------------------------------------------------------


def fill(case: Case, example: str, by: Actor, **place: str) -> None:
    """Everything as the example has it, but for the place."""
    package = catalogue().packages[case.procedure.code]
    answers = answers_of(package.examples[example], procedures.package(case.procedure).form)
    name = "kept_at" if case.procedure.code == "dog-registration" else "dwelling_place"
    fill_in(case, {**answers, name: dict(place)}, by)
    case.refresh_from_db()


def test_what_applies_at_the_place_is_kept_with_the_case_and_leads_to_its_town(dog: Case, resident: Actor) -> None:
    fill(dog, "microchip-granted", resident, text="谷川二丁目3番")
    actions.submit(dog, by=resident)
    case = Case.objects.get(pk=dog.pk)
    assert case.place is not None
    assert case.place.point is not None
    assert (case.place.text, case.place.town, case.town) == ("谷川二丁目3番", "0025002", "0025002")
    assert case.place.error == case.answers["kept_at"]["error"]
    said = [str(one) for one in Event.objects.values_list("data", flat=True)]
    assert not any("谷川" in one or str(LAT)[:6] in one for one in said), "no event tells where somebody lives"


def test_a_dog_that_is_kept_elsewhere_is_registered_there(dog: Case, resident: Actor) -> None:
    fill(dog, "microchip-granted", resident, text="となりの市", lat="34.75", lon="135.70")
    with pytest.raises(Invalid) as refused:
        actions.submit(dog, by=resident)
    assert refused.value.code == "gate-closed"
    assert Case.objects.get(pk=dog.pk).received_at is None
    fill(dog, "microchip-granted", resident, text="となりの市の家")
    actions.submit(dog, by=resident)
    assert dog.received_at is not None, "where the map knows nothing, a person looks"


@pytest.fixture
def wet(house: Case, resident: Actor) -> Case:
    """A house that was flooded below the floor, to be assessed by photographs, all filled in but these."""
    lay("landslide")
    lay("flood")
    point = {"text": "谷川一丁目1番", "lat": str(LAT), "lon": str(LON), "error": "5"}
    fill(house, "flood-outside-zones-granted", resident, **point)
    for path in ("photos_overall", "photos_damage"):
        actions.add_document(house, path, "家.jpg", photograph(7), by=resident)
    house.refresh_from_db()
    return house


def test_what_was_shown_decides_or_is_shown_again_and_after_receipt_it_stands(wet: Case, resident: Actor) -> None:
    assert verdicts(wet.answers["dwelling_place"]) == {"flood": "does_not", "landslide": "does_not"}
    lay("landslide", (square(LON, LAT, 0.02), YELLOW))
    events, before = Event.objects.filter(outcome="done").count(), dict(wet.answers)
    with pytest.raises(Stale) as refused:
        actions.submit(wet, by=resident)
    assert refused.value.code == "map-changed"
    stands = Case.objects.get(pk=wet.pk)
    assert (stands.received_at, stands.number, stands.place, stands.answers) == (None, None, None, before)
    assert (Event.objects.filter(outcome="done").count(), Place.objects.count()) == (events, 0)
    shown = say(wet, resident, text="谷川一丁目1番", lat=str(LAT), lon=str(LON), error="5")
    assert verdicts(shown)["landslide"] == "applies"
    actions.submit(wet, by=resident)
    assert wet.decision.values["survey"] is True
    Feature.objects.filter(layer="landslide").update(valid_until="2021-01-01", ended_in=lay("landslide"))
    after = Case.objects.get(pk=wet.pk)
    assert verdicts(after.answers["dwelling_place"])["landslide"] == "applies"
    assert after.decision.values["survey"] is True


def test_a_corrected_place_is_answered_anew_and_what_was_handed_in_stays(
    wet: Case, resident: Actor, staff: Staff
) -> None:
    """As of the correction: list, map and decision follow the new place; the record keeps what was said of the old.
    A correction of something else moves nothing."""
    here = (procedures.city().file.prefecture["ja"], procedures.city().file.name["ja"])
    row = place_row(wet.answers["dwelling_place"]["text"], here, [wet.answers["occurred_on"]])
    state(Person.objects.create(), {("dwelling.damage_grade", row): "half"}, Source.STAFF, by=SYSTEM)
    actions.submit(wet, by=resident)
    clerk = staff("taxation", "taxation-clerk")

    def returned(path: str) -> Case:
        step = Case.objects.get(pk=wet.pk).steps.get(kind="examine", done_at=None)
        actions.examine(step, "return", by=clerk, corrections={path: "確かめてください。"})
        return Case.objects.get(pk=wet.pk)

    case = returned("person.phone")
    handed_in, old = case.answers["dwelling_place"], case.place
    lay("landslide", (square(LON, LAT, 0.02), YELLOW))
    actions.save_section(case, "applicant", {"person.phone": ["072-872-2181"]}, by=resident)
    actions.submit(case, by=resident)
    case = returned("dwelling_place")
    assert (case.answers["dwelling_place"], case.place, case.decision.values["survey"]) == (handed_in, old, False)
    assert case.decision.course["looked_up"]["dwelling.damage_grade"]["value"] == "half"

    elsewhere = {"text": "谷川二丁目3番", "lat": str(LAT), "lon": str(EAST), "error": "5"}
    with clock.travel(clock.now() + dt.timedelta(days=2)):
        corrected = say(case, resident, **elsewhere)
        assert (verdicts(corrected)["landslide"], corrected["on"]) == ("applies", clock.today().isoformat())
        assert Case.objects.get(pk=wet.pk).place == old, "until it is handed in, the case is where it was"
        actions.submit(case, by=resident)
    case = Case.objects.get(pk=wet.pk)
    assert case.place is not None
    assert case.place.point is not None
    assert (case.place.text, case.place.point.coords) == ("谷川二丁目3番", (EAST, LAT))
    assert (case.place.town, case.town, case.decision.values["survey"]) == ("0025002", "0025002", True)
    assert "dwelling.damage_grade" not in case.decision.course["looked_up"], "another dwelling, not yet surveyed"
    assert search_key("谷川二丁目3番") in case.search_key
    assert case.submissions.latest("returned_at").answers["dwelling_place"] == handed_in, "with that day's answer"
    assert list(Place.objects.all()) == [case.place], "where they do not live is in the record and nowhere else"
    assert not any("谷川" in str(one) for one in Event.objects.values_list("data", flat=True))


def test_two_windows_do_not_quarrel_because_the_map_has_changed(dog: Case, resident: Actor) -> None:
    say(dog, resident, text="谷川一丁目")
    section = procedures.package(dog.procedure).form.section("keeping")
    assert section is not None
    seen = section_digest(dog, section)
    lay("towns", (square(135.7, 34.75), {"name": "見本町", "key_code": "new"}))
    actions.save_section(dog, "keeping", flat({"kept_at": {"text": "谷川二丁目"}}), by=resident, base=seen)
    assert dog.answers["kept_at"]["name"] == "谷川二丁目"
