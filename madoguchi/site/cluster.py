"""The private PostgreSQL + PostGIS cluster of one checkout: made, healed, started and stopped. Standard library only.

It serves ``make demo`` and ``make test``; a city in service points DATABASE_URL at a server that somebody backs up.
It listens on a Unix socket in a directory that only its owner can enter, never on TCP. Started as root, PostgreSQL
runs as the ``postgres`` user, because it refuses to be root. Several programs may use the cluster at once: each holds
a shared lock while it does, and the last to leave stops the server.
"""

import fcntl
import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

#: The oldest PostgreSQL that Madoguchi runs on.
OLDEST_MAJOR = 15
#: A Unix socket's path has at most 107 bytes, the terminating zero not counted.
LONGEST_SOCKET_PATH = 107
#: What a cluster, its write-ahead log and a demo city need, in bytes.
NEEDED_BYTES = 600 * 1024**2
#: Seconds that a server gets to answer or to stop. Recovery after a crash of a small cluster takes about one.
PATIENCE_SECONDS = 60

_SOCKET_NAME = ".s.PGSQL.5432"
_SYSTEM_USER = "postgres"


class ClusterError(Exception):
    """The cluster cannot serve; the message says why and what to type to change that."""


@dataclass(frozen=True)
class Binaries:
    """One installed PostgreSQL that has PostGIS."""

    major: int
    folder: Path


def installed() -> list[Binaries]:
    """Every PostgreSQL here that is new enough and has PostGIS, newest first (layout of Debian and Ubuntu)."""
    found = []
    for folder in Path("/usr/lib/postgresql").glob("*/bin"):
        name = folder.parent.name
        postgis = Path("/usr/share/postgresql") / name / "extension" / "postgis.control"
        if name.isdigit() and int(name) >= OLDEST_MAJOR and (folder / "initdb").exists() and postgis.exists():
            found.append(Binaries(int(name), folder))
    return sorted(found, key=lambda one: -one.major)


