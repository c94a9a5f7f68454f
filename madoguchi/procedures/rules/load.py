"""From a folder of YAML to a package that holds together, or to problems with file, line and what to write instead.

Three passes: each file is read (document), then validated against the format, then the names it uses are looked up
(facts, tables, letters, expressions). A problem of an early pass hides those of the later ones in the same file only.
"""

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from madoguchi.facts.rules import shared_by
from madoguchi.ground.expressions import Expression
from madoguchi.ground.sensitivity import Sensitivity
from madoguchi.places.rules.recording import VERDICT, name_of
from madoguchi.procedures.rules import allotment, speaking
from madoguchi.procedures.rules.document import BrokenPackage, Document, Path_, Problem, as_json, read
from madoguchi.procedures.rules.fees import FEE
from madoguchi.procedures.rules.flow import FlowError, Graph, compile_flow
from madoguchi.procedures.rules.format import (
    Allot,
    AskField,
    Cosign,
    Example,
    FactField,
    Fee,
    LookUp,
    OfBusiness,
    Procedure,
    Public,
    Record,
    Section,
    Table,
    walk,
)
from madoguchi.procedures.rules.migration import MigrationMap
from madoguchi.procedures.rules.tablecheck import check_names, verdict_names
from madoguchi.procedures.rules.vocabulary import Facts, FactsFile, Laws, LawsFile, Ordinances, OrdinancesFile

__all__ = [
    "RULES",
    "BrokenPackage",
    "Catalogue",
    "Package",
    "Problem",
    "load_catalogue",
    "load_example",
    "load_facts",
    "load_laws",
    "load_migration",
    "load_ordinances",
    "load_package",
]

RULES: Mapping[str, str] = {
    "F01": "ファイルが読める（UTF-8 の YAML、上限あり、アンカーなし）",
    "F02": "知らない項目がない",
    "F03": "要る項目がそろっている",
    "F04": "値が形式に合っている",
    "F05": "名前が指すものがある（事実、表、文書、フォルダ名）",
    "F06": "式の名前が、たずねた項目か決まった項目を指している",
    "F07": "流れが組み立てられる",
    "F09": "リンクで選んでおける項目に、個人の情報がない",
    "F10": "だれにでも見せる項目に、個人の情報がない",
    "L01": "デジタルの流れから外れる手順に、根拠・段階・理由・代わりの方法がある",
}
"""What each rule of the loader asks, for the check and for SARIF."""

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Package:
    """One procedure, whole: what every later part works with."""

    folder: Path
    procedure: Procedure
    graph: Graph
    tables: Mapping[str, Table]
    letters: Mapping[str, Path]
    examples: Mapping[str, Example]
    documents: Mapping[str, Document] = field(repr=False)
    """By name inside the folder (procedure.yaml, rules.yaml, examples/x.yaml), for positions."""

    def problem(self, name: str, path: Path_, rule: str, message: str, instead: str = "", **more: Any) -> Problem:
        """A problem at this path (``("flow", 2, "examine")``) of this file of the package."""
        document = self.documents.get(name) or Document(str(self.folder / name), {}, {})
        return document.problem(path, rule, message, instead, **more)

    def as_json(self) -> dict[str, Any]:
        """What is published: the procedure and its tables as JSON data; the same package, the same data."""
        return {
            "procedure": self.procedure.model_dump(mode="json", by_alias=True, exclude_unset=True),
            "tables": {
                name: table.model_dump(mode="json", by_alias=True, exclude_unset=True)
                for name, table in sorted(self.tables.items())
            },
        }


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that loaded, and what was wrong with the rest."""

    packages: Mapping[str, Package]
    facts: Facts
    laws: Laws
    problems: tuple[Problem, ...]


def load_catalogue(folder: Path) -> Catalogue:
    """Load facts, laws and every package of a catalogue. A broken package is reported and never stops the others."""
    problems: list[Problem] = []
    facts: Facts = {}
    laws: Laws = {}
    try:
        facts = load_facts(folder / "facts.yaml")
    except BrokenPackage as broken:
        problems += broken.problems
    if (folder / "laws.yaml").exists():
        try:
            laws = load_laws(folder / "laws.yaml")
        except BrokenPackage as broken:
            problems += broken.problems
    packages: dict[str, Package] = {}
    for path in sorted((folder / "procedures").glob("*/")):
        if path.name.startswith((".", "_")):
            continue
        try:
            packages[path.name] = load_package(path, facts)
        except BrokenPackage as broken:
            problems += broken.problems
    return Catalogue(packages, facts, laws, tuple(sorted(problems)))


def load_facts(path: Path) -> Facts:
    """Load facts.yaml. Raises BrokenPackage."""
    return MappingProxyType(validated(FactsFile, read(path)).root)


def load_laws(path: Path) -> Laws:
    """Load laws.yaml. Raises BrokenPackage."""
    return MappingProxyType(validated(LawsFile, read(path)).root)


def load_ordinances(path: Path) -> Ordinances:
    """Load a city's ordinances.yaml. Raises BrokenPackage."""
    return MappingProxyType(validated(OrdinancesFile, read(path)).root)


