"""``madoguchi``: the command line. Each command is one small function that calls into the part that does the work.

Imports are inside the functions, because ``--help`` must answer at once and because Django reads its settings from
the environment that a command prepares.
"""

import argparse
import contextlib
import datetime as dt
import difflib
import getpass
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from uuid import UUID

from madoguchi.site import starting
from madoguchi.site.cluster import ClusterError
from madoguchi.site.supervisor import ChildEnded

if TYPE_CHECKING:
    from madoguchi.events.rules import Verification

Arguments = Callable[[argparse.ArgumentParser], None]
Run = Callable[[argparse.Namespace], int]


@dataclass(frozen=True)
class Command:
    """One word after ``madoguchi``. The docstring of ``run`` is its help."""

    name: str
    group: str
    arguments: Arguments
    run: Run
    passes_on: bool = False
    """Whether everything after the word belongs to another program, options included (``options.rest``)."""

    @property
    def summary(self) -> str:
        return (self.run.__doc__ or "").strip().partition("\n")[0].rstrip(".")


COMMANDS: dict[str, Command] = {}


def command(
    name: str, group: str, arguments: Arguments = lambda parser: None, *, passes_on: bool = False
) -> Callable[[Run], Run]:
    """Add a function to the command line."""

    def decorate(run: Run) -> Run:
        COMMANDS[name] = Command(name, group, arguments, run, passes_on)
        return run

    return decorate


# -- start ----------------------------------------------------------------------------------------------------------


def _demo_arguments(parser: argparse.ArgumentParser) -> None:
    ports = starting.Ports()
    for option, name, what in (
        ("--port", "web", "the pages"),
        ("--identity-port", "identity", "the residents' identity provider"),
        ("--mail-port", "mail_page", "the page that shows the mails"),
        ("--smtp-port", "smtp", "the mail catcher"),
    ):
        parser.add_argument(option, dest=name, type=int, default=getattr(ports, name), help=f"{what} (%(default)s)")
    # Whoever moves the others away from a second demo has moved this one, too.
    parser.add_argument("--utility-port", dest="utility", type=int, help="the sample companies (mail page + 15)")
    parser.add_argument("--payments-port", dest="payments", type=int, help="the payment provider (mail page + 5)")


@command("demo", "Start", _demo_arguments)
def demo(options: argparse.Namespace) -> int:
    """Load the sample city and start everything on this machine; Ctrl-C stops it.

    Starts database (a private PostgreSQL under var/, unless DATABASE_URL is set), identity provider, mail catcher,
    payment provider, worker and web, and says which addresses to open and which accounts exist. What was entered stays
    until the next time; `rm -rf var` forgets it.
    """
    payments = options.payments or options.mail_page + 5
    utility = options.utility or options.mail_page + 15
    starting.demo(starting.Ports(options.web, options.identity, options.mail_page, options.smtp, payments, utility))
    return 0


def _web_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on (%(default)s)")
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 2, help="processes, one per core (%(default)s)"
    )
    parser.add_argument("--threads", type=int, default=4, help="requests at once in each process (%(default)s)")


@command("web", "Start", _web_arguments)
def web(options: argparse.Namespace) -> int:
    """Serve the pages of residents and staff.

    One process per core, a few threads in each, which share a pool of connections (MADOGUCHI_POOL). Put a proxy that
    speaks TLS in front; docs/operating.md shows one.
    """
    os.environ.setdefault("MADOGUCHI_POOL", str(options.threads + 2))
    granian = str(Path(sys.executable).parent / "granian")
    arguments = [
        *("--interface", "wsgi", "--host", options.host, "--port", str(options.port)),
        *("--workers", str(options.workers), "--blocking-threads", str(options.threads)),
        *("--log-level", "warning", "--workers-kill-timeout", "10"),
        "madoguchi.site.wsgi:application",
    ]
    # From here on this process is granian, and signals reach it directly.
    os.execv(granian, [granian, *arguments])  # noqa: S606 - no shell is the point


def _worker_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--concurrency", type=int, default=2, help="jobs at once (%(default)s)")


@command("worker", "Start", _worker_arguments)
def worker(options: argparse.Namespace) -> int:
    """Do what follows events: letters, mails, deadlines; seal the log.

    Start at least one; several share the work. One that is killed loses nothing: its jobs are taken over by another
    within a minute.
    """
    _django()
    from madoguchi.site import worker as working

    working.run(concurrency=options.concurrency)
    return 0


def _retention_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="only say what is due, change nothing")


