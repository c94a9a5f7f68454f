"""The map: files taken in, what applies beside bare SQL, and both over HTTP beside pygeoapi, tipg and MapServer.

On the sample city's 100,000 parcels and what else it has, in a database of its own. Each server has two processes
and reads the same PostGIS; the peers have a table of their own for each layer, in the CRS that suits them best, with
key and index. Rounds go through all servers in turn, so that a busy minute is nobody's. A peer that is not installed
is named.

    python tests/bench/gis.py [--parcels 100000] [--seconds 6] [--rounds 2] [--peers var/bench]

The peers are not part of Madoguchi, and no set-up brings them:

    uv venv var/bench && uv pip install -p var/bench pygeoapi==0.21.0 gunicorn psycopg2-binary geoalchemy2 tipg uvicorn
    apt-get install --no-install-recommends wrk cgi-mapserver lighttpd      # lighttpd carries MapServer's FastCGI
"""

import argparse
import datetime as dt
import json
import math
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlsplit

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import django  # noqa: E402  # after the path

from tests.bench.case import database  # noqa: E402

Point = tuple[float, float]
#: The layers that every server has, and their attributes by type.
LAYERS: Final = {
    "parcels": "town text, lot text, area float8",
    "zoning": "use text, coverage int, floor_area int",
    "roads_by_owner": "number text, owner text, name text, width float8",
    "flood": "depth text, depth_max float8",
    "landslide": "number text, kind text, phenomenon text",
}
POINTS, ROUNDS_SQL, ZOOM = 4_000, 1_000, 15
#: Half the side of a page of parcels, in degrees: 270 m.
HALF: Final = 0.00135
PROCESSES: Final = 2
#: So many that each process of a server has some: of four, by chance all may come to one.
CONNECTIONS: Final = 8
OURS: Final = "Madoguchi"
ANSWER, OF_TEN, AT_POINT, CONTAINING = (
    "what applies (all layers)",
    "what applies (ten layers)",
    "features at a point",
    "features at a point, by a filter",
)
#: Days since the sample city's map begins, so many that no tile is asked for twice.
DAYS: Final = [(dt.date(2026, 5, 1) + dt.timedelta(days=one)).isoformat() for one in range(2_000)]


# -- the city ---------------------------------------------------------------------------------------------------------


def fill() -> None:
    """Every layer of which there is a file or a drawing, by the very act that a city uses."""
    from madoguchi.site import mapping

    began = time.monotonic()
    for line in mapping.load([], None, None, anyhow=False):
        if "第" in line.words:
            print(f"  {line.words}")
    print(f"  all layers: {time.monotonic() - began:.1f} s")


