"""Messages both ways: who may write, what each side sees as new, what leaves by mail, what hostile words do."""

from datetime import timedelta

import pytest
from django.test import Client

from madoguchi.cases import actions, jobs
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case, Remark
from madoguchi.cases.rules import talking
from madoguchi.desk.tests.staging import DOG, Staff, applicant, client_of, handed_in, new_resident
from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotAllowed, Refused, Stale
from madoguchi.ground.ids import uuid7
from madoguchi.messages.models import Message
from madoguchi.procedures.models import Procedure

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script> {{ 7|add:7 }} %(x)s javascript:alert(1) '; DROP TABLE case_remark; --"


@pytest.fixture
def case(published: dict[str, Procedure]) -> Case:
    return handed_in(published, DOG)


@pytest.fixture
def clerk(staff: Staff) -> Actor:
    return staff("environment", "environment-clerk")


def browser_of(who: Actor) -> Client:
    client = Client(headers={"accept-language": "ja"})
    session = client.session
    session["resident"] = {"person": str(who.id), "level": "card"}
    session.save()
    return client


def test_question_answer_and_what_is_new_at_each_side(case: Case, clerk: Actor) -> None:
    web, desk = browser_of(applicant(case)), client_of(clerk)
    assert web.post(f"/cases/{case.number}/messages/", {"body": "首輪は要りますか。"}).status_code == 302
    assert cases.count_waiting_for_answer(clerk) == 1
    assert "首輪は要りますか。" in desk.get(f"/desk/cases/{case.number}/").content.decode()
    assert cases.count_waiting_for_answer(clerk) == 1, "looking is not answering"
    listed = desk.get("/desk/messages/").content.decode()
    assert str(case.number) in listed
    desk.post(f"/desk/cases/{case.number}/messages/", {"body": "いいえ、要りません。", "once": str(uuid7())})
    assert cases.count_waiting_for_answer(clerk) == 0
    assert cases.unread(applicant(case)) == 1
    home = web.get("/").content.decode()
    assert '<span class="count">1</span>' in home
    inbox = web.get("/inbox/").content.decode()
    assert "担当課からのメッセージ" in inbox
    assert "まだ読んでいません" in inbox
    page = web.get(f"/cases/{case.number}/").content.decode()
    assert "いいえ、要りません。" in page
    assert cases.unread(applicant(case)) == 0
    assert "まだ読んでいません" not in web.get("/inbox/").content.decode()


def test_the_mail_says_only_that_there_is_a_message(case: Case, clerk: Actor) -> None:
    actions.answer(case, "診断書は不要です。", by=clerk)
    event = Event.objects.get(verb="message.answer")
    jobs.tell_answer(event.pk)
    jobs.tell_answer(event.pk)
    mail = Message.objects.get(about=case.pk, template="answered")
    assert (mail.address, mail.person_id) == ("mihon@example.jp", None)
    assert "診断書" not in mail.subject + mail.body + str(event.data)
    assert [one.kind for one in cases.inbox(applicant(case))] == ["remark"], "not told twice"


@pytest.mark.parametrize("side", ["web", "desk"])
def test_hostile_words_are_words(case: Case, clerk: Actor, side: str) -> None:
    if side == "web":
        actions.write(case, HOSTILE, by=applicant(case))
    else:
        actions.answer(case, HOSTILE, by=clerk)
    for page in (
        browser_of(applicant(case)).get(f"/cases/{case.number}/"),
        client_of(clerk).get(f"/desk/cases/{case.number}/"),
    ):
        shown = page.content.decode()
        assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ 7|add:7 }}" in shown
        assert "<script>alert" not in shown


def test_strangers_neither_write_nor_read(case: Case, staff: Staff) -> None:
    stranger, colleague = new_resident(), staff("children", "children-head")
    for refused in (
        lambda: actions.write(case, "x", by=stranger),
        lambda: actions.answer(case, "x", by=colleague),
        lambda: actions.read_thread(case, by=stranger),
        lambda: actions.read_thread(case, by=colleague),
        lambda: actions.answer(case, "x", by=applicant(case)),
    ):
        with pytest.raises(NotAllowed):
            refused()
    assert not Remark.objects.exists()
    assert browser_of(stranger).post(f"/cases/{case.number}/messages/", {"body": "x"}).status_code == 404
    assert client_of(colleague).post(f"/desk/cases/{case.number}/messages/", {"body": "x"}).status_code == 404
    assert not Remark.objects.exists()


