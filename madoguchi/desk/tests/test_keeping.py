"""The end of a record: told before, held where somebody must, deleted whole, and the log still verifies."""

import json
from datetime import date, timedelta

import pytest
from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction

from madoguchi.cases import actions, jobs
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case, Document, DocumentContent, Hold
from madoguchi.cases.rules.keeping import LIVES
from madoguchi.desk.tests.staging import (
    CHILD,
    DOG,
    HOUSE,
    Staff,
    applicant,
    client_of,
    handed_in,
    new_resident,
    open_step,
)
from madoguchi.events import SYSTEM, Actor
from madoguchi.events import actions as log
from madoguchi.events import queries as logged
from madoguchi.events.models import Event
from madoguchi.facts.models import Entry, Import
from madoguchi.facts.tests.ledger import as_owner
from madoguchi.ground import clock
from madoguchi.ground.errors import NotAllowed, Stale
from madoguchi.ground.ids import uuid7
from madoguchi.messages.models import Letter, LetterFile, Message
from madoguchi.messages.queries import verify_code
from madoguchi.people.rules import NOBODY
from madoguchi.procedures.models import Procedure

pytestmark = pytest.mark.django_db


@pytest.fixture
def ended(published: dict[str, Procedure], staff: Staff) -> Case:
    """A case with a letter, messages both ways, facts and an e-mail address, that has come to its end."""
    case = handed_in(published, DOG)
    clerk = staff("environment", "environment-clerk")
    actions.write(case, "ひみつの質問", by=applicant(case))
    actions.answer(case, "ひみつの答え", by=clerk)
    actions.examine(open_step(case), "accept", by=clerk, note="ひみつの書き添え")
    for step in case.steps.filter(done_at=None):
        actions.perform(step, by=SYSTEM)
    for event in Event.objects.filter(verb__in=["case.submit", "message.answer"], subject_id=case.pk):
        jobs.tell_applicant(event.pk)
    case.refresh_from_db()
    assert case.closed_at is not None
    return case


def after(case: Case) -> date:
    assert case.keep_until is not None
    return case.keep_until + timedelta(days=1)


def everything_but_the_log() -> str:
    """Every row of every table of ours in text, but events, seals and what is published for all."""
    rows = []
    for model in apps.get_models():
        if model.__module__.startswith("madoguchi.") and not model._meta.db_table.startswith(("event", "procedure")):
            with as_owner():
                rows += [json.dumps(one, cls=DjangoJSONEncoder, ensure_ascii=False) for one in _plain(model)]
    return "\n".join(rows)


def _plain(model: type) -> list[dict[str, str]]:
    return [{name: str(value) for name, value in row.items()} for row in model._default_manager.values()]  # type: ignore[attr-defined]


def test_the_period_follows_from_the_outcome(ended: Case, published: dict[str, Procedure]) -> None:
    ended_on = clock.day_of(ended.closed_at or clock.now())
    assert ended.keep_until == date(ended_on.year + (ended_on.month >= 4) + 5, 3, 31)
    other = handed_in(published, DOG)
    actions.withdraw(other, by=applicant(other))
    other.refresh_from_db()
    assert other.keep_until == date(ended_on.year + (ended_on.month >= 4) + 1, 3, 31)


def test_nothing_is_deleted_before_its_day_and_all_on_it(ended: Case) -> None:
    answers, person, name = ended.answers, ended.person_id, ended.applicant
    with clock.travel(ended.keep_until or date.max):
        assert jobs.keep_house() == 0
        with pytest.raises(Stale):
            actions.delete(ended, by=SYSTEM)
    assert Case.objects.get(pk=ended.pk).answers == answers
    letter = Letter.objects.get(about=ended.pk)
    with clock.travel(after(ended)):
        assert jobs.keep_house() == 1
        assert jobs.keep_house() == 0, "done once"
    gone = Case.objects.get(pk=ended.pk)
    assert (gone.state, gone.person_id, gone.number) == ("erased", NOBODY, ended.number)
    assert (gone.received_at, gone.closed_at, gone.section) == (ended.received_at, ended.closed_at, ended.section)
    left = everything_but_the_log()
    for words in (name, "ひみつ", "mihon@example.jp", ended.search_key):
        assert words not in left, words
    assert left.count(str(person)) == 1, "the bare id in its own table"
    assert not LetterFile.objects.filter(letter=letter).exists()
    assert verify_code(letter.code).outcome == "genuine", "the letter in the resident's hands stays provable"
    tombstone = Event.objects.get(verb="case.delete", outcome="done")
    assert tombstone.data["procedure"] == "dog-registration"
    assert tombstone.data["gone"]["case_remark"] == 2
    log.seal()
    assert logged.verify().first is None


