"""The sandbox as a program: ``python -m tools.payments --port 8030 --notify http://localhost:8000/payments/notice/``."""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from tools.payments.server import Sandbox


def main() -> int:
    """Serve until told to end."""
    parser = argparse.ArgumentParser(prog="tools.payments", description=__doc__)
    parser.add_argument("--port", type=int, default=8030)
    parser.add_argument("--notify", default="", help="where events are posted")
    parser.add_argument("--folder", type=Path, default=Path("var/payments"))
    options = parser.parse_args()
    key, secret = os.environ.get("MADOGUCHI_STRIPE_KEY"), os.environ.get("MADOGUCHI_STRIPE_WEBHOOK_SECRET")
    if not key or not secret:
        print("payments: set MADOGUCHI_STRIPE_KEY and MADOGUCHI_STRIPE_WEBHOOK_SECRET", file=sys.stderr)
        return 1
    try:
        sandbox = Sandbox(options.folder, key=key, secret=secret, notify=options.notify, port=options.port)
    except OSError as error:
        print(f"payments: {error.strerror}: port {options.port}", file=sys.stderr)
        return 1
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    with sandbox:
        print(f"payments: the sample payment provider is on {sandbox.url}/", flush=True)
        done.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
