"""How many requests with three photographs the acts take a second: opened, filled in, three photographs, submitted.

罹災証明 as residents hand it in after a storm: three telephone photographs of about 3 MB each (4032 × 3024), decoded,
turned upright, freed from the place where they were taken, scaled, encoded anew and kept, and the submission with its
number, date and events. One process, and two at once (one per core). Beside it what the photographs alone cost, which
is most of it, and the same request without them. Nothing here is a test.

    python tests/bench/submissions.py [requests]
"""

import io
import os
import random
import statistics
import subprocess
import sys
import time
from contextlib import nullcontext, suppress
from pathlib import Path

import django
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench.case import database  # noqa: E402  # after the path

PHOTOGRAPHS = 3
CODE, EXAMPLE = "disaster-certificate", "self-assessed-granted"


def photograph(seed: int) -> bytes:
    """A JPEG as a telephone makes it: 12 million pixels, some 3 MB, with the place where it was taken."""
    rng = random.Random(seed)
    small = Image.frombytes("RGB", (504, 378), rng.randbytes(504 * 378 * 3))
    picture = small.resize((4032, 3024), Image.Resampling.BICUBIC)
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x8825] = {1: "N", 2: (34.0, 42.0, 0.0), 3: "E", 4: (135.0, 37.0, 0.0)}
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90, exif=exif)
    return out.getvalue()


def hand_in(count: int, photographs: list[bytes], seed: int) -> list[float]:
    """Seconds of each of ``count`` requests, with as many of the photographs each."""
    from madoguchi.cases import actions
    from madoguchi.events import SYSTEM
    from madoguchi.ground.errors import Invalid
    from madoguchi.people.actions import recognise
    from madoguchi.people.queries import actor_of_person
    from madoguchi.procedures import queries as procedures
    from madoguchi.procedures.rules.examples import answers_of
    from madoguchi.procedures.tests.shipped import catalogue
    from madoguchi.site.demo import posted

    row = procedures.current(CODE)
    assert row is not None
    answers = answers_of(catalogue().packages[CODE].examples[EXAMPLE])
    form = procedures.package(row).form
    raw = posted(answers)
    times = []
    for number in range(count):
        person = recognise("urn:bench", f"{seed}-{number}-{len(photographs)}", "card-signature", by=SYSTEM)
        by = actor_of_person(person.pk, "card-signature")
        began = time.perf_counter()
        case = actions.open_draft(row, by=by)
        for section in form.sections:
            actions.save_section(case, section.id, raw, by=by)
        if photographs:
            paths = [
                cell.path
                for section in form.visible_sections(case.answers)
                for cell in form.cells(section, case.answers)
                if cell.field.type == "photo"
            ]
            for place, content in enumerate(photographs):
                actions.add_document(case, paths[place % len(paths)], f"{place + 1}.jpg", content, by=by)
        with nullcontext() if photographs else suppress(Invalid):  # without them it is refused at the very end
            actions.submit(case, by=by, email="bench@example.jp")
        times.append(time.perf_counter() - began)
    return times


def one_of_two(url: str, seed: int, requests: int) -> None:
    """A process that is measured beside another: says when it is ready, starts when told, says how long it took."""
    pictures = [photograph(number) for number in range(PHOTOGRAPHS)]
    hand_in(1, pictures, seed)
    print("ready", flush=True)
    sys.stdin.readline()
    print(sum(hand_in(requests, pictures, seed + 1)), flush=True)


def together(url: str, requests: int) -> float:
    """Requests a second of two processes at once."""
    command = [sys.executable, str(Path(__file__)), "--one-of-two"]
    both = [
        subprocess.Popen(
            [*command, str(100 + number * 10), str(requests)],
            env=os.environ | {"DATABASE_URL": url},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    for one in both:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    began = time.perf_counter()
    for one in both:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    for one in both:
        if one.wait():
            raise SystemExit("a process of the measurement failed")
    return 2 * requests / (time.perf_counter() - began)


def set_up(url: str) -> None:
    os.environ |= {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "madoguchi.site.settings"}
    os.environ.pop("MADOGUCHI_POOL", None)
    django.setup()


def main(requests: int) -> None:
    with database() as url:
        set_up(url)
        from madoguchi.site.owner import make_tables

        make_tables()
        from madoguchi.cases.rules import uploads
        from madoguchi.site.publishing import publish

        publish(lambda _: None, [CODE])
        pictures = [photograph(number) for number in range(PHOTOGRAPHS)]
        size = sum(map(len, pictures)) / PHOTOGRAPHS
        hand_in(1, pictures, 1)
        whole = hand_in(requests, pictures, 2)
        plain = hand_in(requests * 3, [], 3)
        alone = []
        for _ in range(requests):
            began = time.perf_counter()
            for content in pictures:
                uploads.check("photo.jpg", content, images_only=True)
            alone.append(time.perf_counter() - began)
        print(f"three photographs of {size / 1e6:.1f} MB each, {requests} requests")
        for name, times in (
            ("request with three photographs", whole),
            ("its photographs alone", alone),
            ("request without them", plain),
        ):
            print(f"{name:34}{statistics.median(times) * 1000:9.0f} ms {1 / statistics.mean(times):8.2f} a second")
        print(f"{'two processes, with photographs':34}{'':12} {together(url, requests):8.2f} a second")
        from django.db import connections

        connections.close_all()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one-of-two"]:
        set_up(os.environ["DATABASE_URL"])
        one_of_two(os.environ["DATABASE_URL"], int(sys.argv[2]), int(sys.argv[3]))
    else:
        main(*([int(one) for one in sys.argv[1:]] or [15]))
