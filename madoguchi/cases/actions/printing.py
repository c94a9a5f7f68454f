"""Letters on paper, for those who need one: what was taken out for the printer is written down letter by letter."""

from madoguchi.cases.models import Step
from madoguchi.cases.rules.permission import LETTER_OF_CASE
from madoguchi.events import Actor, act, record
from madoguchi.ground import clock
from madoguchi.ground.errors import NotFound, Stale
from madoguchi.messages.models import Letter


@act("letter.print", allow=(LETTER_OF_CASE,))
def print_letter(step: Step, *, by: Actor) -> Letter:
    """通知書の印刷: the letter that this step has issued is taken out for the printer (写し). Again is another time.

    Raises Stale where it was revoked: what is no longer valid is not sent to anybody.
    """
    letter = Letter.objects.select_for_update().filter(pk=step.letter_id).first() if step.letter_id else None
    if letter is None:
        raise NotFound("letter-unknown", "この通知書は見つかりません。")
    if letter.revoked_at is not None:
        raise Stale("letter-revoked-already", "この通知書はすでに取り消されています。")
    letter.printed_at = clock.now()
    letter.save(update_fields=["printed_at"])
    record(step=step.node, case=step.case_id, letter=letter.pk)
    return letter
