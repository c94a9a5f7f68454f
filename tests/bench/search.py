"""How well and how fast procedures are found: our own evaluation set (search.yaml) against the catalogue.

MRR, hit@1 and hit@3 by kind of query, what is wrongly found for what is not offered, and milliseconds a query; beside
it the same with the catalogue blown up to hundreds of procedures. Nothing here is a test; one holds a floor.

    python tests/bench/search.py
"""

import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from ruamel.yaml import YAML  # noqa: E402  # after the path

from madoguchi.procedures.rules.city import load_city  # noqa: E402
from madoguchi.procedures.rules.form import form_of  # noqa: E402
from madoguchi.procedures.rules.load import load_catalogue  # noqa: E402
from madoguchi.procedures.rules.published import Published  # noqa: E402
from madoguchi.procedures.rules.search import Entry, Index, entry, load_synonyms  # noqa: E402

QUERIES = Path(__file__).with_suffix(".yaml")


@dataclass(slots=True)
class Figures:
    """Ranks of the wanted procedure (None: not shown) by kind of query; what was wrongly found for what is not offered.

    ``near``: queries to which nothing fitted and the page says 「もしかして」; they count by the rank shown.
    """

    ranks: Mapping[str, list[int | None]]
    missed: list[str] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)
    left_out: int = 0
    near: int = 0

    def all(self) -> list[int | None]:
        return [rank for ranks in self.ranks.values() for rank in ranks]


def mrr(ranks: Sequence[int | None]) -> float:
    """The mean of 1/rank of the first right answer."""
    return statistics.fmean(1 / rank if rank else 0.0 for rank in ranks)


def hit(ranks: Sequence[int | None], most: int) -> float:
    """The share of queries whose right answer is among the first ``most``."""
    return statistics.fmean(bool(rank and rank <= most) for rank in ranks)


def entries(root: Path = ROOT) -> list[Entry]:
    """Every package of this catalogue as the search sees it."""
    city, catalogue = load_city(root / "cities" / "daito"), load_catalogue(root / "catalogue")
    groups = load_synonyms(root / "catalogue" / "synonyms.yaml")
    made = []
    for package in catalogue.packages.values():
        local = city.localise(package)
        form = form_of(local.procedure, dict(catalogue.facts))
        section = city.section_of(local.procedure)
        whole = Published(local.procedure, local.graph, local.tables, form, {})
        made.append(entry(whole, section.name if section else None, groups))
    return made


def evaluate(index: Index) -> Figures:
    """The evaluation set against this index."""
    data = YAML(typ="safe").load(QUERIES.read_text())
    figures = Figures(defaultdict(list))
    for one in data["queries"]:
        wanted = {one["want"]} if isinstance(one["want"], str) else set(one["want"])
        if not wanted & set(index.codes):
            figures.left_out += 1
            continue
        answer = index.find(one["q"])
        found = answer.fit or answer.near
        figures.near += not answer.fit and bool(answer.near)
        rank = next((place for place, code in enumerate(found, 1) if code in wanted), None)
        figures.ranks[one["kind"]].append(rank)
        if rank is None or rank > 1:
            figures.missed.append(f"{one['q']} ({one['kind']}): {rank or 'not found'} {list(found[:3])}")
    figures.invented = [query for query in data["nothing"] if index.find(query).fit]
    return figures


def speed(index: Index, rounds: int = 20) -> tuple[float, float]:
    """Median and slowest tenth, milliseconds a query, each query new to the caches of words."""
    from madoguchi.ground.sounding import sound
    from madoguchi.procedures.rules.search.words import words

    queries = [one["q"] for one in YAML(typ="safe").load(QUERIES.read_text())["queries"]]
    times = []
    for _ in range(rounds):
        words.cache_clear()
        sound.cache_clear()
        for query in queries:
            start = time.perf_counter()
            index.find(query)
            times.append((time.perf_counter() - start) * 1000)
    times.sort()
    return statistics.median(times), times[len(times) * 9 // 10]


def _another(one: Entry, number: int) -> Entry:
    """A procedure of the same size whose names are others: every fifth text ends differently."""
    turned = {
        name: tuple(text if at % 5 else f"{text}{chr(0x3042 + number % 80)}{number}" for at, text in enumerate(texts))
        for name, texts in one.texts.items()
    }
    return Entry(f"{one.code}-{number}", turned)


def main() -> None:
    there = entries()
    start = time.perf_counter()
    index = Index(there)
    print(f"{len(there)} procedures indexed in {(time.perf_counter() - start) * 1000:.0f} ms")
    figures = evaluate(index)
    print(f"{'kind':10} {'n':>4} {'MRR':>6} {'hit@1':>6} {'hit@3':>6}")
    for kind, ranks in [*figures.ranks.items(), ("all", figures.all())]:
        print(f"{kind:10} {len(ranks):4} {mrr(ranks):6.3f} {hit(ranks, 1):6.3f} {hit(ranks, 3):6.3f}")
    print(f"left out, no such procedure here: {figures.left_out}")
    print(f"answered by what comes near only: {figures.near}")
    print("not first:", *figures.missed, sep="\n  ")
    print("found though not offered:", figures.invented or "nothing")
    print("ms a query: median {:.2f}, slowest tenth {:.2f}".format(*speed(index)))
    many = Index([_another(one, number) for number in range(300 // len(there)) for one in there])
    print(
        f"ms a query with {len(many.codes)} procedures: median {{:.2f}}, slowest tenth {{:.2f}}".format(*speed(many, 2))
    )


if __name__ == "__main__":
    main()
