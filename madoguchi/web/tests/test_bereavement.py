"""おくやみ as its pages: the survivor is asked each thing once, sees why each procedure applies, sends all at once."""

import pytest

from madoguchi.cases.models import Case
from madoguchi.procedures import queries as procedures
from madoguchi.web.tests.conftest import SignedIn
from madoguchi.web.tests.walking import walk

pytestmark = pytest.mark.django_db

PERSON = {
    "full_name": "見本 花子",
    "full_name_kana": "ミホン　ハナコ",
    "date_of_birth": "1952-06-15",
    "registered_address": "大阪府大東市谷川一丁目1番1号",
    "phone": "072-000-0000",
    "bank_account": {
        "bank": "みほん銀行", "branch": "大東支店", "kind": "ordinary", "number": "1234567", "holder": "ミホン ハナコ",
    },
}  # fmt: skip
PARTS = {
    "household-head-change", "funeral-benefit-late-elderly", "health-insurance-end", "care-insurance-end",
    "heir-representative", "resident-record-copy",
}  # fmt: skip


def test_a_widow_goes_through_it_once(signed_in: SignedIn) -> None:
    client, by = signed_in()
    found = walk(client, by, "bereavement", "husband-past-75", PERSON)
    assert set(found.parts) == PARTS
    assert len(set(found.asked)) == len(found.asked), "something was asked twice"
    own = [one for one in found.asked if one.startswith("bereavement: ")]
    assert not [one for one in found.asked if "deceased_" in one and one not in own], "the deceased is told once"
    journey = Case.objects.get(pk=found.journey.pk)
    parts = list(Case.objects.filter(part_of=journey))
    assert {one.procedure.code for one in parts} == PARTS
    assert all(one.received_at is not None and one.number for one in parts)
    assert {one.section for one in parts} == {"residents", "health-insurance", "elderly-care", "taxation"}
    chosen = next(page for at, page in found.pages.items() if at.endswith("/parts/"))
    for row in (procedures.package(one.procedure).procedure for one in parts):
        assert row.title["ja"] in chosen
    for words in ("心からお悔やみ申し上げます", "住民基本台帳法第25条", "年金事務所"):
        assert any(words in page for page in found.pages.values()), words
    status = client.get(f"/cases/{journey.number}/").content.decode()
    for one in parts:
        assert one.number is not None
        assert one.number in status
    assert "年金事務所" in status
    for page in (*found.pages.values(), status):
        for words in ("ご自分の手続きですか", "おめでとう", "ありがとうございます"):
            assert words not in page
