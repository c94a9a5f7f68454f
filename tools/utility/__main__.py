"""The sandbox as a program: ``python -m tools.utility --port 8040 --city http://localhost:8000``."""

import argparse
import os
import signal
import sys
import threading

from tools.utility.city import City, NotNow
from tools.utility.server import Sandbox


def main() -> int:
    """Serve until told to end."""
    parser = argparse.ArgumentParser(prog="tools.utility", description=__doc__)
    parser.add_argument("--port", type=int, default=8040)
    parser.add_argument("--city", default="http://localhost:8000", help="the city's base address")
    parser.add_argument("--pause", type=float, default=8.0, help="seconds until it answers (%(default)s)")
    options = parser.parse_args()
    client, secret = os.environ.get("MADOGUCHI_UTILITY_ID"), os.environ.get("MADOGUCHI_UTILITY_SECRET")
    if not client or not secret:
        print("utility: set MADOGUCHI_UTILITY_ID and MADOGUCHI_UTILITY_SECRET", file=sys.stderr)
        return 1
    try:
        sandbox = Sandbox(City(options.city, client, secret), port=options.port, pause=options.pause)
    except OSError as error:
        print(f"utility: {error.strerror}: port {options.port}", file=sys.stderr)
        return 1
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    with sandbox:
        while not done.is_set():
            try:
                sandbox.listen()
                break
            except NotNow as refused:
                if refused.status in (401, 403):
                    print(f"utility: the city refuses us ({refused})", file=sys.stderr)
                    return 1
                done.wait(1)  # it is still starting
        print(f"utility: the sample company is on {sandbox.url}/", flush=True)
        done.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
