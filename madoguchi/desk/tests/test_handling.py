"""A case at the desk: reading leaves one event, every form is one act, what is refused comes back as it was typed."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from madoguchi import cases as cases_package
from madoguchi import messages as messages_package
from madoguchi.cases import actions, jobs, queries
from madoguchi.cases.models import Case, Correction, Decision, State, Step
from madoguchi.cases.tests.conftest import pay
from madoguchi.desk.presenting.history import DONE, SMALL, TRIED, WHY_NOT, history_lines, readings
from madoguchi.desk.tests.staging import CHILD, DOG, HOUSE, SURVEY, Staff, applicant, client_of, handed_in, open_step
from madoguchi.events import SYSTEM
from madoguchi.events.models import Event
from madoguchi.events.rules import ACTS
from madoguchi.ground import clock
from madoguchi.ground import text as text_module
from madoguchi.messages.models import Letter
from madoguchi.people.queries import actor_of_person
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.actions import publish
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules.load import load_package
from madoguchi.procedures.tests.shipped import catalogue

pytestmark = pytest.mark.django_db
Published = dict[str, Procedure]


@pytest.fixture
def dog(published: Published) -> Case:
    return handed_in(published, DOG)


@pytest.fixture
def clerk(staff: Staff) -> Client:
    return client_of(staff("environment", "environment-clerk"))


def page_of(case: Case) -> str:
    return f"/desk/cases/{case.number}/"


def form_of(case: Case) -> str:
    return f"{page_of(case)}steps/{open_step(case).pk}/"


def told(case: Case) -> list[tuple[str, str]]:
    """Verb and outcome or code of what was done or tried at the desk."""
    ids = [case.pk, *case.steps.values_list("pk", flat=True)]
    events = Event.objects.filter(subject_id__in=ids, channel="desk").order_by("at", "id")
    return [(one.verb, one.reason if one.outcome == "refused" else one.outcome) for one in events]


def unchanged(case: Case) -> tuple[Any, ...]:
    return (
        Case.objects.values().get(pk=case.pk),
        list(case.steps.order_by("token").values()),
        Correction.objects.count(),
    )


# -- reading ----------------------------------------------------------------------------------------------------------


def test_opening_a_case_is_one_event_whatever_it_shows(published: Published, staff: Staff) -> None:
    case = handed_in(published, HOUSE)
    client = client_of(staff("taxation", "taxation-clerk"))
    page = client.get(page_of(case))
    pictures = re.findall(r'<img src="([^"]+)"', page.content.decode())
    assert len(pictures) >= 2
    for one in pictures:
        answer = client.get(one)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
    assert told(case) == [("case.read", "done")]
    assert page.headers["Cache-Control"] == "no-store"


def test_a_document_can_do_nothing_in_the_browser(published: Published, staff: Staff) -> None:
    case = handed_in(published, HOUSE)
    client = client_of(staff("taxation", "taxation-clerk"))
    document = case.documents.first()
    assert document is not None
    headers = client.get(f"{page_of(case)}documents/{document.pk}/").headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["Content-Disposition"].startswith("inline")
    type(document).objects.filter(pk=document.pk).update(media_type="application/pdf", name="../悪い\r\n名前.pdf")
    headers = client.get(f"{page_of(case)}documents/{document.pk}/").headers
    assert headers["Content-Disposition"].startswith("attachment")
    assert "/" not in headers["Content-Disposition"]


def test_a_document_of_another_case_is_not_found(published: Published, staff: Staff) -> None:
    one, other = handed_in(published, HOUSE), handed_in(published, HOUSE)
    document = other.documents.first()
    assert document is not None
    client = client_of(staff("taxation", "taxation-clerk"))
    assert client.get(f"{page_of(one)}documents/{document.pk}/").status_code == 404


def test_a_number_is_understood_as_typed(dog: Case, clerk: Client) -> None:
    answer = clerk.get(f"/desk/cases/{(dog.number or '').replace('-', '')}/")
    assert (answer.status_code, answer.headers["Location"]) == (302, page_of(dog))
    assert told(dog) == []


# -- acting -----------------------------------------------------------------------------------------------------------


def test_accepting_leads_to_the_letter(dog: Case, clerk: Client) -> None:
    page = clerk.get(page_of(dog)).content.decode()
    assert (
        "「原簿への登録」、「登録通知書の発行」、「結果のお知らせ」を自動で行います。これで手続が終わります。" in page
    )
    answer = clerk.post(form_of(dog), {"_outcome": "accept", "_note": "マイクロチップの番号を確かめた。"}, follow=True)
    assert answer.status_code == 200
    assert "審査の結果を記録しました。" in answer.content.decode()
    jobs.perform_open_steps(Event.objects.get(verb="case.examine").pk)
    dog.refresh_from_db()
    assert dog.state == State.CLOSED
    letter = Letter.objects.get(about=dog.pk)
    link = f"{page_of(dog)}letters/{letter.pk}/"
    assert link in clerk.get(page_of(dog)).content.decode()
    pdf = clerk.get(link)
    assert pdf.content.startswith(b"%PDF-")
    assert pdf.headers["Content-Disposition"].startswith("attachment")
    assert pdf.headers["X-Content-Type-Options"] == "nosniff"


def test_returning_asks_field_by_field(dog: Case, clerk: Client) -> None:
    posted = {"_outcome": "return", "_fix.breed": "犬種を正しく書いてください。", "_fix.dog_name": "  "}
    assert "補正を求めました" in clerk.post(form_of(dog), posted, follow=True).content.decode()
    assert [(one.path, one.message) for one in Correction.objects.all()] == [("breed", "犬種を正しく書いてください。")]
    assert "返事待ち" in clerk.get(page_of(dog)).content.decode()
    by = applicant(dog)
    actions.save_section(Case.objects.get(pk=dog.pk), "dog", {"breed": ["柴"]}, by=by)
    actions.submit(Case.objects.get(pk=dog.pk), by=by)
    page = clerk.get(page_of(dog)).content.decode()
    assert "に直された）" in page
    assert "補正して提出した" in page


def test_refusing_with_reasons(dog: Case, clerk: Client) -> None:
    posted = {"_outcome": "refuse", "_reasons": "犬が市外で飼われているため（狂犬病予防法第4条第1項）。\n\n別の理由。"}
    clerk.post(form_of(dog), posted)
    reasons = [one["ja"] for one in Decision.objects.get(case=dog).reasons]
    assert reasons[-2:] == ["犬が市外で飼われているため（狂犬病予防法第4条第1項）。", "別の理由。"]


REFUSED: list[tuple[dict[str, str], str, str]] = [
    ({}, "outcome-missing", "結果を選んでください。"),
    ({"_outcome": "approve"}, "outcome-unknown", "この段階では選べない結果です。"),
    ({"_outcome": "return"}, "correction-missing", "1つ以上書いてください。"),
    ({"_outcome": "return", "_fix.nothing": "直して"}, "correction-path", "この手続にない項目が含まれています。"),
    ({"_outcome": "accept", "_fix.breed": "書きかけの補正"}, "correction-unsent", "書きかけの補正"),
    ({"_outcome": "accept", "_reasons": "書きかけの理由"}, "reason-unsent", "書きかけの理由"),
    ({"_outcome": "refuse", "_note": "書き添えた文"}, "reason-missing", "書き添えた文"),
    ({"_outcome": "accept", "_note": "制御文字\x00の文"}, "text-unsafe", "の文"),
    ({"_outcome": "accept", "_note": "あ" * 2001}, "text-too-long", "ああああ"),
    ({"_outcome": "return", "_fix.breed": "直して🐶"}, "text-emoji", "直して🐶"),
]


@pytest.mark.parametrize(("posted", "code", "shown"), REFUSED, ids=[str(number) for number in range(len(REFUSED))])
def test_what_is_refused_changes_nothing_and_stays_as_typed(
    dog: Case, clerk: Client, posted: dict[str, str], code: str, shown: str
) -> None:
    clerk.get(page_of(dog))
    before, path = unchanged(dog), form_of(dog)
    answer = clerk.post(path, posted)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "何も変わっていません。" in page
    assert shown in page
    assert unchanged(dog) == before
    assert told(dog) == [("case.read", "done"), ("case.examine", code)], "what is shown again was opened a moment ago"


def test_a_member_may_not_decide_what_is_anothers_step(published: Published, staff: Staff) -> None:
    case = handed_in(published, CHILD)
    head = client_of(staff("welfare-children", "children-head"))
    before = unchanged(case)
    assert head.get(page_of(case)).status_code == 404
    actions.examine(open_step(case), "accept", by=staff("children", "children-clerk"))
    clerk = client_of(staff("children", "children-clerk"))
    page = clerk.get(page_of(case)).content.decode()
    assert "いま、あなたがすることはありません" in page
    before = unchanged(case)
    answer = clerk.post(form_of(case), {"_outcome": "approve"})
    assert answer.status_code == 403
    assert unchanged(case) == before
    assert told(case)[-1] == ("case.approve", "not-allowed")


def test_nobody_approves_their_own_work(published: Published, staff: Staff) -> None:
    case = handed_in(published, CHILD)
    both = staff("children", "children-head")
    actions.examine(open_step(case), "accept", by=both)
    client = client_of(both)
    page = client.get(page_of(case)).content.decode()
    assert "ご自分が審査した案件は決裁できません" in page
    assert 'value="approve"' not in page
    before = unchanged(case)
    answer = client.post(form_of(case), {"_outcome": "approve"})
    assert answer.status_code == 403
    assert unchanged(case) == before
    assert told(case)[-1] == ("case.approve", "own-work")
    assert "自分が審査した案件は決裁できない" in client.get(page_of(case)).content.decode()


def test_approval_sees_the_draft_and_sends_back_with_a_reason(published: Published, staff: Staff) -> None:
    case = handed_in(published, CHILD)
    actions.examine(open_step(case), "accept", by=staff("children", "children-clerk"))
    head = client_of(staff("children", "children-head"))
    page = head.get(page_of(case)).content.decode()
    assert "案：認める" in page
    assert "25,000" in page
    assert "お子さん 1（見本 一郎）" in page
    without = head.post(form_of(case), {"_outcome": "send_back"})
    assert without.status_code == 422
    assert "差し戻す理由を書いてください。" in without.content.decode()
    head.post(form_of(case), {"_outcome": "send_back", "_note": "口座の名義を確かめてください。"})
    assert open_step(case).kind == "examine"
    page = client_of(staff("children", "children-clerk")).get(page_of(case)).content.decode()
    assert "口座の名義を確かめてください。" in page


def test_whoever_could_decide_is_warned_before_examining(published: Published, staff: Staff) -> None:
    case = handed_in(published, CHILD)
    words = "ご自分で審査すると、この案件の決裁に加われなくなります。"
    assert words in client_of(staff("children", "children-head")).get(page_of(case)).content.decode()
    assert words not in client_of(staff("children", "children-clerk")).get(page_of(case)).content.decode()


def test_two_clerks_at_once_and_a_replayed_post(dog: Case, clerk: Client, staff: Staff) -> None:
    path = form_of(dog)
    clerk.get(page_of(dog))
    actions.examine(open_step(dog), "accept", by=staff("environment", "environment-clerk"))
    before = unchanged(dog)
    answer = clerk.post(path, {"_outcome": "return", "_fix.breed": "犬種を直してください。", "_note": "控え"})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "ほかの職員がすでに処理したか" in page
    assert "犬種を直してください。" in page
    assert "控え" in page
    assert unchanged(dog) == before
    assert told(dog)[-1] == ("case.examine", "step-done")


def test_findings_are_asked_in_the_shared_fields_and_read_in_any_era(published: Published, staff: Staff) -> None:
    case = handed_in(published, SURVEY)
    clerk = client_of(staff("taxation", "taxation-clerk"))
    page = clerk.get(page_of(case)).content.decode()
    assert "調査した日" in page
    assert "この段階は現地で行います。" in page
    missing = clerk.post(
        form_of(case), {"_outcome": "accept", "surveyed_on.year": "２０２６", "surveyed_on.month": "13"}
    )
    assert missing.status_code == 422
    assert 'value="２０２６"' in missing.content.decode()
    today = clock.today()
    era = {"surveyed_on.era": "令和", "surveyed_on.year": str(today.year - 2018)}
    posted = {"_outcome": "accept", **era, "surveyed_on.month": str(today.month), "surveyed_on.day": str(today.day)}
    assert clerk.post(form_of(case), posted).status_code == 302
    assert Decision.objects.get(case=case).course["finding"] == {"surveyed_on": today.isoformat()}


def test_what_leaves_the_screen_is_recorded(published: Published, staff: Staff) -> None:
    case = handed_in(published, ("dog-registration", "tag-by-post-granted"))
    by = staff("environment", "environment-clerk")
    actions.examine(open_step(case), "accept", by=by)
    client = client_of(by)
    assert "申請者" in client.get(page_of(case)).content.decode()
    pay(case, actor_of_person(case.person_id, "card"))
    for step in Step.objects.filter(case=case, done_at=None, kind="issue", channel="screen"):
        actions.perform(step, by=SYSTEM)
    tag = case.steps.get(done_at=None)
    assert "この段階は郵便で行います。" in client.get(page_of(case)).content.decode()
    answer = client.post(f"{page_of(case)}steps/{tag.pk}/", {"_note": "鑑札第12号を送った。"}, follow=True)
    assert "行ったことを記録しました。" in answer.content.decode()
    case.refresh_from_db()
    assert case.state == State.CLOSED


# -- the history ------------------------------------------------------------------------------------------------------


def test_every_act_on_a_case_has_words() -> None:
    verbs = {verb for verb, spec in ACTS.items() if ".tests." not in spec.where}
    shown = {verb for verb in verbs if verb.partition(".")[0] == "case"}
    assert shown <= DONE.keys()
    assert shown <= TRIED.keys()
    assert shown >= SMALL
    assert {key.partition(":")[0] for key in DONE} <= verbs


def test_every_refusal_of_a_case_has_words() -> None:
    folders = [Path(cases_package.__path__[0]), Path(messages_package.__path__[0]), Path(__file__).parents[1] / "views"]
    files = [one for folder in folders for one in folder.rglob("*.py") if "tests" not in one.relative_to(folder).parts]
    source = "".join(one.read_text() for one in [*files, Path(str(text_module.__file__))])
    codes = set(re.findall(r'(?:Invalid|NotAllowed|NotFound|Stale|_refused)\(\s*"([a-z-]+)"', source))
    assert len(codes) > 20
    assert codes - WHY_NOT.keys() == set()


def test_the_history_is_plain_words(dog: Case, clerk: Client, staff: Staff) -> None:
    clerk.get(page_of(dog))
    clerk.post(form_of(dog), {"_outcome": "return"})
    clerk.post(form_of(dog), {"_outcome": "accept"})
    package = procedures.package(dog.procedure)
    happenings = queries.history(Case.objects.get(pk=dog.pk))
    lines = {one.what: one for one in history_lines(happenings, package)}
    assert lines["審査して認めた"].why == "この段階を担当する課だから"
    assert lines["審査して認めた"].about == "内容の審査"
    refused = lines["審査をしようとしたが、できなかった"]
    assert (refused.refused, refused.why) == (True, "補正してほしい項目が書かれていなかった")
    assert lines["申請を提出し、受け付けられた"].who == "申請者"
    assert lines["入力を保存した"].times > 1
    assert not any("." in one.what for one in lines.values())
    assert [one.what for one in readings(happenings, package)] == ["案件を閲覧した"]


# -- another section is asked -----------------------------------------------------------------------------------------


@pytest.fixture
def consulted(published: Published, tmp_path: Path) -> Case:
    """A registration in which the surveyors are asked first, as a package of another city might have it."""
    folder = tmp_path / "dog-registration"
    shutil.copytree(settings.CATALOGUE / "procedures" / "dog-registration", folder)
    said = (folder / "procedure.yaml").read_text()
    step = "flow:\n  - consult: {id: ask, title: {ja: 合議, ja-simple: 聞く, en: Ask}, by: surveyors}\n"
    (folder / "procedure.yaml").write_text(said.replace("\nflow:\n", f"\n{step}", 1))
    package = load_package(folder, catalogue().facts)
    row = publish(procedures.city().localise(package), catalogue().facts, by=SYSTEM)
    return handed_in({"dog-registration": row}, DOG)


def test_another_section_gives_its_opinion_and_then_still_sees_the_case(consulted: Case, staff: Staff) -> None:
    asked, clerk = client_of(staff("taxation", "taxation-clerk")), client_of(staff("environment", "environment-clerk"))
    assert str(consulted.number) in asked.get("/desk/").content.decode()
    assert asked.get(page_of(consulted)).status_code == 200
    assert "次は「内容の審査」（環境室）です。" in asked.get(page_of(consulted)).content.decode()
    assert "いま、あなたがすることはありません" in clerk.get(page_of(consulted)).content.decode()
    empty = asked.post(form_of(consulted), {"_note": " "})
    assert empty.status_code == 422
    assert "意見を書いてください。" in empty.content.decode()
    answer = asked.post(form_of(consulted), {"_note": "支障ありません。"}, follow=True)
    assert "意見を付けました。" in answer.content.decode()
    assert "支障ありません。" in clerk.get(page_of(consulted)).content.decode()
    before = unchanged(consulted)
    assert asked.post(form_of(consulted), {"_outcome": "accept"}).status_code == 403
    assert unchanged(consulted) == before
