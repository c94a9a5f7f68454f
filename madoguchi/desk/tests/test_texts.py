"""The words of mails: who may change them, what is refused, which words go out, and that none is lost."""

from typing import Any

import pytest

from madoguchi.cases import actions, jobs
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case
from madoguchi.cases.tests.conftest import Staff
from madoguchi.desk.presenting.differences import differences
from madoguchi.desk.tests.staging import CHILD, DOG, client_of, handed_in
from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.ground.errors import Invalid, NotAllowed, NotFound, Stale
from madoguchi.messages import queries as messages
from madoguchi.messages.models import Message, Wording
from madoguchi.procedures.models import Procedure

pytestmark = pytest.mark.django_db

PAGE = "/desk/texts/environment/received/"
OWN = "犬の登録の申請を受け付けました。\n\n{procedure}\n{reference}\n{promised}\n{url}"


@pytest.fixture
def clerk(staff: Staff) -> Actor:
    return staff("environment", "environment-clerk")


def form(template: str = "received", seen: int = 0, **changes: str) -> dict[str, str]:
    """The fields of the page as they stand there, but for what is changed (``body_ja`` is ``body.ja``)."""
    text = messages.text(template, "environment")
    fields = {f"subject.{one}": words for one, words in text.subject.items()}
    fields |= {f"body.{one}": words for one, words in text.body.items()}
    named = {name if name == "_do" else name.replace("_", ".", 1): words for name, words in changes.items()}
    return {**fields, "seen": str(seen), **named}


def told(case: Case) -> Message:
    event = Event.objects.get(verb="case.submit", subject_id=case.pk, outcome="done")
    jobs.tell_applicant(event.pk)
    return Message.objects.get(about=case.pk)


def test_the_mails_of_the_section_say_it_and_no_others(published: dict[str, Procedure], clerk: Actor) -> None:
    browser = client_of(clerk)
    answer = browser.post(PAGE, form(body_ja=OWN, _do="save"))
    assert (answer.status_code, answer.headers["Location"]) == (302, PAGE)
    dog, child = handed_in(published, DOG), handed_in(published, CHILD)
    assert told(dog).body.startswith("犬の登録の申請を受け付けました。")
    assert str(dog.number) in told(dog).body
    assert "犬の登録の申請を" not in told(child).body
    event = Event.objects.get(verb="text.word")
    assert event.data == {"section": "environment", "template": "received", "version": 1, "languages": ["ja"]}
    assert "課の文" in browser.get("/desk/texts/").content.decode()


def test_a_reminder_speaks_as_the_section_does(published: dict[str, Procedure], clerk: Actor) -> None:
    case = handed_in(published, DOG)
    step = case.steps.get(kind="examine", done_at=None)
    path = next(cell.path for cell in _cells(case))
    actions.examine(step, "return", by=clerk, corrections={path: "確かめてください。"})
    actions.word_text(
        "environment", "returned", words("returned", subject="【環境室】お願い {reference}"), by=clerk, seen=0
    )
    actions.remind(case.steps.get(kind="correction", done_at=None), by=clerk)
    assert Message.objects.get(about=case.pk).subject == f"【環境室】お願い {case.number}"


def _cells(case: Case) -> Any:
    from madoguchi.procedures import queries as procedures

    package = procedures.package(case.procedure)
    return (one for section in package.form.sections for one in package.form.cells(section, case.answers))


def words(template: str, **ja: str) -> dict[str, dict[str, str]]:
    """The words in force with other Japanese ones."""
    text = messages.text(template, "environment")
    return {part: {**getattr(text, part), **({"ja": ja[part]} if part in ja else {})} for part in ("subject", "body")}


