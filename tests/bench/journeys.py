"""Five cases opened by one life event, beside the same five opened one by one, through acts and PostgreSQL.

The same resident, the same answers: a family that has moved in claims child allowance, notifies a pregnancy, takes a
certificate of care along, registers a dog and wants a certificate. By a life event its questions are answered, five
drafts share what they ask, and all are received together; one by one each is opened, filled in and sent. The aim: five
in one go cost no more than five single ones.

    python tests/bench/journeys.py [--rounds 15]
"""

import argparse
import datetime as dt
import os
import re
import statistics
import sys
import time
from collections import Counter
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import django  # noqa: E402  # after the path

from tests.bench.case import database  # noqa: E402

DAY = dt.date(2026, 11, 20)
#: The part, and the example of its package whose answers are given; what differs because all happens on one day.
PARTS: dict[str, tuple[str, dict[str, Any]]] = {
    "child-allowance-claim": ("two-children-granted", {"reason_on": "2026-11-19"}),
    "pregnancy-notification": ("talk-at-office-confirmed", {"due_on": "2027-06-25"}),
    "care-need-transfer": ("under-65-dated-back", {}),
    "dog-registration": ("microchip-granted", {}),
    "resident-record-copy": ("certificate-for-me-granted", {}),
}
MOVED: dict[str, list[str]] = {
    "direction": ["into"],
    "moved_on": ["2026-11-19"],
    **{name: ["yes"] for name in ("has_children", "expecting", "certified", "new_dog", "wants_copy")},
}


def main(rounds: int) -> None:
    with database() as url, ExitStack() as stack:
        os.environ |= {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "madoguchi.site.settings"}
        os.environ.pop("MADOGUCHI_POOL", None)
        django.setup()
        from django.db import connections

        from madoguchi.ground import clock
        from madoguchi.site.owner import make_tables

        make_tables()
        stack.callback(connections.close_all)
        stack.enter_context(clock.travel(DAY))
        measure(rounds)


def measure(rounds: int) -> None:
    """Alternately, each time by a resident of their own; medians in milliseconds."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from madoguchi.cases import actions
    from madoguchi.cases.tests.conftest import flat
    from madoguchi.cases.tests.test_examples import photograph
    from madoguchi.events import SYSTEM, Actor
    from madoguchi.people.actions import recognise
    from madoguchi.people.queries import actor_of_person
    from madoguchi.procedures import queries as procedures
    from madoguchi.procedures.rules import journeys
    from madoguchi.procedures.rules.examples import answers_of
    from madoguchi.procedures.rules.form import UPLOADED, get
    from madoguchi.procedures.rules.load import load_catalogue
    from madoguchi.site.publishing import publish

    publish(lambda _: None, ["moving", *PARTS])
    rows = {code: procedures.current(code) for code in ("moving", *PARTS)}
    packages = load_catalogue(ROOT / "catalogue").packages
    answers: dict[str, dict[str, Any]] = {}
    for code, (example, changes) in PARTS.items():
        row = rows[code]
        assert row is not None
        answers[code] = {**answers_of(packages[code].examples[example], procedures.package(row).form), **changes}
    person = answers["child-allowance-claim"]["person"]
    for told in answers.values():  # the same human being in all five
        told["person"] = {**told.get("person", {}), **person}
    picture = photograph(1)

    asked: dict[
        str, list[str]
    ] = {}  # of each part the sections that still ask something: pages find that out, not acts

    def fill(case: Any, code: str, by: Actor, *, by_life_event: bool = False) -> None:
        form = procedures.package(case.procedure).form
        raw = flat(answers[code])
        known = asked.get(code) if by_life_event else [section.id for section in form.sections]
        saved = []
        for section in form.sections:
            if known is None and not journeys.asks_something(form, section, case.answers, case.typed):
                continue
            if known is not None and section.id not in known:
                continue
            saved.append(section.id)
            given = actions.save_section(case, section.id, raw, by=by)
            assert not given.problems, {path: str(one) for path, one in given.problems.items()}
        if by_life_event:
            asked[code] = saved
        for section in form.visible_sections(case.answers):
            for cell in list(form.cells(section, case.answers)):
                if cell.field.type in UPLOADED and get(answers[code], cell.path):
                    actions.add_document(case, cell.path, "写真.jpg", picture, by=by)

    def one_by_one(by: Actor) -> None:
        for code in PARTS:
            row = rows[code]
            assert row is not None
            case = actions.open_draft(row, by=by)
            fill(case, code, by)
            actions.submit(case, by=by)

    def in_one_go(by: Actor) -> None:
        row = rows["moving"]
        assert row is not None
        journey = actions.open_draft(row, by=by)
        for section in procedures.package(row).form.sections:
            assert not actions.save_section(journey, section.id, MOVED, by=by).problems
        parts = actions.open_parts(journey, list(PARTS), by=by)
        assert {one.procedure.code for one in parts} == set(PARTS)
        for part in parts:
            if part.procedure.code not in asked:
                part.refresh_from_db(fields=["answers", "typed"])  # what the parts before it have told
            fill(part, part.procedure.code, by, by_life_event=True)
        actions.submit_parts(journey, by=by)

    wall: dict[str, list[float]] = {"five one by one": [], "five by one life event": []}
    cpu: dict[str, list[float]] = {name: [] for name in wall}
    sent: dict[str, int] = {}
    for number in range(rounds + 2):  # the first reads the packages, the second counts the statements
        for name, way in zip(wall, (one_by_one, in_one_go), strict=True):
            by = actor_of_person(
                recognise("urn:bench", f"{name} {number}", "card-signature", by=SYSTEM).pk, "card-signature"
            )
            with CaptureQueriesContext(connection) if number == 1 else nullcontext() as queries:
                began, busy = time.perf_counter(), time.process_time()
                way(by)
                if number > 1:
                    wall[name].append((time.perf_counter() - began) * 1000)
                    cpu[name].append((time.process_time() - busy) * 1000)
            if queries is not None:
                sent[name] = len(queries)
                show(name, [one["sql"] for one in queries])
    print(f"{'':28}{'median ms':>10}{'fastest':>9}{'of it CPU':>11}{'statements':>12}")
    for name, times in wall.items():
        said = statistics.median(times), min(times), statistics.median(cpu[name]), sent[name]
        print(f"{name:28}{said[0]:>10.0f}{said[1]:>9.0f}{said[2]:>11.0f}{said[3]:>12}")
    single, together = wall
    ratios = [
        *(of(wall[together]) / of(wall[single]) for of in (statistics.median, min)),
        statistics.median(cpu[together]) / statistics.median(cpu[single]),
        sent[together] / sent[single],
    ]
    print(f"{'in one go / one by one':28}{ratios[0]:>10.2f}{ratios[1]:>9.2f}{ratios[2]:>11.2f}{ratios[3]:>12.2f}")


def show(name: str, statements: list[str]) -> None:
    """With SHOW_STATEMENTS set, what was sent: each statement without its values, and how often."""
    if os.environ.get("SHOW_STATEMENTS"):
        kinds = Counter(re.sub(r"'(?:[^']|'')*'|\b[0-9]+\b", "?", " ".join(one.split()))[:110] for one in statements)
        print(name, *(f"{count:>5}  {kind}" for kind, count in kinds.most_common()), sep="\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    main(parser.parse_args().rounds)
