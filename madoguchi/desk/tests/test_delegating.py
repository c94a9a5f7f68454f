"""代理権の登録 at the counter: found by two papers, recorded with a proof, ended; nobody else, and nobody protected."""

import hashlib
import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from madoguchi.cases import actions
from madoguchi.cases.tests.conftest import published, somebody, staff
from madoguchi.cases.tests.test_delegating import CARE, WISH, delegate, filled, protect
from madoguchi.desk.tests.staging import Staff, client_of
from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.facts.queries import given_by, members_of
from madoguchi.people.queries import business_of
from madoguchi.procedures.models import Procedure

__all__ = ["published", "staff"]

pytestmark = pytest.mark.django_db

PAGE = "/desk/delegations/"
BOTH = {"principal_name": "見本花子", "principal_born": "昭和15年4月12日", "agent_name": "見本桃子",
        "agent_born": "1970-01-01", "_do": "find"}  # fmt: skip


@pytest.fixture
def mother(published: dict[str, Procedure]) -> Actor:
    return somebody("見本　花子", "1940-04-12")


@pytest.fixture
def daughter(published: dict[str, Procedure]) -> Actor:
    return somebody("見本　桃子", "1970-01-01")


@pytest.fixture
def desk(staff: Staff) -> Client:
    return client_of(staff("elderly-care", "elderly-care-clerk"))


def tokens(page: str) -> dict[str, str]:
    return dict(re.findall(r'name="(principal|agent)" value="([^"]+)"', page))


def paper() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (60, 40)).save(out, "JPEG")
    return out.getvalue()


def told(page: str) -> dict[str, object]:
    return {**tokens(page), "_do": "record", "kind": "family", "scope": "office:elderly-care", "months": "12",
            "shows": "1", "proof": "mandate"}  # fmt: skip


def test_found_recorded_and_ended(mother: Actor, daughter: Actor, desk: Client) -> None:
    page = desk.post(PAGE, BOTH).content.decode()
    assert str(mother.who) not in page
    document = paper()
    sent = SimpleUploadedFile("委任状.jpg", document, "image/jpeg")
    assert desk.post(PAGE, {**told(page), "document": sent}).status_code == 302
    [one] = given_by(mother.who)
    assert one.evidence == hashlib.sha256(document).hexdigest()
    assert (one.agent, one.source, one.letters) == (daughter.who, "document", False)
    assert CARE in one.procedures
    assert not any("花子" in str(event.data) for event in Event.objects.all())
    found = desk.post(PAGE, BOTH).content.decode()
    token = re.search(r'name="_do" value="end\|([^"]+)"', found)
    assert token is not None
    assert desk.post(PAGE, {"_do": f"end|{token[1]}"}).status_code == 302
    assert given_by(mother.who) == []


@pytest.mark.parametrize("change", [{"proof": "x"}, {"kind": "guardian"}, {"scope": "x"}, {"months": "2"},
                                    {"principal": "forged"}, {"agent": ""}, {}])  # fmt: skip
def test_what_is_wrong_records_nothing_and_keeps_what_was_typed(
    mother: Actor, daughter: Actor, desk: Client, change: dict[str, str]
) -> None:
    answer = desk.post(PAGE, told(desk.post(PAGE, BOTH).content.decode()) | change)  # no document either
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'name="proof"' in page
    assert "見本　花子" in page or "principal" in change
    assert given_by(mother.who) == []


def test_a_token_is_its_finders_alone(mother: Actor, daughter: Actor, desk: Client, staff: Staff) -> None:
    page = desk.post(PAGE, BOTH).content.decode()
    other = client_of(staff("residents", "residents-clerk"))
    assert other.post(PAGE, told(page) | {"proof": "in-person"}).status_code == 422
    assert given_by(mother.who) == []
    assert desk.post(PAGE, told(page) | {"proof": "in-person"}).status_code == 302
    assert len(given_by(mother.who)) == 1


def test_only_posts_that_may(mother: Actor, staff: Staff) -> None:
    other = client_of(staff("environment", "environment-clerk"))
    before = Event.objects.filter(verb="facts.read", subject_id=mother.who).count()
    for answer in (other.get(PAGE), other.post(PAGE, BOTH), other.post(PAGE, {"_do": "end|x"})):
        assert answer.status_code == 403
    assert Event.objects.filter(verb="facts.read", subject_id=mother.who).count() == before
    assert 'href="/desk/delegations/"' not in other.get("/desk/").content.decode()


def test_whoever_is_protected_is_not_there(mother: Actor, daughter: Actor, staff: Staff) -> None:
    protect(mother)
    for post, section in (("elderly-care-clerk", "elderly-care"), ("residents-head", "residents")):
        page = client_of(staff(section, post)).post(PAGE, BOTH).content.decode()
        assert set(tokens(page)) == {"agent"}
        assert page.count("見つかりません") == 1
    assert not Event.objects.filter(verb="facts.read", subject_id=mother.who, data__purpose="delegate").exists()


def test_a_case_says_by_what_right_it_was_handed_in(mother: Actor, daughter: Actor, desk: Client) -> None:
    case = filled(daughter, delegate(mother, daughter, WISH))
    actions.submit(case, by=daughter)
    page = desk.get(f"/desk/cases/{case.number}/").content.decode()
    assert "家族（委任）　本人がオンラインで登録" in page
    assert "このため委任状は求めていない" in page


def test_who_acts_for_an_office_is_found_recorded_and_ended(daughter: Actor, desk: Client, staff: Staff) -> None:
    page, number = f"{PAGE}offices/", "2770100001"
    sought = {"_do": "find", "number": number, "member_name": "見本桃子", "member_born": "1970-01-01"}
    assert client_of(staff("environment", "environment-clerk")).post(page, sought).status_code == 403
    found = desk.post(page, sought).content.decode()
    token = re.search(r'name="member" value="([^"]+)"', found)
    assert token is not None
    said = {"_do": "record", "number": number, "member": token[1], "months": "12", "office": "ケアプラン見本"}
    refused = desk.post(page, said)  # no paper
    assert refused.status_code == 422
    assert 'value="ケアプラン見本"' in refused.content.decode()
    assert business_of(number) is None
    assert desk.post(page, {**said, "member": "forged"}).status_code == 422
    sent = SimpleUploadedFile("証明.jpg", paper(), "image/jpeg")
    assert desk.post(page, {**said, "document": sent}).status_code == 302
    business = business_of(number)
    assert business is not None
    assert [one.agent for one in members_of(business)] == [daughter.who]
    shown = desk.post(page, {"_do": "find", "number": number}).content.decode()
    assert "ケアプラン見本" in shown
    ends = re.search(r'name="_do" value="end\|([^"]+)"', shown)
    assert ends is not None
    assert desk.post(page, {"_do": f"end|{ends[1]}"}).status_code == 302
    assert members_of(business) == []
