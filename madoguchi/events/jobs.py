"""What the queue needs now and then: the jobs of a worker that died are given back."""

import procrastinate
from procrastinate.contrib.django import app

#: A worker that has not given a sign of life for this many seconds is taken for dead.
DEAD_AFTER_SECONDS = 30


@app.periodic(cron="* * * * *")
@app.task(name="madoguchi.heal", queueing_lock="madoguchi.heal", pass_context=True)
async def heal(context: procrastinate.JobContext, timestamp: int) -> None:
    """Give the jobs of a worker that was killed back to the queue."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER_SECONDS):
        await manager.retry_job(job)