def import_speed(folder: Path) -> None:
    """The parcels as a GeoPackage, read and taken in; beside it the same rows by GDAL's own program, if it is there."""
    from dataclasses import replace

    import pyogrio.raw
    import shapely

    from madoguchi.events import Actor
    from madoguchi.places.actions import load
    from madoguchi.places.reading import read_file
    from madoguchi.procedures import queries as procedures
    from madoguchi.site.land import drawn

    raw, layer = drawn("sample:parcels"), procedures.layers()["parcels"]
    file = folder / "parcels.gpkg"
    columns = [list(values) for values in raw.columns.values()]
    import numpy as np

    fields: list[Any] = [np.array(one, dtype=float if isinstance(one[0], float) else object) for one in columns]
    pyogrio.raw.write(
        str(file), geometry=shapely.to_wkb(raw.shapes), field_data=fields, fields=list(raw.columns), crs="EPSG:6668",
        geometry_type="Polygon", driver="GPKG", layer_options={"SPATIAL_INDEX": "NO"},
    )  # fmt: skip
    began = time.monotonic()
    reading = read_file(layer, file)
    read = time.monotonic() - began
    system, day = Actor("system", channel="console"), layer.source.as_of
    again = replace(layer, code="parcels-again")
    began = time.monotonic()
    load(again, reading, day, by=system)
    taken = time.monotonic() - began
    count = len(reading.features)
    print(f"\nimport of {count:,} parcels (GeoPackage): read {read:.1f} s, taken in {taken:.1f} s: ", end="")
    print(f"{count / (read + taken):,.0f} features/s (aim: 20,000)")
    began = time.monotonic()
    reading.digest = "the same rows, read once more"
    load(again, reading, day, by=system)
    print(f"  the same features once more, compared by key: {time.monotonic() - began:.1f} s")
    _forget(again.code)
    if (ogr := shutil.which("ogr2ogr")) is None:
        print("  ogr2ogr is not installed: nothing to compare with")
        return
    began = time.monotonic()
    target = "PG:" + _libpq(os.environ["DATABASE_URL"])
    subprocess.run(
        [ogr, "-f", "PostgreSQL", target, str(file), "-nln", "public.ogr_parcels", "--config", "PG_USE_COPY", "YES"],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    took = time.monotonic() - began
    print(f"  ogr2ogr with COPY, without comparing, keeping or drawing: {count / took:,.0f} features/s")
    _owned("DROP TABLE public.ogr_parcels")


def _forget(code: str) -> None:
    _owned(f"DELETE FROM layer_feature WHERE layer = '{code}'", f"DELETE FROM layer_edition WHERE layer = '{code}'")


def _owned(*statements: str) -> None:
    from django.db import connection

    from madoguchi.site.owner import owner

    with owner(), connection.cursor() as cursor:
        for one in statements:
            cursor.execute(one)


def tables_for_peers() -> None:
    """What peers read: a table for each layer with columns of their own, in degrees and in the CRS of tiles."""
    statements = ["CREATE SCHEMA peer"]
    for layer, said in LAYERS.items():
        columns = [one.strip().split() for one in said.split(",")]
        values = ", ".join(f"(properties->>'{key}')::{kind} AS {key}" for key, kind in columns)
        for table, shape in ((layer, "ST_Transform(geom, 4326)"), (f"{layer}_drawn", "drawn")):
            statements += [
                f"CREATE TABLE peer.{table} AS"
                f" SELECT row_number() OVER (ORDER BY key)::int AS id, {values}, {shape} AS geom FROM layer_feature"
                f" WHERE layer = '{layer}' AND valid_until IS NULL AND dropped_in_id IS NULL",
                f"ALTER TABLE peer.{table} ADD PRIMARY KEY (id)",
                f"CREATE INDEX ON peer.{table} USING gist (geom)",
                f"ANALYZE peer.{table}",
            ]
        for table, srid in ((layer, 4326), (f"{layer}_drawn", 3857)):
            statements.append(f"ALTER TABLE peer.{table} ALTER geom TYPE geometry(Geometry, {srid})")
    _owned(*statements, "GRANT USAGE ON SCHEMA peer TO PUBLIC", "GRANT SELECT ON ALL TABLES IN SCHEMA peer TO PUBLIC")
    _owned("VACUUM ANALYZE layer_feature")


def some_points(seed: int = 1) -> list[Point]:
    """Points on lots, the same in every run."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ST_X(p), ST_Y(p) FROM (SELECT ST_PointOnSurface(geom) AS p FROM layer_feature"
            " WHERE layer = 'parcels' AND valid_until IS NULL ORDER BY md5(key || %s) LIMIT %s) AS lot",
            [str(seed), POINTS],
        )
        return [(lon, lat) for lon, lat in cursor.fetchall()]


# -- without HTTP -----------------------------------------------------------------------------------------------------

#: What the very least is: the features at a point, whatever their border, and no answer where none is.
BARE: Final = """
    SELECT layer, key, properties::text FROM layer_feature
    WHERE layer = ANY(%(layers)s) AND ST_Intersects(geom, ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 6668))
      AND dropped_in_id IS NULL AND valid_from <= %(on)s AND (valid_until IS NULL OR valid_until > %(on)s)