@command("retention", "Start", _retention_arguments)
def retention(options: argparse.Namespace) -> int:
    """Tell applicants of what will be deleted, and delete what is due; the worker does it every hour.

    ``--dry-run`` counts: drafts nobody went on with, records whose keeping period ends, what is held, and what has
    ended without a keeping period and so is kept for ever.
    """
    with starting.database():
        _django()
        from madoguchi.cases import jobs, queries

        found = queries.due()
        for name, words in _DUE.items():
            print(f"{getattr(found, name):>8}  {words}")
        if not options.dry_run:
            done = 0
            while step := jobs.keep_house():
                done += step
            print(f"{done:>8}  done")
    return 0


_DUE = {
    "drafts_to_warn": "drafts whose owners are to be told (23 days of silence)",
    "drafts_to_delete": "drafts to be deleted (30 days)",
    "cases_to_warn": "records whose applicants are to be told (30 days before the end of the period)",
    "cases_to_delete": "records to be deleted (the period is over)",
    "held": "records that are held",
    "kept_for_ever": "records without a keeping period",
    "leavers": "people who left a register longer ago than it keeps them, to be deleted",
}


@command("migrate", "Start")
def migrate(options: argparse.Namespace) -> int:
    """Bring the tables of the database up to date; run it after every update, before web and worker start."""
    with starting.database():
        _django()
        from django.core.management import call_command

        from madoguchi.site.owner import make_tables

        make_tables(verbosity=1)
        call_command("collectstatic", interactive=False, verbosity=0)
    return 0


def _sample_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--residents", type=int, default=120_000, help="people, in households (%(default)s)")
    parser.add_argument("--cases", type=int, default=200_000, help="cases over the last two years (%(default)s)")
    parser.add_argument("--events", type=int, default=0, help="events in the log, at least what the cases left")
    parser.add_argument("--seed", type=int, default=27218, help="the same seed gives the same city (%(default)s)")


@command("sample", "Start", _sample_arguments)
def sample(options: argparse.Namespace) -> int:
    """Fill the demo with a sample city at full size: residents, households, cases of two years.

    Everything is invented (見本データ) and joins no real residents: only a demo's database is filled. The cases are
    casts of those that the demo played, with other people, places and days.
    """
    if not os.environ.get("DATABASE_URL"):  # the private cluster holds nothing but the demo
        os.environ["MADOGUCHI_DEMO"] = "1"
    with starting.database():
        _django()
        from madoguchi.site import publishing
        from madoguchi.site.owner import make_tables
        from madoguchi.site.sample import fill

        make_tables()
        publishing.publish(lambda _: None, [])
        made = fill(options.residents, options.cases, options.events, seed=options.seed, progress=_bar)
        print(
            f"{made.residents:,} residents, {made.cases:,} cases, {made.events:,} events "
            f"({made.rows:,} rows of cases) in {made.seconds:.0f} s"
        )
    return 0


def _bar(what: str, done: int, whole: int) -> None:
    """``住民 ████████░░░░ 80,000 / 120,000`` on standard error, renewed in place; nothing where nobody looks."""
    if sys.stderr.isatty():
        width = 30 * done // max(whole, 1)
        end = "\n" if done >= whole else ""
        print(f"\r{what} {'█' * width}{'░' * (30 - width)} {done:,} / {whole:,}", end=end, file=sys.stderr, flush=True)


def _register_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_subparsers(dest="what", required=True, metavar="import | sample")
    taking = what.add_parser("import", help="take a register's file in, or go on with one that was broken off")
    taking.add_argument("file", type=Path)
    taking.add_argument("--register", default="residents", help="its layout in cities/<city>/registers (%(default)s)")
    taking.add_argument("--day", type=dt.date.fromisoformat, required=True, help="the day for which it vouches")
    taking.add_argument("--many-gone", action="store_true", help="more than one in twenty may have left")
    taking.add_argument("--many-new", action="store_true", help="more than one in twenty may be new")
    taking.add_argument("--json", type=Path, metavar="FILE", help="write the report there, too")
    making = what.add_parser("sample", help="write an invented register, to try it")
    making.add_argument("file", type=Path)
    making.add_argument("--residents", type=int, default=120_000, help="people, in households (%(default)s)")
    making.add_argument("--seed", type=int, default=27218, help="the same seed gives the same register (%(default)s)")


