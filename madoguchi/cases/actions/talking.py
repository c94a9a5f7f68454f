"""Messages both ways: the applicant asks the section in charge, the section answers, each sees what is new.

A mail says only that there is a message; what was said stands here alone.
"""

from collections.abc import Mapping
from types import MappingProxyType
from uuid import UUID

from django.db.models import Q

from madoguchi.cases.actions import driving
from madoguchi.cases.actions.reasons import IN_CASE, SEES_CASE
from madoguchi.cases.models import Case, Remark, Use
from madoguchi.cases.queries import may_write
from madoguchi.cases.queries.phrases import translations
from madoguchi.cases.rules import talking
from madoguchi.cases.rules.permission import SECTION_OF_CASE
from madoguchi.events import Actor, act, record
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, Problem, Refused, Stale
from madoguchi.ground.text import clean


@act("message.write", allow=(SEES_CASE,))
def write(case: Case, body: str, *, by: Actor, language: str = "ja", once: UUID | None = None) -> Remark:
    """担当課へのメッセージ: the applicant asks or tells the office something about the case.

    ``once`` is the id of the form: posted twice, the message is there once.
    """
    fresh, said = _written(case, body)
    if once is not None and (same := Remark.objects.filter(pk=once, case=fresh, account=None).first()) is not None:
        record(again=True)
        return same
    since = clock.now() - talking.WINDOW
    lately = Remark.objects.filter(account=None, written_at__gt=since)
    if (
        lately.filter(case=fresh).count() >= talking.MOST_PER_CASE
        or lately.filter(case__person_id=by.who).count() >= talking.MOST_PER_PERSON
    ):
        raise Refused(
            "messages-too-many",
            "1日に送れるメッセージの数を超えました。明日もう一度送るか、お急ぎのときは電話でお問い合わせください。",
            status=429,
        )
    return _keep(fresh, said, language, None, once)


@act("message.answer", allow=(SECTION_OF_CASE, IN_CASE))
def answer(case: Case, body: str, *, by: Actor, once: UUID | None = None) -> Remark:
    """申請者へのメッセージ: the office answers or asks; what the applicant had written counts as answered."""
    fresh, said = _written(case, body)
    if once is not None and (same := Remark.objects.filter(pk=once, case=fresh, account_id=by.who).first()) is not None:
        record(again=True)
        return same
    (more,) = translations(fresh, by, Use.MESSAGE, [said])
    remark = _keep(fresh, said, "ja", by.who, once, more)
    record(answered=_read(fresh, Q(account__isnull=True)))
    return remark


@act("thread.read", allow=(SEES_CASE, SECTION_OF_CASE, IN_CASE))
def read_thread(case: Case, *, by: Actor) -> Case:
    """メッセージの閲覧: the applicant has opened what the office wrote; or the office has, and need not answer."""
    record(read=_read(case, Q(account__isnull=by.kind == "staff")))
    return case


def _written(case: Case, body: str) -> tuple[Case, str]:
    fresh = driving.locked(case)
    if not may_write(fresh):
        raise Stale(
            "thread-closed",
            "この手続きについてのメッセージの受付は終わりました。担当課に電話でお問い合わせください。",
        )
    try:
        said = clean(body, multiline=True, max_length=talking.MOST_CHARACTERS, emoji=True)
    except Invalid as refusal:
        raise Invalid(refusal.code, refusal.message, refusal.params, fields={"body": refusal.as_problem()}) from None
    if not said:
        problem = Problem("message-empty", "メッセージを書いてください。")
        raise Invalid("message-empty", "メッセージを書いてください。", fields={"body": problem})
    return fresh, said


def _keep(
    case: Case,
    said: str,
    language: str,
    account: UUID | None,
    once: UUID | None,
    more: Mapping[str, str] = MappingProxyType({}),
) -> Remark:
    remark = Remark(case=case, body=said, language=language, account_id=account, translated=dict(more))
    if once is not None and not Remark.objects.filter(pk=once).exists():
        remark.pk = once
    remark.save(force_insert=True)
    Case.objects.filter(pk=case.pk).update(changed_at=clock.now())
    record(remark=remark.pk, characters=len(said))
    return remark


def _read(case: Case, side: Q) -> int:
    return Remark.objects.filter(side, case=case, read_at=None).update(read_at=clock.now())