def test_whoever_has_left_the_register_goes_after_their_last_case(ended: Case) -> None:
    """住民基本台帳法施行令34条: 150 years after they have left, as the layout of the register says."""
    run = Import.objects.create(register="residents", office="residents", day=date(2026, 11, 1), digest="0" * 64,
                                is_whole=True)  # fmt: skip
    left = Entry.objects.create(register="residents", number="1", person_id=ended.person_id, digest=b"", seen=run,
                                gone_since=date(1870, 4, 1))  # fmt: skip
    assert jobs.keep_house() == 0, "their case is kept"
    assert cases.due().leavers == 0
    with clock.travel(after(ended)):
        assert jobs.keep_house() == 2
        assert jobs.keep_house() == 0
    assert not Entry.objects.filter(pk=left.pk).exists()
    assert Event.objects.get(verb="register.forget").data["gone"] == {"register_entry": 1}


def test_the_resident_no_longer_sees_it_and_the_statistics_still_count_it(ended: Case) -> None:
    by = applicant(ended)
    with clock.travel(after(ended)):
        jobs.keep_house()
    assert list(cases.own_cases(by)) == []
    assert cases.inbox(by) == []
    assert Case.objects.filter(procedure=ended.procedure, closed_at__isnull=False).count() == 1


def test_photographs_go_with_the_case(published: dict[str, Procedure]) -> None:
    case = handed_in(published, HOUSE)
    assert Document.objects.filter(case=case).exists()
    actions.withdraw(case, by=applicant(case))
    case.refresh_from_db()
    with clock.travel(after(case)):
        assert jobs.keep_house() == 1, "told first"
        assert Document.objects.filter(case=case).exists()
    with clock.travel(after(case) + timedelta(days=31)):
        assert jobs.keep_house() == 1
    assert not DocumentContent.objects.exists()
    assert not Document.objects.exists()
    assert Message.objects.count() == 0


def test_a_draft_that_its_owner_has_deleted_goes_without_a_word(published: dict[str, Procedure]) -> None:
    """Also where a procedure tells its applicants first: the worker asks again as long as something was done."""
    draft = actions.open_draft(published[HOUSE[0]], by=new_resident())
    actions.withdraw(draft, by=applicant(draft))
    draft.refresh_from_db()
    with clock.travel(draft.keep_until or date.max):
        assert jobs.keep_house() == 0
    with clock.travel(after(draft)):
        assert jobs.keep_house() == 1
        assert jobs.keep_house() == 0
    assert Case.objects.get(pk=draft.pk).erased_at is not None
    assert not Event.objects.filter(verb="case.warn").exists()
    assert not Message.objects.exists()


def test_whoever_may_need_the_letter_is_told_a_month_before(published: dict[str, Procedure]) -> None:
    case = handed_in(published, CHILD)
    actions.withdraw(case, by=applicant(case))
    case.refresh_from_db()
    assert case.keep_until is not None
    with clock.travel(case.keep_until - timedelta(days=30)):
        jobs.keep_house()
        jobs.keep_house()
        told = Message.objects.get(template="deletion-soon")
    assert told.address == "mihon@example.jp"
    assert f"{after(case).year}年{after(case).month}月{after(case).day}日" in told.body