@command("register", "People", _register_arguments)
def register(options: argparse.Namespace) -> int:
    """Take in the file of a register that is kept elsewhere (the residents'); say what did not match and why.

        madoguchi register import residents.csv --register residents --day 2026-11-01

    The same file twice changes nothing. What was broken off goes on where it stopped. The report names lines and
    columns, never what stands in them. `madoguchi register sample FILE` writes an invented register (見本データ).
    """
    if options.what == "sample":
        _django()
        from madoguchi.site.sample.register import write

        print(f"{write(options.file, options.residents, options.seed):,} residents in {options.file}")
        return 0
    with starting.database():
        _django()
        from madoguchi.events import Actor
        from madoguchi.facts.actions import import_register
        from madoguchi.procedures.queries import register as layout
        from madoguchi.procedures.rules.document import BrokenPackage
        from madoguchi.site import reporting

        if not options.file.is_file():
            print(f"there is no file {options.file}", file=sys.stderr)
            return 1
        try:
            chosen = layout(options.register)
        except BrokenPackage as broken:
            print(broken, file=sys.stderr)
            return 1
        report = import_register(
            chosen,
            options.file,
            options.day,
            by=Actor("system", channel="console"),
            operator=getpass.getuser(),
            many_gone=options.many_gone,
            many_new=options.many_new,
            progress=lambda done, whole: _bar("台帳", done, whole),
        )
        print(reporting.as_text(report))
        if options.json:
            options.json.write_text(reporting.as_json(report), encoding="utf-8")
    return 1 if report.refused or report.held_back else 0


# -- the map ----------------------------------------------------------------------------------------------------------


def _layers_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_subparsers(dest="what", required=True, metavar="list | load | find | reverse | at | views")
    what.add_parser("list", help="the layers of this city, and what was taken in of each")
    what.add_parser("views", help="one view per layer, and roles that only read, for the departments' own QGIS")
    loading = what.add_parser("load", help="take in the files of the layers")
    loading.add_argument("codes", nargs="*", metavar="code", help="which (all)")
    loading.add_argument("--file", type=Path, help="of one layer: this file, not the one in the data pack")
    loading.add_argument(
        "--as-of", type=dt.date.fromisoformat, help="the day on which things were so (as the layer says)"
    )
    loading.add_argument("--most-gone", action="store_true", help="more than half of what is there may go")
    finding = what.add_parser("find", help="where an address, a thing with a name, or what is near one is")
    finding.add_argument("text")
    calling = what.add_parser("reverse", help="what a point is called")
    asking = what.add_parser("at", help="what applies at a point")
    for one in (calling, asking):
        one.add_argument("lon", type=float, help="degrees of longitude, JGD2011")
        one.add_argument("lat", type=float, help="degrees of latitude")
    asking.add_argument("--on", type=dt.date.fromisoformat, help="as things were on that day (today)")
    asking.add_argument("--public", action="store_true", help="only what everybody may see")


@command("layers", "The map", _layers_arguments)
def layers(options: argparse.Namespace) -> int:
    """Take in the layers of the map; find places; say what applies at a point.

        madoguchi layers load
        madoguchi layers find 住道駅の近くの避難所
        madoguchi layers load towns --file towns2020.shp --as-of 2020-10-01
        madoguchi layers at 135.6235 34.7119

    A layer is a file of cities/<city>/layers. What was there serves until the new is whole; a file that was taken in
    changes nothing. The report names rows and columns, never what stands in them.
    """
    with starting.database():
        _django()
        from madoguchi.procedures.rules.document import BrokenPackage
        from madoguchi.site import mapping, mapviews

        try:
            if options.what == "list":
                lines = mapping.all_layers()
            elif options.what == "views":
                lines = mapviews.make_views()
            elif options.what == "find":
                lines = mapping.find(options.text)
            elif options.what == "reverse":
                lines = mapping.reverse(options.lon, options.lat)
            elif options.what == "at":
                lines = mapping.at(options.lon, options.lat, options.on, "public" if options.public else "staff")
            else:
                lines = mapping.load(options.codes, options.file, options.as_of, anyhow=options.most_gone)
            failed = False
            for line in lines:
                failed |= not line.ok
                print(line.words, file=sys.stdout if line.ok else sys.stderr)
        except BrokenPackage as broken:
            print(broken, file=sys.stderr)
            return 1
    return int(failed)


# -- the catalogue ----------------------------------------------------------------------------------------------------


def _check_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("codes", nargs="*", metavar="code", help="procedures to check (all, and the city's files)")
    parser.add_argument(
        "--format", choices=("text", "json", "sarif"), default="text", help="how to print (%(default)s)"
    )
    parser.add_argument("--notes", action="store_true", help="print notes and waived findings, too")
    parser.add_argument("--explain", metavar="RULE", help="say what a rule asks, why, and how to waive it")


