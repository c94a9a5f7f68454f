"""What a member of staff may see, and of one case what the desk shows beside its answers."""

from collections.abc import Callable, Collection
from functools import lru_cache, reduce
from operator import or_
from uuid import UUID

from django.db.models import Q, QuerySet

from madoguchi.cases.models import Case, Correction, Departure, Step, at_post
from madoguchi.cases.queries.found import course_of, scope_of, went_back
from madoguchi.cases.queries.unknown import unknown_case
from madoguchi.events import Actor
from madoguchi.events.composing import composed_once
from madoguchi.ground.errors import Invalid, NotFound
from madoguchi.ground.ids import parse_reference
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.flow import Node
from madoguchi.procedures.rules.outlook import following


def mine_to_do(by: Actor) -> Q:
    return reduce(or_, ways_to_do(by))


def ways_to_do(by: Actor) -> tuple[Q, Q]:
    """Why a step is this member's to do: by a section, by a post."""
    return Q(section__in=by.sections), Q(posts__overlap=sorted(by.posts) or ["-"])


def visible(by: Actor) -> Q:
    """The cases that a member of staff may see: of the sections, and those with a step of section or post."""
    return _visible(by.sections, by.posts)


def _visible(sections: Collection[str], posts: Collection[str]) -> Q:
    return Q(seen_by__overlap=[*sorted(sections), *map(at_post, sorted(posts))] or ["-"])


def staff_case(number: str, by: Actor) -> Case:
    """The case with this 受付番号 if it is of this member's section or post. Raises NotFound for any other."""
    try:
        canonical = parse_reference(number)
    except Invalid:
        raise unknown_case() from None
    found = _seen_with(by.sections, by.posts)(canonical) if by.kind == "staff" else []
    if not found:
        raise unknown_case()
    return found[0]


@lru_cache(maxsize=512)
def _seen_with(sections: frozenset[str], posts: frozenset[str]) -> Callable[[str], list[Case]]:
    """From a number to its case, for whoever is of these sections and holds these posts."""

    def numbered(number: str) -> QuerySet[Case]:
        cases = Case.objects.filter(_visible(sections, posts), number=number).select_related("procedure")
        return cases.defer("procedure__data", "procedure__graph")

    return composed_once(numbered)


def staff_step(case: Case, step_id: UUID) -> Step:
    """A step of a case that the caller has already been allowed to see."""
    step = case.steps.filter(pk=step_id).first()
    if step is None:
        raise NotFound("step-unknown", "この段階は見つかりません。画面を読み込み直してください。")
    return step


def corrections(case: Case) -> dict[str, list[Correction]]:
    """Everything that the applicant was asked to correct, by path, oldest first."""
    result: dict[str, list[Correction]] = {}
    for one in Correction.objects.filter(step__case=case).order_by("asked_at", "path") if went_back(case) else ():
        result.setdefault(one.path, []).append(one)
    return result


def departures(case: Case) -> list[Departure]:
    """Where examinations departed from what the tables drafted, oldest first."""
    if "departures" in case.lacks:
        return []
    found = Departure.objects.filter(step__case=case).select_related("step__account")
    return list(found.order_by("step__done_at", "step__token", "id"))


def notes(case: Case) -> list[Step]:
    """The done steps with what their doers wrote for the office, oldest first: why it was sent back, what was seen."""
    written = [(one.done_at, one.token, one) for one in case.steps.all() if one.done_at is not None and one.note]
    return [one for _, _, one in sorted(written, key=lambda each: each[:2])]


def examined_by(case: Case, by: Actor) -> bool:
    """Whether this member of staff has examined the case, and so must not approve it."""
    return case.steps.filter(kind="examine", account_id=by.who, done_at__isnull=False).exists()


def after(case: Case, step: Step, outcome: str) -> list[Node]:
    """What would happen if this step ended so, up to the next that people do, as far as is known today."""
    package, course = procedures.package(case.procedure), course_of(case)
    if step.kind == "examine" and outcome in ("accept", "refuse"):
        course.examine(step.node, outcome)
    return following(package.graph, step.node, outcome, scope_of(case, package, course))
