"""What everybody may see of cases: what is on the map of a permit, and what nobody finds there."""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from madoguchi.cases import jobs
from madoguchi.cases.actions import showing
from madoguchi.cases.models import Case, Decision, Step
from madoguchi.events import SYSTEM
from madoguchi.events.models import Event
from madoguchi.facts.actions import state
from madoguchi.facts.models import Source
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid
from madoguchi.ground.ids import new_reference
from madoguchi.people.models import Person
from madoguchi.people.rules import NOBODY
from madoguchi.places.actions import mirror
from madoguchi.places.models import Edition, Feature
from madoguchi.places.queries import Where, applies
from madoguchi.places.reading import Reading
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.tests.shipped import catalogue

pytestmark = pytest.mark.django_db

CODE = "road-occupancy"
LAYER = procedures.layers()[CODE]
LON, LAT = 135.6231, 34.7061
NOW = dt.datetime(2026, 12, 1, 12, tzinfo=clock.TOKYO)


def permit(procedure: Procedure, *, granted: bool = True, person: Person | None = None, **said: Any) -> Case:
    """A permit as its flow leaves it: answered as in the example, decided, the letter issued."""
    site = {"text": "大東市谷川一丁目1番1号", "level": "point", "lat": LAT, "lon": LON, "error": 5.0}
    given = catalogue().packages[CODE].examples["scaffold-granted"].given
    at = NOW - dt.timedelta(days=5)
    case = Case.objects.create(
        procedure=procedure,
        person=person or Person.objects.create(),
        number=new_reference(2026),
        received_at=at,
        opened_at=at,
        due_on=at.date(),
        decided_at=at,
        section="road-management",
        applicant="見本 花子",
        answers={**given, "site": site, "person": {"full_name": "見本 花子", "phone": "072-000-0000"}, **said},
    )
    Decision.objects.create(case=case, granted=granted, made_at=at)
    node = "permit" if granted else "refusal"
    Step.objects.create(case=case, token=1, node=node, kind="issue", done_at=at, outcome="done")
    return case


def seen(lon: float = LON) -> tuple[str, str]:
    """The verdict of the layer at a point, as everybody reads it, and its words."""
    jobs.show_cases()
    [found] = applies([LAYER], Where(lon, LAT), 6674)
    return found.verdict, found.sentence("ja")


def test_a_permit_is_seen_while_it_lasts_and_nothing_but_what_its_package_says(published: dict[str, Procedure]) -> None:
    with clock.travel(NOW):
        assert applies([LAYER], Where(LON, LAT), 6674) == []
        assert seen() == ("does_not", "200m以内に、公開している道路の工事・占用の許可はありません。")
        case = permit(published[CODE])
        verdict, words = seen(LON + 0.001)
        assert verdict == "applies"
        assert "工事の足場・仮囲いの許可があります（2026年12月7日（月）から2027年1月20日（水）まで" in words
        assert seen(LON + 0.003)[0] == "does_not"
        [about] = applies([LAYER], Where(LON + 0.003, LAT), 6674, error=150)
        assert (about.verdict, len(about.hits)) == ("unknown", 1), "who is known to 150 metres only may be near"
        feature = Feature.objects.get(layer=CODE)
        assert feature.properties == {
            "kind": "scaffold", "traffic": "pavement", "begins": "2026-12-07", "ends": "2027-01-20"
        }  # fmt: skip
        at = feature.geom.transform(6674, clone=True)
        assert [round(one % 10, 1) for one in (at.x, at.y)] == [5, 5], "the middle of a square of ten metres"
        assert 0.1 < feature.geom.distance(feature.geom.__class__(LON, LAT, srid=6668)) * 111_000 < 10
        told = json.dumps([feature.key, feature.properties, Edition.objects.get(number=2).report])
        assert not [one for one in (case.number, str(case.pk), "見本", "谷川", "072") if str(one) in told]
        editions, events = Edition.objects.count(), Event.objects.count()
        jobs.show_cases()
        assert (Edition.objects.count(), Event.objects.count()) == (editions, events), "nothing changed, nothing done"
    with clock.travel(dt.datetime(2027, 1, 20, 23, tzinfo=clock.TOKYO)):
        assert seen()[0] == "applies"
    with clock.travel(dt.datetime(2027, 1, 21, 1, tzinfo=clock.TOKYO)):
        assert seen()[0] == "does_not"
        assert not Feature.objects.filter(layer=CODE).exists(), "nor is there a history of it"


def test_what_is_not_to_be_seen_is_not_there_and_goes_without_a_trace(published: dict[str, Procedure]) -> None:
    road = published[CODE]
    with clock.travel(NOW):
        permit(road, granted=False)
        permit(road, site={"text": "谷川", "level": "town", "lat": LAT, "lon": LON, "error": 150.0})
        permit(road, site={"text": "谷川", "level": "point", "lat": LAT, "lon": LON, "error": 5.0, "apart": True})
        permit(road, site={"text": "谷川", "level": "words"})
        Step.objects.filter(case=permit(road)).update(done_at=None, outcome="")
        Case.objects.filter(pk=permit(road).pk).update(withdrawn_at=NOW)
        assert seen()[0] == "does_not"
        ways: dict[str, Callable[[Case], object]] = {
            "withdrawn": lambda case: Case.objects.filter(pk=case.pk).update(withdrawn_at=NOW),
            "protected": lambda case: state(case.person, {("person.confidential", ""): True}, Source.STAFF, by=SYSTEM),
            "erased": _erase,
        }
        for way, goes in ways.items():
            case = permit(road)
            assert seen()[0] == "applies", way
            goes(case)
            assert seen()[0] == "does_not", way
            assert not Feature.objects.filter(layer=CODE).exists(), way


def _erase(case: Case) -> None:
    """As ``actions.keeping`` leaves it."""
    Person.objects.get_or_create(pk=NOBODY)
    Case.objects.filter(pk=case.pk).update(
        closed_at=NOW, erased_at=NOW, person=NOBODY, answers={}, applicant="", town="", search_key=""
    )


def test_a_file_of_it_is_handed_out_and_not_kept(
    published: dict[str, Procedure], tmp_path: Path, settings: LazySettings
) -> None:
    """Who is protected tomorrow would be in a file of today."""
    settings.VAR = tmp_path
    with clock.travel(NOW):
        permit(published[CODE])
        assert seen()[0] == "applies"
        answer: Any = Client().get(f"/open-data/layers/{CODE}.csv")
        assert b"scaffold" in b"".join(answer.streaming_content)
    assert not [one for one in tmp_path.rglob("*") if one.is_file()]


def test_a_layer_with_a_history_is_never_mirrored(published: dict[str, Procedure]) -> None:
    towns = procedures.layers()["towns"]
    with pytest.raises(Invalid, match="案件を見せるものではありません"):
        mirror(towns, Reading([], 6668, "x"), by=SYSTEM)
    with pytest.raises(Invalid):
        showing.show(towns, by=SYSTEM)
    assert not Edition.objects.exists()
