"""All that is kept about one person, as one file that is streamed: who they are, every case, every letter, every event.

Which tables that is, and what of them is left out and why, stands in ``rules.keeping.LIVES`` and nowhere else: a table
that is added there is handed out from then on. One case is in memory at a time, and one part of one document.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import BinaryField, F, Func, IntegerField, Model, Q, QuerySet, Sum, Value
from django.utils.text import get_valid_filename

from madoguchi.cases.models import Case, Document, DocumentContent, Remark, Scan, Signature
from madoguchi.cases.ports import HANDOUT_PAGES, Page
from madoguchi.cases.queries.handout import events
from madoguchi.cases.queries.handout.events import Happened
from madoguchi.cases.queries.handout.tables import (
    FORMAT,
    columns,
    left_out,
    life_of,
    models_by_table,
    personal,
    rows,
    schema,
    tables,
)
from madoguchi.cases.queries.known import Read, answer, every_reading, whose
from madoguchi.cases.queries.represented import closed_to
from madoguchi.events import Actor
from madoguchi.events.rules import ACTS
from madoguchi.facts import queries as facts
from madoguchi.facts.models import Fact, Source
from madoguchi.facts.queries import Known
from madoguchi.facts.rules import Purpose
from madoguchi.ground.archive import zipped
from madoguchi.ground.languages import LocalText
from madoguchi.messages.models import Letter, LetterFile, Message
from madoguchi.people.models import Identity, Person
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.form import UPLOADED, Cell
from madoguchi.procedures.rules.published import Published

__all__ = [
    "FORMAT",
    "Happened",
    "Holdings",
    "handed_out",
    "handings_out",
    "holdings",
    "language_of",
    "models_by_table",
    "personal",
    "schema",
    "tables",
]

#: Bytes of a document or letter that are in memory at a time.
PART: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Holdings:
    """How much is kept about a person; ``bytes`` are those of documents and letters."""

    cases: int
    facts: int
    messages: int
    letters: int
    documents: int
    bytes: int

    @property
    def files(self) -> int:
        return self.letters + self.documents


@dataclass(frozen=True, slots=True)
class Kept:
    """A fact, as the answer to the question that asks for it; ``of``: the name of whom it is, empty for the person."""

    cell: Cell
    source: Source
    as_of: date
    recorded_at: datetime
    of: str


@dataclass(frozen=True, slots=True)
class Answers:
    """A section of a form, or one row of it (``number`` from 1; 0 where it has no rows)."""

    title: LocalText
    number: int
    cells: Sequence[Cell]


def holdings(person: Person) -> Holdings:
    """The figures of what :func:`handed_out` holds."""
    closed = closed_to(person.pk)
    given = Document.objects.filter(case__person=person, content__isnull=False).exclude(case__in=closed)
    letters = LetterFile.objects.filter(letter__in=_letters(person))
    size = Func(F("pdf"), function="octet_length", output_field=IntegerField())
    total = (given.aggregate(sum=Sum("size"))["sum"] or 0) + (letters.aggregate(sum=Sum(size))["sum"] or 0)
    return Holdings(
        cases=Case.objects.filter(person=person).exclude(pk__in=closed).count(),
        facts=facts.count(person.pk),
        messages=_messages(person).count()
        + Remark.objects.filter(case__person=person).exclude(case__in=closed).count(),
        letters=letters.count(),
        documents=given.count(),
        bytes=total,
    )


def handings_out(person: Person, language: str = "ja") -> list[Happened]:
    """When all of this was given to whom before, newest first."""
    there = events.of_person(person, language)
    return [one for one in reversed(there) if one.verb == "person.export" and one.outcome == "done"]


def language_of(person: Person) -> str:
    """The language in which the person has last used the pages."""
    newest = Case.objects.filter(person=person).order_by("-saved_at").values_list("language", flat=True).first()
    return newest or "ja"


def handed_out(person: Person, *, by: Actor, at: datetime, language: str) -> Iterator[bytes]:
    """The ZIP, as it comes. The caller has left the event (``person.export``) before the first byte."""
    return zipped(_files(person, by, at, language, HANDOUT_PAGES.get("html")(language)), at)


# -- the files ---------------------------------------------------------------------------------------------------------


def _files(person: Person, by: Actor, at: datetime, language: str, page: Page) -> Iterator[tuple[str, Iterator[bytes]]]:
    yield "index.html", _index(person, by, at, language, page)
    yield "data.json", _data(person, by, at)
    yield "schema.json", iter([json.dumps(schema(), ensure_ascii=False, indent=1).encode()])
    for case in _cases(person):
        for name, one in _documents(case, by):
            if name:
                yield name, _parts(DocumentContent.objects.filter(document=one), "content")
        for name, one_, column in _signed(case):
            yield name, _parts(Signature.objects.filter(pk=one_.pk), column)
    for letter in _letters(person):
        yield _letter_name(letter), _parts(LetterFile.objects.filter(letter=letter), "pdf")


def _cases(person: Person) -> Iterator[Case]:
    """One after the other, oldest first; without what they asked for somebody for whom they speak no more."""
    mine = Case.objects.filter(person=person).exclude(pk__in=closed_to(person.pk))
    for key in list(mine.order_by("opened_at", "pk").values_list("pk", flat=True)):
        found = Case.objects.select_related("procedure").filter(pk=key, person=person).first()
        if found is not None:  # else it was deleted meanwhile
            yield found


def _documents(case: Case, by: Actor) -> list[tuple[str, Document]]:
    """Where each document of a case stands in the ZIP; empty where it does not: its bytes are gone, or no scanner has
    looked at it and it is not its sender who asks.
    """
    there = set(DocumentContent.objects.filter(document__case=case).values_list("document_id", flat=True))
    listed = []
    for number, one in enumerate(case.documents.order_by("added_at", "pk"), 1):
        waits = one.scan == Scan.WAITING and by.kind != "resident"
        name = f"documents/{case.number or case.pk}/{number:02}-{_plain(one.name)}"
        listed.append((name if one.pk in there and not waits else "", one))
    return listed


def _signed(case: Case) -> Iterator[tuple[str, Signature, str]]:
    """Where what was signed, and the signatures over it, stand in the ZIP."""
    for number, one in enumerate(case.signatures.defer("content", "cms").order_by("kept_at", "pk"), 1):
        at = f"signatures/{case.number or case.pk}/{number:02}"
        yield f"{at}-document.txt", one, "content"
        if one.is_of_several:
            yield f"{at}-cover.txt", one, "cover"
        yield f"{at}-signature.p7s", one, "cms"


def _letters(person: Person) -> QuerySet[Letter]:
    return Letter.objects.filter(_of(person, Letter), file__isnull=False).order_by("issued_at", "pk")


def _letter_name(letter: Letter) -> str:
    return f"letters/{letter.fiscal_year}-{_plain(letter.number)}.pdf"


def _plain(name: str) -> str:
    """A name that leads out of no folder, on any system."""
    try:
        kept = get_valid_filename(name.replace("/", "_").replace("\\", "_"))[-80:]
        return re.sub(r"\.\.+", "_", kept).strip(".") or "file"
    except ValueError:  # nothing is left of it
        return "file"


def _parts(found: QuerySet[Any], column: str) -> Iterator[bytes]:
    """The bytes of one row, cut by the database."""
    start = 1
    while True:
        cut = Func(F(column), Value(start), Value(PART), function="substring", output_field=BinaryField())
        part = found.annotate(part=cut).values_list("part", flat=True).first()
        if not part:
            return
        yield bytes(part)
        start += PART


# -- data.json ---------------------------------------------------------------------------------------------------------


def _data(person: Person, by: Actor, at: datetime) -> Iterator[bytes]:
    named = {one.pk: _letter_name(one) for one in _letters(person)}
    head: dict[str, Any] = {
        "format": FORMAT,
        "city": procedures.city().name["ja"],
        "made_at": at,
        "left_out": left_out(),
        "events": [_event(one) for one in events.of_person(person)],
    }
    for name, model in tables():
        if life_of(model).of_person and model is not Case:
            head[name] = _kept(person, by) if model is Fact else list(rows(model, _of(person, model)))
    for one in head["letters"]:
        one["file"] = named.get(one["id"])
    yield _dumped(head)[:-1].encode() + b',"readings":['
    for number, one in enumerate(every_reading(person.pk, by)):
        yield (b",\n" if number else b"\n") + _dumped(_reading(one)).encode()
    yield b'],"cases":['
    for number, case in enumerate(_cases(person)):
        yield (b",\n" if number else b"\n") + _dumped(_whole(case, person, by)).encode()
    yield b"]}"


def _kept(person: Person, by: Actor) -> list[dict[str, Any]]:
    """The ledger, which no query but its own reads, with the columns of every other table; oldest first."""
    names = [one.attname for one in columns(Fact)]
    found = sorted(facts.everything(person.pk, _disclosed(by), by=by), key=lambda one: (one.recorded_at, str(one.id)))
    of = whose(found, person.pk)
    return [{**{name: getattr(one, name) for name in names}, "of": _of_whom(one, of)} for one in found]


def _of_whom(one: Known, of: Mapping[tuple[str, str], tuple[str, str, str]]) -> str:
    """The name of whom the fact is, as it was told; empty for the person."""
    return of.get((one.key.partition(".")[0], one.row), ("", "", ""))[1]


def _reading(one: Read) -> dict[str, Any]:
    """Who has seen or got what is kept about the person, with keys, purpose and law; what a law keeps from them is left
    out."""
    reading = one.reading
    return {
        "at": reading.at,
        "done": reading.done,
        "who": [f"{unit['ja']}（{post['ja']}）" if post else unit["ja"] for unit, post in one.offices],
        "kind": "self" if reading.actor_kind == "resident" and not one.is_other else reading.actor_kind,
        "receiver": one.company["ja"] if one.company is not None else one.provider,
        "purpose": reading.purpose,
        "facts": list(reading.keys),
        "what": list(one.what),
        "procedure": reading.procedure or (one.procedure["ja"] if one.procedure is not None else ""),
        "laws": list(one.laws),
        "consented_at": one.consented_at,
    }


def _disclosed(by: Actor) -> Purpose:
    return Purpose("disclosure", office=min(by.sections, default=""))


def _whole(case: Case, person: Person, by: Actor) -> dict[str, Any]:
    """A case with all that hangs on it."""
    row = next(rows(Case, Q(pk=case.pk)))
    row["procedure"] = {
        "code": case.procedure.code,
        "version": case.procedure.version,
        "title": procedures.package(case.procedure).procedure.title["ja"],
    }
    for name, model in tables():
        if not life_of(model).of_person:
            row[name] = list(rows(model, Q(**{life_of(model).of_case: case.pk})))
    named = {one.pk: name for name, one in _documents(case, by)}
    for one in row["documents"]:
        one["file"] = named.get(one["id"]) or None
    office = set(case.remarks.filter(account__isnull=False).values_list("pk", flat=True))
    for one in row["remarks"]:
        one["by"] = "office" if one["id"] in office else "self"
    row["events"] = [_event(one) for one in events.of_case(case, person)]
    return row


def _event(one: Happened) -> dict[str, Any]:
    spec = ACTS.get(one.verb)
    reasons = {reason.code: reason.title for reason in spec.allow} if spec else {}
    return {
        "at": one.at,
        "verb": one.verb,
        "what": spec.title.partition(":")[0] if spec else one.verb,
        "outcome": one.outcome,
        "why": reasons.get(one.why, one.why),
        "who": one.who,
        "office": one.office,
    }


def _dumped(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)


# -- index.html --------------------------------------------------------------------------------------------------------


def _index(person: Person, by: Actor, at: datetime, language: str, page: Page) -> Iterator[bytes]:
    head = {
        "made_at": at,
        "identities": list(Identity.objects.filter(person=person).order_by("confirmed_at")),
        "facts": _facts(person, by),
        "holdings": holdings(person),
        "messages": list(_messages(person).filter(about=None).order_by("created_at")),
        "events": events.of_person(person, language),
    }
    yield page("head", head).encode()
    for case in _cases(person):
        yield page("case", _page_of(case, person, by, language)).encode()
    yield page("foot", {}).encode()


def _page_of(case: Case, person: Person, by: Actor, language: str) -> dict[str, Any]:
    package = procedures.package(case.procedure)
    decision, opinion = getattr(case, "decision", None), getattr(case, "opinion", None)
    return {
        "case": case,
        "title": package.procedure.title,
        "section": procedures.section_of(package.procedure).name,
        "answers": list(_answers(case, package)),
        "documents": _documents(case, by),
        "signed": [(name, one) for name, one, _ in _signed(case)],
        "letters": [(_letter_name(one), one) for one in _letters(person).filter(about=case.pk)],
        "messages": list(_messages(person).filter(about=case.pk).order_by("created_at")),
        "remarks": list(case.remarks.order_by("written_at", "pk")),
        "corrections": [one for step in case.steps.order_by("token") for one in step.corrections.all()],
        "payments": list(case.payments.order_by("asked_at")),
        "decision": decision if decision is not None and decision.made_at is not None else None,
        "reasons": [LocalText(one) for one in decision.reasons] if decision is not None and decision.made_at else [],
        "opinion": opinion,
        "events": events.of_case(case, person, language),
    }


def _answers(case: Case, package: Published) -> Iterator[Answers]:
    for section in package.form.visible_sections(case.answers):
        found: dict[int | None, list[Cell]] = {}
        for cell in package.form.cells(section, case.answers, case.typed):
            if cell.field.type not in UPLOADED:  # the files are listed by themselves
                found.setdefault(cell.row, []).append(cell)
        for row, cells in found.items():
            yield Answers(section.title, 0 if row is None else row + 1, cells)


def _facts(person: Person, by: Actor) -> list[Kept]:
    """Every fact, by key, newest first."""
    found = facts.everything(person.pk, _disclosed(by), by=by)
    of = whose(found, person.pk)
    kept = [Kept(answer(one), one.source, one.as_of, one.recorded_at, _of_whom(one, of)) for one in found]
    return sorted(kept, key=lambda one: one.of)  # the person first, then each of whom they have told


# -- mails that bear nobody's id ---------------------------------------------------------------------------------------


def _messages(person: Person) -> QuerySet[Message]:
    return Message.objects.filter(_of(person, Message))


def _of(person: Person, model: type[Model]) -> Q:
    """The person's rows of a table that names persons.

    Of messages also the mails of which the portal says the words elsewhere, and those that confirmed an own address.
    Of messages and letters none about somebody for whom they speak no more.
    """
    own = Q(**{life_of(model).of_person: person.pk})
    if model not in (Letter, Message):
        return own
    over = ~Q(about__in=closed_to(person.pk))
    if model is Letter:
        return own & over
    addresses = Identity.objects.filter(person=person, issuer="mailto:").values("subject")
    about = Case.objects.filter(person=person).values("pk")
    return (own | Q(person=None) & (Q(about__in=about) | Q(about=None, address__in=addresses))) & over