def test_a_forgotten_draft_is_told_of_and_then_deleted(published: dict[str, Procedure]) -> None:
    by = new_resident()
    case = actions.open_draft(published["dog-registration"], by=by)
    begun = clock.now()
    with clock.travel(begun + timedelta(days=22)):
        assert jobs.keep_house() == 0
    with clock.travel(begun + timedelta(days=23, hours=1)):
        assert jobs.keep_house() == 1
        assert jobs.keep_house() == 0
    told = Message.objects.get(template="draft-forgotten")
    assert f"/cases/{case.pk}/" in told.body
    with clock.travel(begun + timedelta(days=29)):
        assert jobs.keep_house() == 0
    with clock.travel(begun + timedelta(days=30, hours=2)):
        assert jobs.keep_house() == 1
    gone = Case.objects.get(pk=case.pk)
    assert (gone.state, gone.person_id) == ("erased", NOBODY)
    assert not Message.objects.exists()


def test_a_draft_that_goes_on_lives_on(published: dict[str, Procedure]) -> None:
    case = actions.open_draft(published["dog-registration"], by=new_resident())
    begun = clock.now()
    with clock.travel(begun + timedelta(days=24)):
        jobs.keep_house()
    Case.objects.filter(pk=case.pk).update(saved_at=begun + timedelta(days=25))
    with clock.travel(begun + timedelta(days=40)):
        assert jobs.keep_house() == 0
    with clock.travel(begun + timedelta(days=56)):
        assert jobs.keep_house() == 1, "told anew first"
    assert Case.objects.get(pk=case.pk).erased_at is None


def test_a_hold_keeps_the_record_until_it_is_released_or_over(ended: Case, staff: Staff) -> None:
    head = staff("environment", "environment-head")
    with clock.travel(after(ended) - timedelta(days=10)):
        held = actions.hold(ended, "審査請求が続いているため", after(ended) + timedelta(days=20), by=head)
    with clock.travel(after(ended)):
        assert jobs.keep_house() == 0
        with pytest.raises(Stale):
            actions.delete(ended, by=SYSTEM)
    assert Case.objects.get(pk=ended.pk).erased_at is None
    with clock.travel(after(ended) + timedelta(days=5)):
        actions.release_hold(ended, held.pk, by=head)
        with pytest.raises(Stale):
            actions.release_hold(ended, held.pk, by=head)
        assert jobs.keep_house() == 1
    assert Event.objects.get(verb="case.hold").data.keys() == {"hold", "until"}, "the reason may name people"


@pytest.mark.parametrize(
    ("section", "post"),
    [("environment", "environment-clerk"), ("children", "children-head"), ("taxation", "taxation-head")],
)
def test_only_the_named_post_of_the_section_holds(ended: Case, staff: Staff, section: str, post: str) -> None:
    with pytest.raises(NotAllowed):
        actions.hold(ended, "x", clock.today() + timedelta(days=9), by=staff(section, post))
    assert not Hold.objects.exists()


@pytest.mark.parametrize("by", [Actor("visitor"), Actor("staff", sections=frozenset({"environment"}))])
def test_nobody_deletes_by_hand(ended: Case, by: Actor) -> None:
    with clock.travel(after(ended)), pytest.raises(NotAllowed):
        actions.delete(ended, by=by)
    assert Case.objects.get(pk=ended.pk).erased_at is None


def test_an_erased_case_cannot_be_half_empty(ended: Case) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():  # noqa: TID251 -- contains the error, changes nothing
        Case.objects.filter(pk=ended.pk).update(erased_at=clock.now())


def test_the_list_of_lives_names_tables_that_exist() -> None:
    tables = {model._meta.db_table for model in apps.get_models()}
    assert set(LIVES) <= tables


# -- at the desk ------------------------------------------------------------------------------------------------------