def load_example(path: Path) -> Example:
    """Load one examples/*.yaml. Raises BrokenPackage."""
    return validated(Example, read(path))


def load_migration(path: Path) -> MigrationMap:
    """Load one migrations/<from>--<to>.yaml of a package. Raises BrokenPackage."""
    return validated(MigrationMap, read(path))


def load_package(folder: Path, facts: Facts) -> Package:
    """Load the package in ``folder``. Raises BrokenPackage with every problem that was found."""
    problems: list[Problem] = []
    documents: dict[str, Document] = {}

    def load(name: str, model: type[M]) -> M | None:
        try:
            documents[name] = read(folder / name)
            return validated(model, documents[name])
        except BrokenPackage as broken:
            problems.extend(broken.problems)
            return None

    procedure = load("procedure.yaml", Procedure)
    tables, broken_tables = _tables(folder, documents, problems)
    examples: dict[str, Example] = {}
    for path in sorted((folder / "examples").glob("*.yaml")):
        if (example := load(f"examples/{path.name}", Example)) is not None:
            examples[path.stem] = example
    letters = {path.stem: path for path in sorted((folder / "letters").glob("*.typ"))}
    if procedure is None:
        raise BrokenPackage(sorted(problems))
    document = documents["procedure.yaml"]
    graph: Graph | None = None
    try:
        graph = compile_flow(procedure)
    except FlowError as error:
        problems.append(document.problem(error.path, "F07", error.message, error.instead))
    if not broken_tables:
        problems += _lookups(folder, procedure, tables, letters, facts, document)
        problems += _expressions(procedure, tables, facts, documents)
    if problems or graph is None:
        raise BrokenPackage(sorted(problems))
    return Package(folder, procedure, graph, tables, letters, examples, documents)


def _tables(folder: Path, documents: dict[str, Document], problems: list[Problem]) -> tuple[dict[str, Table], bool]:
    path = folder / "rules.yaml"
    if not path.exists():
        return {}, False
    tables: dict[str, Table] = {}
    before = len(problems)
    try:
        document = documents["rules.yaml"] = read(path)
    except BrokenPackage as broken:
        problems.extend(broken.problems)
        return {}, True
    if not isinstance(document.data, dict):
        instead = "eligibility: と書き、下に表を書きます"
        problems.append(document.problem((), "F04", "rules.yaml は表の名前で始めます", instead))
        return {}, True
    for name, data in document.data.items():
        # Each table on its own, so that one broken table does not hide the others' problems.
        one = Document(
            document.file,
            data,
            {path[1:]: place for path, place in document.places.items() if path[:1] == (name,)},
        )
        try:
            tables[name] = validated(Table, one)
        except BrokenPackage as broken:
            problems.extend(broken.problems)
    return tables, len(problems) > before


# -- what the package names must exist --------------------------------------------------------------------------------


def _close(wanted: str, known: Iterable[str], else_say: str) -> str:
    """«did you mean»: the closest known name, or a short list of what there is."""
    names = list(known)
    if match := difflib.get_close_matches(wanted, names, 1, 0.6):
        return f"{match[0]} ではありませんか"
    return f"{else_say}: {'、'.join(sorted(names)[:12])}" if names else ""