"""


def ten_layers() -> list[str]:
    """The codes of ten public layers that tell of a place, those of the peers first."""
    from madoguchi.procedures import queries as procedures

    told = [one for one in procedures.layers().values() if one.told and one.source.terms == "open"]
    return [one.code for one in sorted(told, key=lambda one: one.code not in LAYERS)[:10]]


def beside_bare_sql(points: Sequence[Point]) -> None:
    """What applies over ten layers, in the process; the time within the database apart; bare SQL of the same rows."""
    from django.db import connection

    from madoguchi.ground import clock
    from madoguchi.places.queries import Where, applies
    from madoguchi.procedures import queries as procedures

    known = procedures.layers()
    ten = [known[code] for code in ten_layers()]
    plane, inside = procedures.city().file.plane, [0.0]

    def timed(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            inside[0] += time.perf_counter() - began

    whole, within, bare = [], [], []
    with connection.execute_wrapper(timed):
        for at in range(ROUNDS_SQL):
            lon, lat = points[at % len(points)]
            inside[0], began = 0.0, time.perf_counter()
            applies(ten, Where(lon, lat), plane)
            whole.append((time.perf_counter() - began) * 1000)
            within.append(inside[0] * 1000)
            inside[0] = 0.0
            with connection.cursor() as cursor:
                given: dict[str, Any] = {
                    "layers": [one.code for one in ten],
                    "lon": lon,
                    "lat": lat,
                    "on": clock.today(),
                }
                cursor.execute(BARE, given)
                cursor.fetchall()
            bare.append(inside[0] * 1000)
    print(f"\nwhat applies over {len(ten)} layers, {ROUNDS_SQL:,} points, ms")
    print(f"  {'':44}{'p50':>8}{'p99':>8}")
    for name, taken in (
        ("the answer", whole),
        ("  of that in the database", within),
        ("bare SQL", bare),
    ):
        print(f"  {name:44}{statistics.median(taken):8.2f}{statistics.quantiles(taken, n=100)[98]:8.2f}")
    times, slow = statistics.median(within) / statistics.median(bare), statistics.quantiles(within, n=100)[98]
    print(f"  database: {times:.1f} times bare SQL (aim: 2), p99 {slow:.1f} ms (aim: 10)")


# -- the servers ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Server:
    """One of those that are measured. Each ``Callable`` gives the path of a request; None: it has no such thing.

    ``start`` gives the command and environment; ``missing`` says what is not installed ('' where all is).
    ``containing`` asks for the features at a point by a filter, where that is faster than by a box.
    """

    name: str
    start: Callable[[Path, int], tuple[list[str], dict[str, str]]]
    missing: str
    at_point: Callable[[str, Point], str] | None
    page: Callable[[str, Point], str] | None
    tile: Callable[[str, int, int, int], str] | None
    answer: Callable[[Point], str] | None = None
    containing: Callable[[str, Point], str] | None = None


def _tiny(point: Point, half: float = 1e-7) -> str:
    lon, lat = point
    return f"{lon - half:.8f},{lat - half:.8f},{lon + half:.8f},{lat + half:.8f}"


def _libpq(url: str) -> str:
    parts = urlsplit(url)
    said = {key: values[0] for key, values in parse_qs(parts.query).items()}
    found = {"host": parts.hostname, "port": parts.port, "user": parts.username, "password": parts.password, **said}
    found["dbname"] = parts.path.lstrip("/")
    return " ".join(f"{key}={value}" for key, value in found.items() if value)


def ours(folder: Path, port: int) -> tuple[list[str], dict[str, str]]:
    command = [sys.executable, "-m", "madoguchi.site.cli", "web", "--port", str(port), "--workers", str(PROCESSES)]
    return command, {"MADOGUCHI_VAR": str(folder), "MADOGUCHI_SECRET_KEY": "bench" * 10, "PYTHONPATH": str(ROOT)}


def servers(peers: Path) -> list[Server]:
    here = peers / "bin"
    return [
        Server(
            OURS, ours, "",
            lambda layer, point: f"/ogc/collections/{layer}/items?f=json&limit=10&bbox={_tiny(point)}",
            lambda layer, point: f"/ogc/collections/{layer}/items?f=json&limit=500&bbox={_tiny(point, HALF)}",
            lambda layer, z, x, y: f"/map/tiles/{layer}/{z}/{x}/{y}.mvt",
            lambda point: f"/api/v1/at?lon={point[0]:.7f}&lat={point[1]:.7f}",
        ),
        Server(
            "pygeoapi", lambda folder, port: pygeoapi(folder, port, here),
            "" if (here / "pygeoapi").exists() else f"no pygeoapi in {peers}",
            lambda layer, point: f"/collections/{layer}/items?f=json&limit=10&bbox={_tiny(point, 5e-7)}",
            lambda layer, point: f"/collections/{layer}/items?f=json&limit=500&bbox={_tiny(point, HALF)}",
            None,
            containing=lambda layer, point: (
                f"/collections/{layer}/items?f=json&limit=10&filter-lang=cql-text"
                f"&filter=INTERSECTS(geom,POINT({point[0]:.7f}%20{point[1]:.7f}))"
            ),
        ),
        Server(
            "tipg", lambda folder, port: tipg(folder, port, here),
            "" if (here / "uvicorn").exists() else f"no tipg in {peers}",
            lambda layer, point: f"/collections/peer.{layer}/items?f=geojson&limit=10&bbox={_tiny(point)}",
            lambda layer, point: f"/collections/peer.{layer}/items?f=geojson&limit=500&bbox={_tiny(point, HALF)}",
            lambda layer, z, x, y: f"/collections/peer.{layer}_drawn/tiles/WebMercatorQuad/{z}/{x}/{y}",
        ),
        Server(
            "MapServer", mapserver,
            "" if Path(MAPSERV).exists() and _lighttpd() else "no cgi-mapserver and lighttpd",
            lambda layer, point: f"{OGC}/{layer}/items?f=json&limit=10&bbox={_tiny(point)}",
            lambda layer, point: f"{OGC}/{layer}/items?f=json&limit=500&bbox={_tiny(point, HALF)}",
            lambda layer, z, x, y: (
                f"/ms?map=CITY&mode=tile&tilemode=gmap&tile={x}+{y}+{z}&layers={layer}_drawn&map.imagetype=mvt"
            ),
        ),
    ]  # fmt: skip


def pygeoapi(folder: Path, port: int, here: Path) -> tuple[list[str], dict[str, str]]:
    said = dict(one.split("=", 1) for one in _libpq(os.environ["DATABASE_URL"]).split(" "))
    text = {"en": "bench"}
    provider = {"type": "feature", "name": "PostgreSQL", "id_field": "id", "geom_field": "geom"}
    data = {
        "host": said.get("host", "localhost"), "port": int(said.get("port", 5432)), "dbname": said["dbname"],
        "user": said.get("user", ""), "password": said.get("password", ""), "search_path": ["peer", "public"],
    }  # fmt: skip
    resources = {
        layer: {
            "type": "collection", "title": layer, "description": layer, "keywords": ["bench"], "links": [],
            "extents": {"spatial": {"bbox": [135.5, 34.6, 135.8, 34.8]}},
            "providers": [{**provider, "data": data, "table": layer}],
        }
        for layer in LAYERS
    }  # fmt: skip
    config = {
        "server": {
            "bind": {"host": "127.0.0.1", "port": port}, "url": f"http://localhost:{port}",
            "mimetype": "application/json", "encoding": "utf-8", "gzip": False,
            "languages": ["en-US"], "pretty_print": False,
            "limits": {"default_items": 10, "max_items": 1000},
            "map": {"url": "", "attribution": ""},
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {"title": text, "description": text, "keywords": {"en": ["bench"]},
                               "keywords_type": "theme", "terms_of_service": "", "url": "http://localhost"},
            "license": {"name": "none", "url": "http://localhost"},
            "provider": {"name": "bench", "url": "http://localhost"},
            "contact": {"name": "bench"},
        },
        "resources": resources,
    }  # fmt: skip
    (folder / "pygeoapi.yml").write_text(json.dumps(config))  # JSON is YAML, too
    environment = {"PYGEOAPI_CONFIG": str(folder / "pygeoapi.yml"), "PYGEOAPI_OPENAPI": str(folder / "openapi.json")}
    subprocess.run(
        [str(here / "pygeoapi"), "openapi", "generate", environment["PYGEOAPI_CONFIG"], "--format", "json",
         "--output-file", environment["PYGEOAPI_OPENAPI"]],
        check=True, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    command = [
        str(here / "gunicorn"),
        "-w",
        str(PROCESSES),
        "-k",
        "gthread",
        "--threads",
        "4",
        "-b",
        f"127.0.0.1:{port}",
    ]
    return [*command, "--log-level", "error", "pygeoapi.flask_app:APP"], environment


def tipg(folder: Path, port: int, here: Path) -> tuple[list[str], dict[str, str]]:
    said = dict(one.split("=", 1) for one in _libpq(os.environ["DATABASE_URL"]).split(" "))
    environment = {
        "POSTGRES_USER": said.get("user", ""), "POSTGRES_PASS": said.get("password", ""),
        "POSTGRES_HOST": said.get("host", "localhost"), "POSTGRES_PORT": said.get("port", "5432"),
        "POSTGRES_DBNAME": said["dbname"],
        "DATABASE_URL": f"postgresql://{said.get('user', '')}@{quote(said.get('host', 'localhost'), safe='')}"
        f":{said.get('port', 5432)}/{said['dbname']}",
        "TIPG_DB_SCHEMAS": '["peer"]', "TIPG_MAX_FEATURES_PER_QUERY": "1000",
    }  # fmt: skip
    command = [str(here / "uvicorn"), "tipg.main:app", "--port", str(port), "--workers", str(PROCESSES)]
    return [*command, "--log-level", "error"], environment


MAPSERV: Final = "/usr/lib/cgi-bin/mapserv"
OGC: Final = "/ms/CITY/ogcapi/collections"


def _lighttpd() -> str | None:
    return shutil.which("lighttpd") or shutil.which("lighttpd", path="/usr/sbin")


def mapserver(folder: Path, port: int) -> tuple[list[str], dict[str, str]]:
    connection = _libpq(os.environ["DATABASE_URL"])
    kinds = {"roads_by_owner": "LINE"}
    layers = "".join(
        f"""
  LAYER
    NAME "{table}" TYPE {kinds.get(layer, "POLYGON")} STATUS OFF TEMPLATE VOID
    CONNECTIONTYPE POSTGIS CONNECTION "{connection}" PROCESSING "CLOSE_CONNECTION=DEFER"
    DATA "geom FROM peer.{table} USING UNIQUE id USING SRID={srid}"
    EXTENT {extent}
    PROJECTION "init=epsg:{srid}" END
    METADATA "oga_title" "{table}" "gml_include_items" "all" "oga_featureid" "id" "gml_types" "auto" END
    VALIDATION "id" "^[0-9]+$" END
    CLASS STYLE COLOR 0 0 0 END END
  END"""
        for layer in LAYERS
        for table, srid, extent in (
            (layer, 4326, "135.5 34.6 135.8 34.8"),
            (f"{layer}_drawn", 3857, "15083000 4110000 15117000 4138000"),
        )
    )
    (folder / "city.map").write_text(
        f"""MAP
  NAME "city" SIZE 256 256 EXTENT 15083000 4110000 15117000 4138000 UNITS METERS MAXSIZE 4096
  PROJECTION "init=epsg:3857" END
  OUTPUTFORMAT NAME "mvt" DRIVER "MVT" FORMATOPTION "EXTENT=4096" FORMATOPTION "EDGE_BUFFER=10" END
  WEB METADATA
    "oga_enable_request" "OGCAPI" "oga_onlineresource" "http://localhost:{port}/ms/CITY/ogcapi" "oga_title" "city"
    "oga_max_limit" "1000" "ows_enable_request" "*"
  END END{layers}
