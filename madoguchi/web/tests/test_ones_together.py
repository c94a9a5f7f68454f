"""A child is entered once in a life event: where another part is about one child, they are chosen with one tap."""

import pytest
from django.urls import reverse

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case
from madoguchi.cases.tests.conftest import fill_in, flat
from madoguchi.events import SYSTEM, Actor
from madoguchi.procedures import queries as procedures
from madoguchi.web.tests.conftest import SignedIn, a_clerk
from madoguchi.web.tests.test_ones import ICHIRO, NIKO, draft, offered, page, section_of, tell

pytestmark = pytest.mark.usefixtures("published")
CLAIM, PLACE = "child-allowance-claim", "childcare-place"
BORN = {"born_on": "2025-06-02", "receives": False, "wants_childcare": True, "wants_copy": False}


def a_birth(by: Actor) -> tuple[Case, Case]:
    """The two drafts of a life event of which one has a row for each child, and the other is about one of them."""
    journey = draft(by, "birth")
    fill_in(journey, BORN, by)
    claim, place = actions.open_parts(journey, [CLAIM, PLACE], by=by)
    return claim, place


def enter(claim: Case, by: Actor, *children: dict[str, str]) -> None:
    actions.save_section(claim, "children", flat({"child": list(children)}), by=by)


def test_a_child_entered_in_one_part_is_chosen_in_the_other(signed_in: SignedIn) -> None:
    client, by = signed_in()
    claim, place = a_birth(by)
    assert offered(page(client, place)) == {}
    enter(claim, by, ICHIRO, NIKO)
    buttons = offered(page(client, place))
    assert list(buttons) == [ICHIRO["full_name"], NIKO["full_name"]]
    client.post(reverse("web:section", args=(place.pk, "child")), {"_do": buttons[NIKO["full_name"]]})
    place.refresh_from_db()
    assert place.answers["child"] == NIKO


def test_whoever_was_told_of_before_and_is_entered_again_stands_there_once(signed_in: SignedIn) -> None:
    client, by = signed_in()
    claim, place = a_birth(by)
    tell(by, 1, ICHIRO)
    enter(claim, by, ICHIRO, NIKO)
    assert sorted(offered(page(client, place))) == sorted([ICHIRO["full_name"], NIKO["full_name"]])


def test_a_row_without_a_name_and_one_taken_out_are_not_offered(signed_in: SignedIn) -> None:
    client, by = signed_in()
    claim, place = a_birth(by)
    enter(claim, by, ICHIRO, {"date_of_birth": "2025-06-02"})
    assert list(offered(page(client, place))) == [ICHIRO["full_name"]]
    actions.remove_row(claim, "children", 0, by=by)
    assert offered(page(client, place)) == {}


def test_what_is_not_filled_in_together_gives_nothing(signed_in: SignedIn) -> None:
    client, by = signed_in()
    claim, place = a_birth(by)
    enter(claim, by, ICHIRO)
    section = section_of(place)
    for other in (signed_in()[1], a_clerk("children", "children-clerk"), SYSTEM):
        assert cases.known_ones(place, section, other) == []
    Case.objects.filter(pk=place.pk).update(part_of=None)
    assert offered(page(client, place)) == {}, "a draft of its own"


def test_the_child_that_is_chosen_stands_in_every_part_about_one(signed_in: SignedIn) -> None:
    _, by = signed_in()
    claim, place = a_birth(by)
    enter(claim, by, ICHIRO, NIKO)
    certification = draft(by, "childcare-certification")
    Case.objects.filter(pk=certification.pk).update(part_of=place.part_of_id)
    form = procedures.package(certification.procedure).form
    for child in (ICHIRO, NIKO):
        key = next(
            it.key for it in cases.known_ones(place, section_of(place), by) if child["full_name"] in it.values.values()
        )
        actions.take_one(place, "child", key, by=by)
        certification.refresh_from_db()
        asked = {
            one.name.partition(".")[2] for section in form.sections for one in section.fields if section.each is None
        }
        assert certification.answers["child"] == {name: one for name, one in child.items() if name in asked}
