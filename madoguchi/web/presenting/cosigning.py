"""連署 as pages: the part of whoever was named, and for the applicant who is awaited and who has confirmed."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.urls import reverse

from madoguchi.asking.questions import FileRow
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case, Cosigner
from madoguchi.events import Actor
from madoguchi.ground.errors import Stale
from madoguchi.ground.languages import LocalText
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules import form as forms
from madoguchi.procedures.rules.cosigning import Part
from madoguchi.procedures.rules.form import Cell
from madoguchi.procedures.rules.outlook import ahead
from madoguchi.web.presenting.formpage import Answer, answer_of, key_of
from madoguchi.web.words import said


@dataclass(frozen=True, slots=True)
class Shown:
    """One answer of the part. ``marked``: said to be wrong in a post that was refused."""

    path: str
    answer: Answer
    marked: bool


@dataclass(frozen=True, slots=True)
class PartPage:
    """All that ``web/cosign.html`` shows."""

    title: str
    step: str
    applicant: str
    url: str
    seen: str
    statement: str
    due_at: datetime | None
    answers: Sequence[Shown]
    confirmed_at: datetime | None
    declined_at: datetime | None
    words: str
    typed: str
    problem: str
    words_problem: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """An address that could not be written to, as it was typed."""

    cosigner: UUID
    typed: str
    words: str


@dataclass(frozen=True, slots=True)
class AskedLine:
    """Somebody the applicant has named, as the status page shows it."""

    id: str
    title: str
    name: str
    address: str
    sent_at: datetime | None
    confirmed_at: datetime | None
    declined_at: datetime | None
    awaited: bool
    url: str
    typed: str
    problem: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Who has confirmed and who is awaited. ``due_at``: the last moment of the last day."""

    lines: Sequence[AskedLine]
    awaited: bool
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class ToAsk:
    """Somebody who will be asked once the request is sent."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class OwnPart:
    """What the reader has confirmed for another."""

    title: str
    applicant: str
    url: str
    confirmed_at: datetime | None


def part_page(
    one: Cosigner, *, typed: str = "", marked: Collection[str] = (), problem: str = "", of_words: bool = False
) -> PartPage:
    """The part of whoever was named, who is the reader. ``problem``: why a post was refused; ``of_words``: for what
    they wrote, or did not."""
    case = one.case
    package = procedures.package(case.procedure)
    node = package.graph[one.node]
    part = cases.part_of(case, one, package)
    step = cases.open_cosigning(case)
    files = _files(one, part)
    return PartPage(
        title=said(package.procedure.title),
        step=said(node.title),
        applicant=case.applicant,
        url=reverse("web:cosign", args=(one.pk,)),
        seen=part.digest,
        statement=said(LocalText(node.arguments["states"])),
        due_at=_last_day(step.due_at) if step is not None else None,
        answers=[
            Shown(cell.path, answer_of(cell, files), cell.path in marked) for cell in part.cells if _is_told(cell)
        ],
        confirmed_at=one.confirmed_at,
        declined_at=one.declined_at,
        words=one.words,
        typed=typed,
        problem="" if of_words else problem,
        words_problem=problem if of_words else "",
    )


def asked(case: Case, refusal: Refusal | None = None) -> Asked | None:
    """Those whom the applicant has named; None where nobody has to confirm."""
    step = cases.open_cosigning(case)
    lines = list(_lines(case, refusal))
    return Asked(lines, step is not None, _last_day(step.due_at) if step is not None else None) if lines else None


def to_ask(case: Case) -> list[ToAsk]:
    """Who will be asked once this draft is sent, as it stands."""
    package = procedures.package(case.procedure)
    found = []
    for node in ahead(package.graph, (), package.form.scope(case.answers)):
        if node.kind == "cosign":
            found += [ToAsk(one.name, one.email) for one in cases.parts_of(case, node, package)]
    return found


def own_parts(resident: Actor) -> list[OwnPart]:
    """What the reader has confirmed for others, while it is handled."""
    return [
        OwnPart(
            said(procedures.package(one.case.procedure).procedure.title),
            one.case.applicant,
            reverse("web:cosign", args=(one.pk,)),
            one.confirmed_at,
        )
        for one in cases.own_parts(resident)
    ]


def _lines(case: Case, refusal: Refusal | None) -> Iterator[AskedLine]:
    package = procedures.package(case.procedure)
    step = cases.open_cosigning(case)
    for one in cases.cosigners(case):
        try:
            name = cases.part_of(case, one, package).name
        except Stale:  # a newer version of the procedure asks nobody there
            continue
        node, refused = package.graph[one.node], refusal is not None and refusal.cosigner == one.pk
        yield AskedLine(
            id=str(one.pk),
            title=said(node.title),
            name=name,
            address=one.address,
            sent_at=one.sent_at,
            confirmed_at=one.confirmed_at,
            declined_at=one.declined_at,
            awaited=step is not None and step.node == one.node and one.confirmed_at is None,
            url=reverse("web:ask-cosigner", args=(key_of(case), one.pk)),
            typed=refusal.typed if refusal is not None and refused else one.address,
            problem=refusal.words if refusal is not None and refused else "",
        )


def _files(one: Cosigner, part: Part) -> dict[str, FileRow]:
    return {
        str(held.pk): FileRow(
            str(held.pk),
            held.name,
            held.size,
            reverse("web:cosign-document", args=(one.pk, held.pk)),
            held.media_type.startswith("image/"),
        )
        for held in cases.documents_of_part(one, part)
    }


def _is_told(cell: Cell) -> bool:
    """What was left empty needs no confirmation."""
    return cell.value not in (None, "", []) or cell.field.type in forms.UPLOADED


def _last_day(due_at: datetime | None) -> datetime | None:
    """Deadlines end with the last moment of a day; the day itself is what a person is told."""
    return due_at - timedelta(seconds=1) if due_at else None