def test_a_message_posted_twice_is_there_once(case: Case) -> None:
    once = uuid7()
    for _ in range(2):
        actions.write(case, "一度だけ", by=applicant(case), once=once)
    assert Remark.objects.count() == 1


def test_an_id_of_another_thread_is_no_way_into_it(case: Case, published: dict[str, Procedure]) -> None:
    other = handed_in(published, DOG)
    theirs = actions.write(other, "ひみつ", by=applicant(other))
    mine = actions.write(case, "わたしの", by=applicant(case), once=theirs.pk)
    assert mine.pk != theirs.pk
    assert Remark.objects.get(pk=theirs.pk).body == "ひみつ"


def test_ten_a_day_and_then_no_more(case: Case) -> None:
    for number in range(talking.MOST_PER_CASE):
        actions.write(case, str(number), by=applicant(case))
    with pytest.raises(Refused) as refused:
        actions.write(case, "eleventh", by=applicant(case))
    assert refused.value.status == 429
    with clock.travel(clock.now() + timedelta(days=1, minutes=1)):
        actions.write(case, "tomorrow", by=applicant(case))
    assert Remark.objects.count() == talking.MOST_PER_CASE + 1


def test_ninety_days_after_the_end_the_thread_closes(case: Case, clerk: Actor) -> None:
    Case.objects.filter(pk=case.pk).update(decided_at=clock.now(), closed_at=clock.now())
    with clock.travel(clock.now() + timedelta(days=89)):
        actions.write(case, "まだ聞ける", by=applicant(case))
    with clock.travel(clock.now() + timedelta(days=91)):
        with pytest.raises(Stale):
            actions.write(case, "x", by=applicant(case))
        with pytest.raises(Stale):
            actions.answer(case, "x", by=clerk)
    assert Remark.objects.count() == 1


@pytest.mark.parametrize("body", ["", "  \n ", "x" * 2001, "a\u202eb"])
def test_what_cannot_be_kept_comes_back_as_typed(case: Case, body: str) -> None:
    answer = browser_of(applicant(case)).post(f"/cases/{case.number}/messages/", {"body": body})
    assert answer.status_code == 422
    assert 'id="body-problem"' in answer.content.decode()
    assert body.strip() in answer.content.decode()
    with pytest.raises(Invalid):
        actions.write(case, body, by=applicant(case))
    assert not Remark.objects.exists()


def test_the_inbox_is_ones_own_and_can_be_filtered(case: Case, published: dict[str, Procedure], clerk: Actor) -> None:
    other = handed_in(published, DOG)
    for one in (case, other):
        jobs.tell_applicant(Event.objects.get(verb="case.submit", subject_id=one.pk).pk)
        actions.answer(one, f"{one.number} について", by=clerk)
    web = browser_of(applicant(case))
    page = web.get("/inbox/").content.decode()
    assert str(case.number) in page
    assert str(other.number) not in page
    assert web.get(f"/inbox/?case={other.number}").status_code == 404
    notice, theirs = Message.objects.get(person=case.person), Message.objects.get(person=other.person)
    assert web.get(f"/inbox/{theirs.pk}/").status_code == 404
    assert "受け付けました" in web.get(f"/inbox/{notice.pk}/").content.decode()
    notice.refresh_from_db()
    theirs.refresh_from_db()
    assert notice.read_at is not None
    assert theirs.read_at is None
    web.post("/inbox/read/")
    assert (cases.unread(applicant(case)), cases.unread(applicant(other))) == (0, 2)


def test_the_language_of_the_writer_is_kept(case: Case, clerk: Actor) -> None:
    web = browser_of(applicant(case))
    web.cookies["language"] = "en"
    web.post(f"/cases/{case.number}/messages/", {"body": "Do I need a collar?"})
    assert Remark.objects.get().language == "en"
    assert "使っている言語：English" in client_of(clerk).get(f"/desk/cases/{case.number}/").content.decode()
