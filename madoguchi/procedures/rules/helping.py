"""catalogue/help.yaml: the residents' help pages, one for each difficulty."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import ConfigDict, Field, RootModel, model_validator

from madoguchi.ground.languages import LocalText
from madoguchi.procedures.rules.document import read
from madoguchi.procedures.rules.format import Kebab, Model, refuse
from madoguchi.procedures.rules.load import validated


class HelpPart(Model):
    """A heading and what to do, step by step."""

    title: LocalText
    steps: Annotated[tuple[LocalText, ...], Field(min_length=1)]


class HelpPage(Model):
    """One page. `{city}` and `{phone}` in its texts are the city's."""

    code: Kebab
    title: LocalText
    lead: LocalText
    parts: Annotated[tuple[HelpPart, ...], Field(min_length=1)]


class HelpFile(RootModel[tuple[HelpPage, ...]]):
    """help.yaml: the pages in the order in which they are listed."""

    model_config = ConfigDict(title="help.yaml")

    @model_validator(mode="after")
    def _has_each_code_once(self) -> Self:
        codes = [one.code for one in self.root]
        if twice := [one for one in codes if codes.count(one) > 1]:
            raise refuse(f"ページ {twice[0]} が二度あります", "code を別の名前にします")
        return self


def load_help(path: Path) -> tuple[HelpPage, ...]:
    """Load help.yaml. Raises BrokenPackage."""
    return validated(HelpFile, read(path)).root