@command("check", "The catalogue", _check_arguments)
def check(options: argparse.Namespace) -> int:
    """Check procedures before they are published: files, flow, tables, texts, letters, examples.

    Says file, line and what to write instead. Rules L01–L16 ask whether the whole process stays digital. Ends with 1
    where something must not be published.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "madoguchi.site.settings")
    from importlib.metadata import version

    from django.conf import settings

    from madoguchi.procedures.rules import lint
    from madoguchi.procedures.rules.sarif import as_sarif

    if options.explain:
        try:
            print(lint.explain(options.explain))
        except LookupError as error:
            print(error.args[0], file=sys.stderr)
            return 2
        return 0
    catalogue, city = (Path(os.path.relpath(path)) for path in (settings.CATALOGUE, settings.CITY))
    findings = lint.check(options.codes, catalogue, city)
    if options.format == "text":
        print(lint.as_text(findings, notes=options.notes))
    else:
        print(lint.as_json(findings) if options.format == "json" else as_sarif(findings, version=version("madoguchi")))
    return 1 if lint.failed(findings) else 0


def _preview_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("code", help="the procedure")
    parser.add_argument("--to", type=Path, metavar="FOLDER", help="where to write (preview/ under MADOGUCHI_VAR)")


@command("preview", "The catalogue", _preview_arguments)
def preview(options: argparse.Namespace) -> int:
    """Set the letters of a procedure with the data of its examples (PDF), and draw its flow (BPMN).

    One file for each letter of each example, marked 見本 and unsigned, and flow.bpmn for any editor of BPMN 2.0.
    Nothing is published or sent.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "madoguchi.site.settings")
    from django.conf import settings

    from madoguchi.ground import clock
    from madoguchi.messages.rules import letters
    from madoguchi.procedures.rules import bpmn, examples
    from madoguchi.procedures.rules.city import load_city
    from madoguchi.procedures.rules.load import load_catalogue

    catalogue, city = load_catalogue(settings.CATALOGUE), load_city(settings.CITY)
    package = catalogue.packages.get(options.code)
    if package is None:
        print(f"{options.code} does not load; `madoguchi check {options.code}` says why", file=sys.stderr)
        return 1
    package = city.localise(package, city.offer(options.code, clock.today()))
    folder = options.to or settings.VAR / "preview" / options.code
    folder.mkdir(parents=True, exist_ok=True)
    flow = folder / "flow.bpmn"
    flow.write_bytes(bpmn.export(package.graph, package.procedure.title, city.role_names(package.procedure)))
    print(os.path.relpath(flow))
    for name, example in package.examples.items():
        for letter, data in examples.play(package, example, catalogue.facts, city).letters.items():
            file = folder / f"{name}-{letter}.pdf"
            file.write_bytes(letters.render(settings.CATALOGUE, examples.template_of(package, letter), data))
            print(os.path.relpath(file))
    return 0


def _publish_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("codes", nargs="*", help="procedures to publish (all)")


@command("publish", "The catalogue", _publish_arguments)
def publish(options: argparse.Namespace) -> int:
    """Publish the catalogue's procedures, so that residents can apply under their newest version.

    A published version never changes and running cases keep theirs. Packages with errors are named and left out.
    """
    with starting.database():
        _django()
        from madoguchi.site import publishing

        return 1 if publishing.publish(print, options.codes) else 0


# -- the log ----------------------------------------------------------------------------------------------------------


def _events_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_subparsers(dest="what", required=True, metavar="head | verify | export")
    what.add_parser("head", help="number and root of the newest seal: keep it outside, as an anchor")
    verify = what.add_parser("verify", help="find the first row that was altered, removed or put in later")
    verify.add_argument("--export", type=Path, metavar="FILE", help="verify this export instead of the database")
    verify.add_argument(
        "--anchor",
        type=_anchor,
        action="append",
        default=[],
        metavar="NUMBER:ROOT",
        help="a head that was kept outside; may be given several times",
    )
    export = what.add_parser("export", help="write the whole log as JSON Lines, for a verifier without database")
    export.add_argument("file", type=Path, help="file to write; - for standard output")


def _anchor(text: str) -> tuple[int, bytes]:
    number, _, root = text.partition(":")
    try:
        return int(number), bytes.fromhex(root)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a line of `madoguchi events head`, like 12:9f3a…") from None


