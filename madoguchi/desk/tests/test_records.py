"""What the city's records said (照会) stands at the desk, beside what the applicant says."""

from typing import Any

import pytest

from madoguchi.cases import actions
from madoguchi.cases.models import Case, Decision
from madoguchi.cases.tests.conftest import Staff
from madoguchi.cases.tests.test_examples import answer
from madoguchi.desk.tests.staging import client_of, new_resident
from madoguchi.events import SYSTEM
from madoguchi.facts.actions import state
from madoguchi.facts.models import Source
from madoguchi.people.queries import person_of
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules.examples import answers_of
from madoguchi.procedures.tests.shipped import catalogue

pytestmark = pytest.mark.django_db
CODE = "child-allowance-claim"


def handed_in(published: dict[str, Procedure], known: dict[str, Any]) -> Case:
    """A claim of somebody of whom the register says this."""
    by = new_resident()
    state(person_of(by), {(key, ""): value for key, value in known.items()}, Source.REGISTER, by=SYSTEM)
    case = actions.open_draft(published[CODE], by=by)
    answer(case, answers_of(catalogue().packages[CODE].examples["two-children-granted"]), by)
    return actions.submit(case, by=by)


def test_the_record_stands_beside_the_answer(published: dict[str, Procedure], staff: Staff) -> None:
    case = handed_in(published, {"person.registered_address": "大阪府大東市灰塚二丁目2番2号"})
    held = Decision.objects.get(case=case).course["looked_up"]
    assert held["person.registered_address"]["value"] == "大阪府大東市灰塚二丁目2番2号"
    page = client_of(staff("children", "children-clerk")).get(f"/desk/cases/{case.number}/").content.decode()
    block = page.partition('id="records"')[2].partition("</section>")[0]
    assert "灰塚二丁目2番2号" in block
    assert "申請の内容と違う" in block
    assert "市の台帳" in block


def test_where_both_say_the_same_nothing_is_marked(published: dict[str, Procedure], staff: Staff) -> None:
    said = answers_of(catalogue().packages[CODE].examples["two-children-granted"])["person"]["registered_address"]
    case = handed_in(published, {"person.registered_address": said.replace("1", "１")})
    page = client_of(staff("children", "children-clerk")).get(f"/desk/cases/{case.number}/").content.decode()
    block = page.partition('id="records"')[2].partition("</section>")[0]
    assert "申請の内容と違う" not in block


def test_where_the_records_hold_nothing_it_is_said(published: dict[str, Procedure], staff: Staff) -> None:
    case = handed_in(published, {})
    page = client_of(staff("children", "children-clerk")).get(f"/desk/cases/{case.number}/").content.decode()
    block = page.partition('id="records"')[2].partition("</section>")[0]
    assert "記録なし" in block
