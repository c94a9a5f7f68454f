"""Many cases at once, as the pages show it: first what would happen to each, then what became of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from madoguchi.cases import queries as cases
from madoguchi.cases.models import Batch
from madoguchi.cases.queries import Became, Deed, Foreseen
from madoguchi.desk.presenting.history import WHY_NOT
from madoguchi.desk.presenting.phrases import OfferedUse, offered_notes
from madoguchi.desk.presenting.words import day_words, holders_words, time_words
from madoguchi.desk.presenting.worklist import deed_titles
from madoguchi.events import Actor
from madoguchi.ground import clock
from madoguchi.ground.errors import fill
from madoguchi.ground.ids import uuid7
from madoguchi.messages.models import Letter
from madoguchi.people.models import Account
from madoguchi.procedures import queries as procedures

#: What the deed is for one case, where nothing of the flow follows from it.
_DOES: Final[Mapping[str, str]] = {
    "claim": gettext_noop("あなたの担当になります。"),
    "assign": gettext_noop("%(who)sさんの担当になります。"),
    "release": gettext_noop("担当なしになり、課のだれでも処理できます。"),
    "remind": gettext_noop("申請者に、直してほしい項目と期限をもう一度お知らせします。"),
}
#: What is done to each letter, and not to each case.
_OF_LETTERS: Final = frozenset({"print", "post"})
#: What can be written beside the deed, for the office only.
WITH_NOTE: Final = frozenset({"accept", "approve", "do"})


@dataclass(frozen=True, slots=True)
class BatchLine:
    """One case: ``key`` is the step that the deed is done to."""

    key: str
    url: str
    number: str
    applicant: str
    procedure: str
    step: str
    words: str
    state: str = ""
    draft: str = ""


@dataclass(frozen=True, slots=True)
class PreviewPage:
    """All that ``desk/batch_preview.html`` shows."""

    key: str
    deed: str
    title: str
    to: str
    to_name: str
    with_note: bool
    with_letters: bool
    with_day: bool
    today: str
    offered: Sequence[OfferedUse]
    words_title: str
    ready: Sequence[BatchLine]
    refused: Sequence[BatchLine]
    url: str


@dataclass(frozen=True, slots=True)
class BatchPage:
    """All that ``desk/batch.html`` shows. ``unposted``: the cases of letters that were taken out and not posted."""

    title: str
    running: bool
    done: Sequence[BatchLine]
    refused: Sequence[BatchLine]
    waiting: Sequence[BatchLine]
    total: int
    tried: int
    letters: int
    letters_url: str
    unposted: Sequence[str]


def preview_page(deed: Deed, keys: Sequence[UUID], by: Actor, to: Account | None) -> PreviewPage:
    """What would happen to each of these cases, and to which nothing would."""
    key = uuid7()
    foreseen = cases.foresee(deed, keys, by, to)
    return PreviewPage(
        key=str(key),
        deed=deed,
        title=deed_titles()[deed],
        to=str(to.pk) if to else "",
        to_name=to.display_name if to else "",
        with_note=deed in WITH_NOTE,
        with_letters=deed == "approve",
        with_day=deed == "post",
        today=clock.today().isoformat(),
        offered=offered_notes([one.case for one in foreseen if one.refusal is None], by) if deed in WITH_NOTE else [],
        words_title=gettext("文書番号") if deed in _OF_LETTERS else gettext("起きること"),
        ready=[_foreseen(deed, one, to) for one in foreseen if one.refusal is None],
        refused=[_foreseen(deed, one, to) for one in foreseen if one.refusal is not None],
        url=reverse("desk:batch", args=(key,)),
    )


def batch_page(batch: Batch, by: Actor) -> BatchPage:
    """What became of each."""
    lines = [(one, _became(one)) for one in cases.became(batch, by)]
    by_state = {state: [line for one, line in lines if one.state == state] for state in ("done", "refused", "waiting")}
    printed = cases.printed(batch, by) if batch.ended_at is not None else []
    unposted = [str(one.case_id) for one in printed if one.letter is not None and one.letter.posted_on is None]
    return BatchPage(
        title=deed_titles()[batch.deed],
        running=batch.ended_at is None,
        done=by_state["done"],
        refused=by_state["refused"],
        waiting=by_state["waiting"],
        total=len(lines),
        tried=len(lines) - len(by_state["waiting"]),
        letters=len(printed),
        letters_url=reverse("desk:batch-letters", args=(batch.pk,)) if printed else "",
        unposted=list(dict.fromkeys(unposted)),
    )


# -- within -----------------------------------------------------------------------------------------------------------


def _foreseen(deed: Deed, one: Foreseen, to: Account | None) -> BatchLine:
    package = procedures.package(one.case.procedure)
    if one.refusal is not None:
        words = fill(gettext(one.refusal.message), one.refusal.params)
    elif deed in _OF_LETTERS and one.step is not None and one.step.letter is not None:
        words = _print_words(one.step.letter)
    elif deed in _DOES:
        words = fill(gettext(_DOES[deed]), {"who": to.display_name} if to else {})
    else:
        steps = [
            f"{node.title['ja'] if node.title else ''}（{holders_words(node, package, one.case.section)}）"
            for node in one.follows
        ]
        words = gettext("次は") + "、".join(steps) if steps else gettext("手続が終わります。")
    return BatchLine(
        key=str(one.step.pk) if one.step else "",
        url=reverse("desk:case", args=(one.case.number,)),
        number=one.case.number or "",
        applicant=one.case.applicant or gettext("（名前なし）"),
        procedure=package.procedure.title["ja"],
        step=one.node.title["ja"] if one.node and one.node.title else "",
        words=words,
        draft=one.draft,
    )


def _print_words(letter: Letter) -> str:
    if letter.posted_on is not None:
        said, when = gettext("%(number)s（%(when)sに発送ずみ）"), day_words(letter.posted_on)
    elif letter.printed_at is not None:
        said, when = gettext("%(number)s（%(when)sに印刷ずみ）"), time_words(letter.printed_at)
    else:
        return letter.number
    return said % {"number": letter.number, "when": when}


def _became(one: Became) -> BatchLine:
    case = one.step.case
    package = procedures.package(case.procedure)
    node = package.graph.nodes.get(one.step.node)
    why = WHY_NOT.get(one.code, one.code)
    return BatchLine(
        key=str(one.step.pk),
        url=reverse("desk:case", args=(case.number,)),
        number=case.number or "",
        applicant=case.applicant or gettext("（名前なし）"),
        procedure=package.procedure.title["ja"],
        step=node.title["ja"] if node and node.title else "",
        words=gettext(why) if why else "",
        state=one.state,
    )
