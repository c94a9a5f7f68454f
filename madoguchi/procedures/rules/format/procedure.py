"""procedure.yaml as a whole."""

from datetime import date
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Discriminator, Field, StringConstraints, Tag, model_validator

from madoguchi.ground.languages import LocalText
from madoguchi.procedures.rules.format.asks import Section
from madoguchi.procedures.rules.format.model import Condition, Kebab, Model, Role, refuse
from madoguchi.procedures.rules.format.public import Public
from madoguchi.procedures.rules.format.retention import Retention
from madoguchi.procedures.rules.format.steps import Apply, DigitalBreak, Step, Tell, walk
from madoguchi.procedures.rules.format.who import Fee, Law, Remedy, StandardPeriod


class Gate(Model):
    """A stop before the form is sent: where `when` holds of the answers this is the wrong procedure or the wrong
    person. The face says so as soon as it knows, and sending is refused with the same words."""

    when: Condition
    title: LocalText
    text: LocalText
    """Where to go instead."""


class Elsewhere(Model):
    """Of a life event: what has to be done as well, and is no part of what is sent together. It is named with its
    reason and where it is done, so that nobody has to find out."""

    when: Condition | None = None
    title: LocalText
    because: LocalText
    """Why it is needed and by when, with the law that says so."""
    where: LocalText
    """Who takes it, what to bring, and where it cannot be done online, why."""
    procedure: Kebab | None = None
    """The code of the procedure where it can be applied for here, but by itself: for another person than the one who
    goes through the life event."""


class Waiver(DigitalBreak):
    """A finding of the check that the city accepts for now, with the same honesty as a digital break."""

    rule: Annotated[str, StringConstraints(pattern=r"^[A-Z]\d{2}$")]
    at: str | None = None
    """The id of the step or the name of the field it is about; without it every finding of the rule."""
    until: date | None = None
    """The day from which the check complains again."""


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
    applicant: LocalText | None = None
    """Who applies, in words, where 「ご本人」 could be taken for somebody else (葬祭を行った方). A life event that says
    so is gone through by those people for themselves, and begun for nobody else."""
    apply_for_others: tuple[Literal["legal_representative", "agent", "family", "care_manager", "counter"], ...] = ()
    mandate: dict[Literal["legal_representative", "agent", "family", "care_manager"], LocalText] = {}
    """What whoever speaks for another must show (a photograph or PDF), by relation: 委任状, 登記事項証明書."""
    fee: Annotated[
        Annotated[Literal["none"], Tag("no fee")] | Annotated[Fee, Tag("a fee")],
        Discriminator(lambda value: "no fee" if isinstance(value, str) else "a fee"),
    ]
    needs: tuple[LocalText, ...] = ()
    """What to have at hand before starting."""
    outcome: LocalText | None = None
    """What the applicant gets in the end."""
    remedy: Remedy | None = None
    retention: Retention | None = None
    """How long a finished case is kept."""
    public: Public | None = None
    """What everybody may see of a case, until when and by what law; without it nothing."""
    waivers: tuple[Waiver, ...] = ()
    gates: tuple[Gate, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    """Of a life event: what is done elsewhere or by itself."""
    asks: tuple[Section, ...]
    flow: Annotated[tuple[Step, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _asks_a_mandate_of_those_who_may_speak(self) -> Self:
        for relation in self.mandate:
            if relation not in self.apply_for_others:
                instead = f"apply_for_others に {relation} を足すか、mandate から消します"
                raise refuse(f"{relation} は代わりに申請できないのに、書類を求めています", instead, "mandate")
        return self

    @model_validator(mode="after")
    def _a_journey_is_made_of_procedures(self) -> Self:
        """A life event asks a few questions and applies; what is examined and decided is each procedure's own."""
        for path, step in walk(self.flow):
            if self.kind == "journey" and step.kind not in ("apply", "tell", "parallel"):
                instead = "apply: と tell: だけを書きます。審査や決定は、それぞれの手続きにあります"
                raise refuse(f"ライフイベントの手続き（journey）に手順 {step.kind} はありません", instead, *path)
            if self.kind != "journey" and step.kind in ("apply", "tell"):
                raise refuse(f"{step.kind} は、ライフイベントの手続きだけにあります", "kind: journey にします", *path)
        codes = [one.procedure for one in self.parts]
        for code in codes:
            if codes.count(code) > 1:
                raise refuse(f"手続き {code} が二度書かれています", "一度だけ書き、when: を or でつなぎます", "flow")
        services = [one.service for one in self.tells]
        for service in services:
            if services.count(service) > 1:
                raise refuse(
                    f"サービス {service} が二度書かれています", "一度だけ書き、when: を or でつなぎます", "flow"
                )
        for one in self.parts:
            for code in one.after:
                if code not in codes:
                    raise refuse(
                        f"after の {code} は、このライフイベントにありません", "flow にある手続きを書きます", "flow"
                    )
        if self.kind != "journey" and self.elsewhere:
            raise refuse(
                "elsewhere は、ライフイベントの手続きだけにあります", "kind: journey にするか、消します", "elsewhere"
            )
        if self.kind == "journey" and (self.fee != "none" or self.apply_for_others):
            raise refuse(
                "手数料と代わりの申請は、それぞれの手続きにあります",
                "fee: none にし、apply_for_others を消します",
                "fee",
            )
        return self

    @cached_property
    def parts(self) -> tuple[Apply, ...]:
        """Of a life event: the procedures it is made of, in the order written."""
        return tuple(step.apply for _, step in walk(self.flow) if step.apply)

    @cached_property
    def tells(self) -> tuple[Tell, ...]:
        """Of a life event: the services that may be told of it, in the order written."""
        return tuple(step.tell for _, step in walk(self.flow) if step.tell)
