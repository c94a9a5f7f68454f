"""``@follows``: what happens after an event, run by the worker, at least once, in the order of the log.

A job never runs inside the act that caused it, and no act starts a job: the relay reads the log and defers them.
"""

from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from madoguchi.ground.registry import Registry

Job = Callable[[UUID], None]


class Follower(NamedTuple):
    """A job and the verbs it follows. The job takes the event's id and must be safe to run twice."""

    name: str
    verbs: frozenset[str]
    run: Job


FOLLOWERS: Registry[Follower] = Registry("job that follows events")


def follows(*verbs: str, name: str) -> Callable[[Job], Job]:
    """Run the decorated job for each *done* event with one of ``verbs``. The queue keeps ``name``: do not change it."""

    def decorate(job: Job) -> Job:
        FOLLOWERS.add(name, Follower(name, frozenset(verbs), job))
        return job

    return decorate
