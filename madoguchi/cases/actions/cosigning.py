"""連署: whoever was named confirms their part, or says what is wrong with it.

One question, one answer: what is confirmed is what was seen, and a second press changes nothing.
"""

from collections.abc import Collection
from typing import Final

from madoguchi.cases.actions import driving
from madoguchi.cases.actions.asking import is_open
from madoguchi.cases.actions.reasons import NAMED
from madoguchi.cases.models import Case, Correction, Cosigner, Step, Submission
from madoguchi.cases.queries.cosigning import agreement, part_of
from madoguchi.events import Actor, act, record
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, Problem, Stale
from madoguchi.ground.text import clean
from madoguchi.procedures import queries as procedures

#: Characters that somebody may write who does not confirm.
MOST_WORDS: Final = 500


@act("case.show-part", allow=(NAMED,))
def show_part(cosigner: Cosigner, *, by: Actor) -> Cosigner:
    """連署する方の閲覧: whoever was named opens their part of somebody's request."""
    record(case=cosigner.case_id)
    return cosigner


@act("case.cosign", allow=(NAMED,))
def cosign(cosigner: Cosigner, *, seen: str, by: Actor) -> Cosigner:
    """連署: whoever was named has seen their part and confirms it. ``seen`` is the digest of the part as it was shown.

    Pressed twice it is confirmed once. Raises Stale where the part has changed since it was shown, or where the
    question is over. With the last of them the request goes on to the office.
    """
    case, fresh = _locked(cosigner)
    if fresh.confirmed_at is not None and fresh.person_id == by.who:
        record(again=True)
        return fresh
    _refuse_if_over(case, fresh)
    if seen != fresh.digest or seen != part_of(case, fresh, procedures.package(case.procedure)).digest:
        raise Stale("cosign-changed", "表示したあとに内容が変わっています。もう一度確かめてください。")
    _answered(fresh, by)
    fresh.confirmed_at = clock.now()
    fresh.save()
    record(case=case.pk, step=fresh.node, level=by.level, agreed=fresh.agreed)
    step = case.steps.get(node=fresh.node, kind="cosign", done_at=None)
    if not case.cosigners.filter(node=fresh.node, over_at=None, confirmed_at=None).exists():
        _go_on(case, step, "confirm")
        record(complete=True)
    return fresh


@act("case.decline-cosigning", allow=(NAMED,))
def decline(cosigner: Cosigner, words: str, wrong: Collection[str] = (), *, by: Actor) -> Cosigner:
    """連署をしない: with words for the applicant, who gets the request back. ``wrong`` are paths of the part that are
    not right; without any the whole part may be changed."""
    case, fresh = _locked(cosigner)
    if fresh.declined_at is not None and fresh.person_id == by.who:
        record(again=True)
        return fresh
    _refuse_if_over(case, fresh)
    said = clean(words, multiline=True, max_length=MOST_WORDS)
    if not said:
        problem = Problem("words-missing", "どこが違うのか、またはなぜ確認できないのかを書いてください。")
        raise Invalid(problem.code, problem.message, fields={"words": problem})
    part = part_of(case, fresh, procedures.package(case.procedure))
    _answered(fresh, by)
    fresh.declined_at, fresh.words = clock.now(), said
    fresh.save()
    step = case.steps.get(node=fresh.node, kind="cosign", done_at=None)
    paths = [path for path in part.paths if path in wrong] or list(part.paths)
    Submission.objects.create(case=case, answers=case.answers)
    Correction.objects.bulk_create(Correction(step=step, path=path, message=said) for path in [*paths, part.email_path])
    record(case=case.pk, step=fresh.node, level=by.level, fields=sorted(paths))
    _go_on(case, step, "decline")
    return fresh


# -- within -----------------------------------------------------------------------------------------------------------


def _locked(cosigner: Cosigner) -> tuple[Case, Cosigner]:
    case = driving.locked(cosigner.case)
    return case, Cosigner.objects.select_related("case__procedure").get(pk=cosigner.pk)


def _refuse_if_over(case: Case, cosigner: Cosigner) -> None:
    if not is_open(case, cosigner):
        raise Stale("cosigner-answered", "この方への確認のお願いは、すでに終わっています。")


def _answered(cosigner: Cosigner, by: Actor) -> None:
    others = Cosigner.objects.filter(case=cosigner.case_id, node=cosigner.node, over_at=None, person_id=by.who)
    if others.exclude(pk=cosigner.pk).exists():
        raise Stale("cosigned-another", "別の方の分を、すでに確認しています。一人が確認できるのは一人分です。")
    cosigner.person_id, cosigner.level = by.who, by.level
    cosigner.agreed = list(agreement(cosigner, by))


def _go_on(case: Case, step: Step, outcome: str) -> None:
    """The promise did not run while others were awaited: it moves by the business days that took."""
    if not case.steps.filter(done_at=None).exclude(pk=step.pk).exists() and case.due_on is not None:
        waited = procedures.calendar().between(clock.day_of(step.opened_at), clock.today())
        case.due_on = procedures.calendar().add(case.due_on, waited) if waited else case.due_on
    if not case.steps.filter(done_at=None, kind="cosign").exclude(pk=step.pk).exists():
        case.cosigning_at = None
    driving.complete(case, step, outcome)
