"""The worker process: the relay reads the log and defers jobs, deadlines fire, seals follow, Procrastinate runs jobs.

Any number of workers may run on any number of machines: each piece of work is taken by one of them, and what a killed
worker held is given back.
"""

import asyncio
import logging
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
from django.db import close_old_connections, connection
from procrastinate.contrib.django import DjangoApp, app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.exceptions import ConnectorException

from madoguchi.cases import jobs as cases
from madoguchi.cases.ports import ScannerDown, scanner
from madoguchi.events import actions as log
from madoguchi.events.jobs import give_back
from madoguchi.events.queries import relay_is_behind
from madoguchi.site import mapping

#: What is done in turn, and at most every how many seconds. A duty returns how much it did; as long as that is
#: something, it has its next turn at once, after the others have had theirs: none keeps the relay waiting.
DUTIES: tuple[tuple[str, Callable[[], int], float], ...] = (
    ("relay", log.relay, 0.5),
    ("dead workers", give_back, 10.0),
    ("deadlines", cases.fire_due, 2.0),
    ("scans", cases.scan_waiting, 30.0),
    ("uploads", cases.forget_uploads, 600.0),
    ("seal", log.seal, 5.0),
    ("figures", cases.count_figures, 60.0),
    ("words", cases.forget_words, 3600.0),
    ("payments", cases.look_after_payments, 60.0),
    ("seats", cases.seat_anew, 900.0),
    ("keeping", cases.keep_house, 3600.0),
    ("sittings", cases.end_forgotten_sittings, 60.0),
    ("delegations", cases.tell_of_what_ran_out, 3600.0),
    ("counted layers", cases.count_layers, 3600.0),
    ("shown cases", cases.show_cases, 10.0),
    ("mails", cases.forget_mails, 3600.0),
    ("layers", mapping.renew, 3600.0),
)
#: Seconds before the next try of what failed, for example because the database went away.
AFTER_ERROR_SECONDS = 5.0
#: How long :func:`catch_up` waits for transactions of others.
PATIENCE_SECONDS = 120.0

logger = logging.getLogger(__name__)


def run(concurrency: int = 2) -> None:
    """Work until SIGTERM or SIGINT; jobs that have begun are finished. A database that goes away is waited for.

    Raises django.db.OperationalError where there is none at the start.
    """
    log.heal_transaction_ids()
    connection.close()
    _say_who_looks_for_viruses()
    done = threading.Event()
    duties = threading.Thread(target=do_duties, args=(done,), name="duties", daemon=True)
    duties.start()
    try:
        asyncio.run(_run_jobs_until_told(concurrency))
    finally:
        done.set()
        duties.join(timeout=10)


def _say_who_looks_for_viruses() -> None:
    """Said at every start, because a node without a scanner works as well, and nobody would miss it."""
    scan = scanner()
    if scan is None:
        logger.warning("files of residents are not looked at for viruses: MADOGUCHI_CLAMD is not set")
        return
    try:
        logger.info("files of residents are looked at by %s", scan.version())
    except ScannerDown:
        logger.warning("the virus scanner of MADOGUCHI_CLAMD does not answer; files are kept shut until it does")


def do_duties(done: threading.Event) -> None:
    """Do every duty in its rhythm until ``done``. One that fails is logged and tried again; the others go on."""
    due = {name: 0.0 for name, _, _ in DUTIES}
    failing: dict[str, str] = {}
    while not done.is_set():
        close_old_connections()
        for name, duty, seconds in DUTIES:
            if done.is_set() or time.monotonic() < due[name]:
                continue
            due[name] = time.monotonic() + seconds
            try:
                if duty():
                    due[name] = 0.0
                if failing.pop(name, None):
                    logger.warning("%s works again", name)
            except Exception as error:
                if failing.get(name) != repr(error):  # told once, not every five seconds of an outage
                    logger.exception("%s failed; it is tried every %s s", name, AFTER_ERROR_SECONDS)
                failing[name] = repr(error)
                due[name] = time.monotonic() + AFTER_ERROR_SECONDS
                connection.close()
        if 0.0 not in due.values():
            done.wait(min(seconds for _, _, seconds in DUTIES))
    connection.close()


def catch_up() -> None:
    """Relay, run every job that is due, and so on until nothing is left; then seal. For tests and for loading data.

    Events are relayed behind the oldest transaction of the whole PostgreSQL, other databases' included: it is waited
    for. Raises TimeoutError after ``PATIENCE_SECONDS`` in which nothing went on.
    """
    give_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        if log.relay():
            asyncio.run(_run_jobs(wait=False, listen_notify=False))
            give_up = time.monotonic() + PATIENCE_SECONDS
        elif not relay_is_behind():
            break
        elif time.monotonic() > give_up:
            raise TimeoutError("a transaction that does not end keeps events from being relayed")
        else:
            time.sleep(0.02)
    log.seal()


async def _run_jobs_until_told(concurrency: int) -> None:
    """Run jobs until SIGTERM or SIGINT. Whatever the database does meanwhile, it is tried again."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    stopped = asyncio.create_task(told.wait())
    while not told.is_set():
        jobs = asyncio.create_task(
            _run_jobs(concurrency=concurrency, fetch_job_polling_interval=1.0, shutdown_graceful_timeout=20)
        )
        await asyncio.wait({jobs, stopped}, return_when=asyncio.FIRST_COMPLETED)
        jobs.cancel()  # what has begun is finished first
        try:
            await jobs
        except asyncio.CancelledError:
            if told.is_set():
                break
        except (ConnectorException, psycopg.Error) as error:
            logger.warning("no jobs are run: %s", error.__cause__ or error)
        await asyncio.wait({stopped}, timeout=AFTER_ERROR_SECONDS)


async def _run_jobs(**options: Any) -> None:
    """Run jobs over connections of their own, which belong to this event loop alone.

    The application that jobs are deferred with, everywhere else and in jobs, keeps to Django's connection: what is
    deferred is part of the transaction in which it is. Procrastinate's own ``replace_connector`` would take that from
    all other threads, too.
    """
    assert isinstance(app.connector, DjangoConnector)
    queue = DjangoApp(connector=app.connector.get_worker_connector())
    queue.tasks = app.tasks
    async with queue.open_async():
        await queue.run_worker_async(install_signal_handlers=False, **options)