def _lookups(
    folder: Path,
    procedure: Procedure,
    tables: Mapping[str, Table],
    letters: Mapping[str, Path],
    facts: Facts,
    document: Document,
) -> Iterator[Problem]:
    if procedure.code != folder.name:
        yield document.problem(
            ("code",), "F05", f"code がフォルダ名（{folder.name}）と違います", f"code: {folder.name}"
        )
    seen: dict[str, Path_] = {}
    for index, section in enumerate(procedure.asks):
        for number, asked in enumerate(section.ask):
            path: Path_ = ("asks", index, "ask", number)
            key = field_key(section, asked)
            if key in seen:
                line, _ = document.at(*seen[key])
                yield document.problem(
                    path, "F05", f"{key} を二度たずねています（先は {line} 行目）", "どちらか一つにします"
                )
            seen[key] = path
            if isinstance(asked, FactField) and asked.fact not in facts:
                yield document.problem(
                    (*path, "fact"),
                    "F05",
                    f"事実 {asked.fact} は facts.yaml にありません",
                    _close(asked.fact, facts, "ある事実"),
                )
            if asked.prefill is not None:
                yield from _wrong_link(document, path, section, asked, facts)
            if isinstance(asked, AskField) and asked.business is not None:
                yield from _wrong_business(document, (*path, "business"), asked.business, asked.type, facts, seen)
            if isinstance(asked, AskField):
                for fact in asked.proves:
                    if fact not in facts:
                        yield document.problem(
                            (*path, "proves"),
                            "F05",
                            f"事実 {fact} は facts.yaml にありません",
                            _close(fact, facts, "ある事実"),
                        )
    if procedure.public is not None:
        yield from _wrong_public(document, procedure.public, procedure, facts)
    for path, step in walk(procedure.flow):
        if step.pay and step.pay.yen is None and not isinstance(procedure.fee, Fee):
            instead = "fee: に額を書くか、yen: に式を書きます"
            yield document.problem(path, "F05", "納める額が決まりません（手数料がない手続きです）", instead)
        if (judge := step.judge) and judge.table not in tables:
            yield document.problem(
                (*path, "table"),
                "F05",
                f"表 {judge.table} は rules.yaml にありません",
                _close(judge.table, tables, "ある表") or "rules.yaml に表を書きます",
            )
        if step.cosign:
            yield from _wrong_cosign(document, path, step.cosign, procedure, facts)
        if step.allot:
            yield from _wrong_allot(document, path, step.allot, procedure, tables)
        if (issue := step.issue) and issue.letter is not None and issue.letter not in letters:
            yield document.problem(
                (*path, "letter"),
                "F05",
                f"文書 letters/{issue.letter}.typ がありません",
                _close(issue.letter, letters, "ある文書") or f"letters/{issue.letter}.typ を作ります",
            )
        if (record := step.record) and record.fact is not None and record.fact not in facts:
            yield document.problem(
                (*path, "fact"),
                "F05",
                f"事実 {record.fact} は facts.yaml にありません",
                _close(record.fact, facts, "ある事実"),
            )
        named = (record and record.fact) or ""
        if record and named.startswith("business.") != (record.business is not None):
            message = "事業者の事実は、だれのことかを business: に書いて記録します"
            yield document.problem((*path, "fact"), "F05", message, "business: に、番号をたずねた項目を書きます")
        if record and record.business is not None and record.business not in seen:
            message = f"番号の項目 {record.business} をたずねていません"
            yield document.problem((*path, "business"), "F05", message, _close(record.business, seen, "ある項目"))
        if told := step.record or step.look_up:
            for number, name in enumerate(told.of):
                if name not in seen or any(
                    section.each and name.startswith(f"{section.each}.") for section in procedure.asks
                ):
                    message = f"{name} は、一つだけの答えとしてたずねていません"
                    yield document.problem((*path, "of", number), "F05", message, _close(name, seen, "ある項目"))
            keys = [step.record.fact or ""] if step.record else step.look_up.facts if step.look_up else ()
            yield from _wrong_place(document, path, told, keys, procedure)
        messages = {one.stem for one in (folder.parent.parent / "messages").glob("*.yaml")}
        if (notify := step.notify) and messages and notify.template not in messages:
            yield document.problem(
                (*path, "template"),
                "F05",
                f"お知らせの文 messages/{notify.template}.yaml がありません",
                _close(notify.template, messages, "ある文"),
            )
        if look_up := step.look_up:
            for number, fact in enumerate(look_up.facts):
                if fact not in facts:
                    yield document.problem(
                        (*path, "facts", number),
                        "F05",
                        f"事実 {fact} は facts.yaml にありません",
                        _close(fact, facts, "ある事実"),
                    )


