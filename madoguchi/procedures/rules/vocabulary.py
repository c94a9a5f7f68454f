"""What all packages share: the facts (catalogue/facts.yaml) and the statutes (catalogue/laws.yaml).

Apart from the package format, because a procedure is written with these words and does not define any.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, RootModel, model_validator

from madoguchi.facts.rules import BasisKind, Permit, PurposeCode
from madoguchi.ground.languages import LocalText
from madoguchi.ground.sensitivity import Sensitivity
from madoguchi.procedures.rules.format import Checked, FactKey, Kebab, Model, Question, check_attributes, type_of_answer


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


class Statute(Model):
    """A statute that packages rely on, and what a person has compared with its text."""

    title: str
    """As it is cited: 児童手当法."""
    number: str
    """昭和46年法律第73号."""
    url: Annotated[str, Field(pattern=r"^https://")] | None = None
    level: Literal["法律", "政省令", "条例", "規則", "要綱"]
    articles: dict[str, "Article"] = {}


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
    procedures: Literal["all"] | tuple[Kebab, ...]
    facts: Literal["all"] | tuple[FactKey, ...]
    offices: Literal["all"] | tuple[Kebab, ...] = "all"
    """Codes of sections in organisation.yaml."""
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


class FactsFile(RootModel[dict[FactKey, Fact]]):
    """facts.yaml: key → fact."""

    model_config = ConfigDict(title="facts.yaml", frozen=True, strict=True)


Facts = Mapping[str, Fact]
"""Fact key → fact. A key is `<subject>.<name>`."""
Laws = Mapping[str, Statute]


def permits(laws: Laws) -> Iterator[Permit]:
    """The register of legal bases that the statutes hold, in their order."""
    for key, statute in laws.items():
        for name, article in statute.articles.items():
            for one in article.permits:
                yield Permit(
                    reference=f"{key}/{name}",
                    title=f"{statute.title}{name}",
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