END
"""
    )
    (folder / "mapserver.conf").write_text(
        f'CONFIG ENV MS_MAP_PATTERN "." END MAPS CITY "{folder / "city.map"}" END END\n'
    )
    (folder / "lighttpd.conf").write_text(
        f"""server.modules = ("mod_fastcgi")
server.document-root = "{folder}"
server.bind = "127.0.0.1"
server.port = {port}
fastcgi.server = ("/ms" => ((
  "socket" => "{folder}/ms.socket", "bin-path" => "{MAPSERV}", "max-procs" => {PROCESSES}, "check-local" => "disable",
  "bin-environment" => ("MAPSERVER_CONFIG_FILE" => "{folder}/mapserver.conf")
)))
"""
    )
    return [str(_lighttpd()), "-D", "-f", str(folder / "lighttpd.conf")], {}


@contextmanager
def running(server: Server, folder: Path, first: str) -> Iterator[tuple[str, int]]:
    """The server and its process, once it answers its first request. Raises RuntimeError with what it said instead."""
    from madoguchi.bridges.oidc.tests.conftest import free_port

    port = free_port()
    place = folder / server.name
    place.mkdir(exist_ok=True)
    command, environment = server.start(place, port)
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=log, stderr=log, cwd=place, start_new_session=True
        )
    base, told = f"http://127.0.0.1:{port}", ""
    try:
        for _ in range(240):
            try:
                with urllib.request.urlopen(base + first, timeout=60) as answer:
                    answer.read()
                break
            except urllib.error.HTTPError as error:
                told = f"{error.code} {error.read(300)!r}"
                break
            except OSError:
                time.sleep(0.25)
        else:
            told = (place / "log").read_text(errors="replace")[-500:]
        if told:
            raise RuntimeError(told)
        yield base, process.pid
    finally:
        os.killpg(process.pid, signal.SIGTERM)  # its own session, which we have started
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


#: Asks the paths of a file one after the other, from one of them on, and says at the end how it went.
LUA: Final = """
local paths, at = {}, tonumber(os.getenv("BENCH_FROM"))
for line in io.lines(os.getenv("BENCH_PATHS")) do paths[#paths + 1] = line end
request = function() at = at + 1; return wrk.format("GET", paths[(at - 1) % #paths + 1]) end
done = function(summary, latency)
  io.write(string.format("BENCH %d %d %d %d %d %d\\n", summary.requests, summary.duration, summary.errors.status
    + summary.errors.connect + summary.errors.read + summary.errors.timeout, latency:percentile(50),
    latency:percentile(99), summary.bytes))
end
"""


@dataclass(frozen=True)
class Measured:
    """Requests a second, milliseconds of processor that one took (server and database), milliseconds until an answer,
    errors and kilobytes an answer."""

    rps: float
    cost: float
    p50: float
    p99: float
    errors: int
    kilobytes: float


def processor(server: int) -> dict[int, float]:
    """By process, seconds of processor so far: of the server with all that it has started, and of the database."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        found = {pid for (pid,) in cursor.fetchall()}
    parents: dict[int, int] = {}
    used: dict[int, float] = {}
    for one in Path("/proc").glob("[0-9]*/stat"):
        try:
            after = one.read_text().rpartition(")")[2].split()
        except OSError:  # has ended meanwhile
            continue
        parents[int(one.parent.name)] = int(after[1])
        used[int(one.parent.name)] = (int(after[11]) + int(after[12])) / os.sysconf("SC_CLK_TCK")
    found.add(server)
    while more := {pid for pid, parent in parents.items() if parent in found and parent != 1} - found:
        found |= more
    return {pid: used[pid] for pid in found if pid in used}


#: Seconds in which each process cuts every tile once, so that what is measured then is to hand out what is kept.
KEPT_WARM: Final = 20.0


def asked(
    wrk: str, base: str, server: int, paths: Sequence[str], seconds: float, folder: Path, warm: float = 1.0
) -> Measured:
    (folder / "paths").write_text("\n".join(paths) + "\n")
    (folder / "ask.lua").write_text(LUA)
    command = [wrk, "-t1", f"-c{CONNECTIONS}", "--timeout", "60s", "-s", str(folder / "ask.lua")]
    told = ""
    before: dict[int, float] = {}
    for duration, first in ((warm, len(paths) // 2), (seconds, 0)):  # what was warmed up with is not asked again
        before = processor(server)
        told = subprocess.run(
            [*command, f"-d{duration:g}s", base], capture_output=True, text=True, check=True,
            env={**os.environ, "BENCH_PATHS": str(folder / "paths"), "BENCH_FROM": str(first)},
        ).stdout  # fmt: skip
    line = next(one for one in told.splitlines() if one.startswith("BENCH"))
    count, took, errors, p50, p99, size = (int(one) for one in line.split()[1:])
    cost = sum(now - before.get(pid, 0.0) for pid, now in processor(server).items()) * 1000 / max(count, 1)
    return Measured(count / (took / 1e6), cost, p50 / 1000, p99 / 1000, errors, size / max(count, 1) / 1024)


def square(point: Point, zoom: int = ZOOM) -> tuple[int, int, int]:
    """The tile in which a point is."""
    lon, lat = point
    side = 1 << zoom
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return zoom, int((lon + 180) / 360 * side), int(y * side)


def wanted(server: Server, points: Sequence[Point]) -> dict[str, list[str]]:
    """What is asked of a server: by name, the paths.

    We keep tiles in memory and peers do not: so that each is cut, ours are asked of one day after the other, on all of
    which they are the same (and by another index, which takes longer). What memory is worth is asked apart.
    """
    layers, found = list(LAYERS), {}
    tiles = list(dict.fromkeys(map(square, points)))
    if server.answer is not None:
        found[ANSWER] = [server.answer(one) for one in points]
        found[OF_TEN] = [f"{one}&layers={','.join(ten_layers())}" for one in found[ANSWER]]
    if server.at_point is not None:
        found[AT_POINT] = [server.at_point(layers[at % 5], one) for at, one in enumerate(points)]
    if server.containing is not None:
        found[CONTAINING] = [server.containing(layers[at % 5], one) for at, one in enumerate(points)]
    if server.page is not None:
        found["500 parcels (270 m)"] = [server.page("parcels", one) for one in points]
    for layer in ("zoning", "parcels"):
        if server.tile is None:
            break
        asked = [server.tile(layer, *one) for one in tiles]
        if server.name == OURS:
            found[f"tile of {layer}, z15"] = [f"{one}?on={day}" for day in DAYS for one in asked]
            found[f"tile of {layer}, z15, kept"] = asked
        else:
            found[f"tile of {layer}, z15"] = asked
    return found


def over_http(points: Sequence[Point], peers: Path, seconds: float, rounds: int, folder: Path) -> None:
    wrk = shutil.which("wrk")
    if wrk is None:
        print("\nnot measured over HTTP: wrk is not installed")
        return
    found: dict[tuple[str, str], list[Measured]] = {}
    here = []
    for server in servers(peers):
        if server.missing:
            print(f"\nnot measured: {server.name} ({server.missing})")
        else:
            here.append(server)
    for number in range(rounds):
        for server in here if number % 2 == 0 else reversed(here):
            questions = wanted(server, points)
            try:
                with running(server, folder, next(iter(questions.values()))[0]) as (base, process):
                    for name, paths in questions.items():
                        try:
                            warm = KEPT_WARM if name.endswith(", kept") else 1.0
                            got = asked(wrk, base, process, paths, seconds, folder, warm)
                        except (subprocess.CalledProcessError, StopIteration, ValueError) as error:
                            print(f"  {server.name}, {name}: {error!r}")
                            continue
                        found.setdefault((name, server.name), []).append(got)
            except RuntimeError as error:
                print(f"\nnot measured: {server.name} answered {error}")
    _print(found, [one.name for one in here])


def _print(found: dict[tuple[str, str], list[Measured]], names: Sequence[str]) -> None:
    print(
        f"\nover HTTP, {PROCESSES} processes each, {CONNECTIONS} connections: requests a second, milliseconds of"
        " processor for one"
    )
    print("(server and database; neighbours change those least), (p50 / p99 ms, KB, errors)")
    for question in dict.fromkeys(name for name, _ in found):
        print(f"  {question}")
        rate = _rate(found, question, OURS)
        least = min([one.cost for one in found.get((question, OURS), ())] or [0.0])
        for name in names:
            if not (runs := found.get((question, name))):
                continue
            rps, last, errors = _rate(found, question, name), runs[-1], sum(one.errors for one in runs)
            cost = min(one.cost for one in runs)
            said = f"{last.p50:.1f} / {last.p99:.1f}, {last.kilobytes:.1f} KB" + (
                f", {errors} ERRORS" if errors else ""
            )
            beside = f"  ours: {rate / rps:.1f}x, by processor {cost / least:.1f}x" if rate and rps and least else ""
            print(f"    {name:12}{rps:9.1f}{cost:9.1f} ms  ({said}){beside if name != OURS else ''}")
    mine, filtered = found.get((OF_TEN, OURS)), found.get((CONTAINING, "pygeoapi"))
    if mine and filtered:
        tens = statistics.mean(one.rps for one in mine) / statistics.mean(one.rps for one in filtered) * 10
        cost = min(one.cost for one in filtered) / min(one.cost for one in mine) * 10
        print(f"  ten layers in one answer: {tens:.0f}x ten of pygeoapi, filtered (aim: 25), by processor {cost:.0f}x")


def _rate(found: dict[tuple[str, str], list[Measured]], question: str, name: str) -> float:
    """Requests a second; 0 where it was not asked."""
    return statistics.mean([one.rps for one in found.get((question, name), ())] or [0.0])


def main(parcels: int, seconds: float, rounds: int, peers: Path) -> None:
    with database() as url, TemporaryDirectory() as place:
        folder = Path(place)
        os.environ |= {
            "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "madoguchi.site.settings",
            "MADOGUCHI_SAMPLE_PARCELS": str(parcels),
        }  # fmt: skip
        os.environ.pop("MADOGUCHI_POOL", None)
        django.setup()
        from django.db import connections

        from madoguchi.site.owner import make_tables

        make_tables()
        fill()
        import_speed(folder)
        tables_for_peers()
        points = some_points()
        random.Random(1).shuffle(points)
        beside_bare_sql(points)
        connections.close_all()
        over_http(points, peers, seconds, rounds, folder)
        connections.close_all()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--parcels", type=int, default=100_000)
    arguments.add_argument("--seconds", type=float, default=6.0, help="of each question in each round")
    arguments.add_argument("--rounds", type=int, default=2)
    arguments.add_argument("--peers", type=Path, default=ROOT / "var" / "bench", help="a venv with pygeoapi and tipg")
    given = arguments.parse_args()
    main(given.parcels, given.seconds, given.rounds, given.peers.resolve())
