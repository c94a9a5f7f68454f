"""A real clamd with signatures of our own, for as long as a test needs it. Nothing is fetched: freshclam never runs."""

import hashlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from madoguchi.bridges.clamd.scanner import Clamd
from madoguchi.cases.ports import ScannerDown

#: What the signatures know: these bytes anywhere in a file, and one whole file by its digest.
MARK = b"madoguchi-test-virus-7d1f"
WHOLE = b"%PDF-1.4 a whole file that is known by its digest"
FOUND_MARK, FOUND_WHOLE = "Madoguchi.Test.Mark.UNOFFICIAL", "Madoguchi.Test.Whole.UNOFFICIAL"


class Daemon:
    """clamd in the foreground, with its socket and database in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.socket = folder, folder / "clamd.ctl"
        self.address = f"unix:{self.socket}"
        self._process: subprocess.Popen[bytes] | None = None
        base = folder / "signatures"
        base.mkdir()
        (base / "ours.ndb").write_text(f"Madoguchi.Test.Mark:0:*:{MARK.hex()}\n")
        digest = hashlib.md5(WHOLE, usedforsecurity=False).hexdigest()
        (base / "ours.hdb").write_text(f"{digest}:{len(WHOLE)}:Madoguchi.Test.Whole\n")
        (folder / "clamd.conf").write_text(
            f"LocalSocket {self.socket}\nDatabaseDirectory {base}\nForeground yes\nStreamMaxLength 25M\n"
            "MaxThreads 2\nLogFile /dev/null\nConcurrentDatabaseReload no\n"
        )

    def start(self) -> None:
        """Return when it answers."""
        program = shutil.which("clamd") or "/usr/sbin/clamd"
        self._process = subprocess.Popen(
            [program, f"--config-file={self.folder / 'clamd.conf'}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(300):
            with suppress(ScannerDown):
                Clamd(self.address).version()
                return
            if self._process.poll() is not None:
                raise RuntimeError(f"clamd ended with {self._process.returncode}")
            time.sleep(0.1)
        raise RuntimeError("clamd does not answer")

    def stop(self) -> None:
        """End it; its socket stays behind, as after a crash."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


@contextmanager
def running(folder: Path) -> Iterator[Daemon]:
    """A clamd that has started, and ends with the block."""
    daemon = Daemon(folder)
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.stop()