def _wrong_place(
    document: Document, path: Path_, told: Record | LookUp, keys: Iterable[str], procedure: Procedure
) -> Iterator[Problem]:
    """Facts of a place name their place, and nothing else does. A household has one fact of a kind."""
    place, of = told.place, told.of
    asked = {
        one.ask
        for section in procedure.asks
        if section.each is None
        for one in section.ask
        if isinstance(one, AskField) and one.type == "place"
    }
    if any(shared_by(key) == "place" for key in keys) != (place is not None):
        message, instead = (
            "場所の事実は、どの場所のことかを place: に書きます",
            "place: に、場所をたずねた項目を書きます",
        )
        yield document.problem(path, "F05", message, instead)
    elif place is not None and place not in asked:
        message = f"{place} を、場所（type: place）としてたずねていません"
        yield document.problem((*path, "place"), "F05", message, _close(place, asked, "ある項目"))
    if of and place is None and (isinstance(told, LookUp) or any(shared_by(key) for key in keys)):
        message = "of: は、本人か場所について記録する事実がいくつもありうるときに書きます"
        yield document.problem((*path, "of"), "F05", message, "of: の行を消します")


def _wrong_business(
    document: Document, path: Path_, said: OfBusiness, type_: str, facts: Facts, seen: Mapping[str, Path_]
) -> Iterator[Problem]:
    fact = facts.get(said.fact)
    if fact is None or not said.fact.startswith("business."):
        message = f"{said.fact} は facts.yaml にある事業者の事実ではありません"
        there = [key for key in facts if key.startswith("business.")]
        yield document.problem((*path, "fact"), "F05", message, _close(said.fact, there, "ある事実"))
    elif fact.type != type_:
        yield document.problem((*path, "fact"), "F05", f"{said.fact} の型は {fact.type} です", f"type: {fact.type}")
    if said.number not in seen:
        message, instead = f"番号の項目 {said.number} を、それより前にたずねていません", "番号を先にたずねます"
        yield document.problem((*path, "number"), "F05", message, instead)


def _wrong_link(
    document: Document, path: Path_, section: Section, asked: FactField | AskField, facts: Facts
) -> Iterator[Problem]:
    """What stands in an address says nothing about a person: neither a fact about one, nor what stands in rows."""
    fact = facts.get(asked.fact) if isinstance(asked, FactField) else None
    if fact is not None and fact.type not in ("choice", "choices", "yes_no"):
        message = f"{fact.label} は選択肢ではないので、リンクで選んでおけません"
        yield document.problem((*path, "prefill"), "F09", message, "行ごと消します")
    elif fact is not None and fact.sensitivity not in (Sensitivity.PUBLIC, Sensitivity.INTERNAL):
        message = f"{fact.label} は個人の情報なので、リンクに書けません"
        yield document.problem((*path, "prefill"), "F09", message, "行ごと消します")
    elif section.each is not None:
        message = f"{section.each} の行は人や物を一つずつ表すので、リンクに書けません"
        yield document.problem((*path, "prefill"), "F09", message, "行ごと消します")


#: Types of answers that may be made public: what nobody can write a name into.
_NAMELESS = ("choice", "yes_no", "integer", "money", "date")


