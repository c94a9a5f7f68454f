"""The format of a procedure package, as typed models: procedure.yaml, rules.yaml, examples/*.yaml.

This is the one definition: the loader validates with it, the published JSON Schema is generated from it, and
everything later (flow, tables, letters, lint) reads these models and never the YAML. A package is JSON data that is
written as YAML, so dates are ``YYYY-MM-DD`` and every number is exact.
"""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    StringConstraints,
    Tag,
    model_validator,
)
from pydantic_core import PydanticCustomError

from madoguchi.ground.expressions import Expression, ExpressionError
from madoguchi.ground.languages import LocalText

DIGITAL_CHANNELS = ("screen",)
BREAKING_CHANNELS = ("paper", "post", "fax", "counter", "phone", "seal", "visit", "medium")

type_of_answer = Literal[
    "text", "lines", "kana", "date", "integer", "money", "choice", "choices", "yes_no", "email", "phone",
    "postal_code", "place", "photo", "file", "consent", "bank_account",
]  # fmt: skip


class Model(BaseModel):
    """What every model of the format has in common: nothing is guessed, nothing unknown is accepted."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, use_attribute_docstrings=True, arbitrary_types_allowed=True
    )


def refuse(message: str, instead: str, *keys: str | int) -> PydanticCustomError:
    """An error of the format that says what to write ``instead``; ``keys`` lead to the culprit below the model."""
    return PydanticCustomError("format", "{message}", {"message": message, "instead": instead, "keys": keys})


def _is_expression(text: str) -> str:
    try:
        Expression.parse(text)
    except ExpressionError as error:
        raise refuse(f"式の{error.column}文字目: {error.problem}", error.instead) from None
    return text


Kebab = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]
Snake = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=60)]
FactKey = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*(\.[a-z][a-z0-9]*(_[a-z0-9]+)*)+$", max_length=120)
]
Role = Kebab
Condition = Annotated[str, StringConstraints(min_length=1, max_length=2000), AfterValidator(_is_expression)]
Checked = Annotated[str, StringConstraints(pattern=r"^(unverified|\d{4}-\d{2}-\d{2})$")]
BusinessDays = Annotated[int, Field(ge=1, le=1000)]
Channel = Literal["screen", "paper", "post", "fax", "counter", "phone", "seal", "visit", "medium"]


# -- who and why ------------------------------------------------------------------------------------------------------


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


# -- asks -------------------------------------------------------------------------------------------------------------


class Question(Model):
    """What a fact and an ask have in common as a field of the form."""

    label: LocalText | None = None
    help: LocalText | None = None
    required: bool = True
    when: Condition | None = None
    """Asked only where this holds."""
    again_because: LocalText | None = None
    """Why it is asked although the city knows it."""
    options: dict[str, LocalText] | None = None
    """Of choice and choices: value → label, in the order shown."""
    max_length: Annotated[int, Field(ge=1, le=20_000)] | None = None
    """Of text, lines and kana: in characters."""
    digits: Annotated[int, Field(ge=1, le=40)] | None = None
    """Of text: exactly so many digits (a microchip has 15); typed full width or with hyphens they count as well."""
    min: int | Literal["today"] | date | None = None
    max: int | Literal["today"] | date | None = None
    """Of integer, money and date (`today` or YYYY-MM-DD); both ends belong to it."""
    at_least: Annotated[int, Field(ge=0)] | None = None
    at_most: Annotated[int, Field(ge=1)] | None = None
    """Of choices, photo and file: how many."""
    accept: tuple[Literal["pdf", "jpeg", "png", "heic", "webp", "docx", "xlsx", "csv", "txt"], ...] | None = None
    """Of file: which types of content."""
    proves: tuple[FactKey, ...] = ()
    """Of photo and file: the facts it is evidence for."""


_ONLY_FOR: dict[str, tuple[str, ...]] = {
    "options": ("choice", "choices"),
    "max_length": ("text", "lines", "kana"),
    "digits": ("text",),
    "min": ("integer", "money", "date"),
    "max": ("integer", "money", "date"),
    "at_least": ("choices", "photo", "file"),
    "at_most": ("choices", "photo", "file"),
    "accept": ("file",),
    "proves": ("photo", "file"),
}


def check_attributes(type_: str, question: Question) -> None:
    """Raise the error of the format if ``question`` has an attribute that its type of answer does not know."""
    for key, types in _ONLY_FOR.items():
        if key in question.model_fields_set and type_ not in types:
            instead = f"行ごと消します（{key} を使える型: {', '.join(types)}）"
            raise refuse(f"{key} は {type_} 型では使えません", instead, key)
    for key in ("min", "max"):
        bound = getattr(question, key)
        if bound is not None and (type_ == "date") != (not isinstance(bound, int)):
            wanted = "today か YYYY-MM-DD" if type_ == "date" else "整数"
            example = "today" if type_ == "date" else 1
            raise refuse(f"{type_} 型の {key} は {wanted} で書きます", f"{key}: {example}", key)
    for low, high in (("min", "max"), ("at_least", "at_most")):
        a, b = getattr(question, low), getattr(question, high)
        if a is not None and b is not None and type(a) is type(b) and a > b:
            raise refuse(f"{low} が {high} より大きくなっています", f"{low} を {high} 以下にします", low)


class FactField(Question):
    """A field that is bound to a fact: shown with source and date where it is known, and confirmed with one tap."""

    fact: FactKey


class AskField(Question):
    """A field of this procedure's own, for what no fact covers."""

    ask: Snake
    type: type_of_answer
    label: LocalText

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        check_attributes(self.type, self)
        if self.type in ("choice", "choices") and not self.options:
            raise refuse("選択式なのに選択肢がありません", "options: {together: 同居, apart: 別居}")
        return self


