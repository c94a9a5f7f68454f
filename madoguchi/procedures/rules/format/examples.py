"""examples/*.yaml: a case as a clerk tells it."""

from datetime import date
from typing import Annotated

from pydantic import ConfigDict, Field, JsonValue

from madoguchi.ground.languages import LocalText
from madoguchi.procedures.rules.format.model import Kebab, Model
from madoguchi.procedures.rules.format.steps import ServiceKind


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
    edits: dict[str, JsonValue] = {}
    """What the examiner decides otherwise than the tables: {pay_from: 2026-04-01}."""
    reworded: dict[str, str] = {}
    """Reasons that the examiner words otherwise: the table's sentence, and the one of the letter."""
    path: Annotated[tuple[str, ...], Field(min_length=1)]
    """The steps taken: kind, or kind:outcome (examine:return); `withdrawn` at the end where the applicant withdraws."""
    applies: tuple[Kebab, ...] | None = None
    """Of a life event: the procedures that apply, by code; nothing is checked without it."""
    tells: tuple[ServiceKind, ...] | None = None
    """Of a life event: the services that may be told of it; nothing is checked without it."""
    decision: dict[str, JsonValue] | None = None
    pays: int | None = None
    """What the applicant pays online, in yen, all together; nothing is checked without it."""
    letter: LetterExpectation | None = None
    digital: bool = True
    """Every executed step was digital."""
