"""What has changed on the lines of a list since somebody last looked at the cases."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal
from uuid import UUID

from django.db import connection

from madoguchi.cases.queries.worklist import Line
from madoguchi.events import Actor

Mark = Literal["new", "changed"]


def marks(lines: Sequence[Line], by: Actor) -> Mapping[UUID, Mark]:
    """Of these running cases, which this member of staff never opened, and which have changed since; the rest not.

    What one has done oneself is nothing new. One question, whatever the length of the list.
    """
    running = {one.case.pk: one.case.changed_at for one in lines if one.case.ended_at is None}
    if not running:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_LOOKED, {"cases": [*running], "who": by.who})
        looked = dict(cursor.fetchall())
    found: dict[UUID, Mark] = {}
    for key, changed in running.items():
        seen = looked.get(key)
        if seen is None:
            found[key] = "new"
        elif changed > seen:
            found[key] = "changed"
    return found


_LOOKED: Final = """
    SELECT subject, max(at) FROM (
        SELECT subject_id AS subject, at FROM event
        WHERE subject_id = ANY(%(cases)s) AND verb = 'case.read' AND outcome = 'done' AND actor_id = %(who)s
        UNION ALL
        SELECT case_id, done_at FROM case_step WHERE case_id = ANY(%(cases)s) AND account_id = %(who)s
    ) AS looks GROUP BY subject
"""
