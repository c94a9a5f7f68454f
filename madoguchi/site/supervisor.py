"""Keeps several programs running as one: prefixes what they say, waits until each answers, stops all when one ends.

Standard library only and knows nothing of Madoguchi; ``starting`` says which programs the demo consists of.
"""

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

#: Seconds a program gets to answer after its start, and to end after it was asked to.
PATIENCE_SECONDS = 40
GRACE_SECONDS = 10
#: How many of its last lines are shown of a program that ended by itself.
LAST_LINES = 25


class ChildEnded(Exception):
    """A program ended that should have gone on; the message has its last lines."""


@dataclass(frozen=True)
class Program:
    """What to run. ``answers`` says whether it is ready; None means that it is as soon as it runs."""

    name: str
    command: Sequence[str]
    answers: Callable[[], bool] | None = None
    environ: Mapping[str, str] = field(default_factory=dict)


class Supervisor:
    """A context: what is started in it has ended when it is left, whatever the reason."""

    def __init__(self, out: IO[str] = sys.stdout, width: int = 8):
        self._out = out
        self._width = width
        self._children: list[tuple[Program, subprocess.Popen[str], deque[str], threading.Thread]] = []
        self._talking = threading.Lock()

    def __enter__(self) -> "Supervisor":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, program: Program) -> None:
        """Start a program in a process group of its own, so that Ctrl-C reaches it only through us."""
        command = list(program.command)
        if shutil.which("setpriv"):  # if we are killed without a chance to clean up, the kernel tells our children
            command = ["setpriv", "--pdeathsig", "TERM", "--", *command]
        child = subprocess.Popen(
            command,
            env={**os.environ, **program.environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        said: deque[str] = deque(maxlen=LAST_LINES)
        reader = threading.Thread(target=self._relay_output, args=(program.name, child, said), daemon=True)
        reader.start()
        self._children.append((program, child, said, reader))

    def wait_until_ready(self) -> None:
        """Return when every program answers. Raises ChildEnded if one ends first or does not answer in time."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        waiting = [program for program, *_ in self._children if program.answers]
        while waiting:
            self.check()
            waiting = [one for one in waiting if one.answers and not one.answers()]
            if waiting and time.monotonic() > deadline:
                names = ", ".join(one.name for one in waiting)
                raise ChildEnded(f"no answer after {PATIENCE_SECONDS} s from: {names}")
            time.sleep(0.1)

    def check(self) -> None:
        """Raise ChildEnded if a program is no longer there."""
        for program, child, said, reader in self._children:
            code = child.poll()
            if code is not None:
                reader.join(timeout=2)
                how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
                last = "\n".join("    " + line for line in said) or "    (it said nothing)"
                raise ChildEnded(f"{program.name} {how}. Its last lines:\n{last}")

    def watch(self) -> None:
        """Stay until a program ends (ChildEnded) or somebody interrupts."""
        while True:
            self.check()
            time.sleep(0.3)

    def stop(self) -> None:
        """Ask every process group to end, last started first; kill what has not ended after the grace."""
        for _, child, _, _ in reversed(self._children):
            _signal_group(child, signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        for _, child, _, reader in self._children:
            try:
                child.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal_group(child, signal.SIGKILL)
                child.wait()
            _signal_group(child, signal.SIGKILL)  # whoever is left of the group after its leader has ended
            reader.join(timeout=1)
            if child.stdout is not None and not reader.is_alive():
                child.stdout.close()
        self._children.clear()

    def _relay_output(self, name: str, child: "subprocess.Popen[str]", said: "deque[str]") -> None:
        assert child.stdout is not None
        for line in child.stdout:
            said.append(line.rstrip("\n"))
            with self._talking, contextlib.suppress(OSError, ValueError):  # the terminal may be gone
                self._out.write(f"{name:<{self._width}}| {line}")
                self._out.flush()


def _signal_group(child: "subprocess.Popen[str]", number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


def answers_http(port: int, path: str = "/") -> Callable[[], bool]:
    """Ready when a GET on loopback gets an answer that is not a server error."""

    def answers() -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path, headers={"Host": f"localhost:{port}"})
            return connection.getresponse().status < 500
        except OSError:
            return False
        finally:
            connection.close()

    return answers


def taken_by(port: int) -> str | None:
    """Who listens on a loopback port: ``process 1234 (nginx …)``, ``another program``, or None where it is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            return None
        except OSError:
            pass
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                columns = line.split()
                if columns[3] == "0A" and int(columns[1].rpartition(":")[2], 16) == port:  # 0A: listening
                    inodes.add(f"socket:[{columns[9]}]")
    for folder in Path("/proc").glob("[0-9]*/fd"):
        with contextlib.suppress(OSError):
            if any(os.readlink(one) in inodes for one in folder.iterdir()):
                command = (folder.parent / "cmdline").read_text().replace("\0", " ").strip()
                return f"process {folder.parent.name} ({command[:60]})"
    return "another program"