def _wrong_public(document: Document, public: Public, procedure: Procedure, facts: Facts) -> Iterator[Problem]:
    """What everybody may see names nobody: no fact about a person, nothing written freely, nothing that stands in rows;
    and it is asked, at one place, until a day, and begins with a step that is there."""
    types: dict[str, str] = {}
    for section in procedure.asks:
        for asked in section.ask if section.each is None else ():
            types[field_key(section, asked)] = (
                asked.type if isinstance(asked, AskField) else facts[asked.fact].type if asked.fact in facts else ""
            )
    for number, name in enumerate(public.says):
        path: Path_ = ("public", "says", number)
        fact = facts.get(name)
        if name not in types:
            message = f"{name} は、一つだけの答えとしてたずねていません"
            yield document.problem(path, "F05", message, _close(name, types, "ある項目"))
        elif fact is not None and fact.sensitivity is not Sensitivity.PUBLIC:
            message = f"{fact.label} は個人の情報なので、だれにでも見せることはできません"
            yield document.problem(path, "F10", message, "行ごと消します")
        elif types[name] not in _NAMELESS:
            message = f"{name}（{types[name]} 型）には人の名前も書けるので、だれにでも見せることはできません"
            yield document.problem(path, "F10", message, f"見せられる型: {'、'.join(_NAMELESS)}")
    for key, name, type_ in (("until", public.until, "date"), ("place", public.place, "place")):
        if types.get(name) != type_:
            fitting = [one for one in types if types[one] == type_]
            message = f"{name} を、{type_} 型の項目としてたずねていません"
            yield document.problem(("public", key), "F05", message, _close(name, fitting, "ある項目"))
    steps = {step.body.id for _, step in walk(procedure.flow) if step.kind != "parallel" and step.body.id}
    if public.after not in steps:
        message = f"{public.after} という手順はありません"
        yield document.problem(("public", "after"), "F05", message, _close(public.after, steps, "ある手順"))


def _wrong_cosign(
    document: Document, path: Path_, step: Cosign, procedure: Procedure, facts: Facts
) -> Iterator[Problem]:
    """Fields that the form does not have, of another type, or of other rows than the person's."""
    types: dict[str, str] = {}
    rows: dict[str, str | None] = {}
    for section in procedure.asks:
        for asked in section.ask:
            key = field_key(section, asked)
            fact = facts.get(key)
            types[key] = asked.type if isinstance(asked, AskField) else fact.type if fact else ""
            rows[key] = section.each
    wanted = {"name": ("text",), "birthday": ("date",), "email": ("email",)}
    for name, of_type in wanted.items():
        key = getattr(step, name)
        if key is None:
            continue
        if key not in types:
            message, instead = f"{key} という項目はたずねていません", _close(key, types, "ある項目")
            yield document.problem((*path, name), "F05", message, instead)
        elif types[key] not in of_type:
            yield document.problem((*path, name), "F05", f"{key} は {of_type[0]} 型の項目ではありません", "")
        elif rows[key] != rows.get(step.email):
            message = f"{key} と {step.email} が同じ行にありません"
            yield document.problem((*path, name), "F05", message, "名前・生年月日・連絡先を同じ節でたずねます")
    for number, key in enumerate(step.shows):
        if key not in types:
            message, instead = f"{key} という項目はたずねていません", _close(key, types, "ある項目")
            yield document.problem((*path, "shows", number), "F05", message, instead)
        elif rows[key] not in (None, rows.get(step.email)):
            message = f"{key} はほかの方の行の項目です"
            yield document.problem((*path, "shows", number), "F05", message, "その方の行の項目だけを見せます")


def field_key(section: Section, asked: FactField | AskField) -> str:
    """The dotted name of a field in answers and expressions: person.full_name, child.lives_with_you, note."""
    if isinstance(asked, FactField):
        return asked.fact
    return f"{section.each}.{asked.ask}" if section.each else asked.ask


_PARTS = {
    "place": ("text", "town", "level", "lat", "lon"),
    "bank_account": ("bank", "branch", "kind", "number", "holder"),
}


def names_of(procedure: Procedure, facts: Facts) -> frozenset[str]:
    """Every name that an expression over the answers may use: what is asked or looked up, rows, and the dates."""
    names = {"today", "received_on", *([speaking.REGISTERED] if procedure.mandate else [])}
    names |= {f"{at}.{VERDICT}" for at in on_the_map(procedure)}
    for section in speaking.asked(procedure):
        if section.each:
            names.add(section.each)
        for asked in section.ask:
            key = field_key(section, asked)
            names.add(key)
            fact = facts.get(key)
            type_ = asked.type if isinstance(asked, AskField) else fact.type if fact else ""
            names.update(f"{key}.{part}" for part in _PARTS.get(type_, ()))
    for _, step in walk(procedure.flow):
        if step.look_up:
            names.update(step.look_up.facts)
    return frozenset(names)


