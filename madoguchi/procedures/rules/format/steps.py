"""The steps of a flow, each a kind with its arguments, channel and deadline."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from madoguchi.ground.languages import LocalText
from madoguchi.procedures.rules.format.asks import AskField
from madoguchi.procedures.rules.format.model import (
    BREAKING_CHANNELS,
    AnswerPath,
    BusinessDays,
    Channel,
    Condition,
    FactKey,
    Kebab,
    Model,
    Role,
    Snake,
    refuse,
)


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


class PayDeadline(Model):
    """How long the applicant has to pay, and what happens when it is over."""

    business_days: BusinessDays
    then: Literal["remind", "withdraw"] = "remind"


class CosignDeadline(Model):
    """How long those who were asked have to confirm, and what happens when it is over. The same time is given to the
    applicant to put right what one of them did not confirm."""

    business_days: BusinessDays
    then: Literal["remind", "withdraw"] = "remind"


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
    place: Snake | None = None
    """Of which place, where facts of a place (dwelling.…) are among them: the field that names it."""
    of: tuple[AnswerPath, ...] = ()
    """What tells apart what is known of that place, as the step has it that records it."""


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


class Criterion(Model):
    """One line of the order of a round: a value of the table, and whether more or less of it comes first."""

    most: Snake | None = None
    least: Snake | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.most is None) == (self.least is None):
            raise refuse("順番の決め方は most か least のどちらか一つで書きます", "- most: points")
        return self

    @property
    def value(self) -> str:
        return self.most or self.least or ""


class Allot(HumanBody):
    """選考: the applications of a round wait here until it has closed. Then all of them are ranked by one table, and
    the places go round in that order, each to the first of its wishes that still has one. Done for the whole round in
    one act; who gets no place is refused, with the reasons."""

    table: Snake
    """The `collect` table whose values rank them; asked for each case in Python, for the round in SQL."""
    round: Snake
    """The choice that says which round an application belongs to; the city's offers.yaml names the rounds."""
    wishes: Annotated[tuple[Snake, ...], Field(min_length=1)]
    """The choices that hold the wishes, the dearest first; the city's offers.yaml names what can be wished for."""
    group: Snake
    """The value of the table by which places are counted: the class of an age."""
    order: Annotated[tuple[Criterion, ...], Field(min_length=1)]
    """Who comes first; where all of these are equal, a lot that nobody can influence."""


class Pay(StepBody):
    """納付: the applicant pays online. Where it stands in the flow says whether before or after the examination.

    Without `when` of its own it is asked for where the fee is owed (`fee: when:`).
    """

    yen: Condition | None = None
    """How much: an expression over the answers and what was decided, in which `fee` is the fee here (fee * copies).
    Without it the fee. Where it comes to 0 there is nothing to pay, and the flow goes on."""
    deadline: PayDeadline | None = None  # type: ignore[assignment]  # the applicant's, not the office's
    refund: tuple[Literal["refused", "withdrawn"], ...] = ()
    """When what was paid goes back by itself. Staff may always give it back, with a reason."""

    @model_validator(mode="after")
    def _is_the_applicants(self) -> Self:
        if self.by is not None:
            raise refuse("納付は申請者がします", "行ごと消します", "by")
        if self.channel != "screen":
            instead = "channel: を消すか、納付書などでの納付は examine で確かめます"
            raise refuse("納付（pay）は画面で行います", instead, "channel")
        return self


class Cosign(StepBody):
    """連署: somebody whom the applicant named confirms their own part of the request, signed in as themselves. They see
    the fields of `shows` and nothing else. Where one does not confirm, the request goes back to the applicant. Where
    name, birthday and e-mail stand in rows, everybody named there confirms; who has no e-mail field is not asked."""

    name: AnswerPath
    """The field that holds the name, which must be that of whoever confirms."""
    birthday: AnswerPath | None = None
    """The field that holds the date of birth; where there is one it must agree."""
    email: AnswerPath
    """The field that holds the address to which the link goes. The link tells nothing and opens nothing by itself."""
    shows: Annotated[tuple[AnswerPath, ...], Field(min_length=1)]
    """What they see and confirm."""
    states: LocalText
    """What confirming means, in one sentence: that it is true, that they agree."""
    identity: Literal["contact", "card", "card-signature"] | None = None
    """How sure the city must be of who confirms; without it as sure as of the applicant."""
    deadline: CosignDeadline = CosignDeadline(business_days=10)  # type: ignore[assignment]  # theirs, not the office's

    @model_validator(mode="after")
    def _is_done_by_those_who_are_named(self) -> Self:
        if self.by is not None:
            raise refuse("連署は、申請者が名前を挙げた方がします", "行ごと消します", "by")
        if self.channel != "screen":
            raise refuse("連署（cosign）は画面で行います", "channel: を消します", "channel")
        if self.email in self.shows:
            raise refuse("連絡先は確かめてもらう項目ではありません", f"shows: から {self.email} を消します", "shows")
        return self


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

    fact: FactKey | None = None
    value: Condition | None = None
    """An expression, or the name of what was asked or found, whole; without it the decision itself is kept."""
    business: Snake | None = None
    """Of whom, where it is a fact of a business: the field with its number. It stays when the case is deleted."""
    of: tuple[AnswerPath, ...] = ()
    """Where a person may have several (children, dogs): what was asked that tells this one apart. The same one's next
    record follows its last, and another's stays beside it."""
    place: Snake | None = None
    """Of which place, where it is a fact of a place (dwelling.…): the field that names it. Whoever asks about that
    place next finds it there. What begins with household. is found by all who live together."""
    corrected: bool = False
    """Of a correction (訂正) that was granted: the fact that was to be corrected, as it should be. What a register or a
    card says is left to the register, whose next file brings it."""

    @model_validator(mode="after")
    def _records_something(self) -> Self:
        if (self.fact is None) is not self.corrected:
            instead = "fact: に事実の名前を書くか、訂正を記録する手順なら corrected: true だけを書きます"
            raise refuse("何を記録するのかが決まりません", instead)
        if self.corrected and (self.value is not None or self.business or self.of or self.place):
            raise refuse(
                "訂正の記録では、だれの何をどう直すかは申し出のとおりです",
                "value:・business:・of:・place: を消します",
            )
        return self


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


