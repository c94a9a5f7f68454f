"""rules.yaml: decision tables."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Discriminator, Field, Tag, model_validator

from madoguchi.ground.expressions import Expression
from madoguchi.ground.languages import LocalText
from madoguchi.procedures.rules.format.model import Condition, Model, Snake, refuse


class Rank(Model):
    """The place of a row among the rows of its case, first is 1, counted in the order of `by` and then as written."""

    by: Snake
    """The field of the row that orders them: date_of_birth."""
    among: Condition | None = None
    """Only rows where this holds are counted, and only they have a place."""


class Input(Model):
    """What a table looks at: given under its own name, or worked out."""

    model_config = ConfigDict(populate_by_name=True)

    type: Literal["integer", "money", "decimal", "text", "date", "yes_no", "choice"]
    is_: Annotated[Condition | None, Field(alias="is")] = None
    """An expression over the answers: age_on(child.date_of_birth, today)."""
    rank: Rank | None = None
    label: LocalText | None = None
    options: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    min: int | None = None
    max: int | None = None
    optional: bool = False
    """It may be unknown; without this a table that meets nothing decides nothing."""

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        if (self.options is not None) != (self.type == "choice"):
            raise refuse("options は choice 型にだけ書き、choice 型には必ず書きます", "options: [together, apart]")
        if (self.min is not None or self.max is not None) and self.type not in ("integer", "money", "decimal"):
            raise refuse("min と max は数の型でだけ使えます", "行ごと消します")
        if self.is_ is not None and self.rank is not None:
            raise refuse("求め方が二つあります", "is か rank のどちらかにします", "rank")
        if self.rank is not None and self.type != "integer":
            raise refuse("順位は整数です", "type: integer", "type")
        return self


InputType = Literal["integer", "money", "decimal", "text", "date", "yes_no"]


class Computed(Model):
    """A value of `then` that is worked out from the inputs."""

    model_config = ConfigDict(populate_by_name=True)

    is_: Annotated[Condition, Field(alias="is")]


def _value_kind(value: Any) -> str:
    if isinstance(value, dict | Computed):
        return "a computed value"
    if isinstance(value, bool):
        return "yes or no"
    if isinstance(value, int):
        return "a whole number"
    return "text"


ThenValue = Annotated[
    Annotated[bool, Tag("yes or no")]
    | Annotated[int, Tag("a whole number")]
    | Annotated[str, Tag("text")]
    | Annotated[Computed, Tag("a computed value")],
    Discriminator(_value_kind),
]


class Row(Model):
    """One row: where `when` holds, `then` is decided, for the `reason` that goes into the letter."""

    when: Condition | None = None
    otherwise: None = None
    then: Annotated[dict[Snake, ThenValue], Field(min_length=1)]
    reason: LocalText

    @model_validator(mode="after")
    def _has_one_condition(self) -> Self:
        if (self.when is None) != ("otherwise" in self.model_fields_set):
            raise refuse("行に条件がありません", "when: に条件を書くか、最後の行なら otherwise: と書きます")
        return self


class Editable(Model):
    """A value that an examiner may decide otherwise than the table, with the reason why, and within which bounds."""

    type: Literal["integer", "month"]
    """A month is decided as its first day."""
    min: int | Condition
    max: int | Condition
    """Both belong to it; expressions over what the table sees: next_month(received_on)."""

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        if self.type == "month" and (isinstance(self.min, int) or isinstance(self.max, int)):
            raise refuse("month の範囲は、日付の式で書きます", "min: next_month(received_on)")
        return self


class Table(Model):
    """A decision table: one text decides one case in Python and the whole city in SQL."""

    title: LocalText | None = None
    for_each: Snake | None = None
    """The table is asked once for each row of this name."""
    inputs: Annotated[
        dict[
            Snake,
            Annotated[
                Annotated[InputType, Tag("a type")] | Annotated[Input, Tag("an input")],
                Discriminator(lambda value: "a type" if isinstance(value, str) else "an input"),
            ],
        ],
        Field(min_length=1),
    ]
    assume: Condition | None = None
    """What is always true of the inputs taken together; only such cases are checked for gaps."""
    first_match: Annotated[tuple[Row, ...], Field(min_length=1)] | None = None
    """The first row that holds decides."""
    unique: Annotated[tuple[Row, ...], Field(min_length=1)] | None = None
    """Exactly one row holds."""
    collect: Annotated[tuple[Row, ...], Field(min_length=1)] | None = None
    """Every row that holds counts; `totals` says how."""
    totals: dict[Snake, Literal["sum", "min", "max", "any", "all", "count"]] = {}
    """How one value comes of several rows (children, or the rows of collect)."""
    decides: Condition | None = None
    """Whether it is granted, as an expression over the values: monthly > 0. Without it the table only computes."""
    labels: dict[Snake, LocalText] = {}
    """What clerks call the values that the rows give, unit included; a value without a label is not shown to them."""
    editable: dict[Snake, Editable] = {}
    """The values that an examiner may decide otherwise; what the table says stays beside."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        policies = [name for name in ("first_match", "unique", "collect") if getattr(self, name) is not None]
        if len(policies) != 1:
            raise refuse("表の行は一か所に書きます", "first_match・unique・collect のどれか一つにします")
        policy = policies[0]
        for index, row in enumerate(self.rows):
            if row.when is None and (policy != "first_match" or index + 1 < len(self.rows)):
                raise refuse(
                    "otherwise は first_match の最後の行でだけ使えます",
                    "when: に条件を書くか、最後へ移します",
                    policy,
                    index,
                    "otherwise",
                )
            if policy != "collect" and set(row.then) != set(self.rows[0].then):
                raise refuse(
                    "行によって決める項目が違います",
                    f"どの行にも {', '.join(self.rows[0].then)} を書きます",
                    policy,
                    index,
                    "then",
                )
        outputs = self.outputs
        for name in self.totals:
            if name not in outputs:
                raise refuse(f"{name} を決める行がありません", f"{', '.join(outputs)} のどれかにします", "totals", name)
        for name in self.labels:
            if name not in outputs:
                raise refuse(f"{name} を決める行がありません", f"{', '.join(outputs)} のどれかにします", "labels", name)
        for name in self.editable:
            if name not in self.labels:
                raise refuse(f"{name} の呼び名がありません", f"labels: に {name} を書きます", "editable", name)
            if self.decides is not None and name in Expression.parse(self.decides).names:
                instead = "認めるかどうかは、審査の結果（認める・認めない）で決めます。行ごと消します"
                raise refuse(f"{name} で認めるかどうかが決まるので、変えられません", instead, "editable", name)
            if self.several and name not in self.totals:
                raise refuse(f"{name} は行ごとの値なので、変えられません", "行ごと消します", "editable", name)
        if self.several and (missing := [name for name in outputs if name not in self.totals and policy == "collect"]):
            raise refuse(
                f"{missing[0]} が複数の行から出たときの扱いが決まりません",
                f"totals: {{{missing[0]}: sum}}",
                policy,
            )
        return self

    @property
    def policy(self) -> Literal["first_match", "unique", "collect"]:
        return "first_match" if self.first_match is not None else "unique" if self.unique is not None else "collect"

    @property
    def rows(self) -> tuple[Row, ...]:
        return self.first_match or self.unique or self.collect or ()

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names that `then` gives, in the order written."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row.then))

    @property
    def several(self) -> bool:
        return self.for_each is not None or self.collect is not None

    def texts(self) -> Iterator[str]:
        """The expressions over the answers: whence the inputs come."""
        for name in self.inputs:
            spec = self.input(name)
            yield from filter(None, (spec.is_, spec.rank.among if spec.rank else None))

    def input(self, name: str) -> Input:
        """The input of this name, its short form written out."""
        given = self.inputs[name]
        return given if isinstance(given, Input) else Input(type=given)
