"""How long a finished case is kept (文書管理規程・保存期間), by its outcome."""

from calendar import monthrange
from datetime import date, timedelta
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from madoguchi.procedures.rules.format.model import Model, refuse

Outcome = Literal["granted", "refused", "withdrawn"]


class Keep(Model):
    """A keeping period. `from: fiscal_year` counts from the 1 April that follows the end, as most 文書管理規程 do;
    `from: closed` from the day of the end itself."""

    model_config = ConfigDict(populate_by_name=True)

    years: Annotated[int, Field(ge=0, le=100)] = 0
    months: Annotated[int, Field(ge=0, le=11)] = 0
    from_: Annotated[Literal["fiscal_year", "closed"], Field(alias="from")] = "fiscal_year"

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if not (self.years or self.months):
            raise refuse("保存期間がありません", "{years: 5} か {months: 6} のように書きます")
        return self

    def until(self, ended_on: date) -> date:
        """The last day on which a case that ended on that day (Asia/Tokyo) is kept."""
        if self.from_ == "closed":
            return _later(ended_on, self.years, self.months)
        begins = date(ended_on.year + (ended_on.month >= 4), 4, 1)
        return _later(begins, self.years, self.months) - timedelta(days=1)


class Retention(Model):
    """保存期間 of each outcome. What ends in another way than named is kept as long as what was granted."""

    granted: Keep
    refused: Keep | None = None
    withdrawn: Keep | None = None
    notice: bool = False
    """Whether the applicant is told 30 days before the record is deleted, because they may still need its letters."""
    basis: str
    """文書管理規程 and its table."""
    assumed: bool = False
    """The city has yet to confirm it."""

    def of(self, outcome: Outcome) -> Keep:
        return {"granted": self.granted, "refused": self.refused, "withdrawn": self.withdrawn}[outcome] or self.granted


def _later(day: date, years: int, months: int) -> date:
    """The same day of a later month, or its last day where the month is shorter."""
    whole = day.month - 1 + months
    year, month = day.year + years + whole // 12, whole % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
