"""`madoguchi demo` as a person meets it: it comes up, says where, and leaves nothing behind."""

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from madoguchi.site import starting
from madoguchi.site.cluster import Cluster

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def var(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="madoguchi-test-"))
    folder.chmod(0o755)
    monkeypatch.setenv("MADOGUCHI_VAR", str(folder))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    yield folder
    Cluster(folder).stop()
    shutil.rmtree(folder)


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def test_a_taken_port_is_named_with_its_holder_and_the_way_out() -> None:
    web, *others = free_ports(4)
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", web))
        holder.listen()
        with pytest.raises(starting.CannotStart) as error:
            starting._check_ports(starting.Ports(web, *others))
    assert re.match(rf"Port {web} is taken by process {os.getpid()} \(", str(error.value))
    assert re.search(r"make demo OPTIONS='--port \d+'", str(error.value))
    starting._check_ports(starting.Ports(web, *others))


def test_a_second_demo_of_the_same_checkout_is_refused(var: Path) -> None:
    with (
        starting._alone(),
        pytest.raises(starting.CannotStart, match=rf"already running \(process {os.getpid()}\)"),
        starting._alone(),
    ):
        pass
    with starting._alone():
        pass


def test_a_database_from_rewritten_migrations_is_set_aside(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "_migrations", lambda: {"a/0001_initial.py": "first"})
    with starting.database() as url:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept ()")
        starting._remember_tables()
        starting._begin_anew_if_tables_changed()
        with psycopg.connect(url) as connection:
            connection.execute("SELECT FROM kept")

        monkeypatch.setattr(starting, "_migrations", lambda: {"a/0001_initial.py": "rewritten"})
        starting._begin_anew_if_tables_changed()
        with psycopg.connect(url) as connection:
            found = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'madoguchi_2%'").fetchall()
            assert connection.execute("SELECT to_regclass('kept')").fetchone() == (None,)
        with psycopg.connect(url.replace("/madoguchi?", f"/{found[0][0]}?")) as connection:
            connection.execute("SELECT FROM kept")


def status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers={"Host": f"localhost:{port}"})
    code = connection.getresponse().status
    connection.close()
    return code


def processes_of(var: Path) -> list[str]:
    """Command lines of all that was started for this directory: it is in their environment or among their arguments."""
    found = []
    for one in Path("/proc").glob("[0-9]*"):
        try:
            known = (one / "environ").read_bytes() + (one / "cmdline").read_bytes()
            if str(var).encode() in known and one.name != str(os.getpid()):
                found.append((one / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue  # it ended meanwhile, or is another user's
    return found


@pytest.mark.cluster
def test_comes_up_says_where_and_leaves_nothing_behind(var: Path) -> None:
    web, identity, mail, smtp = free_ports(4)
    options = ["--port", web, "--identity-port", identity, "--mail-port", mail, "--smtp-port", smtp]
    demo = subprocess.Popen(
        [sys.executable, "-m", "madoguchi.site.cli", "demo", *map(str, options)],
        cwd=ROOT,
        env={**os.environ, "MADOGUCHI_DATA": str(var), "MADOGUCHI_SAMPLE_PARCELS": "1000"},  # a small map
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert demo.stdout is not None
    lines: list[str] = []
    ready = threading.Event()

    def read() -> None:
        for line in demo.stdout or ():
            lines.append(line)
            if "Ctrl-C stops all of it" in line:
                ready.set()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        while not ready.wait(0.5):
            assert demo.poll() is None, "".join(lines[-40:])
        said = "".join(lines)
        assert f"http://localhost:{web}/desk/" in said
        assert "password" in said
        assert status(web, "/") == 200
        assert status(web, "/procedures/") == 200
        assert status(web, "/desk/") == 302
        assert status(mail, "/") == 200
        assert len(processes_of(var)) >= 5
        assert status(identity, "/api/realms/main/.well-known/openid-configuration") == 200
    finally:
        demo.send_signal(signal.SIGINT)
        try:
            assert demo.wait(timeout=40) == 0, "".join(lines[-40:])
        finally:
            demo.kill()
            reader.join()
            demo.stdout.close()
    time.sleep(0.5)
    assert processes_of(var) == []