class Cluster:
    """The cluster of one ``var`` directory. ``say`` hears each thing worth telling the person who waits."""

    def __init__(self, var: Path, say: Callable[[str], None] = lambda _: None, environ: Mapping[str, str] = os.environ):
        self.var = var.resolve()
        self.say = say
        self.home = self.var / "pg"
        self.environ = environ
        self._digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]
        self._as_root = os.geteuid() == 0
        self._roof: Path | None = None

    # -- where things are -------------------------------------------------------------------------------------------

    @property
    def roof(self) -> Path:
        """The directory that holds data, socket and log: ``var/pg``, or one that the postgres user can reach."""
        if self._roof is None:
            self._roof = self.home
            if self._as_root and not _reachable(self.home):
                self._roof = Path("/var/lib/madoguchi") / self._digest
        return self._roof

    @property
    def data(self) -> Path:
        return self.roof / "data"

    @property
    def log(self) -> Path:
        return self.roof / "server.log"

    @property
    def socket(self) -> Path:
        """The directory of the socket. A deep checkout gets a short one, because the kernel cuts the path."""
        near = self.roof / "socket"
        if len(os.fsencode(near / _SOCKET_NAME)) <= LONGEST_SOCKET_PATH:
            return near
        return Path(tempfile.gettempdir()) / f"madoguchi-{self._digest}"

    @property
    def url(self) -> str:
        """What DATABASE_URL would say."""
        return f"postgresql://madoguchi@/madoguchi?host={quote(str(self.socket), safe='/')}"

    # -- use --------------------------------------------------------------------------------------------------------

    @contextmanager
    def running(self) -> Iterator[str]:
        """Serve while the block runs and yield the URL. Whoever leaves last stops the server.

        Raises ClusterError with what to do.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "users.lock").open("a") as users:
            # First alone, so that two programs that begin together do not both make the cluster.
            with (self.home / "start.lock").open("a") as alone:
                fcntl.flock(alone, fcntl.LOCK_EX)
                fcntl.flock(users, fcntl.LOCK_SH)
                self.start()
            try:
                yield self.url
            finally:
                with (self.home / "start.lock").open("a") as alone:
                    fcntl.flock(alone, fcntl.LOCK_EX)
                    try:
                        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    except BlockingIOError:
                        pass  # another program still works with the database: it will stop the server
                    else:
                        self.stop()

    def start(self) -> None:
        """Make sure that the server answers: make the cluster if there is none, heal what an earlier run left."""
        binaries = self._binaries()
        self._claim_folders()
        if not (self.data / "PG_VERSION").exists():
            self._create(binaries)
        if not self._answers(binaries):
            self._clear_leftovers()
            self._check_space()
            self._launch(binaries)
        self._ensure_database(binaries)
        (self.var / "database-url").write_text(self.url + "\n")

    def stop(self) -> None:
        """Stop the server; open transactions are rolled back. Quiet when it does not run."""
        if self._server_pid() is None:
            return
        binaries = self._binaries()
        self._run(binaries, "pg_ctl", "stop", "-D", str(self.data), "-m", "fast", "-w", "-t", str(PATIENCE_SECONDS))
        if self.socket.parent != self.roof:
            with suppress(OSError):
                self.socket.rmdir()

    # -- steps ------------------------------------------------------------------------------------------------------

    def _binaries(self) -> Binaries:
        available = installed()
        if not available:
            raise ClusterError(
                f"No PostgreSQL {OLDEST_MAJOR} or later with PostGIS is installed here. Install it with\n"
                "    sudo apt-get install --no-install-recommends postgresql-postgis\n"
                "or point DATABASE_URL at a server that has it."
            )
        try:
            made_by = int((self.data / "PG_VERSION").read_text().strip())
        except PermissionError:
            self._not_ours(self.data)
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return available[0]
        for one in available:
            if one.major == made_by:
                return one
        here = ", ".join(str(one.major) for one in available)
        raise ClusterError(
            f"The database in {self.data} was made by PostgreSQL {made_by}; installed with PostGIS here: {here}.\n"
            f"To keep its data, install that version:\n"
            f"    sudo apt-get install --no-install-recommends postgresql-{made_by}-postgis-3\n"
            f"To start anew and keep the old data aside:\n"
            f"    mv {self.data} {self.data}-{made_by}"
        )

    def _claim_folders(self) -> None:
        """Roof and socket directory exist, belong to the server's user, and nobody else can enter the socket."""
        if self.roof != self.home:
            self.say(f"the postgres user cannot reach {self.home}: the data lives in {self.roof}")
            self.roof.parent.mkdir(mode=0o755, exist_ok=True)
        owner = pwd.getpwnam(_SYSTEM_USER).pw_uid if self._as_root else os.geteuid()
        for folder, mode in ((self.roof, 0o755), (self.socket, 0o700)):
            try:
                folder.mkdir(mode=mode, parents=True, exist_ok=True)
                seen = folder.lstat()
                if not stat.S_ISDIR(seen.st_mode):
                    raise ClusterError(f"{folder} is in the way: it should be a directory. Move it and start again.")
                if seen.st_uid != owner:
                    if not self._as_root:
                        self._not_ours(folder)
                    os.chown(folder, owner, -1)
                folder.chmod(mode)
            except PermissionError:
                self._not_ours(folder)

    def _create(self, binaries: Binaries) -> None:
        """initdb into a directory of its own, renamed when whole: half a cluster is never mistaken for one."""
        self._check_space()
        half = self.roof / "data.unfinished"
        if half.exists():
            self.say("an earlier set-up of the database was interrupted: begun anew")
            shutil.rmtree(half)
        if self.data.exists() and any(self.data.iterdir()):
            aside = self.roof / f"data.broken-{int(time.time())}"
            self.data.rename(aside)
            self.say(f"{self.data} was not a whole database: set aside as {aside.name}")
        elif self.data.exists():
            self.data.rmdir()
        self.say(f"making the database cluster (PostgreSQL {binaries.major}) in {self.data}")
        result = self._run(
            binaries,
            "initdb",
            *("-D", str(half), "--username=madoguchi", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"),
        )
        if result.returncode:
            raise ClusterError(f"initdb failed:\n{_tail(result.stdout)}")
        with (half / "postgresql.conf").open("a") as settings:
            settings.write(
                "\n# Madoguchi: Unix socket only. Who can enter the socket's directory may connect (mode 0700).\n"
                "listen_addresses = ''\n"
                "unix_socket_permissions = 0700\n"
                "max_connections = 100\n"
                "timezone = 'UTC'\n"
                "log_timezone = 'UTC'\n"
            )
        half.rename(self.data)

    def _launch(self, binaries: Binaries) -> None:
        self._keep_log_short()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            result = self._run(
                binaries,
                "pg_ctl",
                *("start", "-D", str(self.data), "-l", str(self.log), "-w", "-t", str(PATIENCE_SECONDS)),
                *("-o", f"-k '{self.socket}' -p 5432"),
            )
            if result.returncode == 0:
                return
            said = _tail(self.log.read_text(errors="replace")) if self.log.exists() else _tail(result.stdout)
            # After a kill -9 the backends of the old server need a moment to notice; their memory blocks the new one.
            if "shared memory block" in said and time.monotonic() < deadline:
                self.say("waiting for the processes of the killed server to end")
                time.sleep(1)
                continue
            if "No space left on device" in said:
                self._no_space()
            raise ClusterError(
                f"PostgreSQL did not start. Its last words ({self.log}):\n{said}\n"
                f"To start with an empty database and keep this one aside:\n    mv {self.data} {self.data}.aside"
            )

    def _ensure_database(self, binaries: Binaries) -> None:
        """The database exists: also after a run that was interrupted between initdb and createdb."""
        if self._psql(binaries, "madoguchi", "SELECT 1").returncode == 0:
            return
        made = self._psql(binaries, "postgres", "CREATE DATABASE madoguchi")
        if made.returncode and "already exists" not in made.stdout:
            if "No space left on device" in made.stdout:
                self._no_space()
            raise ClusterError(f"The database could not be made:\n{_tail(made.stdout)}")

    def _clear_leftovers(self) -> None:
        """Remove the lock files of a server that is gone, also where its process number now belongs to another program.

        PostgreSQL itself only looks whether *some* process has the number: after a restart in a container one does.
        """
        lock = self.data / "postmaster.pid"
        if lock.exists() and self._server_pid() is None:
            self.say("the database server was not stopped properly last time: recovering")
            lock.unlink()
        if self._server_pid() is None:
            for name in (_SOCKET_NAME, _SOCKET_NAME + ".lock"):
                (self.socket / name).unlink(missing_ok=True)

    def _check_space(self) -> None:
        if shutil.disk_usage(self.roof).free < NEEDED_BYTES:
            self._no_space()

    def _no_space(self) -> NoReturn:
        free = shutil.disk_usage(self.roof).free // 1024**2
        raise ClusterError(
            f"The disk is nearly full: {free} MB free at {self.roof}, the database needs {NEEDED_BYTES // 1024**2} MB. "
            "Make room and start again; nothing is lost."
        )

    def _not_ours(self, path: Path) -> NoReturn:
        raise ClusterError(
            f"{path} belongs to another user, probably because an earlier run was started as root.\n"
            f"Start as that user again, or give the demo a fresh database:\n    sudo rm -rf {self.home}"
        )

    def _keep_log_short(self, limit: int = 5 * 1024**2) -> None:
        if self.log.exists() and self.log.stat().st_size > limit:
            self.log.replace(self.log.with_suffix(".log.old"))

    # -- the server -------------------------------------------------------------------------------------------------

    def _server_pid(self) -> int | None:
        """The number of the running server of this data directory, or None."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            working = Path(f"/proc/{pid}/cwd").readlink()
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (OSError, ValueError):
            return None
        return pid if working == self.data and state != "Z" else None

    def _answers(self, binaries: Binaries) -> bool:
        if self._server_pid() is None:
            return False
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._psql(binaries, "postgres", "SELECT 1").returncode:
            if self._server_pid() is None:
                return False
            if time.monotonic() > deadline:
                raise ClusterError(
                    f"A database server runs on {self.data} but does not answer. Stop it with\n"
                    f"    kill {self._server_pid()}\nand start again."
                )
            time.sleep(0.2)
        return True

    def _psql(self, binaries: Binaries, database: str, statement: str) -> subprocess.CompletedProcess[str]:
        where = ("-h", str(self.socket), "-p", "5432", "-U", "madoguchi", "-d", database)
        return self._run(binaries, "psql", *where, "-X", "-q", "-A", "-t", "-c", statement)

    def _run(self, binaries: Binaries, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program of PostgreSQL as the server's user, away from the terminal's Ctrl-C."""
        command = [str(binaries.folder / program), *arguments]
        if self._as_root:
            command = ["setpriv", f"--reuid={_SYSTEM_USER}", f"--regid={_SYSTEM_USER}", "--init-groups", *command]
        environ = {key: value for key, value in self.environ.items() if not key.startswith("PG")}
        # A file, not a pipe: the server inherits it from pg_ctl and would keep a pipe open for ever.
        with tempfile.TemporaryFile("w+", errors="replace") as output:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environ | {"LC_ALL": "C.UTF-8"},
                cwd=self.roof,
                start_new_session=True,
                check=False,
            )
            output.seek(0)
            return subprocess.CompletedProcess(command, done.returncode, output.read(), "")


def _reachable(path: Path) -> bool:
    """Whether the postgres user may walk down to ``path``. Root's own home, for example, is closed to it."""
    while not path.exists():
        path = path.parent
    as_postgres = ("setpriv", f"--reuid={_SYSTEM_USER}", f"--regid={_SYSTEM_USER}", "--init-groups")
    return subprocess.run([*as_postgres, "test", "-x", str(path)], check=False).returncode == 0


def _tail(text: str, lines: int = 12) -> str:
    return "\n".join("    " + line for line in text.strip().splitlines()[-lines:])