def test_trying_changes_nothing_and_shows_the_mail_in_every_language(
    published: dict[str, Procedure], clerk: Actor
) -> None:
    answer = client_of(clerk).post(
        PAGE, form(body_ja=OWN, subject_vi="Đã nhận {reference}", body_vi="Xem tại {reference} {promised} {url}")
    )
    shown = answer.content.decode()
    assert answer.status_code == 200
    assert "まだ保存していません" in shown
    assert "犬の登録の申請を受け付けました。\n\n飼い犬" in shown or "犬の登録の申請を受け付けました。" in shown
    assert "Đã nhận 00-0000-0000-0" in shown
    assert not Wording.objects.exists()
    assert not Event.objects.filter(verb="text.word").exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"body_ja": "番号だけ {reference} {promised}"}, "{url} がありません"),
        ({"body_ja": OWN + "{name}"}, "{name} という値はありません"),
        ({"subject_en": "Open {"}, "組が合っていません"),
        ({"subject_ja": "二行\nの件名"}, "改行があります"),
        ({"subject_ja": "長" * 101}, "100文字以内"),
        ({"body_ja": OWN + "\u202e"}, "使えない文字"),
        ({"subject_vi": "chỉ có chủ đề"}, "件名と本文の両方"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(
    published: dict[str, Procedure], clerk: Actor, changes: dict[str, str], said: str
) -> None:
    for deed in ("save", "try"):
        answer = client_of(clerk).post(PAGE, form("received", 0, **changes, _do=deed))
        shown = answer.content.decode()
        assert answer.status_code == (422 if deed == "save" else 200)
        assert said in shown
        assert 'aria-invalid="true"' in shown
        assert changes[next(iter(changes))].partition("\u202e")[0].splitlines()[0] in shown, "what was typed is there"
    assert not Wording.objects.exists()
    assert set(Event.objects.filter(verb="text.word").values_list("outcome", "reason")) == {("refused", "text-wrong")}


@pytest.mark.parametrize(
    ("section", "post"),
    [
        ("children", "children-head"),
        ("elderly-care", "care-assessor"),
        ("digital-services", "digital-services-manager"),
    ],
)
def test_only_the_post_of_that_section(published: dict[str, Procedure], staff: Staff, section: str, post: str) -> None:
    other = staff(section, post)
    browser = client_of(other)
    assert browser.get(PAGE).status_code == 403
    assert browser.get("/desk/texts/environment/").status_code == 403
    for deed in ("save", "restore", "try"):
        assert browser.post(PAGE, form(body_ja=OWN, _do=deed)).status_code == 403
    for where in ("environment", "", "nowhere", "welfare-children"):
        with pytest.raises(NotAllowed):
            actions.word_text(where, "received", words("received", body=OWN), by=other, seen=0)
    assert not Wording.objects.exists()
    may = post == "children-head"
    assert browser.get("/desk/texts/").status_code == (200 if may else 403)
    assert ("お知らせの文" in browser.get("/desk/").content.decode()) is may


def test_of_two_who_change_the_same_words_the_second_is_told(published: dict[str, Procedure], staff: Staff) -> None:
    one, other = staff("environment", "environment-clerk"), staff("environment", "environment-head")
    actions.word_text("environment", "received", words("received", body=OWN), by=one, seen=0)
    answer = client_of(other).post(PAGE, form(body_ja="おそい文 " + OWN, seen=0, _do="save"))
    assert answer.status_code == 409
    shown = answer.content.decode()
    assert "ほかの職員が先に変えました" in shown
    assert "おそい文" in shown
    assert 'name="seen" value="1"' in shown
    for deed in (actions.restore_text,):
        with pytest.raises(Stale):
            deed("environment", "received", by=other, seen=0)
    assert Wording.objects.get().body["ja"] == OWN


def test_back_to_the_standard_and_every_version_is_kept(published: dict[str, Procedure], clerk: Actor) -> None:
    browser = client_of(clerk)
    browser.post(PAGE, form(body_ja=OWN, _do="save"))
    browser.post(PAGE, form(subject_ja="受け付けました {reference}", seen=1, _do="save"))
    answer = browser.post(PAGE, {"seen": "2", "_do": "restore"})
    assert answer.status_code == 302
    default = messages.text("received")
    assert messages.text("received", "environment") == default
    assert [one.version for one in messages.wordings("received", "environment")] == [3, 2, 1]
    shown = browser.get(PAGE).content.decode()
    assert "第3版" in shown
    assert "標準の文に戻した" in shown
    assert "<del>" in shown
    assert "<ins>" in shown
    for again in ({"_do": "restore", "seen": "3"}, form(seen=3, _do="save")):
        assert browser.post(PAGE, again).status_code == 422
    assert Wording.objects.count() == 3


def test_emptied_fields_are_the_standard_again(published: dict[str, Procedure], clerk: Actor) -> None:
    actions.word_text("environment", "received", words("received", body=OWN), by=clerk, seen=0)
    actions.word_text("environment", "received", {"subject": {}, "body": {}}, by=clerk, seen=1)
    assert messages.text("received", "environment") == messages.text("received")


def test_words_that_the_catalogue_does_not_take_any_more_are_not_sent(
    published: dict[str, Procedure], clerk: Actor
) -> None:
    Wording.objects.create(
        section="environment",
        template="received",
        version=1,
        subject={"ja": "古い {gone}", "en": "Ours {reference}"},
        body={"ja": OWN, "en": "Ours {reference} {promised} {url}"},
        changed_by_id=clerk.who,
    )
    case = handed_in(published, DOG)
    assert "古い" not in told(case).subject
    assert messages.text("received", "environment").subject["en"] == "Ours {reference}"
    assert "合わない文があります" in client_of(clerk).get("/desk/texts/environment/").content.decode()
    assert "合わなくなりました" in client_of(clerk).get(PAGE).content.decode()


def test_what_opens_accounts_is_not_a_sections(published: dict[str, Procedure], clerk: Actor) -> None:
    assert client_of(clerk).get("/desk/texts/environment/confirm-email/").status_code == 404
    with pytest.raises(NotFound):
        actions.word_text("environment", "confirm-email", words("received"), by=clerk, seen=0)
    assert "confirm-email" not in cases.wordable()


def test_every_template_can_be_opened_and_tried(published: dict[str, Procedure], clerk: Actor) -> None:
    browser = client_of(clerk)
    listed = browser.get("/desk/texts/").content.decode()
    for code, text in cases.wordable().items():
        assert f"/desk/texts/environment/{code}/" in listed
        page = f"/desk/texts/environment/{code}/"
        assert text.title in browser.get(page).content.decode()
        answer = browser.post(page, form(code))
        assert answer.status_code == 200
        assert "直すところがあります" not in answer.content.decode()


def test_hostile_words_are_words(published: dict[str, Procedure], clerk: Actor) -> None:
    hostile = "<script>alert(1)</script>{{ 7|add:7 }}%(x)s"
    shown = client_of(clerk).post(PAGE, form(body_ja=OWN + "<script>alert(1)</script>")).content.decode()
    assert "<script>alert" not in shown
    with pytest.raises(Invalid):
        actions.word_text("environment", "received", words("received", body=OWN + hostile), by=clerk, seen=0)


@pytest.mark.parametrize(
    ("before", "after"), [("", ""), ("あ", ""), ("", "い"), ("番号 {reference}", "{reference} 番"), ("a b", "a  c")]
)
def test_differences_lose_nothing(before: str, after: str) -> None:
    pieces = differences(before, after)
    assert "".join(one.words for one in pieces if one.kind != "new") == before
    assert "".join(one.words for one in pieces if one.kind != "gone") == after
