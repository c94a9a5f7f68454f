"""The check of the catalogue: what the loader found, and what a package still lacks to begin and end digitally.

1. Rules L01–L16 ask whether the whole process stays digital; the others whether it is complete, lawful and true
   (tables, texts, letters, examples, organisation). Each rule is one function of `lint_rules` with its explanation.
2. `check` loads the catalogue and the city, runs every rule on every package and applies the waivers of procedure.yaml.
3. Findings are printed as text, JSON or SARIF (`sarif`). Nothing is repaired, nothing is guessed.
"""

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from madoguchi.ground import clock
from madoguchi.places.rules.layer import Layer
from madoguchi.procedures.rules import examples
from madoguchi.procedures.rules.bases import check_bases
from madoguchi.procedures.rules.city import City, check_offers, load_city
from madoguchi.procedures.rules.document import BrokenPackage, Problem
from madoguchi.procedures.rules.flow import step_places
from madoguchi.procedures.rules.format import Waiver
from madoguchi.procedures.rules.helping import load_help
from madoguchi.procedures.rules.layers import check_layers, check_map
from madoguchi.procedures.rules.lint_map import RULES, layers_of
from madoguchi.procedures.rules.lint_rules import SEVERITIES, Finding, Found, Rule, Severity, Subject
from madoguchi.procedures.rules.load import Catalogue, Package, load_catalogue
from madoguchi.procedures.rules.readings import load_readings
from madoguchi.procedures.rules.registers import check_registers
from madoguchi.procedures.rules.search import load_synonyms

__all__ = ["RULES", "Finding", "Rule", "Severity", "as_json", "as_text", "check", "check_package", "explain", "failed"]

# -- the check --------------------------------------------------------------------------------------------------------


def check(codes: Sequence[str], catalogue_dir: Path, city_dir: Path | None) -> list[Finding]:
    """Check these procedures, or all where ``codes`` is empty, with the city's data. Sorted by file and line.

    Letters are compiled and read back, examples are run: about 0.1 s for each example with a letter.
    """
    catalogue = load_catalogue(catalogue_dir)
    findings = [_of(problem) for problem in catalogue.problems if _concerns(problem, codes, catalogue_dir)]
    findings += _unknown(codes, catalogue, catalogue_dir)
    city: City | None = None
    if city_dir is not None:
        try:
            city = load_city(city_dir)
        except BrokenPackage as broken:
            findings += map(_of, broken.problems)
    if city is not None and not codes:
        findings += map(_of, check_offers(city, catalogue.packages))
        findings += map(_of, check_registers(city, catalogue.facts))
        findings += map(_of, check_layers(city, catalogue.packages))
        findings += map(_of, check_map(city))
    if not codes:
        findings += map(_of, _shared(catalogue_dir))
        findings += map(_of, check_bases(catalogue_dir, catalogue.laws, catalogue.facts, city))
    layers = layers_of(city) if city is not None else None
    for code, package in catalogue.packages.items():
        if not codes or code in codes:
            findings += check_package(package, catalogue, city, layers)
    return sorted(set(findings))


def _shared(catalogue_dir: Path) -> Iterator[Problem]:
    """The files of words that pages read as they are shown, where they do not load."""
    for name, load in (("readings", load_readings), ("synonyms", load_synonyms), ("help", load_help)):
        path = catalogue_dir / f"{name}.yaml"
        try:
            if path.exists():
                load(path)
        except BrokenPackage as broken:
            yield from broken.problems


def check_package(
    package: Package, catalogue: Catalogue, city: City | None = None, layers: Mapping[str, Layer] | None = None
) -> list[Finding]:
    """Every finding of every rule on one package that loads, waived ones included."""
    offered = city.localise(package, city.offer(package.procedure.code, clock.today())) if city else package
    subject = Subject(offered, catalogue, city, step_places(package.procedure), layers)
    waivers = _Waivers(package)
    findings: list[Finding] = []
    for one in list(RULES.values()):
        found = one.look(subject) if one.look else ()
        findings += [waivers.applied(one, each, _finding(package, one, each)) for each in found]
    read = examples.reader(offered)
    for name in offered.examples:
        findings += [_of(problem) for problem in examples.check_example(offered, name, catalogue.facts, city, read)]
    return findings + list(waivers.idle())


