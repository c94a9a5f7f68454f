"""電子署名 on the desk: what was checked is said, what was not is said, and both files can be taken out."""

from typing import Any

import pytest

from madoguchi.cases import actions
from madoguchi.cases.models import Case
from madoguchi.cases.tests.conftest import Staff, fill_in, staff
from madoguchi.cases.tests.signing import believed, sign
from madoguchi.cases.tests.test_signing import LEAVES, TODAY
from madoguchi.desk.tests.staging import client_of, new_resident
from madoguchi.ground import clock
from madoguchi.procedures.tests.shipped import publish

__all__ = ["staff"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed(db: None) -> Any:
    with clock.travel(TODAY):
        by = new_resident()
        case = actions.open_draft(publish("moving-out")["moving-out"], by=by)
        fill_in(case, LEAVES, by)
        case.refresh_from_db()
        sign(case, by)
        actions.submit(case, by=by)
        yield Case.objects.get(pk=case.pk)


def test_the_case_says_what_was_checked_and_what_was_not(signed: Case, staff: Staff) -> None:
    desk, row = client_of(staff("residents", "residents-clerk")), signed.signatures.get()
    page = desk.get(f"/desk/cases/{signed.number}/").content.decode()
    for words in ("試験用の証明書", "法的な効力はありません", row.serial, "失効確認", "未実施", "見本 花子"):
        assert words in page, words
    assert "有効です" not in page
    with believed():
        everywhere = desk.get("/desk/").content.decode()
    assert "試験用の証明書による電子署名を受け付けています。" in everywhere
    assert "試験用の証明書による電子署名を受け付けています。" not in desk.get("/desk/").content.decode()


def test_the_document_and_the_signature_are_taken_out_as_they_are(signed: Case, staff: Staff) -> None:
    desk, row = client_of(staff("residents", "residents-clerk")), signed.signatures.get()
    at = f"/desk/cases/{signed.number}/signatures/{row.pk}"
    document, cms = desk.get(f"{at}/document.txt"), desk.get(f"{at}/signature.p7s")
    assert (document.content, cms.content) == (bytes(row.content), bytes(row.cms))
    assert cms["Content-Type"] == "application/pkcs7-signature"
    assert "attachment" in document["Content-Disposition"]
    for nothing in ("cover.txt", "cms", "..%2f"):
        assert desk.get(f"{at}/{nothing}").status_code == 404
    assert client_of(staff("children", "children-clerk")).get(f"{at}/signature.p7s").status_code == 404
