"""A place on the desk: what the applicant was shown, how surely it is known, and what layers for staff say."""

import pytest

from madoguchi.cases import actions
from madoguchi.cases.models import Case
from madoguchi.cases.tests.test_examples import answer
from madoguchi.desk.tests.staging import Staff, client_of, new_resident
from madoguchi.places.tests.laying import lay, square
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules.examples import answers_of
from madoguchi.procedures.tests.shipped import catalogue

pytestmark = pytest.mark.django_db

LON, LAT = 135.6235, 34.7119


def test_a_clerk_reads_what_was_shown_and_what_is_for_staff(published: dict[str, Procedure], staff: Staff) -> None:
    said = {"name": "谷川１丁目", "key_code": "1", "population": 684, "households": 307}
    lay("towns", (square(LON, LAT), said))
    lay("junior-high-district", (square(LON, LAT, 0.05), {"school": "見本中学校"}))
    by = new_resident()
    case = actions.open_draft(published["dog-registration"], by=by)
    given = answers_of(catalogue().packages["dog-registration"].examples["microchip-granted"])
    answer(case, {**given, "kept_at": {"text": "谷川一丁目1番1号"}}, by)
    actions.submit(case, by=by)
    clerk = client_of(staff("environment", "environment-clerk"))
    page = clerk.get(f"/desk/cases/{case.number}/").content.decode()
    assert "谷川１丁目です（平成27年の人口684人" in page
    assert "町の中ほどから見た結果です" in page
    assert "見本中学校の校区です" in page
    assert f'href="/desk/city-map/#15/{LAT:.6f}/{LON:.6f}&amp;at={LON:.6f},{LAT:.6f}"' in page, "the map looks there"
    told = clerk.get(f"/desk/cases/{case.number}/here/").content.decode()
    assert f'href="/desk/city-map/#17/{LAT:.6f}/{LON:.6f}&amp;at=' in told
    lay("towns", (square(LON, LAT, 0.001), {**said, "name": "別の町", "key_code": "2"}))
    page = clerk.get(f"/desk/cases/{case.number}/").content.decode()
    assert ("谷川１丁目です" in page, "別の町" in page) == (True, False), "it stands as it was shown"
    assert Case.objects.get(pk=case.pk).town == "0025001"
