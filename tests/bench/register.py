"""How long the residents' register takes to come in: the first time, the same file again, one with 1 % of changes.

An invented register of 120,000 residents (``--residents``), in a database of its own, with as many recognised persons
as ``--recognised`` says, who are compared and linked. Memory is the highest of this process.

    python tests/bench/register.py [--residents 120000] [--recognised 12000]
"""

import argparse
import csv
import datetime as dt
import itertools
import os
import random
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import django  # noqa: E402  # after the path

from tests.bench.case import database  # noqa: E402

CHANGED = 0.01


def main(residents: int, recognised: int) -> None:
    with database() as url, TemporaryDirectory() as folder:
        os.environ |= {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "madoguchi.site.settings"}
        os.environ.pop("MADOGUCHI_POOL", None)
        django.setup()
        from django.db import connections

        from madoguchi.site import publishing
        from madoguchi.site.owner import make_tables

        make_tables()
        publishing.publish(lambda _: None, [], check=False)
        measure(Path(folder), residents, recognised)
        connections.close_all()


def measure(folder: Path, residents: int, recognised: int) -> None:
    from madoguchi.events import SYSTEM
    from madoguchi.facts.actions import Report, import_register
    from madoguchi.ground import clock
    from madoguchi.procedures.queries import register
    from madoguchi.site.sample.register import write

    whole, moved = folder / "residents.csv", folder / "moved.csv"
    layout, today = register("residents"), clock.today()
    write(whole, residents, 27218)
    began = time.monotonic()
    recognised = sign_in(whole, recognised / residents)
    print(f"{recognised:,} persons have signed in by card: {time.monotonic() - began:.0f} s to fill")
    with whole.open(encoding="utf-8", newline="") as old, moved.open("w", encoding="utf-8", newline="") as new:
        rows = csv.DictReader(old)
        out = csv.DictWriter(new, rows.fieldnames or [])
        out.writeheader()
        rng = random.Random(1)
        for row in rows:
            out.writerow({**row, "住所": "大阪府大東市谷川一丁目1番1号"} if rng.random() < CHANGED else row)

    def taken(file: Path, day: dt.date) -> Callable[[], Report]:
        return lambda: import_register(layout, file, day, by=SYSTEM)

    print(f"\n{whole.stat().st_size / 1e6:.0f} MB, {residents:,} residents{'':14}{'seconds':>9}{'memory MB':>11}")
    for text, do in (
        ("first import", taken(whole, today - dt.timedelta(days=2))),
        ("the same file again", taken(whole, today - dt.timedelta(days=1))),
        ("1 % have moved", taken(moved, today)),
    ):
        began = time.monotonic()
        run = do().run
        seconds, memory = time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        counts = {name: getattr(run, name) for name in ("unchanged", "new", "changed", "gone", "linked", "doubtful")}
        told = ", ".join(f"{name} {count:,}" for name, count in counts.items() if count)
        print(f"{text:36}{seconds:>12.1f}{memory:>11.0f}   {told}", flush=True)


def sign_in(file: Path, share: float) -> int:
    """Some of the residents have signed in by card before: their facts as the card states them. Returns how many."""
    from madoguchi.facts.actions.ledger import append, row_of
    from madoguchi.facts.models import Source
    from madoguchi.facts.rules import register as rules
    from madoguchi.people.models import Identity, Person
    from madoguchi.procedures.queries import register

    card = ("person.full_name", "person.date_of_birth", "person.sex", "person.registered_address")
    rng, done = random.Random(2), 0
    with file.open(encoding="utf-8", newline="") as stream:
        lines = (one for one in rules.read(register("residents"), stream) if isinstance(one, rules.Line))
        chosen = (one for one in lines if rng.random() < share)
        while some := list(itertools.islice(chosen, 1000)):
            people = Person.objects.bulk_create(Person() for _ in some)
            Identity.objects.bulk_create(
                Identity(person=one, issuer="bench", subject=str(one.pk), level="card") for one in people
            )
            told = zip(people, some, strict=True)
            append(
                [row_of(one.pk, key, line.told[key].value) for one, line in told for key in card if key in line.told],
                Source.CARD,
            )
            done += len(some)
    return done


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--residents", type=int, default=120_000)
    parser.add_argument("--recognised", type=int, default=12_000)
    options = parser.parse_args()
    main(options.residents, options.recognised)