def on_the_map(procedure: Procedure) -> dict[str, str]:
    """What conditions may ask of the map: ``dwelling_place.flood`` → the code of the layer. Which attributes a layer
    has, the city says (rule M11)."""
    asked = (one for section in procedure.asks for one in section.ask if isinstance(one, AskField))
    return {f"{one.ask}.{name_of(code)}": code for one in asked for code in one.layers}


def _expressions(
    procedure: Procedure, tables: Mapping[str, Table], facts: Facts, documents: Mapping[str, Document]
) -> Iterator[Problem]:
    document = documents["procedure.yaml"]
    answers = names_of(procedure, facts)
    decided = {
        "decision.granted",
        *(f"verdict.{name}" for table in tables.values() for name in verdict_names(table)),
        *(f"finding.{one.ask}" for _, step in walk(procedure.flow) if step.examine for one in step.examine.findings),
        *(f"finding.{name}" for _, step in walk(procedure.flow) if step.allot for name in allotment.FINDINGS),
    }

    maps = on_the_map(procedure)

    def check(text: str | None, known: frozenset[str] | set[str], path: Path_) -> Iterator[Problem]:
        for name in sorted(Expression.parse(text).names - known if text else ()):
            if name.rpartition(".")[0] in maps:
                continue
            message = f"式の {name} は、たずねる項目にも決まる項目にもありません"
            yield document.problem(path, "F06", message, _close(name, known, "使える名前"))

    for index, gate in enumerate(procedure.gates):
        yield from check(gate.when, answers, ("gates", index, "when"))
    for index, one in enumerate(procedure.elsewhere):
        yield from check(one.when, answers, ("elsewhere", index, "when"))
    if isinstance(procedure.fee, Fee):
        yield from check(procedure.fee.when, answers, ("fee", "when"))
    for index, section in enumerate(procedure.asks):
        yield from check(section.when, answers, ("asks", index, "when"))
        for number, asked in enumerate(section.ask):
            yield from check(asked.when, answers, ("asks", index, "ask", number, "when"))
    for path, step in walk(procedure.flow):
        if step.kind == "parallel":
            continue
        yield from check(step.body.when, answers | decided, (*path, "when"))
        for name, text in step.apply.gives.items() if step.apply else ():
            yield from check(text, answers, (*path, "gives", name))
        if step.record:
            yield from check(step.record.value, answers | decided, (*path, "value"))
        if step.pay:
            yield from check(step.pay.yen, answers | decided | {FEE}, (*path, "yen"))
        if step.wait:
            yield from check(step.wait.until, answers | decided, (*path, "until"))
    owners: dict[str, str] = {}
    for name, table in tables.items():
        rules = documents["rules.yaml"]
        seen = {name for one in table.texts() for name in Expression.parse(one).names}
        attributes = {name for name in seen if name.rpartition(".")[0] in maps}
        for finding in check_names(table, answers | decided | attributes):
            rule = "F06" if finding.kind == "name" else "F04"
            yield rules.problem((name, *finding.path), rule, finding.message, finding.instead)
        for output in verdict_names(table):
            if output in owners:
                message = f"{output} を決める表が二つあります（{owners[output]} と {name}）"
                yield rules.problem((name,), "F05", message, "項目名を変えます")
            owners[output] = name


# -- errors of the format, in words -----------------------------------------------------------------------------------


def validated(model: type[M], document: Document) -> M:
    """The data of a document as a model. Raises BrokenPackage with every problem, each at its line."""
    try:
        if model is not Example and (empty := list(_empty(document))):
            raise BrokenPackage(empty)
        return model.model_validate_json(as_json(document))
    except ValidationError as error:
        raise BrokenPackage(sorted(_problems(model, document, error))) from None