def test_a_head_holds_and_releases_on_the_page_of_the_case(ended: Case, staff: Staff) -> None:
    client = client_of(staff("environment", "environment-head"))
    page, form = f"/desk/cases/{ended.number}/", f"/desk/cases/{ended.number}/hold/"
    assert "保存期間は" in client.get(page).content.decode()
    until = (clock.today() + timedelta(days=400)).isoformat()
    answer = client.post(form, {"reason": "審査請求が続いているため", "until": until}, follow=True)
    shown = answer.content.decode()
    assert "廃棄を保留しました。" in shown
    assert "廃棄を保留中" in shown
    held = Hold.objects.get()
    shown = client.post(form, {"release": str(held.pk)}, follow=True).content.decode()
    assert "廃棄の保留を解除しました。" in shown
    assert "廃棄を保留中" not in shown
    assert not cases.is_held(ended)
    assert client.post(form, {"release": str(held.pk)}).status_code == 409


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ({"reason": "", "until": "2027-05-01"}, "廃棄しない理由を書いてください。"),
        ({"reason": "ひみつの理由", "until": "いつか"}, "明日から5年のうちの日を書いてください。"),
        ({"reason": "ひみつの理由", "until": "1999-01-01"}, "明日から5年のうちの日を書いてください。"),
        ({"reason": "ひみつの理由", "until": "9999-12-31"}, "明日から5年のうちの日を書いてください。"),
    ],
)
def test_what_is_wrong_with_a_hold_is_said_and_what_was_typed_stays(
    ended: Case, staff: Staff, typed: dict[str, str], problem: str
) -> None:
    client = client_of(staff("environment", "environment-head"))
    answer = client.post(f"/desk/cases/{ended.number}/hold/", typed)
    assert answer.status_code == 422
    assert problem in answer.content.decode()
    assert typed["reason"] in answer.content.decode()
    assert not Hold.objects.exists()
    refused = Event.objects.get(verb="case.hold")
    assert refused.outcome == "refused"
    assert "ひみつ" not in json.dumps(refused.data, ensure_ascii=False)


def test_a_clerk_reads_of_holds_and_cannot_make_one(ended: Case, staff: Staff) -> None:
    client = client_of(staff("environment", "environment-clerk"))
    shown = client.get(f"/desk/cases/{ended.number}/").content.decode()
    assert "保存期間は" in shown
    assert "廃棄を保留する" not in shown
    answer = client.post(f"/desk/cases/{ended.number}/hold/", {"reason": "x", "until": "2027-05-01"})
    assert answer.status_code == 403
    assert not Hold.objects.exists()


def test_what_ends_soon_and_what_has_gone_is_listed_for_the_section(ended: Case, staff: Staff) -> None:
    head, other = staff("environment", "environment-head"), staff("children", "children-head")
    with clock.travel(after(ended) - timedelta(days=30)):
        actions.hold(ended, "監査", after(ended) - timedelta(days=2), by=head)
        shown = client_of(head).get("/desk/keeping/").content.decode()
        assert str(ended.number) in shown
        assert "保留中" in shown
        assert str(ended.number) not in client_of(other).get("/desk/keeping/").content.decode()
    with clock.travel(after(ended)):
        jobs.keep_house()
        shown = client_of(head).get("/desk/keeping/").content.decode()
        assert str(ended.number) in shown
        assert ended.applicant not in shown
        assert str(ended.number) not in client_of(other).get("/desk/keeping/").content.decode()
        assert client_of(head).get(f"/desk/cases/{ended.number}/").status_code == 404


def test_mails_that_only_confirmed_an_address_go_after_a_month(ended: Case) -> None:
    told = Message.objects.filter(about=ended.pk).count()
    assert told
    lone = {"template": "confirm-email", "channel": "mail", "address": "neu@example.jp", "subject": "確認", "body": ""}
    old = Message.objects.create(event_id=uuid7(), created_at=clock.now() - timedelta(days=31), **lone)
    new = Message.objects.create(event_id=uuid7(), **lone)
    jobs.forget_mails()
    jobs.forget_mails()
    assert set(Message.objects.filter(about=None).values_list("pk", flat=True)) == {new.pk}
    assert Message.objects.filter(about=ended.pk).count() == told, "what is about a case lives as long as it"
    assert not Message.objects.filter(pk=old.pk).exists()
    assert [one.data for one in Event.objects.filter(verb="message.forget")] == [{"gone": 1}]