class Becomes(Model):
    """Where a procedure of a life event says what a fact becomes by it."""

    field: AnswerPath
    """The field of that procedure."""
    when: Condition | None = None
    """Over the answers of that procedure; without it always."""


class Apply(StepBody):
    """ほかの手続: another procedure, applied for in one go with this one, which is then of kind `journey`. What it asks
    is asked within the journey, and not again what was answered there; it is received with the journey as a case of its
    own in its own section, and the step is done when that case has ended. Whoever applies may leave it out."""

    title: LocalText
    """What it is called among the others, in few words."""
    procedure: Kebab
    """The code of the other procedure."""
    because: LocalText
    """Why it applies, in the applicant's words, with the law that says so."""
    gives: dict[AnswerPath, Condition] = {}
    """Fields of the other procedure that the journey has answered already: field → expression over its answers. What is
    bound to the same fact in both needs no line."""
    keeps: tuple[FactKey, ...] = ()
    """Facts that this procedure means otherwise than the others (the address before the move): told to none of them,
    and taken from none."""
    becomes: dict[FactKey, Becomes] = {}
    """What such a fact becomes by this procedure (the new address): that is told to the others under the fact."""
    after: tuple[Kebab, ...] = ()
    """The procedures of this journey whose result this one rests on; said to the applicant and at the desk. All are
    received together, so that no period is missed."""

    @model_validator(mode="after")
    def _is_nobodys_work(self) -> Self:
        if self.by is not None or self.channel != "screen" or self.deadline is not None:
            instead = "by:・channel:・deadline: を消します。担当と期間は、その手続きの中で決まります"
            raise refuse("ほかの手続き（apply）は、担当も期間も持ちません", instead, "apply")
        if self.procedure in self.after:
            raise refuse(f"{self.procedure} が自分の結果を待っています", "after: から消します", "after")
        return self


ServiceKind = Literal["electricity", "gas", "water", "internet", "bank"]
"""電気, ガス, 水道, インターネット, 銀行: who supplies it here, the city's services.yaml says."""
Handed = Literal[
    "full_name", "full_name_kana", "holder", "holder_kana", "supply_address", "old_address", "new_address",
    "happens_on", "phone", "email",
]  # fmt: skip
"""What can be handed over to a company, and by which name it reads it. ``holder``: in whose name the contract is, where
that is not who asks."""
HandedFrom = Annotated[
    str,
    StringConstraints(
        pattern=r"^([a-z][a-z0-9]*(-[a-z0-9]+)*\.)?[a-z][a-z0-9]*(_[a-z0-9]+)*(\.[a-z][a-z0-9]*(_[a-z0-9]+)*)*$",
        max_length=160,
    ),
]
"""Where it stands: a question of the journey (moved_on), a fact that one of its parts asks (person.full_name), or a
field of one part (change-of-address.new_address)."""


class Tell(StepBody):
    """連絡: a company that supplies something (電気, 銀行) is told of the life event, where the person consents to that
    for this very company. Only in a `journey`. It waits for nobody: companies answer beside the procedures, and what
    one of them does not do holds nothing back."""

    title: LocalText
    """What is supplied, in one word: 電気."""
    service: ServiceKind
    because: LocalText
    """Why one tells them, in the applicant's words; read, too, by whoever has to tell them by telephone."""
    hands: dict[Handed, Annotated[tuple[HandedFrom, ...], Field(min_length=1)]]
    """All that the company gets, and where it stands: the first of the list that has an answer. Without an answer it is
    not handed over."""
    number: LocalText | None = None
    """The number by which the company knows the person (お客さま番号), asked together with the consent."""

    @model_validator(mode="after")
    def _is_nobodys_work(self) -> Self:
        if self.by is not None or self.channel != "screen" or self.deadline is not None:
            raise refuse("連絡（tell）は、担当も期間も持ちません", "by:・channel:・deadline: を消します", "tell")
        if "full_name" not in self.hands or not {"phone", "email"} & self.hands.keys():
            instead = "hands: に full_name と、phone か email を書きます"
            raise refuse("だれからの連絡かが、相手に分かりません", instead, "hands")
        return self


AnyBody = (
    Apply | Tell | Cosign | Examine | LookUp | Judge | Consult | Approve | Allot | Pay | Issue | Record | Wait | Notify
)


class Step(Model):
    """One step, written as a mapping with one key: its kind."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    apply: Apply | None = None
    tell: Tell | None = None
    cosign: Cosign | None = None
    examine: Examine | None = None
    look_up: LookUp | None = None
    judge: Judge | None = None
    consult: Consult | None = None
    approve: Approve | None = None
    allot: Allot | None = None
    pay: Pay | None = None
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
