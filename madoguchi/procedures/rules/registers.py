"""registers/<name>.yaml of a city: how the file of a register that is kept elsewhere (住民基本台帳) is written.

Apart from the city's other files, because only an import reads it. The name of the file is the register's.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from madoguchi.facts.rules.register import CONFIDENTIAL, NAME, Column, Encoding, Form, Layout
from madoguchi.ground.languages import LocalText
from madoguchi.procedures.rules.city import City
from madoguchi.procedures.rules.document import BrokenPackage, Document, Problem, read
from madoguchi.procedures.rules.format import FactKey, Kebab, Model, refuse
from madoguchi.procedures.rules.load import validated
from madoguchi.procedures.rules.vocabulary import Facts

Header = Annotated[str, StringConstraints(min_length=1, max_length=80)]
#: A code as the register writes it; numbers that mean something as a text are written as a text ("01").
Codes = dict[str, str | bool]


class Since(Model):
    """The column with the day from which on a fact holds."""

    column: Header
    form: Form = "YYYY-MM-DD"


class RegisterColumn(Model):
    """Where a fact stands in the file, and how it is written."""

    column: Header
    form: Form = "text"
    """text; kana (made full width); a day, where E is the digit of the era (1明治 … 5令和)."""
    codes: Codes = {}
    """What the register writes → the value of the fact."""
    otherwise: str | bool | None = None
    """The value for whatever is not among the codes; without it such a line is refused. Empty is no value."""
    since: Since | None = None

    @model_validator(mode="after")
    def _is_read_one_way(self) -> Self:
        if self.codes and self.form != "text":
            raise refuse("codes があるときは form を書きません", "form: の行を消します", "form")
        if self.otherwise is not None and not self.codes:
            raise refuse("otherwise は codes といっしょに使います", "codes: を書きます", "otherwise")
        if self.since is not None and self.since.form in ("text", "kana"):
            raise refuse("since は日付の列です", "form: YYYYMMDD のように書きます", "since", "form")
        return self


class Kept(Model):
    """How long what the register said of somebody is kept after they have left it or died."""

    years: Annotated[int, Field(ge=1, le=200)]
    basis: str
    """住民基本台帳法施行令第34条第1項, or the city's own rule."""
    assumed: bool = False
    """The city has yet to confirm it."""


class RegisterFile(Model):
    """registers/<name>.yaml"""

    name: LocalText
    office: Kebab
    """The section of organisation.yaml that keeps the register, and decides who is who."""
    encoding: Encoding = "utf-8"
    delimiter: Literal[",", "\t", ";"] = ","
    whole: bool = True
    """Whether everybody stands in the file, so that whoever does not has left; false: it has what has changed."""
    number: Header
    """The column of the 宛名番号, by which an entry is known from one file to the next."""
    kept: Kept | None = None
    """Without it whoever has left stays known for ever."""
    assumed: bool = False
    note: str | None = None
    facts: Annotated[dict[FactKey, RegisterColumn], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_its_people(self) -> Self:
        if NAME not in self.facts:
            raise refuse(f"{NAME} の列がありません", f"facts: に {NAME}: {{column: 氏名}} を加えます", "facts")
        return self


def load_register(path: Path, facts: Facts) -> Layout:
    """Load one register's layout. Raises BrokenPackage with every problem of the file."""
    document = read(path)
    file = validated(RegisterFile, document)
    if problems := sorted(_problems(file, document, facts)):
        raise BrokenPackage(problems)
    return Layout(
        register=path.stem,
        office=file.office,
        number=file.number,
        columns={key: _column(one) for key, one in file.facts.items()},
        encoding=file.encoding,
        delimiter=file.delimiter,
        whole=file.whole,
        kept_years=file.kept.years if file.kept else None,
    )


def check_registers(city: City, facts: Facts) -> Iterator[Problem]:
    """What is wrong with the layouts of a city's registers (rule C05)."""
    sections = {one.id for one in city.organisation.sections()}
    for path in sorted((city.folder / "registers").glob("*.yaml")):
        try:
            layout = load_register(path, facts)
        except BrokenPackage as broken:
            yield from broken.problems
            continue
        if CONFIDENTIAL not in layout.columns:
            yield read(path).problem(
                ("facts",),
                "C05",
                f"支援措置（{CONFIDENTIAL}）の列がありません。保護されている方も、ほかの方と同じに見えます",
                f'facts: に {CONFIDENTIAL}: {{column: 支援措置, codes: {{"0": false, "1": true}}}} を加えます',
                severity="warning",
            )
        if layout.kept_years is None:
            yield read(path).problem(
                (),
                "C05",
                "台帳からいなくなった方（転出・死亡）の情報を、いつまで持つかが決まっていません",
                "kept: {years: 150, basis: 住民基本台帳法施行令第34条第1項} のように書きます",
                severity="warning",
            )
        if layout.office not in sections:
            yield read(path).problem(
                ("office",),
                "C05",
                f"課 {layout.office} がありません",
                f"{'、'.join(sorted(sections))} のどれかにします",
            )


def _column(one: RegisterColumn) -> Column:
    column = Column(one.column, one.form, one.codes, one.otherwise)
    return column if one.since is None else replace(column, since=one.since.column, since_form=one.since.form)


def _problems(file: RegisterFile, document: Document, facts: Facts) -> Iterator[Problem]:
    for key, one in file.facts.items():
        fact, where = facts.get(key), ("facts", key)
        if fact is None:
            yield document.problem(
                where, "C05", f"事実 {key} は facts.yaml にありません", "facts.yaml にある名前にします"
            )
            continue
        if key == CONFIDENTIAL and one.otherwise is False:
            yield document.problem(
                (*where, "otherwise"),
                "C05",
                "支援措置で、codes にない値は、保護ありと読みます",
                "otherwise: の行を消し、保護のない値を codes: に書きます",
            )
        values = [*one.codes.values(), *([one.otherwise] if one.otherwise is not None else [])]
        known = set(fact.options or ()) if fact.type == "choice" else {True, False} if fact.type == "yes_no" else None
        if known is not None and not one.codes:
            yield document.problem(where, "C05", f"{key} は選ぶ値です", 'codes: {"1": …} を書きます')
        elif wrong := [value for value in values if known is None or value not in known]:
            instead = "、".join(sorted(map(str, known))) if known else "codes: を消します"
            yield document.problem((*where, "codes"), "C05", f"{key} に値 {wrong[0]} はありません", instead)
        if (fact.type == "date") != (one.form not in ("text", "kana")):
            yield document.problem(where, "C05", f"{key} の型は {fact.type} です", "form: をその型に合わせます")