def _problems(model: type[BaseModel], document: Document, error: ValidationError) -> Iterator[Problem]:
    found: dict[Path_, list[Mapping[str, Any]]] = {}
    for raised in error.errors(include_url=False):
        found.setdefault(_path_of(document.data, raised["loc"], raised["type"]), []).append(dict(raised))
    for path, details in found.items():
        detail: Mapping[str, Any] = details[0]
        if detail["type"] == "too_short" and any(other[: len(path)] == path and other != path for other in found):
            continue  # what is inside is wrong, and is reported; it only does not count
        context = detail.get("ctx", {})
        schemas = _objects_at(model, path[:-1])
        if detail["type"] == "format":
            path = (*path, *context["keys"])
            yield document.problem(path, context.get("rule", "F04"), context["message"], context["instead"])
        elif detail["type"] == "extra_forbidden":
            key, known = str(path[-1]), _known_keys(schemas, _value_at(document.data, path[:-1]))
            yield document.problem(path, "F02", f"{key}: という項目はありません", _close(key, known, "使える項目"))
        elif detail["type"] == "missing":
            key = str(path[-1])
            about = next((s["properties"][key].get("description", "") for s in schemas if key in s["properties"]), "")
            yield document.problem(
                path[:-1], "F03", f"{key}: がありません", f"{key}: … を加えます" + (f"（{about}）" if about else "")
            )
        else:
            yield document.problem(path, "F04", *_wrong_value(model, document, path, details))


def _empty(document: Document) -> Iterator[Problem]:
    """Keys without a value. Nothing in the format is empty but `otherwise:`; a forgotten value must not pass."""
    open_: list[tuple[Path_, Any]] = [((), document.data)]
    while open_:
        path, data = open_.pop()
        if data is None and path[-1:] != ("otherwise",):
            yield document.problem(path, "F04", f"{path[-1]}: に値がありません", "値を書くか、行ごと消します")
        elif isinstance(data, dict):
            open_ += [((*path, key), value) for key, value in data.items()]
        elif isinstance(data, list):
            open_ += [((*path, index), value) for index, value in enumerate(data)]


def _path_of(data: Any, location: tuple[str | int, ...], kind: str) -> Path_:
    """The path in the document: pydantic's location without the tags of unions, which are not in the data."""
    path: list[str | int] = []
    for part in location[:-1] if kind in ("missing", "extra_forbidden") else location:
        inside = part in data if isinstance(data, dict) else isinstance(data, list) and part in range(len(data))
        if not inside:
            continue
        data = data[part]
        path.append(part)
    return (*path, location[-1]) if kind in ("missing", "extra_forbidden") else tuple(path)


def _value_at(data: Any, path: Path_) -> Any:
    for part in path:
        data = data[part]
    return data


_SHAPES = {
    "^[a-z][a-z0-9]*(-[a-z0-9]+)*$": "英小文字・数字・ハイフン（例: dog-registration）",
    "^[a-z][a-z0-9]*(_[a-z0-9]+)*$": "英小文字・数字・下線（例: date_of_birth）",
    "^(unverified|\\d{4}-\\d{2}-\\d{2})$": "確かめた日（YYYY-MM-DD）か unverified",
    "^https://": "https:// で始まる URL",
}
_KINDS = {
    "string": "文字",
    "integer": "整数",
    "boolean": "true か false",
    "array": "並び（- で始める行）",
    "object": "項目の組（項目名: 値）",
    "null": "空",
}
_TYPE_ERRORS = {
    "string_type": "文字で書きます（数字だけなら引用符で囲みます）",
    "int_type": "整数で書きます",
    "bool_type": "true か false と書きます",
    "tuple_type": "並びで書きます（- で始める行か [ ] ）",
    "dict_type": "「項目名: 値」の組で書きます",
    "model_type": "「項目名: 値」の組で書きます",
    "model_attributes_type": "「項目名: 値」の組で書きます",
    "none_required": "値を書きません（otherwise: だけにします）",
    "date_from_datetime_parsing": "実在する日付を YYYY-MM-DD で書きます",
    "date_parsing": "実在する日付を YYYY-MM-DD で書きます",
    "date_type": "YYYY-MM-DD で書きます",
}
_LIMITS = {
    "greater_than_equal": ("ge", "値", "小さすぎます", "以上"),
    "less_than_equal": ("le", "値", "大きすぎます", "以下"),
    "too_short": ("min_length", "数", "足りません", "以上"),
    "too_long": ("max_length", "数", "多すぎます", "以下"),
    "string_too_short": ("min_length", "文字", "足りません", "文字以上"),
    "string_too_long": ("max_length", "文字", "多すぎます", "文字以下"),
}