@command("events", "The log", _events_arguments)
def events(options: argparse.Namespace) -> int:
    """Show the head of the sealed log, verify it, or export it.

    Every act leaves an event, and every few seconds the new ones are sealed into a hash chain. Whoever can write to
    the database could rewrite the whole chain; therefore keep a head outside, on paper or at another city:

        madoguchi events head                        12:9f3a…
        madoguchi events verify --anchor 12:9f3a…    exit code 1 and the first wrong row, if there is one
        madoguchi events export log.jsonl            and, on any machine without a database:
        madoguchi events verify --export log.jsonl
    """
    if options.what == "verify" and options.export:
        _django()
        from madoguchi.events import queries

        return _verdict(queries.verify_export(str(options.export), dict(options.anchor)))
    with starting.database():
        _django()
        from madoguchi.events import queries

        if options.what == "verify":
            return _verdict(queries.verify(dict(options.anchor)))
        if options.what == "head":
            number, root = queries.head()
            print(f"{number}:{root.hex()}")
        elif str(options.file) == "-":
            queries.export(sys.stdout)
        else:
            try:
                with options.file.open("w", encoding="utf-8") as out:
                    print(f"{queries.export(out)} lines written to {options.file}")
            except OSError as error:
                print(f"{options.file} cannot be written: {error.strerror}", file=sys.stderr)
                return 1
    return 0


def _verdict(found: "Verification") -> int:
    if found.first:
        print(f"NOT AS SEALED  {found.first}")
        return 1
    print(f"as sealed: {found.events} events in {found.seals} seals, {found.unsealed} newer ones not sealed yet")
    print(f"head: {found.seals}:{found.head.hex()}")
    return 0


# -- people ---------------------------------------------------------------------------------------------------------


def _staff_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_subparsers(dest="what", required=True, metavar="open | appoint | reset | sign-out | close")
    opening = what.add_parser("open", help="open an account; asks for a first password, or reads it from a pipe")
    opening.add_argument("username")
    opening.add_argument("name", help="the name that colleagues see, like 見本 太郎")
    appointing = what.add_parser("appoint", help="give an account a post, from a day on")
    appointing.add_argument("username")
    appointing.add_argument("post", help="a post of organisation.yaml")
    appointing.add_argument("--since", type=dt.date.fromisoformat, help="YYYY-MM-DD (today)")
    for name, text in (
        ("reset", "forget passkeys and TOTP after a loss"),
        ("sign-out", "end whatever it is signed in to, for example after a lost tablet"),
        ("close", "nobody signs in with it any more"),
    ):
        what.add_parser(name, help=text).add_argument("username")


@command("staff", "People", _staff_arguments)
def staff(options: argparse.Namespace) -> int:
    """Open staff accounts, appoint them to posts, reset lost passkeys, sign them out, close them.

        madoguchi staff open tanaka '田中 一郎'
        madoguchi staff appoint tanaka children-clerk

    What a post may do is written in the city's organisation.yaml. Each of these leaves an event.
    """
    with starting.database():
        _django()
        from madoguchi.events import Actor
        from madoguchi.ground import clock
        from madoguchi.people import actions
        from madoguchi.people.models import Account

        console = Actor("system", channel="console")
        if options.what == "open":
            ask = "First password (at least 12 characters): "
            password = getpass.getpass(ask) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
            actions.open_account(options.username, options.name, password, by=console)
            print(f"opened {options.username}; it asks for a passkey or TOTP at the first sign-in")
            return 0
        account = Account.objects.filter(username=options.username).first()
        if account is None:
            print(f"there is no account {options.username}", file=sys.stderr)
            return 1
        if options.what == "appoint":
            from madoguchi.procedures.queries import city

            posts = city().organisation.posts()
            if options.post not in posts:
                print(f"there is no post {options.post}; there are: {', '.join(sorted(posts))}", file=sys.stderr)
                return 1
            post, unit = posts[options.post]
            since = options.since or clock.today()
            actions.appoint(account, post.id, unit.id, since, by=console)
            where = unit.name.get_for("ja")
            print(f"{options.username}: {post.title.get_for('ja')}（{where}）, from {since} on")
        elif options.what == "reset":
            actions.reset_factors(account, by=console)
            print(f"{options.username} sets up a new passkey or TOTP at the next sign-in")
        elif options.what == "sign-out":
            actions.end_sessions_of_account(account, by=console)
            print(f"{options.username} is signed out everywhere; whoever works with it signs in anew")
        else:
            actions.close_account(account, by=console)
            print(f"{options.username} is closed; what it did stays in the log")
    return 0


