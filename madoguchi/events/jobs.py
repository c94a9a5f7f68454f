"""What the queue needs now and then: the jobs of a worker that died are given back."""

from contextlib import suppress
from typing import Final

from asgiref.sync import async_to_sync
from procrastinate.contrib.django import app
from procrastinate.exceptions import ConnectorException

#: A worker that has not given a sign of life for this many seconds is taken for dead; each gives one every ten.
DEAD_AFTER_SECONDS: Final = 30


@async_to_sync
async def give_back() -> int:
    """Give the jobs of workers that were killed back to the queue. Returns how many there were."""
    manager = app.job_manager
    stalled = list(await manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER_SECONDS))
    for job in stalled:
        with suppress(ConnectorException):  # it is no longer in anybody's hand: another worker has just done the same
            await manager.retry_job(job)
    return len(stalled)
