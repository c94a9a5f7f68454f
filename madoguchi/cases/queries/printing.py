"""Letters of a batch as one PDF for the printer: a list of them on top, each letter beginning on a sheet of its own."""

import datetime as dt
from collections.abc import Iterator
from typing import Final
from uuid import UUID

from django.conf import settings

from madoguchi.cases.models import Batch, Case, Step
from madoguchi.cases.queries.batch import MOST_AT_ONCE, became
from madoguchi.cases.queries.rounds import Standing
from madoguchi.cases.queries.staff import visible
from madoguchi.events import Actor
from madoguchi.ground import clock
from madoguchi.ground.errors import NotFound, Stale
from madoguchi.messages.queries import file_of
from madoguchi.messages.rules import letters
from madoguchi.messages.rules.binding import bind
from madoguchi.procedures import queries as procedures

#: So long the letters of a batch can be fetched; whoever needs them later takes them out again, which is told again.
FETCHED_WITHIN: Final = dt.timedelta(days=1)


def printed(batch: Batch, by: Actor) -> list[Step]:
    """The steps of which the letters were taken out by this batch and may still be seen, in its order."""
    done = [one.step.pk for one in became(batch, by) if one.state == "done"] if batch.deed == "print" else []
    rows = Step.objects.filter(pk__in=done, letter__revoked_at=None, letter__file__isnull=False)
    seen = rows.filter(case__in=Case.objects.filter(visible(by))).select_related("letter", "case__procedure")
    steps = {one.pk: one for one in seen.defer("case__answers", "case__typed", "case__procedure__data")}
    return [steps[key] for key in done if key in steps]


def for_printer(batch: Batch, by: Actor) -> Iterator[bytes]:
    """The bytes of the PDF. Raises Stale where it was begun more than a day ago, NotFound where nothing is in it."""
    if clock.now() - batch.begun_at > FETCHED_WITHIN:
        raise Stale("letters-over", "印刷用のPDFを開けるのは1日の間だけです。もう一度、一覧から選んでください。")
    steps = printed(batch, by)
    if not steps:
        raise NotFound("letter-unknown", "この通知書は見つかりません。")
    return bind(_papers(batch, steps), duplex=True)


def unprinted(standing: Standing) -> list[UUID]:
    """The cases of a round with letters that nobody has taken out for the printer yet, as many as one batch takes."""
    letters = Step.objects.filter(
        case__procedure__code=standing.round.code,
        letter__isnull=False,
        letter__printed_at=None,
        letter__revoked_at=None,
        **{f"case__answers__{standing.node.arguments['round']}": standing.round.name},
    )
    found = letters.order_by("letter__issued_at", "pk").values_list("case_id", flat=True)
    return list(dict.fromkeys(found[:MOST_AT_ONCE]))


def _papers(batch: Batch, steps: list[Step]) -> Iterator[bytes]:
    yield _cover(batch, steps)
    for one in steps:
        if one.letter is not None:
            yield file_of(one.letter)


def _cover(batch: Batch, steps: list[Step]) -> bytes:
    data = {
        "city": procedures.city().name["ja"],
        "printed_on": clock.day_of(batch.begun_at).isoformat(),
        "by": batch.account.display_name,
        "letters": [
            {
                "number": one.letter.number,
                "title": one.letter.title,
                "name": one.case.applicant,
                "reference": one.case.number,
            }
            for one in steps
            if one.letter is not None
        ],
        "sample": settings.DEMO,
    }
    return letters.render(settings.CATALOGUE, "letters/cover.typ", data)
