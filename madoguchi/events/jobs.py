"""The worker's side: one Procrastinate task that runs a follower for an event, and the healing of lost jobs."""

from uuid import UUID

import procrastinate
from procrastinate.contrib.django import app

from madoguchi.events.following import FOLLOWERS

#: A job is tried for about two days (2, 4, 8 … seconds apart) before it is left for the operator.
RETRY = procrastinate.RetryStrategy(max_attempts=16, exponential_wait=2)
#: A worker that has not given a sign of life for this many seconds is taken for dead.
DEAD_AFTER_SECONDS = 30


@app.task(name="madoguchi.follow", retry=RETRY)
def follow(job: str, event: str) -> None:
    """Run the follower ``job`` for the event with id ``event``."""
    FOLLOWERS.get(job).run(UUID(event))


@app.periodic(cron="* * * * *")
@app.task(name="madoguchi.heal", queueing_lock="madoguchi.heal", pass_context=True)
async def heal(context: procrastinate.JobContext, timestamp: int) -> None:
    """Give the jobs of a worker that was killed back to the queue."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER_SECONDS):
        await manager.retry_job(job)
