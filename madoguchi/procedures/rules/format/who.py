"""Who asks for what under which law, for how much, and how to object."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from madoguchi.ground.languages import LocalText
from madoguchi.procedures.rules.format.model import BusinessDays, Checked, Condition, Model


class Basis(Model):
    """A provision that is relied on."""

    statute: str
    """Name of the statute as it is cited: 児童手当法."""
    article: str
    """第7条第1項."""
    checked: Checked
    """The day on which a person compared it with the text of the law, or `unverified`."""
    url: Annotated[str, StringConstraints(pattern=r"^https://")] | None = None
    note: str | None = None


class Law(Model):
    """Why the city does this at all."""

    model_config = ConfigDict(populate_by_name=True)

    class_: Annotated[Literal["義務", "努力義務", "国の要請", "市独自"], Field(alias="class")]
    basis: tuple[Basis, ...] = ()


class StandardPeriod(Model):
    """標準処理期間 (行政手続法6条), in business days."""

    model_config = ConfigDict(populate_by_name=True)

    business_days: BusinessDays
    from_: Annotated[Literal["received"], Field(alias="from")] = "received"
    basis: tuple[Basis, ...] = ()


class Fee(Model):
    """手数料, in yen."""

    yen: Annotated[int, Field(ge=1, le=100_000_000)]
    unit: LocalText | None = None
    """What the yen are for, where it is not the whole: 1通."""
    basis: tuple[Basis, ...]
    online: bool
    """Whether it can be paid online."""
    when: Condition | None = None
    """Only these owe it; without it all do."""


class Remedy(Model):
    """教示 (行政不服審査法82条, 行政事件訴訟法46条): how to object to the decision."""

    kind: Literal["review-request", "none"]
    text: LocalText
    authority: str | None = None
    """To whom: 大東市長."""
    within: str | None = None
    """3か月."""
    basis: tuple[Basis, ...] = ()
