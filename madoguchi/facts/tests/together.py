"""What happens at the same moment: real transactions on real PostgreSQL, for tests that commit."""

import threading
from collections.abc import Callable

from django.db import connections

from madoguchi.ground.errors import Refused


def at_once(*deeds: Callable[[], object]) -> list[object]:
    """Run the deeds in threads that start together; returns what each gave or the refusal it met."""
    results: list[object] = [None] * len(deeds)
    start = threading.Barrier(len(deeds))

    def run(number: int, deed: Callable[[], object]) -> None:
        start.wait()
        try:
            results[number] = deed()
        except Refused as refusal:
            results[number] = refusal
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results