def _identity_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_subparsers(dest="what", metavar="key | switch | look", required=True)
    key = what.add_parser(
        "key", help="print what is handed in at registration: our addresses and public keys (JWK set)"
    )
    key.add_argument("--next", action="store_true", help="make the key that will follow ours, and print it, too")
    what.add_parser("switch", help="the key that was to follow is ours from now on; restart every web process")
    what.add_parser("look", help="ask the provider from here: is it reached, does it offer what we need, its clock")


@command("identity", "People", _identity_arguments)
def identity(options: argparse.Namespace) -> int:
    """Connect the provider at which residents prove themselves by card: our keys, and a look at it.

        madoguchi identity key            # to hand in at registration
        madoguchi identity look           # from the machine that serves residents

    docs/identity-provider.md says what to do in which order. Ends with 1 where the provider is not in order.
    """
    _django()
    import json

    from django.conf import settings

    from madoguchi.bridges.oidc import keys, setup

    if options.what == "switch":
        try:
            ours = keys.switch_keys(setup.key_path())
        except FileNotFoundError:
            print("there is no key to switch to; `madoguchi identity key --next` makes one", file=sys.stderr)
            return 1
        print(f"{ours.kid} is our key from now on. Restart every web process; then have the provider forget the other")
        return 0
    if options.what == "look":
        found = list(setup.look())
        print(*(f"{'ok ' if fine else 'NOT'} {text}" for fine, text in found), sep="\n")
        return 0 if all(fine for fine, _ in found) else 1
    if options.next:
        keys.coming_key(setup.key_path(), make=True)
    print(
        f"client_id  {settings.OIDC_CLIENT_ID}",
        *(f"{name}  {one}" for name, one in setup.addresses().items()),
        sep="\n",
    )
    print(json.dumps(setup.own_jwks(), indent=2))
    return 0


def _totp_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("username")


@command("totp", "People", _totp_arguments)
def totp(options: argparse.Namespace) -> int:
    """Print the code of the moment for a staff account of the demo, so that trying needs no phone."""
    if not os.environ.get("DATABASE_URL"):  # the private cluster holds nothing but the demo
        os.environ["MADOGUCHI_DEMO"] = "1"
    with starting.database():
        _django()
        from madoguchi.people import queries

        print(queries.totp_now(options.username))
    return 0


def _partner_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_subparsers(dest="what", required=True, metavar="open | list | change | renew | close")
    opening = what.add_parser("open", help="let a system in; prints its client_id and, once, its secret")
    opening.add_argument("name", help="what people call it, like 児童手当システム")
    opening.add_argument("section", help="the section of organisation.yaml that answers for it")
    opening.add_argument("--level", default="contact", help="how sure it is of its persons (%(default)s)")
    opening.add_argument("--per-minute", type=int, default=600, help="calls in a minute at most (%(default)s)")
    opening.add_argument("--key", type=Path, metavar="FILE", help="its public key (JWK, P-256), instead of a secret")
    changing = what.add_parser(
        "change", help="other scopes and procedures from now on; its companies stay, unless named"
    )
    changing.add_argument("client_id")
    for one in (opening, changing):
        one.add_argument("--scope", action="append", required=True, help="may be given several times")
        one.add_argument("--procedure", action="append", required=True, help="code, or * for all; several times")
        one.add_argument("--company", action="append", help="of services.yaml, for which it answers; several times")
    changing.add_argument("--no-company", action="store_true", help="it answers for no company any more")
    what.add_parser("list", help="all partners, what they may do, whether they are open")
    for name, text in (("renew", "one more secret; the one before goes on"), ("close", "it is nobody from now on")):
        what.add_parser(name, help=text).add_argument("client_id")