def _wrong_value(
    model: type[BaseModel], document: Document, path: Path_, details: list[Mapping[str, Any]]
) -> tuple[str, str]:
    detail = details[0]
    context = detail.get("ctx", {})
    value = detail["input"]
    shown = json.dumps(value, ensure_ascii=False) if isinstance(value, str | int | float | bool | None) else "この値"
    name = next((str(part) for part in reversed(path) if isinstance(part, str)), "")
    if detail["type"] == "value_error":
        return f"{name}: {context['error']}", ""
    schemas = list(_branches(model, _schemas_at(model, path)))
    allowed = [str(option) for s in schemas for option in (s.get("enum") or ([s["const"]] if "const" in s else []))]
    if allowed and isinstance(value, str):
        close = difflib.get_close_matches(value, allowed, 1, 0.6)
        every = "・".join(allowed)
        said = f"{close[0]} ではありませんか（書けるもの: {every}）" if close else f"{every} のどれかです"
        return f"{name}: に {shown} とは書けません", said
    if detail["type"] == "string_pattern_mismatch":
        shape = _SHAPES.get(context["pattern"], f"形 {context['pattern']}")
        return f"{name}: {shown} の形が違います", f"{shape} で書きます"
    if len(details) == 1 and detail["type"] in _TYPE_ERRORS:
        return f"{name}: に {shown} とは書けません", _TYPE_ERRORS[detail["type"]]
    if detail["type"] in _LIMITS:
        key, what, wrong, right = _LIMITS[detail["type"]]
        return f"{name}: の{what}が{wrong}", f"{context[key]} {right}にします"
    kinds = dict.fromkeys(_KINDS[s["type"]] for s in schemas if s.get("type") in _KINDS)
    said = f"{'・'.join([*kinds, *allowed])} のどれかです" if kinds else str(detail["msg"])
    return f"{name}: に {shown} とは書けません", said


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema(by_alias=True)


def _branches(model: type[BaseModel], schemas: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The concrete alternatives behind references and unions."""
    for schema in schemas:
        if "$ref" in schema:
            yield from _branches(model, [_schema(model)["$defs"][schema["$ref"].rpartition("/")[2]]])
        elif union := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
            yield from _branches(model, union)
        else:
            yield schema


def _schemas_at(model: type[BaseModel], path: Path_) -> list[Mapping[str, Any]]:
    schemas: list[Mapping[str, Any]] = [_schema(model)]
    if "$ref" not in schemas[0] and "properties" not in schemas[0]:
        schemas = [_schema(model)]
    for part in path:
        below: list[Mapping[str, Any]] = []
        for schema in _branches(model, schemas):
            if isinstance(part, int):
                below += [schema["items"]] if "items" in schema else []
            elif part in schema.get("properties", {}):
                below.append(schema["properties"][part])
            else:
                further = [*schema.get("patternProperties", {}).values(), schema.get("additionalProperties")]
                below += [s for s in further if isinstance(s, dict)]
        schemas = below
    return schemas


def _objects_at(model: type[BaseModel], path: Path_) -> list[Mapping[str, Any]]:
    return [s for s in _branches(model, _schemas_at(model, path)) if "properties" in s]


def _known_keys(schemas: list[Mapping[str, Any]], data: Any) -> list[str]:
    """The keys of the alternative that the author most likely means: the one that knows most of what is written."""
    if not schemas:
        return []
    written = set(data) if isinstance(data, dict) else set()
    best = max(schemas, key=lambda s: len(written & set(s["properties"])))
    return list(best["properties"])


def _wrong_allot(
    document: Document, path: Path_, body: Allot, procedure: Procedure, tables: Mapping[str, Table]
) -> Iterator[Problem]:
    """A round that its form or its table cannot carry."""
    choices = {
        one.ask: tuple(one.options or ())
        for section in procedure.asks
        if section.each is None
        for one in section.ask
        if isinstance(one, AskField) and one.type == "choice"
    }
    if body.table not in tables:
        yield document.problem(
            (*path, "table"), "F05", f"表 {body.table} は rules.yaml にありません", _close(body.table, tables, "ある表")
        )
        return
    if tables[body.table].editable:
        said = f"表 {body.table} の値は、並べる順を決めるので変えられません"
        yield document.problem((*path, "table"), "F05", said, "rules.yaml の editable: を消します")
    for key, message in allotment.problems(body, choices, tables[body.table].outputs):
        yield document.problem((*path, key), "F05", message, "asks: と rules.yaml にある名前で書きます")
