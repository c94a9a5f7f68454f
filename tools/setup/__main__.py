"""``python3 -m tools.setup [demo|test|service]``: from a fresh machine to a checkout that runs."""

import argparse
import fcntl
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor

from tools.setup import node, packages, python, texts
from tools.setup.console import ROOT, VAR, Stop, say

#: What virtual environment, node_modules, cluster and demo data take, in bytes.
NEEDED_BYTES = 2_500_000_000


def main() -> int:
    """Run every step; 0 when the checkout is ready."""
    parser = argparse.ArgumentParser(prog="tools.setup", description=__doc__)
    parser.add_argument("purpose", nargs="?", choices=packages.PURPOSES, default="demo")
    purpose: packages.Purpose = parser.parse_args().purpose
    lock = "run.txt" if purpose == "service" else "dev.txt"
    try:
        VAR.mkdir(parents=True, exist_ok=True)
        with (VAR / "setup.lock").open("a") as alone:
            try:
                fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("waiting for another set-up of this checkout to end")
                fcntl.flock(alone, fcntl.LOCK_EX)
            check_space(lock)
            packages.install(purpose)
            python.make(lock)
            node.bring()  # by pip as well: before the others, because two at once would see one another's halves
            # pip works on one core. What pages load takes a quarter of the time, and another core.
            with ThreadPoolExecutor(1) as beside:
                pages = beside.submit(_what_pages_load)
                python.install(lock)
                pages.result()
            if purpose == "test":
                packages.install_browser()
    except Stop as stop:
        print(f"\n{stop}", file=sys.stderr)
        return 1
    except PermissionError as error:
        print(
            f"\nThis user may not use {error.filename}. Was an earlier run started as root? Give the checkout back:\n"
            f"    sudo chown -R $(id -u):$(id -g) {ROOT}",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. The next run goes on from here.", file=sys.stderr)
        return 130
    return 0


def _what_pages_load() -> None:
    node.install()
    node.copy_vendor()
    texts.compile_all()


def check_space(lock: str) -> None:
    """Stop before a long download that cannot fit."""
    complete = python.stamp_matches(lock) and node.stamp_matches()
    free = shutil.disk_usage(ROOT).free
    if not complete and free < NEEDED_BYTES:
        raise Stop(
            f"The disk is nearly full: {free / 1e9:.1f} GB free at {ROOT}, the first set-up needs "
            f"{NEEDED_BYTES / 1e9:.1f} GB.\nMake room and start again; it goes on from here."
        )


sys.exit(main())
