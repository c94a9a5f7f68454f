"""Letters on paper, for those who need one: what was taken out for the printer, and then posted, is written down letter
by letter. A letter that was taken out may still lie in the office."""

import datetime as dt

from madoguchi.cases.models import Step
from madoguchi.cases.rules.permission import LETTER_OF_CASE
from madoguchi.events import Actor, act, record
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotFound, Stale
from madoguchi.messages.models import Letter


@act("letter.print", allow=(LETTER_OF_CASE,))
def print_letter(step: Step, *, by: Actor) -> Letter:
    """通知書の印刷: the letter that this step has issued is taken out for the printer (写し). Again is another time.

    Raises Stale where it was revoked: what is no longer valid is not sent to anybody.
    """
    letter = _valid(step)
    letter.printed_at = clock.now()
    letter.save(update_fields=["printed_at"])
    record(step=step.node, case=step.case_id, letter=letter.pk)
    return letter


@act("letter.post", allow=(LETTER_OF_CASE,))
def post_letter(step: Step, day: dt.date, *, by: Actor) -> Letter:
    """通知書の発送: the letter that this step has issued went to the post on ``day``. Said again, the last day counts.

    Raises Invalid where that day lies before the letter or is still to come, Stale where the letter was revoked.
    """
    letter = _valid(step)
    if day > clock.today():
        raise Invalid("posted-later", "発送した日は、今日までの日にしてください。")
    if day < clock.day_of(letter.issued_at):
        raise Invalid("posted-before-issue", "発送した日が、通知書の日付より前です。")
    letter.posted_on = day
    letter.save(update_fields=["posted_on"])
    record(step=step.node, case=step.case_id, letter=letter.pk, day=day.isoformat())
    return letter


def _valid(step: Step) -> Letter:
    """The letter of this step, for update. Raises NotFound where there is none, Stale where it was revoked."""
    letter = Letter.objects.select_for_update().filter(pk=step.letter_id).first() if step.letter_id else None
    if letter is None:
        raise NotFound("letter-unknown", "この通知書は見つかりません。")
    if letter.revoked_at is not None:
        raise Stale("letter-revoked-already", "この通知書はすでに取り消されています。")
    return letter
