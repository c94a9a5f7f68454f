"""What has changed on the lines of a list since somebody last looked at the cases."""

from collections.abc import Mapping, Sequence
from typing import Literal
from uuid import UUID

from django.db.models import Max

from madoguchi.cases.models import Step
from madoguchi.cases.queries.worklist import Line
from madoguchi.events import Actor
from madoguchi.events.models import Event

Mark = Literal["new", "changed"]


def marks(lines: Sequence[Line], by: Actor) -> Mapping[UUID, Mark]:
    """Of these running cases, which this member of staff never opened, and which have changed since; the rest not.

    What one has done oneself is nothing new. Two questions, whatever the length of the list.
    """
    running = {one.case.pk: one.case.changed_at for one in lines if one.case.ended_at is None}
    if not running:
        return {}
    read = Event.objects.filter(subject_id__in=[*running], verb="case.read", outcome="done", actor_id=by.who)
    looked = dict(read.values_list("subject_id").annotate(Max("at")).order_by())
    steps = Step.objects.filter(case__in=[*running], account_id=by.who)
    done = dict(steps.values_list("case").annotate(Max("done_at")).order_by())
    found: dict[UUID, Mark] = {}
    for key, changed in running.items():
        seen = max(filter(None, (looked.get(key), done.get(key))), default=None)
        if seen is None:
            found[key] = "new"
        elif changed > seen:
            found[key] = "changed"
    return found
