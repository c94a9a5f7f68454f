"""One deed for many cases. Confirming begins it; the worker then does each, as an act of its own, or not at all."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from django.db import IntegrityError, transaction

from madoguchi.cases.actions import approving, handling, sharing
from madoguchi.cases.actions.printing import post_letter, print_letter
from madoguchi.cases.actions.reminding import remind
from madoguchi.cases.models import Batch, Step
from madoguchi.cases.queries import DEEDS, MOST_AT_ONCE, events_of, hindrance
from madoguchi.events import SYSTEM, Actor, Reason, act, record
from madoguchi.events.acting import refuse
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotAllowed, Refused
from madoguchi.ground.text import clean
from madoguchi.people.models import Account
from madoguchi.people.queries import actor_of_account

STAFF = Reason("staff", "職員だから（権限は1件ごとに確かめる）", lambda actor, _: actor.kind == "staff")


@act("batch.begin", allow=(STAFF,))
def begin_batch(
    key: UUID,
    deed: str,
    steps: Sequence[UUID],
    *,
    by: Actor,
    to: Account | None = None,
    note: str = "",
    drafts: Sequence[str] = (),
    day: dt.date | None = None,
) -> Batch:
    """まとめて処理: ``deed`` shall be done to each of ``steps``. Confirming the same preview twice begins it once.

    ``drafts`` are the digests of the decisions that the preview showed, in the order of ``steps``; ``day`` is when
    letters were posted. Nothing is done yet; whether it may be, is asked for each step when its turn comes.
    """
    if deed not in DEEDS:
        raise Invalid("batch-deed", "まとめて行う操作を選んでください。")
    seen = dict(zip(steps, drafts, strict=False))
    wanted = list(dict.fromkeys(steps))
    if not wanted or len(wanted) > MOST_AT_ONCE:
        raise Invalid("batch-size", "1件から%(most)s件までを選んでください。", {"most": MOST_AT_ONCE})
    if (deed == "post") != (day is not None):
        raise Invalid("posted-day", "発送した日を選んでください。")
    said = clean(note, multiline=True, max_length=handling.MAX_NOTE)
    shown = [seen.get(one, "") for one in wanted] if drafts else []
    try:
        with transaction.atomic():  # noqa: TID251 -- a savepoint inside the act
            batch = Batch.objects.create(
                id=key, deed=deed, account_id=by.who, to=to, note=said, day=day, steps=wanted, drafts=shown
            )
    except IntegrityError:
        batch = Batch.objects.get(pk=key)
        if batch.account_id != by.who:
            raise NotAllowed("not-allowed", "この操作をする権限がありません。") from None
        record(again=True)
        return batch
    record(deed=deed, count=len(wanted), to=to.pk if to else None)
    return batch


@act("batch.end", allow=(BY_SYSTEM,))
def _end(batch: Batch, *, by: Actor = SYSTEM) -> Batch:
    """まとめて処理の終わり: every step was tried; each has its own event."""
    batch.ended_at = clock.now()
    batch.save(update_fields=["ended_at"])
    return batch


def carry_out(batch: Batch) -> None:
    """Try every step that has no event yet, with what its member of staff may do now; then end the batch.

    Safe to be killed anywhere and to be run again: what was done is in the log, and is not done twice.
    """
    by = actor_of_account(batch.account, channel="batch")
    tried = {event.subject_id for event in events_of(batch)}
    for key in batch.steps:
        step = Step.objects.select_related("case").filter(pk=key).first()
        if step is not None and key not in tried and batch.account.is_active:
            _try(batch, step, by)
    if batch.ended_at is None:
        _end(batch, by=SYSTEM)


def _try(batch: Batch, step: Step, by: Actor) -> None:
    """The act for one step. A refusal is its own event, and the next step's turn comes."""
    deed = batch.deed
    problem = hindrance("accept", step, by) if deed == "accept" and step.done_at is None else None
    if problem is not None:
        refuse("case.examine", Invalid(problem.code, problem.message), by=by, subject=step)
        return
    try:
        if deed == "claim":
            sharing.claim(step, by=by)
        elif deed == "assign" and batch.to is not None:
            sharing.assign(step, batch.to, by=by)
        elif deed == "release":
            sharing.release(step, by=by)
        elif deed == "accept":
            handling.examine(step, "accept", by=by, note=batch.note)
        elif deed == "approve":
            approving.approve(step, "approve", by=by, note=batch.note, draft=_draft(batch, step))
        elif deed == "do":
            handling.do(step, by=by, note=batch.note)
        elif deed == "remind":
            remind(step, by=by)
        elif deed == "print":
            print_letter(step, by=by)
        elif deed == "post" and batch.day is not None:
            post_letter(step, batch.day, by=by)
    except Refused:
        return


def _draft(batch: Batch, step: Step) -> str | None:
    """The decision that was seen for this step; None where the batch was begun without any preview."""
    return batch.drafts[batch.steps.index(step.pk)] if batch.drafts else None
