"""Who of the office does what: taking a step on, giving it to a colleague, putting it back, handing a case over.

None of this says who *may* do a step; that is the section's or the post's, and stays so while somebody has taken it.
"""

from uuid import UUID

from madoguchi.cases.actions import driving
from madoguchi.cases.models import Case, HandOver, Step
from madoguchi.cases.rules.permission import POST_OF_STEP, SECTION_OF_CASE, SECTION_OF_STEP
from madoguchi.events import Actor, Reason, act, record
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, Problem, Stale
from madoguchi.ground.text import clean
from madoguchi.people.models import Account
from madoguchi.people.queries import actor_of_account, leads
from madoguchi.procedures import queries as procedures

LEADS_STEP = Reason(
    "leads-section",
    "その課の仕事を割り振る立場だから",
    lambda actor, step: leads(actor, {step.section or step.case.section}),
)
OWN_STEP = Reason(
    "own-step",
    "自分が担当している段階だから",
    lambda actor, step: (
        actor.kind == "staff" and step.taken_by_id is not None and step.taken_by_id in {actor.id, *actor.covers}
    ),
)
MAX_WHY = 500


@act("step.claim", allow=(SECTION_OF_STEP, POST_OF_STEP))
def claim(step: Step, *, by: Actor) -> Step:
    """担当する: the member of staff takes the step on. Raises Stale, with the name, where a colleague was faster.

    Taking over from a colleague whom one covers is allowed; claiming twice changes nothing.
    """
    fresh = _open(step)
    if fresh.taken_by_id == by.who:
        record(again=True)
        return fresh
    if fresh.taken_by_id is not None and fresh.taken_by_id not in by.covers:
        raise _taken(fresh)
    if fresh.taken_by_id is not None:
        record(cover_for=fresh.taken_by_id)
    return _give(fresh, by.who)


@act("step.assign", allow=(LEADS_STEP,))
def assign(step: Step, to: Account, *, by: Actor) -> Step:
    """担当を決める: whoever leads the section gives the step to one of those who may do it."""
    fresh = _open(step)
    doer = actor_of_account(to)
    if not to.is_active or not (SECTION_OF_STEP.holds(doer, fresh) or POST_OF_STEP.holds(doer, fresh)):
        raise Invalid("assignee-outside", "その職員は、この段階を担当する課・職ではありません。")
    record(before=fresh.taken_by_id, to=to.pk)
    return _give(fresh, to.pk)


@act("step.release", allow=(OWN_STEP, LEADS_STEP))
def release(step: Step, *, by: Actor) -> Step:
    """担当を外す: the step is everybody's again who may do it. Releasing what nobody has changes nothing."""
    fresh = _open(step)
    if fresh.taken_by_id not in (None, step.taken_by_id):  # the reason was asked of what stood there before
        raise _taken(fresh)
    record(before=fresh.taken_by_id)
    return _give(fresh, None)


@act("case.hand_over", allow=(SECTION_OF_CASE,))
def hand_over(case: Case, to: str, why: str, *, by: Actor) -> Case:
    """引継ぎ: the case and what is open of it go to the section ``to``, which reads why.

    What the office still has to do follows the case; who decides stays as ``organisation.yaml`` says for the procedure.
    """
    fresh = driving.locked(case)
    if fresh.ended_at is not None or fresh.received_at is None:
        raise Stale("case-ended", "この手続は終わっているため、変更できません。")
    giver = fresh.section
    if to == giver or procedures.city().organisation.section(to) is None:
        raise _invalid("hand-over-section", "引き継ぐ課を選んでください。", "to")
    said = clean(why, multiline=True, max_length=MAX_WHY)
    if not said:
        raise _invalid("hand-over-why", "引き継ぐ理由を書いてください。引き継ぐ課が読みます。", "why")
    moved = fresh.steps.filter(done_at=None, section=giver)
    record(giver=giver, receiver=to, steps=[str(one) for one in moved.values_list("pk", flat=True)])
    moved.update(section=to, taken_by=None, taken_at=None)
    HandOver.objects.create(case=fresh, giver=giver, receiver=to, why=said, account_id=by.who)
    fresh.section, fresh.changed_at = to, clock.now()
    fresh.seen_by = [one for one in fresh.seen_by if one != giver]
    fresh.show_to(to)
    for one in fresh.steps.all():
        fresh.show_to(one.section, [*one.posts, *one.route])
    for asked in fresh.consultations.filter(dropped_at=None):
        fresh.show_to(asked.section)
    fresh.save(update_fields=["section", "changed_at", "seen_by"])
    return fresh


# -- within -----------------------------------------------------------------------------------------------------------


def _open(step: Step) -> Step:
    """The step as it is now, locked; two who reach for it go one after the other."""
    fresh = Step.objects.select_for_update(of=("self",)).select_related("case").get(pk=step.pk)
    if fresh.done_at is not None:
        raise Stale(
            "step-done", "この段階は、ほかの職員がすでに処理したか、取り下げられました。画面を読み込み直してください。"
        )
    return fresh


def _give(step: Step, to: UUID | None) -> Step:
    step.taken_by_id = to
    step.taken_at = clock.now() if to else None
    step.save(update_fields=["taken_by", "taken_at"])
    return step


def _taken(step: Step) -> Stale:
    who = step.taken_by.display_name if step.taken_by else ""
    return Stale("step-taken", "この段階は、%(who)sさんがすでに担当しています。", {"who": who})


def _invalid(code: str, message: str, field: str) -> Invalid:
    return Invalid(code, message, fields={field: Problem(code, message)})
