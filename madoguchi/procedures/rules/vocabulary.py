"""What all packages share: the facts (catalogue/facts.yaml), the statutes (catalogue/laws.yaml), and the city's own
ordinances (cities/<city>/ordinances.yaml), which have the same shape.

Apart from the package format, because a procedure is written with these words and does not define any.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, RootModel, model_validator

from madoguchi.facts.rules import BasisKind, Permit, PurposeCode
from madoguchi.ground.languages import LocalText
from madoguchi.ground.sensitivity import Sensitivity
from madoguchi.procedures.rules.format import (
    Checked,
    FactKey,
    Kebab,
    Model,
    Question,
    check_attributes,
    refuse,
    type_of_answer,
)


class Fact(Question):
    """A fact: asked once, then known with its source and date, and only confirmed."""

    type: type_of_answer
    label: LocalText
    gif: str
    """Its name in the Government Interoperability Framework, or `none`."""
    sensitivity: Sensitivity
    """public | internal | personal | special; how it is kept, and for how long."""

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        check_attributes(self.type, self)
        return self


class Text(Model):
    """What a statute and an ordinance have alike."""

    title: str
    """As it is cited: 児童手当法."""
    short: str | None = None
    """How it is called where its title is long: 番号法."""
    url: Annotated[str, Field(pattern=r"^https://")] | None = None
    articles: dict[str, "Article"] = {}


class Statute(Text):
    """A statute that packages rely on, and what a person has compared with its text."""

    number: str
    """昭和46年法律第73号."""
    level: Literal["法律", "政省令", "要綱"]


class Ordinance(Text):
    """条例・規則 of this city. One whose text was not found has no number, and says that it is ``assumed``."""

    number: str | None = None
    """令和3年条例第5号."""
    level: Literal["条例", "規則"]
    effective: date | None = None
    """施行の日: nothing is read by it before."""
    assumed: bool = False
    """The city has yet to confirm it with its own text; whoever is read by it sees 「仮置き」."""
    note: str | None = None

    @model_validator(mode="after")
    def _is_known_or_says_so(self) -> Self:
        if not self.assumed and (self.number is None or self.effective is None):
            raise refuse(
                "条例番号と施行の日（effective）のない条例は、仮置きと書きます",
                "例規集で確かめて number: と effective: を書くか、assumed: true を加えます",
            )
        return self


class Article(Model):
    """What one article says to us, by date of effect."""

    says: str
    checked: Checked
    effective: date | None = None
    note: str | None = None
    permits: tuple["Permission", ...] = ()
    """Which facts may be read by it, for what, by whom. Nothing is read that no article permits."""


class Permission(Model):
    """An entry of the register of legal bases: that this article permits offices to read facts for a purpose."""

    purpose: PurposeCode
    kind: BasisKind
    under: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*/.+$")] | None = None
    """Of an ordinance: the article of laws.yaml by which it may (bango-ho/第9条第2項). An item that moves to another
    number is a new entry from that day on."""
    procedures: Literal["all"] | tuple[Kebab, ...]
    facts: Literal["all"] | tuple[FactKey, ...]
    offices: Literal["all"] | tuple[Kebab, ...] = "all"
    """Codes of sections or departments in organisation.yaml."""
    since: date
    until: date | None = None
    """The last day on which it holds."""
    undisclosed: bool = False
    """Whether the law keeps these readings from their person (不開示)."""
    confidential: bool = False
    """Whether it holds of persons under 支援措置 (秘匿), too. By any other entry nothing is known of them."""


class LawsFile(RootModel[dict[Kebab, Statute]]):
    """laws.yaml: key → statute."""

    model_config = ConfigDict(title="laws.yaml", frozen=True, strict=True)


class OrdinancesFile(RootModel[dict[Kebab, Ordinance]]):
    """ordinances.yaml: key → ordinance of this city."""

    model_config = ConfigDict(title="ordinances.yaml", frozen=True, strict=True)


class FactsFile(RootModel[dict[FactKey, Fact]]):
    """facts.yaml: key → fact."""

    model_config = ConfigDict(title="facts.yaml", frozen=True, strict=True)


Facts = Mapping[str, Fact]
"""Fact key → fact. A key is `<subject>.<name>`."""
Laws = Mapping[str, Statute]
Ordinances = Mapping[str, Ordinance]


def permits(laws: Laws, ordinances: Ordinances = MappingProxyType({})) -> Iterator[Permit]:
    """The register of legal bases that the statutes and the city's ordinances hold, in their order."""
    for key, text in (*laws.items(), *ordinances.items()):
        for name, article in text.articles.items():
            for one in article.permits:
                yield Permit(
                    reference=f"{key}/{name}",
                    title=_cited(text, name, one, laws),
                    kind=one.kind,
                    purpose=one.purpose,
                    since=one.since,
                    until=one.until,
                    procedures=() if one.procedures == "all" else one.procedures,
                    facts=() if one.facts == "all" else one.facts,
                    offices=() if one.offices == "all" else one.offices,
                    undisclosed=one.undisclosed,
                    confidential=one.confidential,
                )


def _cited(text: Text, name: str, one: Permission, laws: Laws) -> str:
    """How an entry is cited to whoever is read by it: 「…条例第3条（番号法第9条第2項による）（仮置き）」."""
    said = f"{text.title}{name}"
    if one.under is not None:
        key, _, article = one.under.partition("/")
        said += f"（{laws[key].short or laws[key].title}{article}による）" if key in laws else ""
    return f"{said}（仮置き）" if isinstance(text, Ordinance) and text.assumed else said
