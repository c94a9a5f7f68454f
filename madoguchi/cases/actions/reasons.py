"""Why somebody may act on a case, where the answer lies in its rows; the others are in ``rules.permission``."""

from typing import Any

from django.db.models import Q

from madoguchi.cases.models import Consultation
from madoguchi.events import Actor, Reason


def _of(actor: Actor) -> Q:
    return Q(section__in=actor.sections) | Q(posts__overlap=sorted(actor.posts) or ["-"])


def _examines(actor: Actor, case: Any) -> bool:
    return actor.kind == "staff" and case.steps.filter(_of(actor), kind="examine", done_at=None).exists()


def _is_consulted(actor: Actor, case: Any) -> bool:
    return actor.kind == "staff" and Consultation.objects.filter(case=case, section__in=actor.sections).exists()


#: Whoever has an open or done step of the case before them must see the case.
IN_CASE = Reason(
    "step-of-case",
    "この手続に自分の段階があるから",
    lambda actor, case: actor.kind == "staff" and case.steps.filter(_of(actor)).exists(),
)
#: Whoever is asked must see what they are asked about; whoever has answered, what became of it.
CONSULTED = Reason("consulted", "合議を求められた課だから", _is_consulted)
EXAMINES = Reason("examines", "この手続をいま審査しているから", _examines)