@command("partner", "People", _partner_arguments)
def partner(options: argparse.Namespace) -> int:
    """Let other systems call the API, renew their secrets, shut them out.

        madoguchi partner open 児童手当システム children --scope cases:read --procedure child-allowance-claim

    docs/api.md lists the scopes. Each of these leaves an event. A secret is shown once; it is stored nowhere.
    """
    with starting.database():
        _django()
        from madoguchi.events import Actor
        from madoguchi.people import actions, queries
        from madoguchi.people.models import Partner
        from madoguchi.procedures.queries import city

        console = Actor("system", channel="console")
        if options.what == "list":
            for one in Partner.objects.order_by("closed_at", "name"):
                ended = f"closed {one.closed_at:%Y-%m-%d}" if one.closed_at else "open"
                print(f"{one.pk}  {one.name}（{one.section}）  {ended}")
                print(f"    {' '.join(one.scopes)}  for {' '.join([*one.procedures, *one.companies])}")
            return 0
        if unknown := set(getattr(options, "company", None) or ()) - {one.id for one in city().companies}:
            print(f"services.yaml names no company {', '.join(sorted(unknown))}", file=sys.stderr)
            return 1
        if options.what == "open":
            sections = {one.id for one in city().organisation.sections()}
            if options.section not in sections:
                print(
                    f"there is no section {options.section}; there are: {', '.join(sorted(sections))}", file=sys.stderr
                )
                return 1
            opened = actions.open_partner(
                options.name,
                options.section,
                options.scope,
                options.procedure,
                by=console,
                level=options.level,
                public_key=options.key.read_text() if options.key else "",
                per_minute=options.per_minute,
                companies=options.company or (),
            )
            print(f"client_id      {opened.pk}")
            print(*(f"client_secret  {secret}" for secret in queries.secrets_of(opened)[:1]))
            return 0
        held = queries.partner_of(options.client_id)
        if held is None:
            print(f"there is no open partner {options.client_id}", file=sys.stderr)
            return 1
        if options.what == "change":
            if options.no_company and options.company:
                print("--company and --no-company exclude each other", file=sys.stderr)
                return 1
            companies = [] if options.no_company else options.company
            actions.change_partner(held, options.scope, options.procedure, companies, by=console)
            print(f"{held.name}: {' '.join(held.scopes)}  for {' '.join([*held.procedures, *held.companies])}")
        elif options.what == "renew":
            actions.new_secret(held, by=console)
            print(f"client_secret  {queries.secrets_of(held)[0]}")
        else:
            actions.close_partner(held, by=console)
            print(f"{held.name} is closed; what it did stays in the log")
    return 0


def _webhooks_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_subparsers(dest="what", required=True, metavar="dead | redeliver")
    what.add_parser("dead", help="what could not be told to partners, and why; ends with 1 where there is any")
    again = what.add_parser("redeliver", help="tell it again; without an id everything that was given up")
    again.add_argument("delivery", nargs="?", type=UUID)


@command("webhooks", "People", _webhooks_arguments)
def webhooks(options: argparse.Namespace) -> int:
    """Show what could not be told to other systems (the dead-letter list), and tell it again.

    A telling is tried for about eighteen hours before it is given up. Its id stays, so that nobody counts it twice.
    """
    with starting.database():
        _django()
        from madoguchi.events import Actor
        from madoguchi.people.actions.webhooks import redeliver
        from madoguchi.people.queries.webhooks import dead_letters

        dead = dead_letters()
        if options.what == "dead":
            for one in dead:
                partner = one.subscription.partner
                print(f"{one.pk}  {one.type}  {one.happened_at:%Y-%m-%d %H:%M}  {one.trouble}  {partner.name}")
            return 1 if dead else 0
        wanted = dead.filter(pk=options.delivery) if options.delivery else dead
        found = list(wanted)
        for one in found:
            redeliver(one, by=Actor("system", channel="console"))
        print(f"{len(found)} are told again by the worker")
        return 0 if found or not options.delivery else 1


# -- develop --------------------------------------------------------------------------------------------------------


@command("test", "Develop", passes_on=True)
def test(options: argparse.Namespace) -> int:
    """Run the tests, on the private PostgreSQL or on the server of DATABASE_URL.

    `madoguchi test` runs everything, in one pytest process more than there are cores: each waits for PostgreSQL, for a
    browser or for a program it has started, a third of its time. `madoguchi test madoguchi/ground -k wareki` hands its
    arguments to pytest as they are.
    """
    # Browsers first (tests/ stands before madoguchi/): what is slow must not be what one core does at the end.
    processes = len(os.sched_getaffinity(0)) + 1
    # What one process has compiled, the others read, also where the environment says that nothing is kept.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    everything = ["-n", str(processes), "--dist", "loadfile", "--no-loadscope-reorder"]
    with starting.database():
        return _child([sys.executable, "-m", "pytest", *(options.rest or everything)])


def _bench_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", help="files of tests/bench without .py (all)")


