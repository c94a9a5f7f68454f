"""How set-up talks: one line per thing it does, the output of a program only where it failed."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VAR = Path(os.environ.get("MADOGUCHI_VAR", ROOT / "var")).resolve()
VENV = ROOT / ".venv"


class Stop(Exception):
    """Set-up cannot go on; the message says why and what to type."""


def say(text: str) -> None:
    """One line for the person who waits."""
    print(f"[setup] {text}", flush=True)


def run(command: Sequence[str | Path], failure: str, environ: Mapping[str, str] = os.environ) -> str:
    """Run a program in the checkout and return what it printed; where it fails, Stop with ``failure`` and its end."""
    arguments = [str(one) for one in command]
    done = subprocess.run(
        arguments,
        cwd=ROOT,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        tail = "\n".join("    " + line for line in done.stdout.strip().splitlines()[-15:])
        full = "\nThe disk is full: make room and start again." if "No space left on device" in done.stdout else ""
        raise Stop(f"{failure} ({' '.join(arguments[:4])} …, exit code {done.returncode}):\n{tail}{full}")
    return done.stdout