def _finding(package: Package, one: Rule, found: Found) -> Finding:
    severity = found.severity or one.severity
    if found.place is not None:
        line, column = found.place
        return Finding(str(package.folder / found.file), line, column, one.id, found.message, found.instead, severity)
    where = package.problem(found.file, found.path, one.id, found.message, found.instead)
    return Finding(where.file, where.line, where.column, one.id, found.message, found.instead, severity)


def _of(problem: Problem) -> Finding:
    return Finding(
        problem.file, problem.line, problem.column, problem.rule, problem.message, problem.instead, problem.severity
    )


def _concerns(problem: Problem, codes: Sequence[str], catalogue_dir: Path) -> bool:
    """Whether a problem of the loader is about one of these procedures, or about what all share."""
    procedures = catalogue_dir / "procedures"
    path = Path(problem.file)
    return not codes or procedures not in path.parents or path.relative_to(procedures).parts[0] in codes


def _unknown(codes: Sequence[str], catalogue: Catalogue, catalogue_dir: Path) -> Iterator[Finding]:
    there = sorted(path.name for path in (catalogue_dir / "procedures").glob("*/"))
    for code in codes:
        if code not in there:
            close = difflib.get_close_matches(code, there, 1, 0.5)
            instead = f"{close[0]} ではありませんか" if close else f"ある手続き: {'、'.join(there)}"
            yield Finding(str(catalogue_dir / "procedures" / code), 1, 1, "F05", f"手続き {code} がありません", instead)


class _Waivers:
    """The waivers of one package, and which of them were of use."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self.used: set[int] = set()

    def applied(self, one: Rule, found: Found, finding: Finding) -> Finding:
        for index, waiver in enumerate(self.package.procedure.waivers):
            if waiver.rule == one.id and waiver.at in (None, found.at):
                self.used.add(index)
                if not self._expired(waiver):
                    return replace(finding, waived=str(waiver.reason))
        return finding

    def idle(self) -> Iterator[Finding]:
        for index, waiver in enumerate(self.package.procedure.waivers):
            if waiver.rule not in RULES:
                message = f"規則 {waiver.rule} はありません"
            elif index not in self.used:
                message = f"{waiver.rule} の猶予は、もう当たるものがありません"
            elif self._expired(waiver):
                message = f"{waiver.rule} の猶予は {waiver.until} で切れています"
            else:
                continue
            where = self.package.problem("procedure.yaml", ("waivers", index), "W01", message)
            yield Finding(where.file, where.line, where.column, "W01", message, "直したうえで猶予を消します", "warning")

    @staticmethod
    def _expired(waiver: Waiver) -> bool:
        return waiver.until is not None and waiver.until <= clock.today()


# -- output -----------------------------------------------------------------------------------------------------------


def failed(findings: Iterable[Finding]) -> bool:
    """Whether anything keeps the catalogue from being published."""
    return any(finding.severity == "error" and not finding.waived for finding in findings)


def as_text(findings: Iterable[Finding], *, notes: bool = False) -> str:
    """One paragraph a finding, then a line that counts. Notes and waived findings only where asked for."""
    found = list(findings)
    shown = [one for one in found if notes or (one.severity != "note" and not one.waived)]
    counts = {level: sum(one.severity == level and not one.waived for one in found) for level in SEVERITIES}
    waived = sum(bool(one.waived) for one in found)
    total = f"誤り {counts['error']}、注意 {counts['warning']}、参考 {counts['note']}、当面認めるもの {waived}"
    return "\n".join([*map(str, shown), total])


def as_json(findings: Iterable[Finding]) -> str:
    """A list of findings with the fields of `Finding`."""
    return json.dumps([asdict(one) for one in findings], ensure_ascii=False, indent=2)


def explain(id_: str) -> str:
    """A rule in words. Raises LookupError that names the closest ones."""
    if id_ not in RULES:
        close = difflib.get_close_matches(id_.upper(), RULES, 3, 0.3)
        raise LookupError(f"規則 {id_} はありません（{'、'.join(close or RULES)}）")
    return RULES[id_].explain()