@command("bench", "Develop", _bench_arguments)
def bench(options: argparse.Namespace) -> int:
    """Measure engine, whole case and letters, each beside what it is compared with, in one run."""
    files = {one.stem: one for one in sorted((starting.ROOT / "tests" / "bench").glob("[a-z]*.py"))}
    unknown = [name for name in options.names if name not in files]
    if unknown:
        print(f"there is no measurement {unknown[0]}; there are: {', '.join(files)}", file=sys.stderr)
        return 2
    with starting.database():
        codes = []
        for name in options.names or files:
            print(f"\n== {name} " + "=" * (100 - len(name)), flush=True)
            codes.append(_child([sys.executable, str(files[name])]))
    return max(codes, default=0)


@command("shell", "Develop")
def shell(options: argparse.Namespace) -> int:
    """Open Python with Django set up and every model imported."""
    with starting.database():
        _django()
        from django.core.management import call_command

        call_command("shell")
    return 0


@command("django", "Develop", passes_on=True)
def django_command(options: argparse.Namespace) -> int:
    """Run one of Django's own management commands, for example `madoguchi django makemigrations`."""
    with starting.database():
        _django()
        from django.core.management import execute_from_command_line

        from madoguchi.site.owner import owner

        makes_tables = options.rest[:1] == ["migrate"]
        with owner() if makes_tables else contextlib.nullcontext():
            execute_from_command_line(["madoguchi django", *options.rest])
    return 0


# -- the machinery ---------------------------------------------------------------------------------------------------


def _django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "madoguchi.site.settings")
    import django

    django.setup()


class Terminated(KeyboardInterrupt):
    """Somebody asked only us to end (kill, systemd, a terminal that closed), not the programs in this terminal."""


def _child(arguments: Sequence[str]) -> int:
    """Run a program in this terminal; its exit code. Ctrl-C reaches it by itself, any other end through us."""
    with subprocess.Popen(arguments, cwd=starting.ROOT) as child:
        while True:
            try:
                code = child.wait()
                return 128 - code if code < 0 else code
            except Terminated:
                child.terminate()
            except KeyboardInterrupt:
                continue


def parser() -> argparse.ArgumentParser:
    """The whole command line. Its help lists the commands by what one wants to do."""
    width = max(map(len, COMMANDS)) + 2
    groups: dict[str, list[str]] = {}
    for one in COMMANDS.values():
        groups.setdefault(one.group, []).append(f"  {one.name:<{width}}{one.summary}")
    listing = "\n\n".join(f"{group}:\n" + "\n".join(lines) for group, lines in groups.items())
    top = argparse.ArgumentParser(
        prog="madoguchi",
        usage="madoguchi <command> [options]",
        description="The digital city hall.\n\n" + listing,
        epilog=(
            "`madoguchi <command> --help` explains one command. First time here: `make demo`.\n"
            "Settings come from the environment: DATABASE_URL, MADOGUCHI_CITY, MADOGUCHI_VAR, … (docs/operating.md)."
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
    )
    top.add_argument("-h", "--help", action="help", help=argparse.SUPPRESS)
    commands = top.add_subparsers(dest="command", metavar="", help=argparse.SUPPRESS, required=True)
    for one in COMMANDS.values():
        added = commands.add_parser(
            one.name,
            prog=f"madoguchi {one.name}",
            description=_unindented(one.run.__doc__ or ""),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        one.arguments(added)
        added.set_defaults(run=one.run)
    return top


def _unindented(doc: str) -> str:
    return "\n".join(line.removeprefix("    ") for line in doc.strip().splitlines())


def _terminated(number: int, frame: object) -> NoReturn:
    raise Terminated


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. 0 done, 1 refused or failed with a message, 2 misused, 130 interrupted."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given:
        parser().print_help()
        return 0
    chosen = COMMANDS.get(given[0])
    if chosen is None and not given[0].startswith("-"):
        close = difflib.get_close_matches(given[0], COMMANDS, n=1)
        hint = f"Did you mean `madoguchi {close[0]}`?" if close else "`madoguchi --help` lists all."
        print(f"madoguchi: there is no command {given[0]}. {hint}", file=sys.stderr)
        return 2
    if chosen and chosen.passes_on and given[1:] not in (["-h"], ["--help"]):
        options = argparse.Namespace(command=chosen.name, run=chosen.run, rest=given[1:])
    else:
        options = parser().parse_args(given)
    # Whoever ends us politely (a terminal that closes, systemd) gets the same tidy end as Ctrl-C.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _terminated)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job inherits it as ignored
    from madoguchi.ground.errors import Refused

    try:
        run: Run = options.run
        return run(options)
    except (ClusterError, ChildEnded, starting.CannotStart, Refused) as error:
        print(f"\nmadoguchi {options.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
