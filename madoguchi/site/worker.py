"""The worker process: the relay reads the log and defers jobs, seals follow, Procrastinate runs what was deferred.

Any number of workers may run on any number of machines: each row of work is taken by one of them, and what a killed
worker held is given back. Timers (deadlines of cases) are periodic jobs and need nothing here.
"""

import logging
import threading
import time

from django.db import DatabaseError, close_old_connections, connection
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector

from madoguchi.events import actions

#: Seconds between two looks at the log. A receipt by mail may come this much later.
LOOK_SECONDS = 0.5
#: Seconds between two seals: how long an event stays without its place in the hash chain.
SEAL_SECONDS = 5.0
#: Seconds before the next try after the database went away.
AFTER_ERROR_SECONDS = 3.0

log = logging.getLogger(__name__)


def run(concurrency: int = 2) -> None:
    """Work until SIGTERM or SIGINT; jobs that have begun are finished."""
    actions.heal_transaction_ids()
    connection.close()
    done = threading.Event()
    relay = threading.Thread(target=follow_log, args=(done,), name="relay", daemon=True)
    relay.start()
    assert isinstance(app.connector, DjangoConnector)
    try:
        with app.replace_connector(app.connector.get_worker_connector()) as worker:
            worker.run_worker(concurrency=concurrency, fetch_job_polling_interval=1.0, shutdown_graceful_timeout=20)
    finally:
        done.set()
        relay.join(timeout=10)


def follow_log(done: threading.Event) -> None:
    """Relay and seal until ``done``. The database may go away and come back in the meantime."""
    sealed_at = 0.0
    while not done.is_set():
        try:
            close_old_connections()
            while actions.relay() and not done.is_set():
                pass
            if time.monotonic() - sealed_at >= SEAL_SECONDS:
                while actions.seal() and not done.is_set():
                    pass
                sealed_at = time.monotonic()
            done.wait(LOOK_SECONDS)
        except DatabaseError:
            log.exception("the relay lost the database; next try in %s s", AFTER_ERROR_SECONDS)
            connection.close()
            done.wait(AFTER_ERROR_SECONDS)
    connection.close()


def catch_up() -> None:
    """Relay, run every job that is due, seal, and return: what a test or the loading of the demo waits for."""
    assert isinstance(app.connector, DjangoConnector)
    while actions.relay():
        with app.replace_connector(app.connector.get_worker_connector()) as worker:
            worker.run_worker(wait=False, install_signal_handlers=False, listen_notify=False)
    actions.seal()
