"""文例: who keeps them, what is refused, and that an applicant reads them in their own language."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case, Correction, Decision, Phrase, Remark
from madoguchi.cases.rules import phrases as rules
from madoguchi.cases.tests.conftest import Staff
from madoguchi.desk.tests.staging import CHILD, DOG, applicant, client_of, handed_in, open_step
from madoguchi.desk.tests.test_talking import browser_of
from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.ground.errors import Invalid, NotAllowed, Stale
from madoguchi.procedures.models import Procedure

pytestmark = pytest.mark.django_db

PAGE = "/desk/phrases/children/"
BLURRED = {
    "ja": "写真がはっきりしません。撮り直してください。",
    "en": "The photograph is blurred. Please take it again.",
    "vi": "Ảnh bị mờ. Vui lòng chụp lại.",
}
GREETING = {"ja": "お問い合わせの件（{reference}）です。", "vi": "Về câu hỏi của bạn ({reference})."}


@pytest.fixture
def clerk(staff: Staff) -> Actor:
    return staff("children", "children-clerk")


@pytest.fixture
def head(staff: Staff) -> Actor:
    return staff("children", "children-head")


def add(by: Actor, use: str, words: dict[str, str], *, title: str = "見出し", code: str = "") -> Phrase:
    return actions.add_phrase("children", use=use, title=title, words=words, code=code, by=by)


def form(**changes: str) -> dict[str, str]:
    fields = {"use": "correction", "title": "写真", "code": "", "words.ja": BLURRED["ja"], "words.vi": BLURRED["vi"]}
    return {**fields, **changes}


def in_vietnamese(published: dict[str, Procedure]) -> Case:
    case = handed_in(published, CHILD)
    Case.objects.filter(pk=case.pk).update(language="vi")
    case.refresh_from_db()
    return case


def test_a_correction_is_read_in_the_applicants_language(published: dict[str, Procedure], clerk: Actor) -> None:
    add(clerk, "correction", BLURRED)
    case = in_vietnamese(published)
    shown = client_of(clerk).get(f"/desk/cases/{case.number}/").content.decode()
    assert BLURRED["ja"] in shown
    assert "申請者はTiếng Việtで読みます" in shown
    words = BLURRED["ja"] + "\n裏側もお願いします。"
    actions.examine(open_step(case), "return", by=clerk, corrections={"person.phone": words})
    correction = Correction.objects.get(step__case=case)
    assert correction.message == words, "what the clerk wrote is kept"
    assert correction.translated["vi"] == BLURRED["vi"] + "\n裏側もお願いします。"
    web = browser_of(applicant(case))
    web.cookies["language"] = "vi"
    home = web.get(f"/cases/{case.number}/").content.decode()
    assert BLURRED["vi"] in home
    assert BLURRED["ja"] in home, "the Japanese words stay to be seen"
    (form,) = re.findall(r'class="button solid" href="([^"]+)"', home)
    assert BLURRED["vi"] in web.get(form).content.decode(), "beside the field, too"
    web.cookies["language"] = "ja"
    japanese = web.get(f"/cases/{case.number}/").content.decode()
    assert BLURRED["vi"] not in japanese
    assert BLURRED["vi"].split(".")[0] in client_of(clerk).get(f"/desk/cases/{case.number}/").content.decode()


def test_a_message_is_read_in_the_applicants_language(published: dict[str, Procedure], clerk: Actor) -> None:
    add(clerk, "message", GREETING)
    case = in_vietnamese(published)
    actions.answer(case, f"お問い合わせの件（{case.number}）です。", by=clerk)
    remark = Remark.objects.get()
    assert remark.translated == {"vi": f"Về câu hỏi của bạn ({case.number})."}
    web = browser_of(applicant(case))
    web.cookies["language"] = "vi"
    page = web.get(f"/cases/{case.number}/").content.decode()
    assert remark.translated["vi"] in page
    assert remark.body in page
    actions.answer(case, "自分で書いた文です。", by=clerk)
    assert Remark.objects.get(body="自分で書いた文です。").translated == {}


def test_a_reason_is_read_in_the_applicants_language(published: dict[str, Procedure], staff: Staff) -> None:
    clerk = staff("environment", "environment-clerk")
    reason = {"ja": "狂犬病予防注射が確認できませんでした。", "en": "No rabies vaccination could be confirmed."}
    actions.add_phrase("environment", use="reason", title="注射", words=reason, by=clerk)
    case = handed_in(published, DOG)
    actions.examine(open_step(case), "refuse", by=clerk, reasons=[reason["ja"], "ほかの理由。"])
    head = staff("environment", "environment-head")
    for step in case.steps.filter(kind="approve", done_at=None):
        actions.approve(step, "approve", by=head)
    assert Decision.objects.get(case=case).reasons == [reason, {"ja": "ほかの理由。"}]


def test_the_page_adds_changes_and_takes_out(published: dict[str, Procedure], clerk: Actor, head: Actor) -> None:
    mine, theirs = client_of(clerk), client_of(head)
    assert mine.get("/desk/phrases/").headers["Location"] == PAGE
    assert mine.post(PAGE, form()).status_code == 302
    one = Phrase.objects.get()
    listed = mine.get(PAGE).content.decode()
    assert BLURRED["vi"] in listed
    assert "English" in listed, "the languages that lack are named"
    assert mine.get(f"{PAGE}{one.pk}/").status_code == 200
    assert theirs.post(f"{PAGE}{one.pk}/", form(title="写真がぼけている")).status_code == 302
    one.refresh_from_db()
    assert one.retired_at is not None
    (new,) = cases.phrases_of("children")
    assert (new.title, new.words["vi"]) == ("写真がぼけている", BLURRED["vi"])
    assert mine.post(f"{PAGE}{new.pk}/", {"_do": "retire"}).status_code == 403
    assert cases.phrases_of("children") == [new]
    assert theirs.post(f"{PAGE}{new.pk}/", {"_do": "retire"}).status_code == 302
    assert cases.phrases_of("children") == []
    assert theirs.post(f"{PAGE}{new.pk}/", {"_do": "retire"}).status_code == 409
    assert Phrase.objects.count() == 2
    verbs = list(Event.objects.filter(verb__startswith="phrase.", outcome="done").order_by("id").values_list("verb"))
    assert verbs == [("phrase.add",), ("phrase.change",), ("phrase.retire",)]


def test_a_phrase_of_another_is_not_ones_own(published: dict[str, Procedure], staff: Staff, clerk: Actor) -> None:
    one = add(clerk, "note", {"ja": "電話で確認ずみ"})
    colleague, stranger = staff("children", "children-clerk"), staff("taxation", "taxation-head")
    for by in (colleague, stranger):
        with pytest.raises(NotAllowed):
            actions.change_phrase(one, use="note", title="x", words={"ja": "x"}, by=by)
        with pytest.raises(NotAllowed):
            actions.retire_phrase(one, by=by)
    with pytest.raises(NotAllowed):
        add(stranger, "note", {"ja": "x"})
    browser = client_of(stranger)
    assert browser.get(PAGE).status_code == 403
    assert browser.post(PAGE, form()).status_code == 403
    assert browser.post(f"{PAGE}{one.pk}/", {"_do": "retire"}).status_code == 403
    assert browser.post(f"/desk/phrases/taxation/{one.pk}/", {"_do": "retire"}).status_code == 404
    assert list(Phrase.objects.values_list("pk", "retired_at")) == [(one.pk, None)]


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"title": " "}, "title"),
        ({"title": "長" * 61}, "title"),
        ({"use": "letter"}, "use"),
        ({"code": "dog-registration"}, "code"),
        ({"words.ja": ""}, "words-ja"),
        ({"words.ja": "{phone} へ"}, "words-ja"),
        ({"words.vi": "{"}, "words-vi"),
        ({"words.vi": "a\u202eb"}, "words-vi"),
        ({"use": "reason", "words.ja": "一行\n二行"}, "words-ja"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(
    published: dict[str, Procedure], clerk: Actor, changes: dict[str, str], place: str
) -> None:
    answer = client_of(clerk).post(PAGE, form(**changes))
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert f'id="{place}-problem"' in shown
    assert "words.vi" in changes or BLURRED["vi"] in shown, "what was typed is still there"
    assert not Phrase.objects.exists()


def test_of_two_who_change_it_the_second_is_told(published: dict[str, Procedure], clerk: Actor, head: Actor) -> None:
    one = add(clerk, "note", {"ja": "電話で確認ずみ"})
    actions.change_phrase(one, use="note", title="電話", words={"ja": "電話で確認した"}, by=head)
    with pytest.raises(Stale):
        actions.change_phrase(one, use="note", title="x", words={"ja": "x"}, by=clerk)
    assert [words.words for words in cases.phrases_of("children")] == [{"ja": "電話で確認した"}]


def test_not_without_end(published: dict[str, Procedure], clerk: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_OF_SECTION", 1)
    add(clerk, "note", {"ja": "一つ目"})
    with pytest.raises(Invalid):
        add(clerk, "note", {"ja": "二つ目"})
    assert Phrase.objects.count() == 1


def test_a_case_is_offered_what_is_of_its_procedure(published: dict[str, Procedure], clerk: Actor) -> None:
    add(clerk, "note", {"ja": "児童手当のメモ"}, code="child-allowance-claim")
    add(clerk, "note", {"ja": "保育のメモ"}, code="childcare-place")
    case = handed_in(published, CHILD)
    shown = client_of(clerk).get(f"/desk/cases/{case.number}/").content.decode()
    assert "児童手当のメモ" in shown
    assert "保育のメモ" not in shown


def test_beside_a_deed_for_many_stands_what_reads_the_same_in_all(
    published: dict[str, Procedure], clerk: Actor, head: Actor
) -> None:
    add(clerk, "note", {"ja": "台帳と照合済み。"}, title="照合")
    add(clerk, "note", {"ja": "{reference}を照合済み。"}, title="番号つき")
    add(clerk, "note", {"ja": "口座を確認済み。"}, title="口座", code=CHILD[0])
    add(clerk, "reason", {"ja": "期限を過ぎています。"}, title="理由")
    one, other = handed_in(published, CHILD), handed_in(published, CHILD)
    for case in (one, other):
        actions.examine(open_step(case), "accept", by=clerk)
    keys = [str(one.pk), str(other.pk)]
    page = client_of(head).post("/desk/batch/", {"deed": "approve", "case": keys}).content.decode()
    offered = re.findall(r'<dd class="typed">(.*?)</dd>', page)
    assert offered == ["口座を確認済み。", "台帳と照合済み。"]
    assert 'data-phrases="note"' in page


def test_the_name_of_one_applicant_never_reaches_another(published: dict[str, Procedure], clerk: Actor) -> None:
    add(clerk, "message", {"ja": "{name}様"})
    one = handed_in(published, CHILD, name="見本 一", kana="みほん はじめ")
    other = handed_in(published, CHILD, name="見本 二", kana="みほん つぐ")
    assert cases.phrases_for(one, clerk)["message"] == [("見出し", {"ja": "見本 一様"})]
    assert cases.phrases_for(other, clerk)["message"] == [("見出し", {"ja": "見本 二様"})]


@given(st.lists(st.sampled_from(["あ", "い\nう", "え"]), max_size=5))
def test_lines_that_no_phrase_knows_stay_as_they_are(parts: list[str]) -> None:
    text = "\n".join(parts)
    said = rules.translations(text, [{"ja": "い\nう", "en": "b c"}, {"ja": "い", "en": "b"}])
    assert said == ({"en": text.replace("い\nう", "b c")} if "い\nう" in parts else {})


@given(st.text(), st.text())
def test_any_text_is_translated_or_not(text: str, phrase: str) -> None:
    for words in rules.translations(text, [{"ja": phrase, "en": "x"}]).values():
        assert "x" in words


def test_a_value_is_no_place() -> None:
    assert rules.filled("{name}", {"name": "{reference}", "reference": "1"}) == "{reference}"
