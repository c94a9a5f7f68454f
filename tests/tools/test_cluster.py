"""The private cluster heals what an earlier run left behind, and says what to do where it cannot."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

from madoguchi.site import cluster as cluster_module
from madoguchi.site.cluster import Cluster, ClusterError

pytestmark = pytest.mark.cluster


@pytest.fixture
def var() -> Iterator[Path]:
    """Not pytest's own directory: that is closed to the postgres user, as root's home is."""
    folder = Path(tempfile.mkdtemp(prefix="madoguchi-test-"))
    folder.chmod(0o755)
    yield folder
    cluster = Cluster(folder)
    cluster.stop()
    shutil.rmtree(folder)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def cluster(var: Path, said: list[str]) -> Cluster:
    return Cluster(var, said.append)


def ask(url: str, statement: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(statement)
        row = found.fetchone() if found.description else None
        return row[0] if row else None


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def server_pid(cluster: Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text().split()[0])


def test_serves_on_a_socket_only_its_owner_reaches(cluster: Cluster) -> None:
    with cluster.running() as url:
        assert ask(url, "SHOW listen_addresses") == ""
        assert ask(url, "SHOW server_encoding") == "UTF8"
        ask(url, "CREATE EXTENSION postgis")
        assert cluster.socket.stat().st_mode & 0o077 == 0
        pid = server_pid(cluster)
    assert gone(pid)


def test_second_start_keeps_the_data_and_is_quick(cluster: Cluster) -> None:
    with cluster.running() as url:
        ask(url, "CREATE TABLE kept AS SELECT 1 AS one")
    began = time.monotonic()
    with cluster.running() as url:
        assert ask(url, "SELECT one FROM kept") == 1
    assert time.monotonic() - began < 10


def test_heals_after_kill_9(cluster: Cluster, said: list[str]) -> None:
    with cluster.running() as url:
        ask(url, "CREATE TABLE kept AS SELECT 1 AS one")
        os.kill(server_pid(cluster), signal.SIGKILL)
    with cluster.running() as url:
        assert ask(url, "SELECT one FROM kept") == 1
    assert any("not stopped properly" in line for line in said)


def test_heals_a_lock_file_whose_number_belongs_to_another_program(cluster: Cluster) -> None:
    with cluster.running():
        lock = (cluster.data / "postmaster.pid").read_text()
    with_our_number = lock.replace(lock.split("\n", 1)[0], str(os.getpid()), 1)
    (cluster.data / "postmaster.pid").write_text(with_our_number)
    with cluster.running() as url:
        assert ask(url, "SELECT 1") == 1


def test_heals_an_interrupted_initdb(cluster: Cluster, said: list[str]) -> None:
    half = cluster.roof / "data.unfinished" / "base"
    half.mkdir(parents=True)
    (half / "1").write_text("half")
    with cluster.running() as url:
        assert ask(url, "SELECT 1") == 1
    assert any("interrupted" in line for line in said)


def test_sets_a_directory_that_is_no_cluster_aside(cluster: Cluster, said: list[str]) -> None:
    cluster.data.mkdir(parents=True)
    (cluster.data / "something").write_text("kept")
    with cluster.running() as url:
        assert ask(url, "SELECT 1") == 1
    assert [one.read_text() for one in cluster.roof.glob("data.broken-*/something")] == ["kept"]
    assert any("set aside" in line for line in said)


def test_heals_a_run_that_ended_before_the_database_was_created(cluster: Cluster) -> None:
    with cluster.running() as url:
        ask(url.replace("/madoguchi?", "/postgres?"), "DROP DATABASE madoguchi")
    with cluster.running() as url:
        assert ask(url, "SELECT current_database()") == "madoguchi"


def test_names_the_version_that_made_the_data(cluster: Cluster) -> None:
    cluster.data.mkdir(parents=True)
    (cluster.data / "PG_VERSION").write_text("14\n")
    with pytest.raises(ClusterError, match="made by PostgreSQL 14") as error, cluster.running():
        pass
    assert "apt-get install --no-install-recommends postgresql-14-postgis-3" in str(error.value)
    assert f"mv {cluster.data} {cluster.data}-14" in str(error.value)


def test_says_how_to_install_postgresql_where_there_is_none(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "installed", list)
    with (
        pytest.raises(ClusterError, match="apt-get install --no-install-recommends postgresql-postgis"),
        cluster.running(),
    ):
        pass


def test_stops_before_the_disk_is_full(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    class Nearly(NamedTuple):
        free: int = 5 * 1024**2

    def nearly_full(path: Path) -> Nearly:
        return Nearly()

    monkeypatch.setattr("shutil.disk_usage", nearly_full)
    with pytest.raises(ClusterError, match="nearly full: 5 MB free"), cluster.running():
        pass
    monkeypatch.undo()
    with cluster.running() as url:
        assert ask(url, "SELECT 1") == 1


def test_a_deep_checkout_gets_a_short_socket(var: Path) -> None:
    deep = var / ("d" * 60) / ("e" * 60)
    cluster = Cluster(deep)
    with cluster.running() as url:
        assert ask(url, "SELECT 1") == 1
    assert len(str(cluster.socket)) < 60
    assert not cluster.socket.exists()


def test_the_last_to_leave_stops_the_server(var: Path) -> None:
    first = Cluster(var)
    with first.running() as url:
        pid = server_pid(first)
        program = (
            "import sys; from pathlib import Path; from madoguchi.site.cluster import Cluster\n"
            "with Cluster(Path(sys.argv[1])).running() as url: print(url, flush=True); sys.stdin.readline()"
        )
        other = subprocess.Popen(
            [sys.executable, "-c", program, str(var)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert other.stdout is not None
        assert other.stdout.readline().strip() == url
    assert not gone(pid)
    assert ask(url, "SELECT 1") == 1
    other.communicate("\n", timeout=30)
    assert gone(pid)


def test_data_of_another_user_is_named(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a first run with sudo and a second without."""
    cluster.roof.mkdir(parents=True)
    cluster._as_root = False
    monkeypatch.setattr("os.geteuid", lambda: 12345)
    with pytest.raises(ClusterError, match="belongs to another user") as error, cluster.running():
        pass
    assert f"sudo rm -rf {cluster.home}" in str(error.value)
