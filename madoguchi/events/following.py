"""``@follows``: what happens after an event, run by the worker, at least once, in the order of the log.

A job never runs inside the act that caused it, and no act starts a job: the relay reads the log and defers them.
"""

from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

import procrastinate
from procrastinate.contrib.django import app

from madoguchi.ground.registry import Registry

#: A job is tried for about two days (2, 4, 8 … seconds apart) before it is left for the operator.
RETRY = procrastinate.RetryStrategy(max_attempts=16, exponential_wait=2)

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


@app.task(name="madoguchi.follow", retry=RETRY)
def follow(job: str, event: str) -> None:
    """The one task of the queue: run the follower ``job`` for the event with id ``event``."""
    FOLLOWERS.get(job).run(UUID(event))