def _field_kind(value: Any) -> str:
    held = value if isinstance(value, dict) else getattr(value, "__dict__", {})
    return "a field bound to a fact" if "fact" in held else "a field of its own"


AnyField = Annotated[
    Annotated[FactField, Tag("a field bound to a fact")] | Annotated[AskField, Tag("a field of its own")],
    Discriminator(_field_kind),
]


class Section(Model):
    """One page of the form: about seven questions at most."""

    section: LocalText
    id: Kebab | None = None
    intro: LocalText | None = None
    each: Snake | None = None
    """The section is answered once for each row of this name (child)."""
    at_least: Annotated[int, Field(ge=0)] | None = None
    at_most: Annotated[int, Field(ge=1)] | None = None
    when: Condition | None = None
    ask: Annotated[tuple[AnyField, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _counts_only_rows(self) -> Self:
        for key in ("at_least", "at_most"):
            if getattr(self, key) is not None and self.each is None:
                instead = "each: child のように行の名前を書くか、行ごと消します"
                raise refuse(f"{key} は each のある節でだけ使えます", instead, key)
        return self


# -- flow -------------------------------------------------------------------------------------------------------------


class DigitalBreak(Model):
    """Why a step leaves the digital path. Without it a step on paper, by post, at the counter … does not load."""

    clause: str
    """条例第3条第2項, or 慣行 with no clause: then say so."""
    level: Literal["法律", "政省令", "条例", "規則", "要綱", "慣行"]
    reason: LocalText
    substitute: LocalText
    """What would do instead, digitally."""


class OfficeDeadline(Model):
    """How long the office takes; when it is over, those responsible are reminded."""

    business_days: BusinessDays
    then: Literal["remind"] = "remind"


class ApplicantDeadline(Model):
    """How long the applicant has for a correction (補正), and what happens when it is over."""

    business_days: BusinessDays
    then: Literal["remind", "withdraw", "refuse"] = "remind"


class StepBody(Model):
    """What steps of every kind have in common."""

    id: Kebab | None = None
    """Write one where the step may move or be joined by another of its kind: running cases are found by it."""
    title: LocalText | None = None
    when: Condition | None = None
    """The step is skipped where this does not hold."""
    by: Role | None = None
    """Who does it: a role; the city's organisation.yaml says which post or section holds it."""
    channel: Channel = "screen"
    deadline: OfficeDeadline | None = None
    digital_break: DigitalBreak | None = None

    @model_validator(mode="after")
    def _breaks_only_with_reason(self) -> Self:
        if self.channel in BREAKING_CHANNELS:
            if self.digital_break is None:
                raise PydanticCustomError(
                    "format",
                    "{message}",
                    {
                        "message": f"この手順はデジタルの流れから外れます（{self.channel}）",
                        "instead": "digital_break: に clause・level・reason・substitute を書くか、"
                        "channel: screen で済むようにします",
                        "keys": ("channel",),
                        "rule": "L01",
                    },
                )
            if self.by is None:
                instead = "by: office のように担当を書きます"
                raise refuse(f"{self.channel} で行う人が決まっていません", instead, "channel")
        elif self.digital_break is not None:
            instead = "行ごと消すか、channel: を書きます"
            raise refuse("この手順は画面で行うので、外れる理由は要りません", instead, "digital_break")
        return self


class HumanBody(StepBody):
    """A step that a person does, on the screen unless it says otherwise."""

    by: Role


class Examine(HumanBody):
    """審査: a person compares the answers with what the law asks. `return` sends them back for correction (補正)."""

    outcomes: Annotated[tuple[Literal["accept", "return", "refuse"], ...], Field(min_length=1)] = (
        "accept",
        "return",
        "refuse",
    )
    checks: tuple[LocalText, ...] = ()
    """What has to be looked at, one line each."""
    findings: tuple[AskField, ...] = ()
    """What the examiner writes down when accepting (the damage ratio of a survey); known from then on as
    `finding.<ask>` to conditions, tables and letters."""
    correction: ApplicantDeadline = ApplicantDeadline(business_days=10)
    """How long the applicant has when the case is returned."""

    @model_validator(mode="after")
    def _can_go_on(self) -> Self:
        if "accept" not in self.outcomes:
            raise refuse("accept がないと先へ進めません", "outcomes: [accept, return, refuse]", "outcomes")
        if len(set(self.outcomes)) < len(self.outcomes):
            raise refuse("同じ結果が二度書かれています", "結果は一度ずつ書きます", "outcomes")
        if "correction" in self.model_fields_set and "return" not in self.outcomes:
            instead = "outcomes: に return を加えるか、correction: を消します"
            raise refuse("補正に戻すことがないのに期限があります", instead, "correction")
        return self


class LookUp(StepBody):
    """照会: facts are fetched from registers the city may use."""

    facts: Annotated[tuple[FactKey, ...], Field(min_length=1)]
    basis: Literal["internal-use", "consent", "information-network", "law"]
    """Why the city may look."""


class Judge(StepBody):
    """判定: a decision table of rules.yaml decides."""

    table: Snake


class Consult(HumanBody):
    """合議: another section gives its opinion; it does not block."""


class Approve(HumanBody):
    """決裁, never of one's own work."""

    outcomes: Annotated[tuple[Literal["approve", "send_back"], ...], Field(min_length=1)] = ("approve", "send_back")
    back_to: Kebab | None = None
    """The id of the examination that `send_back` goes to; without it the one right before."""
    may_be_delegated: bool = False
    """代決・専決 by those whom organisation.yaml names."""

    @model_validator(mode="after")
    def _can_go_on(self) -> Self:
        if "approve" not in self.outcomes:
            raise refuse("approve がないと先へ進めません", "outcomes: [approve, send_back]", "outcomes")
        if len(set(self.outcomes)) < len(self.outcomes):
            raise refuse("同じ結果が二度書かれています", "結果は一度ずつ書きます", "outcomes")
        return self


class Pay(StepBody):
    """納付 of the fee. Known to the format; no package with it passes before a payment provider is connected."""


class Book(StepBody):
    """予約 of a slot. Known to the format; no package with it passes before a booking provider is connected."""

    offer: Kebab


class Issue(StepBody):
    """交付: a letter is made, signed and sent. From here on the decision stands and cannot be withdrawn from."""

    letter: Kebab | None = None
    """letters/<letter>.typ; a thing that is handed over instead (鑑札) has none, and its channel says so."""
    signed: bool = True

    @model_validator(mode="after")
    def _issues_something(self) -> Self:
        if self.letter is None and self.channel == "screen":
            raise refuse("何を交付するのかが決まりません", "letter: に letters/ の文書の名前を書きます")
        return self


class Record(StepBody):
    """記録: the result is kept as a fact, so that nobody asks for it again."""

    fact: FactKey
    value: Condition | None = None
    """An expression; without it the decision itself is kept."""


class Wait(StepBody):
    """待機 for a time the law prescribes."""

    business_days: BusinessDays | None = None
    days: Annotated[int, Field(ge=1, le=3660)] | None = None
    until: Condition | None = None
    """An expression that gives a date."""

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if sum(value is not None for value in (self.business_days, self.days, self.until)) != 1:
            raise refuse("待つ期間が決まりません", "business_days・days・until のどれか一つを書きます")
        return self


class Notify(StepBody):
    """通知 without a letter: an e-mail or a line on the status page."""

    template: Kebab
    to: Literal["applicant", "office"] = "applicant"


AnyBody = Examine | LookUp | Judge | Consult | Approve | Pay | Book | Issue | Record | Wait | Notify


class Step(Model):
    """One step, written as a mapping with one key: its kind."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    examine: Examine | None = None
    look_up: LookUp | None = None
    judge: Judge | None = None
    consult: Consult | None = None
    approve: Approve | None = None
    pay: Pay | None = None
    book: Book | None = None
    issue: Issue | None = None
    record: Record | None = None
    wait: Wait | None = None
    notify: Notify | None = None
    parallel: Annotated[tuple[Annotated[tuple["Step", ...], Field(min_length=1)], ...], Field(min_length=2)] | None = (
        None
    )
    """Branches that run side by side; the flow goes on when all have ended."""

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise refuse("手順は種類を一つだけ書きます", "手順ごとに「- examine:」のように行を分けます")
        if self.parallel is None and getattr(self, self.kind) is None:
            raise refuse(f"手順 {self.kind} の中身がありません", f"{self.kind}: {{…}} と書きます", self.kind)
        return self

    @property
    def kind(self) -> str:
        return next(iter(self.model_fields_set))

    @property
    def body(self) -> AnyBody:
        """The step itself. A parallel has no body; ask :attr:`parallel` first."""
        body: AnyBody | None = None if self.kind == "parallel" else getattr(self, self.kind)
        if body is None:
            raise ValueError("a parallel has branches, no body")
        return body


Place = tuple[str | int, ...]
"""A path in a document: (flow, 2, examine)."""


def walk(steps: tuple[Step, ...], at: Place = ("flow",)) -> Iterator[tuple[Place, Step]]:
    """Every step in the order written, branches included, with its path in the document: (flow, 2, examine)."""
    for index, step in enumerate(steps):
        here = (*at, index, step.kind)
        yield here, step
        for number, branch in enumerate(step.parallel or ()):
            yield from walk(branch, (*here, number))


class Gate(Model):
    """A stop before the form is sent: where `when` holds of the answers this is the wrong procedure or the wrong
    person. The face says so as soon as it knows, and sending is refused with the same words."""

    when: Condition
    title: LocalText
    text: LocalText
    """Where to go instead."""


class Waiver(DigitalBreak):
    """A finding of the check that the city accepts for now, with the same honesty as a digital break."""

    rule: Annotated[str, StringConstraints(pattern=r"^[A-Z]\d{2}$")]
    at: str | None = None
    """The id of the step or the name of the field it is about; without it every finding of the rule."""
    until: date | None = None
    """The day from which the check complains again."""


# -- procedure.yaml ---------------------------------------------------------------------------------------------------


class Procedure(Model):
    """A procedure: who asks for what under which law, what is asked, and what then happens, in one page."""

    model_config = ConfigDict(title="procedure.yaml")

    code: Kebab
    """The name of its folder."""
    version: date
    """Date of effect; a running case keeps the version it began under."""
    kind: Literal["application", "report", "journey", "internal"]
    title: LocalText
    summary: LocalText | None = None
    law: Law
    life_events: tuple[str, ...] = ()
    office: Role
    standard_period: StandardPeriod | None = None
    identity: Literal["none", "contact", "account", "card", "card-signature"]
    """How sure the city must be of who asks."""
    apply_for_others: tuple[Literal["legal_representative", "agent", "family", "care_manager", "counter"], ...] = ()
    fee: Annotated[
        Annotated[Literal["none"], Tag("no fee")] | Annotated[Fee, Tag("a fee")],
        Discriminator(lambda value: "no fee" if isinstance(value, str) else "a fee"),
    ]
    needs: tuple[LocalText, ...] = ()
    """What to have at hand before starting."""
    outcome: LocalText | None = None
    """What the applicant gets in the end."""
    remedy: Remedy | None = None
    waivers: tuple[Waiver, ...] = ()
    gates: tuple[Gate, ...] = ()
    asks: tuple[Section, ...]
    flow: Annotated[tuple[Step, ...], Field(min_length=1)]


# -- rules.yaml -------------------------------------------------------------------------------------------------------


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

    def input(self, name: str) -> Input:
        """The input of this name, its short form written out."""
        given = self.inputs[name]
        return given if isinstance(given, Input) else Input(type=given)


# -- examples/*.yaml --------------------------------------------------------------------------------------------------


class LetterExpectation(Model):
    """What must be read in the letter."""

    name: Kebab | None = None
    contains: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


class Example(Model):
    """A case as a clerk tells it; the check runs it."""

    model_config = ConfigDict(title="examples/*.yaml")

    title: LocalText | None = None
    known: dict[str, JsonValue] = {}
    """What the city holds about the applicant: facts by subject, as in `given`."""
    given: dict[str, JsonValue] = {}
    """What the applicant answers: {person: {full_name: …}, child: [{…}], <ask>: …}."""
    on: date
    """The day of the application, Asia/Tokyo."""
    asked: tuple[str, ...] | None = None
    """Which fields must be typed because nothing is known; nothing is checked without it."""
    corrections: tuple[dict[str, JsonValue], ...] = ()
    """What the applicant changes each time the case is returned."""
    findings: dict[str, JsonValue] = {}
    """What examiners write down where a step asks them to: {damage_ratio: 25}."""
    reasons: tuple[str, ...] = ()
    """What the examiner says when refusing, beside the reasons of the tables."""
    path: Annotated[tuple[str, ...], Field(min_length=1)]
    """The steps taken: kind, or kind:outcome (examine:return); `withdrawn` at the end where the applicant withdraws."""
    decision: dict[str, JsonValue] | None = None
    letter: LetterExpectation | None = None
    digital: bool = True
    """Every executed step was digital."""
