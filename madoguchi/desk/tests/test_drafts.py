"""The letter before it goes out, and a decision that is made of what was seen."""

import datetime as dt
import re
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from pypdf import PdfReader

from madoguchi.cases import actions, jobs
from madoguchi.cases.models import Case, Decision, Departure, State, Step
from madoguchi.desk.tests.staging import CHILD, SURVEY, Staff, client_of, handed_in, open_step
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.messages.models import Letter, LetterSeries
from madoguchi.messages.queries import file_of
from madoguchi.messages.rules.letters import says, text_of
from madoguchi.procedures.models import Procedure

pytestmark = pytest.mark.django_db
Published = dict[str, Procedure]


@pytest.fixture
def child(published: Published) -> Case:
    return handed_in(published, CHILD)


@pytest.fixture
def clerk(staff: Staff) -> Client:
    return client_of(staff("children", "children-clerk"))


def form_of(case: Case) -> str:
    return f"/desk/cases/{case.number}/steps/{open_step(case).pk}/"


def seen_draft(page: str) -> str:
    found = re.search(r'name="_draft" value="([0-9a-f]{64})"', page)
    assert found is not None
    return found[1]


def test_the_letter_is_seen_before_it_goes_out(child: Case, clerk: Client) -> None:
    assert f'formaction="{form_of(child)}letter/"' in clerk.get(f"/desk/cases/{child.number}/").content.decode()
    before = (Case.objects.values().get(pk=child.pk), list(child.steps.values()), Event.objects.count())
    answer = clerk.post(f"{form_of(child)}letter/", {"_outcome": "accept"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    text = text_of(answer.content)
    for words in ("児童手当認定通知書", "25,000円", "見本 花子", "案", "文書番号（発行のときに付きます）", "審査請求"):
        assert says(text, words), words
    assert not says(text, "確認コード")
    after = (Case.objects.values().get(pk=child.pk), list(child.steps.values()), Event.objects.count())
    assert after == before
    assert not Letter.objects.exists()
    assert not LetterSeries.objects.exists()


def test_the_draft_says_what_the_letter_then_says(child: Case, clerk: Client, staff: Staff) -> None:
    clerk.post(form_of(child), {"_outcome": "accept"})
    head = client_of(staff("children", "children-head"))
    draft = text_of(head.post(f"{form_of(child)}letter/").content)
    seen = seen_draft(head.get(f"/desk/cases/{child.number}/").content.decode())
    head.post(form_of(child), {"_outcome": "approve", "_draft": seen})
    jobs.perform_open_steps(Event.objects.get(verb="case.approve").pk)
    letter = Letter.objects.get(about=child.pk)
    issued = text_of(bytes(file_of(letter)))
    body = slice(issued.index("児童手当認定通知書"), issued.index("お問い合わせ先"))
    assert says(draft, issued[body])


def test_a_refusal_is_seen_with_its_reasons_or_says_what_is_missing(child: Case, clerk: Client) -> None:
    url = f"{form_of(child)}letter/"
    refused = clerk.post(url, {"_outcome": "refuse", "_reasons": "監護の事実が認められないため（児童手当法第4条）。"})
    assert says(text_of(refused.content), "監護の事実が認められないため（児童手当法第4条）。")
    without = clerk.post(url, {"_outcome": "refuse"}, headers={"accept": "application/json"})
    assert (without.status_code, without.json()["message"][:6]) == (422, "認めない理由")
    page = clerk.post(url, {"_outcome": "refuse", "_note": "書きかけの文"})
    assert page.status_code == 422
    assert "書きかけの文" in page.content.decode()
    back = clerk.post(url, {"_outcome": "return"}, headers={"accept": "application/json"})
    assert (back.status_code, back.json()["message"]) == (422, "この結果では、通知書は出ません。")


def test_every_letter_of_the_way_is_in_the_draft(published: Published, staff: Staff) -> None:
    dog = handed_in(published, ("dog-registration", "tag-by-post-granted"))
    client = client_of(staff("environment", "environment-clerk"))
    pdf = client.post(f"{form_of(dog)}letter/", {"_outcome": "accept"}).content
    pages = [page.extract_text() for page in PdfReader(BytesIO(pdf), strict=True).pages]
    assert len(pages) == 2


def test_what_nobody_has_found_out_yet_is_not_drafted(published: Published, staff: Staff) -> None:
    house = handed_in(published, SURVEY)
    client = client_of(staff("taxation", "taxation-clerk"))
    url = f"{form_of(house)}letter/"
    missing = client.post(url, {"_outcome": "accept"}, headers={"accept": "application/json"})
    assert missing.status_code == 422
    assert "pdf" not in missing.headers["Content-Type"]


@pytest.mark.parametrize("who", [("environment", "environment-clerk"), ("children", "children-head")])
def test_only_whose_turn_it_is_sees_the_draft(child: Case, staff: Staff, who: tuple[str, str]) -> None:
    step = open_step(child)
    Step.objects.filter(pk=step.pk).update(section="", posts=["nobody"])
    answer = client_of(staff(*who)).post(f"/desk/cases/{child.number}/steps/{step.pk}/letter/", {"_outcome": "accept"})
    assert answer.status_code == 404
    assert b"%PDF" not in answer.content


@pytest.mark.parametrize("posted", [{}, {"_draft": ""}, {"_draft": "0" * 64}])
def test_another_draft_than_the_one_seen_is_not_approved(
    child: Case, clerk: Client, staff: Staff, posted: dict[str, str]
) -> None:
    clerk.post(form_of(child), {"_outcome": "accept"})
    head = client_of(staff("children", "children-head"))
    answer = head.post(form_of(child), {"_outcome": "approve", "_note": "書いた文", **posted})
    assert answer.status_code == 409
    assert "決定の案が変わりました" in answer.content.decode()
    assert "書いた文" in answer.content.decode()
    assert open_step(child).kind == "approve"
    assert Decision.objects.get(case=child).made_at is None


def test_a_draft_that_changed_after_it_was_seen_is_not_approved(child: Case, clerk: Client, staff: Staff) -> None:
    clerk.post(form_of(child), {"_outcome": "accept"})
    head = client_of(staff("children", "children-head"))
    seen = seen_draft(head.get(f"/desk/cases/{child.number}/").content.decode())
    head.post(form_of(child), {"_outcome": "send_back", "_note": "見直してください。"})
    actions.examine(open_step(child), "refuse", by=staff("children", "children-clerk"), reasons=["監護していない。"])
    answer = head.post(form_of(child), {"_outcome": "approve", "_draft": seen})
    assert answer.status_code == 409
    child.refresh_from_db()
    assert child.state == State.RECEIVED
    fresh = seen_draft(answer.content.decode())
    why = {"_because": "部長が不在のため"}  # a refusal is the department's to decide
    assert head.post(form_of(child), {"_outcome": "approve", "_draft": fresh, **why}).status_code == 302


# -- deciding otherwise than the tables -------------------------------------------------------------------------------

LATE = ("child-allowance-claim", "fifteenth-day-a-holiday-granted")
WHY = "15日目の土曜日が市の休日に当たるため。"


@pytest.fixture
def late(published: Published) -> Case:
    """Claimed on the day of the example, when the fifteenth day had been a Saturday."""
    with clock.travel(dt.date(2026, 4, 13)):
        return handed_in(published, LATE)


def drafted(case: Case, **changed: str) -> dict[str, str]:
    """The examiner's form as it is offered, accepted, with some of it changed."""
    reasons = [one["ja"] for one in Decision.objects.get(case=case).reasons]
    lines = {f"_{name}.{number}": one for number, one in enumerate(reasons) for name in ("of", "said")}
    places = {f"_place.{number}": str(number + 1) for number in range(len(reasons))}
    plain = {"_outcome": "accept", "_edit.pay_from": "2026-05-01", "_why.pay_from": "", "_why.reasons": ""}
    return {**plain, **lines, **places, **{name.replace("__", "."): words for name, words in changed.items()}}


def test_the_offered_draft_posted_back_departs_from_nothing(late: Case, clerk: Client) -> None:
    page = clerk.get(f"/desk/cases/{late.number}/").content.decode()
    assert "決定の案を直す" in page
    assert "判定表：</small>" not in page
    assert "判定表：2026年5月" in page
    clerk.post(form_of(late), drafted(late))
    assert not Departure.objects.exists()
    assert Decision.objects.get(case=late).values["pay_from"] == "2026-05-01"
    assert open_step(late).kind == "approve"


def test_a_departure_is_kept_shown_and_goes_into_the_letter(late: Case, clerk: Client, staff: Staff) -> None:
    posted = drafted(
        late,
        _edit__pay_from="2026-04-01",
        _why__pay_from=WHY,
        _said__0="市の休日の翌開庁日に請求されたため、出生の月の翌月分から支給します。",
        _why__reasons="値に合わせた。",
    )
    draft = text_of(clerk.post(f"{form_of(late)}letter/", posted).content)
    assert says(draft, "令和8年4月分から")
    assert says(draft, "市の休日の翌開庁日に請求されたため")
    assert not Departure.objects.exists()
    clerk.post(form_of(late), posted)
    rows = {one.name: (one.was, one.became, one.why) for one in Departure.objects.all()}
    assert rows["pay_from"] == ("2026-05-01", "2026-04-01", WHY)
    assert rows["reasons"][2] == "値に合わせた。"
    event = Event.objects.get(verb="case.examine")
    assert event.data["departs"] == ["pay_from", "reasons"]
    assert WHY not in str(event.data)
    head = client_of(staff("children", "children-head"))
    page = head.get(f"/desk/cases/{late.number}/").content.decode()
    assert "審査で判定表と変えたところが2件あります。" in page
    assert page.count(WHY) == 2  # beside the decision, and in the history
    assert re.search(r"<del>.*2026年5月</del>.*<ins>.*2026年4月</ins>", page)
    head.post(form_of(late), {"_outcome": "approve", "_draft": seen_draft(page)})
    jobs.perform_open_steps(Event.objects.get(verb="case.approve").pk)
    letter = text_of(bytes(file_of(Letter.objects.get(about=late.pk))))
    assert says(letter, "令和8年4月分から")
    assert says(letter, "市の休日の翌開庁日に請求されたため")
    assert not says(letter, WHY)


REFUSED: list[tuple[dict[str, str], str, str]] = [
    ({"_edit__pay_from": "2026-04-01"}, "edit-wrong", "判定表と異なる決定にするわけを書いてください。"),
    ({"_edit__pay_from": "2025-04-01", "_why__pay_from": WHY}, "edit-wrong", "選択肢の中から選んでください。"),
    ({"_said__0": "言い換えた文。"}, "edit-wrong", "言い換えた文。"),
    ({"_said__0": " ", "_why__reasons": WHY}, "edit-wrong", "理由の文を空にはできません。"),
    ({"_said__0": "絵文字🐶の文", "_why__reasons": WHY}, "edit-wrong", "絵文字🐶の文"),
    ({"_place__0": "2", "_place__1": "1"}, "edit-wrong", "判定表と異なる決定にするわけを書いてください。"),
    (
        {"_edit__pay_from": "2026-04-01", "_why__pay_from": WHY, "_outcome": "refuse", "_reasons": "x"},
        "edit-unsent",
        WHY,
    ),
    ({"_of__0": "もうない文。", "_said__0": "その言い換え。", "_why__reasons": WHY}, "reasons-moved", "その言い換え。"),
]


@pytest.mark.parametrize(("changed", "code", "shown"), REFUSED, ids=[str(number) for number in range(len(REFUSED))])
def test_what_may_not_be_decided_changes_nothing_and_stays_as_typed(
    late: Case, clerk: Client, changed: dict[str, str], code: str, shown: str
) -> None:
    def state() -> Any:
        return (
            Case.objects.values().get(pk=late.pk),
            list(late.steps.values()),
            Decision.objects.values().get(case=late),
            Departure.objects.count(),
        )

    before = state()
    answer = clerk.post(form_of(late), drafted(late, **changed))
    assert answer.status_code == 422
    assert shown in answer.content.decode()
    assert state() == before
    assert Event.objects.get(verb="case.examine").reason == code


def test_a_departure_is_offered_again_when_it_was_sent_back(late: Case, clerk: Client, staff: Staff) -> None:
    clerk.post(form_of(late), drafted(late, _edit__pay_from="2026-04-01", _why__pay_from=WHY))
    actions.approve(open_step(late), "send_back", by=staff("children", "children-head"), note="確かめてください。")
    page = clerk.get(f"/desk/cases/{late.number}/").content.decode()
    assert '<option value="2026-04-01" selected>' in page
    assert f">\n{WHY}</textarea>" in page
    clerk.post(form_of(late), drafted(late, _edit__pay_from="2026-05-01"))
    assert Decision.objects.get(case=late).values["pay_from"] == "2026-05-01"
    assert [one.name for one in Departure.objects.all()] == ["pay_from"]  # what was once decided stays told
    head = client_of(staff("children", "children-head"))
    assert "判定表と変えたところが" not in head.get(f"/desk/cases/{late.number}/").content.decode()


def test_a_refusal_leaves_no_value_decided_otherwise(late: Case, clerk: Client, staff: Staff) -> None:
    clerk.post(form_of(late), drafted(late, _edit__pay_from="2026-04-01", _why__pay_from=WHY))
    head = staff("children", "children-head")
    actions.approve(open_step(late), "send_back", by=head, note="監護を確かめてください。")
    offered = drafted(late, _edit__pay_from="2026-04-01", _why__pay_from=WHY)
    clerk.post(form_of(late), {**offered, "_outcome": "refuse", "_reasons": "監護の事実がないため。"})
    decision = Decision.objects.get(case=late)
    assert not decision.granted
    assert decision.course["edits"] == {}
    assert [one["ja"] for one in decision.reasons] == ["監護の事実がないため。"]
    assert Departure.objects.count() == 1  # of the first examination
    assert "判定表と変えたところが" not in client_of(head).get(f"/desk/cases/{late.number}/").content.decode()


def test_what_the_package_does_not_open_is_not_decided_otherwise(late: Case, clerk: Client) -> None:
    clerk.post(form_of(late), drafted(late, _edit__monthly="99999", _why__monthly=WHY))
    assert Decision.objects.get(case=late).values["monthly"] == 15000
    assert not Departure.objects.exists()


def test_what_departs_is_not_approved_among_many(late: Case, clerk: Client, staff: Staff) -> None:
    clerk.post(form_of(late), drafted(late, _edit__pay_from="2026-04-01", _why__pay_from=WHY))
    head = client_of(staff("children", "children-head"))
    page = head.post("/desk/batch/", {"deed": "approve", "case": str(late.pk)}).content.decode()
    assert "審査で判定表と変えています。" in page
    assert 'name="step"' not in page
