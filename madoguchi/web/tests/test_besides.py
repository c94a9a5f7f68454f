"""おくやみ on the pages: what is done elsewhere is named with its reason, and what was told once is read once."""

import pytest

from madoguchi.cases import actions
from madoguchi.cases.tests.conftest import fill_in
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.examples import answers_of
from madoguchi.procedures.tests.shipped import catalogue
from madoguchi.web.tests.conftest import SignedIn

pytestmark = pytest.mark.django_db


def test_what_is_done_elsewhere_stands_where_the_parts_are_chosen(signed_in: SignedIn) -> None:
    client, by = signed_in()
    row = procedures.current("bereavement")
    assert row is not None
    journey = actions.open_draft(row, by=by)
    fill_in(journey, answers_of(catalogue().packages["bereavement"].examples["young-father"]), by)
    page = client.get(f"/cases/{journey.pk}/parts/").content.decode()
    for words in ("死亡届", "戸籍法第86条", "死亡診断書", "健康保険組合", "税務署"):
        assert words in page
    assert 'href="/procedures/child-allowance-unpaid/"' in page  # the child's, applied for by itself
    assert "年金事務所" not in page
    # An answer that is not asked any more names nothing.
    fill_in(journey, {"is_heir": False, "death_notified": True}, by)
    page = client.get(f"/cases/{journey.pk}/parts/").content.decode()
    assert "税務署" not in page
    assert "死亡診断書" not in page


def test_nobody_is_asked_whether_a_death_in_the_family_is_their_own(signed_in: SignedIn) -> None:
    client, _ = signed_in()
    page = client.get("/procedures/bereavement/").content.decode()
    assert "葬祭を行った方" in page
    for words in ("ご自分の手続きですか", "ほかの方の代わりに", "ご本人"):
        assert words not in page
    assert client.get("/procedures/bereavement/for-another/").status_code == 404
    assert "葬祭を行った方（喪主など）（代わりに、" in client.get("/procedures/funeral-benefit/").content.decode()


def test_what_was_told_once_is_read_once(signed_in: SignedIn) -> None:
    client, by = signed_in()
    row = procedures.current("bereavement")
    assert row is not None
    journey = actions.open_draft(row, by=by)
    told = {**answers_of(catalogue().packages["bereavement"].examples["husband-past-75"]), "deceased_name": "故人 源蔵"}
    fill_in(journey, told, by)
    parts = actions.open_parts(journey, ["household-head-change", "care-insurance-end", "heir-representative"], by=by)
    page = client.get(f"/cases/{journey.pk}/review/").content.decode()
    assert page.count("故人 源蔵") == 2  # among the answers to the questions, and in the first of the parts
    # Put otherwise in one part, it is read there, too.
    actions.save_section(parts[-1], "deceased", {"deceased_name": ["故人 源造"]}, by=by)
    page = client.get(f"/cases/{journey.pk}/review/").content.decode()
    assert (page.count("故人 源蔵"), page.count("故人 源造")) == (2, 1)
