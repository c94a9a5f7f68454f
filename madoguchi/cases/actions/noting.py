"""庁内メモ: what staff write on a case for each other."""

import datetime as dt
from typing import Final
from uuid import UUID

from madoguchi.cases.actions.reasons import CONSULTED, IN_CASE
from madoguchi.cases.models import Case, Note
from madoguchi.cases.rules.permission import SECTION_OF_CASE
from madoguchi.events import Actor, act, record
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotAllowed, NotFound, Problem, Stale
from madoguchi.ground.text import clean

MOST: Final = 2000
#: A slip may be mended for so long; then the note stands, and a second one says better.
MENDABLE: Final = dt.timedelta(minutes=15)


@act("case.note", allow=(SECTION_OF_CASE, IN_CASE, CONSULTED))
def note(case: Case, text: str, *, by: Actor) -> Note:
    """庁内メモ: a note for colleagues; the applicant does not see it."""
    made = Note.objects.create(case=case, text=_said(text), written_by_id=by.who)
    record(note=made.pk)
    return made


@act("case.amend-note", allow=(SECTION_OF_CASE, IN_CASE, CONSULTED))
def amend_note(case: Case, note_id: UUID, text: str, *, by: Actor) -> Note:
    """庁内メモの書き直し: the writer mends a slip, within minutes."""
    held = Note.objects.select_for_update().filter(case=case, pk=note_id).first()
    if held is None:
        raise NotFound("note-unknown", "このメモは見つかりません。")
    if held.written_by_id != by.who:
        raise NotAllowed("note-of-another", "ほかの職員が書いたメモは書き直せません。")
    if not mendable(held):
        raise Stale("note-stands", "書いてから15分たったメモは書き直せません。新しいメモを足してください。")
    held.text, held.amended_at = _said(text), clock.now()
    held.save(update_fields=["text", "amended_at"])
    record(note=held.pk)
    return held


def mendable(held: Note) -> bool:
    """Whether a slip in it can still be mended."""
    return clock.now() - held.written_at < MENDABLE


def _said(text: str) -> str:
    said = clean(text, multiline=True, max_length=MOST)
    if not said:
        problem = Problem("note-empty", "メモを書いてください。")
        raise Invalid("note-empty", problem.message, fields={"text": problem})
    return said
