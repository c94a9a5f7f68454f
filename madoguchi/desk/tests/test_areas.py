"""Cases on the map: exactly those of the list, nobody who is protected, and every figure leads to what is behind it."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.gis.geos import Point
from hypothesis import given
from hypothesis import strategies as st

from madoguchi.cases import queries
from madoguchi.cases.models import Case
from madoguchi.cases.queries import Filters
from madoguchi.desk.presenting.picture import SHADES, bands, shade_of
from madoguchi.desk.tests.staging import CHILD, DOG, Staff, client_of, handed_in
from madoguchi.events import SYSTEM, Actor
from madoguchi.facts.actions import state
from madoguchi.facts.models import Source
from madoguchi.people.models import Person
from madoguchi.places.actions import load
from madoguchi.places.models import Place
from madoguchi.places.reading import read_file
from madoguchi.places.tests.test_layers import LAT, LON, feature, square, written
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure

pytestmark = pytest.mark.django_db

#: Columns of the file of towns.
SAID: dict[str, Any] = {"pop_2015": 1, "households_2015": 1, "code": "27218"}
ONE, TWO = "0001001", "0001002"


@pytest.fixture
def clerk(staff: Staff) -> Actor:
    return staff("environment", "environment-clerk")


@pytest.fixture
def dogs(published: dict[str, Procedure]) -> list[Case]:
    """Three registrations: two of 住道一丁目, of which one is late; one of 住道二丁目 at a known point."""
    found = [handed_in(published, DOG), handed_in(published, DOG, days_ago=7), handed_in(published, DOG)]
    for case, town in zip(found, (ONE, ONE, TWO), strict=True):
        Case.objects.filter(pk=case.pk).update(town=town)
    place = Place.objects.create(text="公園", point=Point(LON + 0.015, LAT + 0.005, srid=4326))
    Case.objects.filter(pk=found[2].pk).update(place=place)
    return found


@pytest.fixture
def shapes(tmp_path: Path) -> None:
    layer = procedures.layers()["towns"]
    areas = [
        feature(square(LON + 0.01 * at, LAT, 0.01), **SAID, key_code=str(at), name=name)
        for at, name in enumerate(["住道１丁目", "住道２丁目", "水面"])
    ]
    load(layer, read_file(layer, written(tmp_path, *areas)), layer.source.as_of, by=SYSTEM)


def hide(case: Case) -> None:
    state(Person(pk=case.person_id), {("person.confidential", ""): True}, Source.STAFF, by=SYSTEM)


def page(by: Actor, query: str = "view=section") -> str:
    answer = client_of(by).get(f"/desk/map/?{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def figures(page: str) -> dict[str, str]:
    """Town → figure, as the table says them."""
    return dict(re.findall(r'<th scope="row">([^<]+)</th><td class="figure"[^>]*><a href="[^"]*">(\d+)</a>', page))


def test_the_table_and_the_picture_say_the_same(dogs: list[Case], shapes: None, clerk: Actor) -> None:
    shown = page(clerk)
    assert figures(shown) == {"住道一丁目": "2", "住道二丁目": "1"}
    assert "住道一丁目　2件" in shown
    assert "住道二丁目　1件" in shown
    assert shown.count("<circle cx") - shown.count('cx=".5"') == 1, "the point that is known"
    assert f"/desk/cases/{dogs[2].number}/" in shown
    assert "見本" not in shown.replace("見本です", "").replace("見本 職員", ""), "nobody's name is on the map"


def test_every_figure_leads_to_as_many_cases(dogs: list[Case], shapes: None, clerk: Actor) -> None:
    client = client_of(clerk)
    for url, figure in re.findall(r'<td class="figure"[^>]*><a href="([^"]*)">(\d+)</a>', page(clerk)):
        behind = client.get(url.replace("&amp;", "&")).content.decode()
        assert len(set(re.findall(r"/desk/cases/[\d-]+/", behind))) == int(figure)


def test_filters_narrow_the_map_as_they_do_the_list(dogs: list[Case], clerk: Actor) -> None:
    assert figures(page(clerk, "view=late")) == {"住道一丁目": "1"}
    assert figures(page(clerk, "view=section&code=child-allowance-claim")) == {}
    assert figures(page(clerk, "view=section&code=dog-registration&q=見本")) == {"住道一丁目": "2", "住道二丁目": "1"}
    assert figures(page(clerk, "view=nonsense&town=%00&taken=x&from=1")) == {"住道一丁目": "2", "住道二丁目": "1"}


def test_nobody_sees_cases_of_others_on_the_map(
    published: dict[str, Procedure], dogs: list[Case], shapes: None, staff: Staff
) -> None:
    child = handed_in(published, CHILD)
    Case.objects.filter(pk=child.pk).update(town=TWO)
    assert figures(page(staff("children", "children-clerk"))) == {"住道二丁目": "1"}
    assert str(dogs[2].number) not in page(staff("children", "children-clerk"))


def test_whoever_is_protected_is_not_found_by_place(dogs: list[Case], shapes: None, clerk: Actor) -> None:
    """Neither on the map nor in a list narrowed to the town; figure and list still agree."""
    hide(dogs[0])
    hide(dogs[2])
    shown = page(clerk)
    assert figures(shown) == {"住道一丁目": "1"}
    assert str(dogs[2].number) not in shown
    narrowed = Filters(town=ONE)
    assert [one.case.pk for one in queries.listing("section", clerk, narrowed)] == [dogs[1].pk]
    assert queries.counts(clerk, narrowed)["section"] == 1
    assert queries.listing("section", clerk, Filters(town=TWO)) == []
    assert len(queries.listing("section", clerk)) == 3, "in the list of the section they stand as before"


def test_whom_a_case_is_about_is_protected_too(dogs: list[Case], clerk: Actor) -> None:
    about = Person.objects.create()
    Case.objects.filter(pk=dogs[0].pk).update(subject=about)
    assert queries.by_town("section", clerk) == {ONE: 2, TWO: 1}
    state(about, {("person.confidential", ""): True}, Source.STAFF, by=SYSTEM)
    assert queries.by_town("section", clerk) == {ONE: 1, TWO: 1}


def test_no_word_of_a_place_finds_whoever_is_protected(dogs: list[Case], clerk: Actor) -> None:
    """Their own place is to a search what a place is where nobody lives, with their name beside it, too."""

    def found(words: str) -> set[Any]:
        return {one.case.pk for one in queries.listing("section", clerk, Filters(words=words))}

    def said(words: str) -> str:
        answer = client_of(clerk).get("/desk/", {"view": "section", "q": words})
        shown = answer.content.decode().partition("<main")[2].partition("</main>")[0]
        return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", shown).replace(words, "").replace(quote(words), "")

    places = ("谷川一丁目", "谷川1-1-1", "大東市谷川１丁目１番１号")
    everybody, name = {one.pk for one in dogs}, dogs[0].applicant
    assert [found(place) for place in (*places, name)] == [everybody] * 4
    hide(dogs[0])
    assert found(name) == everybody, "by name they stand in the list as before"
    for words in (*places, f"{name} {places[0]}", f"{places[0]} {name}"):
        assert found(words) == everybody - {dogs[0].pk}
    hide(dogs[1])
    hide(dogs[2])
    assert said(places[1]) == said("灰塚1-1-1")
    assert str(dogs[0].number) in said(name)


def test_of_more_than_can_be_told_apart_those_near_each_other_are_one(
    dogs: list[Case], shapes: None, clerk: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is protected adds to no circle: it is the same whether they are there or not."""
    Case.objects.update(place=Case.objects.get(pk=dogs[2].pk).place)
    assert page(clerk).count("<circle cx") - page(clerk).count('cx=".5"') == 3
    monkeypatch.setattr("madoguchi.cases.queries.areas.MOST_POINTS", 1)
    together = page(clerk)
    assert re.findall(r"<circle cx[^>]*><title>([^<]*)<", together) == ["3件"]
    assert "近いものをまとめて円にしています" in together
    assert not any(str(one.number) in together for one in dogs)
    assert figures(together) == {"住道一丁目": "2", "住道二丁目": "1"}
    hide(dogs[0])
    hidden = page(clerk).partition("<figure")[2]
    assert re.findall(r"<circle cx[^>]*><title>([^<]*)<", hidden) == ["2件"]
    Case.objects.filter(pk=dogs[0].pk).update(town="", place=None)
    assert page(clerk).partition("<figure")[2] == hidden


def test_a_leader_sees_the_towns_of_the_section(dogs: list[Case], shapes: None, staff: Staff) -> None:
    shown = client_of(staff("environment", "environment-head")).get("/desk/load/").content.decode()
    late = re.findall(r'data-label="おくれ"><a href="([^"]*)">(\d+)</a>', shown)
    assert late == [(f"/desk/?view=late&amp;town={ONE}", "1")]
    assert "住道一丁目　2件" in shown


@given(st.integers(1, 5000))
def test_shades_rise_and_the_most_is_the_darkest(most: int) -> None:
    ends = bands(most)
    shades = [shade_of(figure, ends) for figure in range(most + 1)]
    assert shades == sorted(shades)
    assert (shades[0], shades[-1]) == (0, SHADES)
    assert all(shades[1:])
