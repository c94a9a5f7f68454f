"""How long a letter takes: the first one, warm, and 1,000 in a batch, unsigned and signed.

``python tests/bench/letters.py [count]`` prints a table. The signature is measured beside pyHanko as it comes,
which loads the key and builds the CMS anew for each letter. ``cpu`` is processor time per letter, which other work on
the machine does not change; the rest is wall time of one process. Nothing here is a test.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "madoguchi.site.settings")


def letters_of(count: int) -> Iterator[dict[str, Any]]:
    """As many letters as asked, no two to the same person, with two to five children."""
    text = (ROOT / "catalogue" / "letters" / "sample.json").read_text(encoding="utf-8")
    for number in range(count):
        data = json.loads(text)
        data["letter"]["number"] = f"大子第{number}号"
        data["to"]["name"] = data["answers"]["person"]["full_name"] = f"見本 花子{number}"
        data["verify"]["code"] = f"K7QW-3M9P-X2RT-8HVD-{number:04}"
        data["answers"]["child"] = [
            {"full_name": f"見本 {number}の{child}", "date_of_birth": f"20{10 + child}-05-01"}
            for child in range(2 + number % 4)
        ]
        yield data


def measured(what: str, work: Callable[[Any], Any], items: list[Any]) -> list[Any]:
    """The results of ``work`` on each item, and one row of the table; all but the last column in milliseconds."""
    results, times = [], []
    busy = time.process_time()
    for item in items:
        start = time.perf_counter()
        results.append(work(item))
        times.append((time.perf_counter() - start) * 1000)
    busy = (time.process_time() - busy) * 1000 / len(items)
    middle, late = statistics.median(times), sorted(times)[int(len(times) * 0.95)]
    print(f"{what:<42} {len(times):>6} {middle:>8.1f} {late:>8.1f} {busy:>8.1f} {sum(times) / 1000:>8.1f}", flush=True)
    return results


def main(count: int = 1000) -> None:
    """Measure and print."""
    import django

    django.setup()
    from django.conf import settings
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import PdfSignatureMetadata, SimpleSigner
    from pyhanko.sign.fields import SigSeedSubFilter
    from pyhanko.sign.signers import sign_pdf

    from madoguchi.bridges.pades import keys
    from madoguchi.bridges.pades.signer import PadesSigner
    from madoguchi.messages.rules import letters

    def render(data: dict[str, Any]) -> bytes:
        return letters.render(settings.CATALOGUE, "letters/sample.typ", data)

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "city.p12"
        keys.make_sample(file, "bench", city="bench")
        signer = PadesSigner(keys.load(file, "bench"))
        plain = SimpleSigner.load_pkcs12(file, passphrase=b"bench")

        def sign_plainly(pdf: bytes) -> bytes:
            metadata = PdfSignatureMetadata(field_name="signature", subfilter=SigSeedSubFilter.PADES)
            return bytes(sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)), metadata, plain).getvalue())

        batch = list(letters_of(count))
        print(f"{'':<42} {'count':>6} {'p50 ms':>8} {'p95 ms':>8} {'cpu ms':>8} {'all s':>8}")
        measured("the first letter of a process", render, batch[:1])
        for data in batch[:20]:
            render(data)
        measured("a letter, warm", render, batch[:200])
        unsigned = measured("a batch, unsigned", render, batch)
        measured("the signature alone (RSA 3072, PAdES B-B)", signer.sign, unsigned)
        measured("the signature alone, pyHanko as it comes", sign_plainly, unsigned[:50])
        measured("a batch, signed", lambda data: signer.sign(render(data)), batch)
        print(f"one letter: {len(unsigned[0]) // 1024} KB, signed {len(signer.sign(unsigned[0])) // 1024} KB")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
