"""A draft as pages: which section this is, what is asked there, how far one has come, and what stands in the way.

For whoever asks: the residents' pages and the desk's counter, each with its own :class:`Addresses`.
"""

import copy
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.utils.translation import gettext

from madoguchi.asking.kinds import KINDS
from madoguchi.asking.places import PlaceShown, place_shown
from madoguchi.asking.questions import FileRow, ProblemLink, Question, anchor, links, questions
from madoguchi.asking.words import language, said
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case, Correction, Document
from madoguchi.events import Actor
from madoguchi.facts.queries import Known, household_rows
from madoguchi.facts.rules import Purpose
from madoguchi.ground.errors import Problem
from madoguchi.ground.languages import LocalText
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules import form as forms
from madoguchi.procedures.rules.form import Cell, Form, FormSection
from madoguchi.procedures.rules.published import Published

#: Types of answers whose words are the form's and not the person's.
CHOSEN = frozenset({"choice", "choices", "yes_no", "consent", "date"})


@dataclass(frozen=True, slots=True)
class StepMark:
    """One line of the step navigation. ``state`` is done, editing, error or empty (not yet)."""

    title: str
    url: str
    state: str
    words: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a section (a child), or the whole section where it has no rows."""

    index: int
    title: str
    questions: Sequence[Question]


@dataclass(frozen=True, slots=True)
class KnownOne:
    """Somebody of whom the section may be about: who they are, who says so, and whether they stand there now."""

    key: str
    name: str
    born: str
    source: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class SectionPage:
    """One section as it is asked. ``ones``: those whom the city knows, where it asks about one of them."""

    id: str
    title: str
    intro: str
    each: str
    rows: Sequence[Row]
    told_before: bool
    of_household: bool
    can_add: bool
    can_remove: bool
    add_label: str
    ones: Sequence[KnownOne] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """A question and what was answered, as it is shown on the review and the status page.

    ``own_words``: typed and not chosen; neither furigana nor a browser's translation may touch it.
    """

    id: str
    label: str
    shown: str
    problem: str
    files: Sequence[FileRow]
    own_words: bool
    place: PlaceShown | None = None


@dataclass(frozen=True, slots=True)
class AnswerRow:
    title: str
    answers: Sequence[Answer]


@dataclass(frozen=True, slots=True)
class AnswerSection:
    title: str
    url: str
    rows: Sequence[AnswerRow]


class Addresses(Protocol):
    """Where a face shows the parts of a draft."""

    def section(self, case: Case, section: FormSection) -> str:
        """The page of a section."""

    def review(self, case: Case) -> str:
        """Everything once more."""

    def document(self, case: Case, document: Document) -> str:
        """A photograph or file."""


def asked_words(one: Correction) -> str:
    """What the clerk asks to be corrected, in the reader's language, as far as the section has it."""
    return said(LocalText({**one.translated, "ja": one.message}))


class Draft:
    """A case that is being filled in or corrected, seen as pages. ``asked``: the paths to be corrected."""

    def __init__(self, case: Case, at: Addresses) -> None:
        self.case = case
        self.at = at
        self.package: Published = procedures.package(case.procedure)
        self.form: Form = self.package.form
        self.correcting = case.received_at is not None
        self.asked: dict[str, str] = {}
        if self.correcting:
            self.asked = {path: asked_words(one) for path, one in cases.open_corrections(case).items()}

    @property
    def title(self) -> str:
        return said(self.package.procedure.title)

    def sections(self) -> list[FormSection]:
        """The sections that are asked now; in a correction only those with something to correct."""
        shown = self.form.visible_sections(self.case.answers)
        if self.correcting:
            there = {found[0].id for path in self.asked if (found := self.form.field_at(path)) is not None}
            shown = [one for one in shown if one.id in there]
        return shown

    def neighbours(self, section: FormSection) -> tuple[FormSection | None, FormSection | None]:
        """The section before and the one after."""
        shown = self.sections()
        at = next((number for number, one in enumerate(shown) if one.id == section.id), None)
        if at is None:
            return None, None
        return (shown[at - 1] if at else None), (shown[at + 1] if at + 1 < len(shown) else None)

    def missing(self) -> dict[str, Problem]:
        """What stands between this draft and its submission."""
        problems = self.form.missing(self.case.answers, self.case.typed)
        if self.correcting:
            problems = {path: one for path, one in problems.items() if path in self.asked}
        return problems

    def first_open(self) -> FormSection | None:
        """Where to go on: the first section with something missing; None where everything is there."""
        for section in self.sections():
            if self.form.missing_in(section, self.case.answers, self.case.typed):
                return section
        return None

    def gate(self, at: FormSection | None = None) -> tuple[str, str] | None:
        """Title and text of the first gate that closes: this is the wrong procedure for these answers.

        ``at``: the section where somebody is; a gate that depends on a later one too is closed there at the earliest.
        """
        scope, shown = self.form.scope(self.case.answers), self.sections()
        later = shown[shown.index(at) + 1 :] if at in shown else []
        for one in self.package.procedure.gates:
            closes = procedures.expression(one.when)
            if closes.holds(scope) and not any(section.answers(closes) for section in later):
                return said(one.title), said(one.text)
        return None

    def steps(self, current: str) -> list[StepMark]:
        """The step navigation: sections, then the review (``current`` = ``review``)."""
        shown, marks, reached = self.sections(), [], True
        for section in shown:
            problems = self.form.missing_in(section, self.case.answers, self.case.typed)
            touched = self._touched(section)
            if section.id == current:
                state, words = "editing", gettext("いま入力しています")
            elif not problems and touched:
                state, words = "done", gettext("入力ずみ")
            else:
                state, words = "", gettext("まだです")
            marks.append(
                StepMark(said(section.title), self.at.section(self.case, section) if reached else "", state, words)
            )
            reached = reached and not problems
        url = self.at.review(self.case) if reached else ""
        state = "editing" if current == "review" else ""
        words = gettext("いま確かめています") if state else gettext("まだです")
        return [*marks, StepMark(gettext("内容の確認"), url, state, words)]

    def _touched(self, section: FormSection) -> bool:
        if section.each:
            return bool(self.case.answers.get(section.each))
        names = [one.name for one in section.fields]
        return any(forms.get(self.case.answers, name) is not None or name in self.case.typed for name in names)

    def asks_for_words(self, section: FormSection) -> bool:
        """Whether anything here is typed or chosen: a correction may ask for photographs alone."""
        if not self.correcting:
            return True
        found = (self.form.field_at(path) for path in self.asked)
        return any(one is not None and one[0].id == section.id and one[1].type not in forms.UPLOADED for one in found)

    # -- one section --------------------------------------------------------------------------------------------------

    def page(
        self,
        section: FormSection,
        problems: Mapping[str, Problem] | None = None,
        posted: Mapping[str, Sequence[str]] | None = None,
        elsewhere: Mapping[str, str] | None = None,
        *,
        by: Actor,
        linked: Collection[str] = (),
    ) -> SectionPage:
        """The section as it is asked of ``by``, who is shown what is known of them. ``posted`` is a post that was not
        stored and is shown as it was typed, ``linked`` names the fields that a link has chosen."""
        told_before = self._told_before(section, by)
        household = [] if told_before else self._household(section, by)
        answers = self._with_empty_rows(section, posted, told_before or household)
        known = {} if self.correcting else self._known(section, by)
        supposing = self._as_offered(section, answers, known) if posted is None else answers
        cells = [
            cell
            for cell in self.form.cells(section, answers, self.case.typed, problems, supposing=supposing)
            if not self.correcting or cell.path in self.asked
        ]
        asked = list(
            questions(
                iter(cells),
                section,
                language=language(),
                known=known,
                files=self.files(),
                arriving=cases.uploads_of(self.case),
                posted=posted,
                elsewhere=elsewhere,
                closed=cases.out_of_time(self.case),
            )
        )
        for one in asked:
            one.linked = one.path in linked
            if one.path in self.asked and not one.problem:
                one.problem = self.asked[one.path]
        rows = list(self._rows(section, answers, asked))
        return SectionPage(
            id=section.id,
            title=said(section.title),
            intro=said(section.intro),
            each=section.each or "",
            rows=rows,
            told_before=posted is None and bool(told_before),
            of_household=posted is None and bool(household),
            can_add=bool(section.each) and not self.correcting and len(rows) < section.at_most,
            can_remove=not self.correcting and len(rows) > section.at_least,
            add_label=gettext("%(title)sを追加する") % {"title": said(section.title)},
            ones=[] if self.correcting or posted is not None else list(self._ones(section, by)),
        )

    def _with_empty_rows(
        self, section: FormSection, posted: Mapping[str, Sequence[str]] | None, told_before: Sequence[dict[str, Any]]
    ) -> Mapping[str, Any]:
        """A section that needs rows opens with as many, before anything is stored."""
        if not section.each or self.correcting:
            return dict(self.case.answers)
        rows = list(self.case.answers.get(section.each) or told_before)
        wanted = section.at_least
        for name in posted or {}:
            parts = name.split(".")
            if parts[0] == section.each and len(parts) > 2 and parts[1].isdigit():
                wanted = max(wanted, int(parts[1]) + 1)
        rows += [{} for _ in range(min(wanted, section.at_most) - len(rows))]
        return {**self.case.answers, section.each: rows}

    def _told_before(self, section: FormSection, by: Actor) -> list[dict[str, Any]]:
        """Rows that were told in an earlier case (the children), to begin with; each of them once, the last word."""
        if not section.each or self._has_begun(section):
            return []
        names = {f"{section.each}.{one.name}": one.name for one in section.fields if one.fact}
        told: dict[str, dict[str, Any]] = {}
        for cells in cases.shown_rows(self.case, list(names), by).values():
            row = {names[key]: one.value for key, one in cells.items() if key in names}
            if row:
                told[str(row.get("full_name") or row)] = row
        return list(told.values())[: section.at_most]

    def _ones(self, section: FormSection, by: Actor) -> Iterator[KnownOne]:
        """Those of whom this section may be about, with what tells them apart."""
        here = {fact: forms.get(self.case.answers, name) for name, fact in section.of_one().items()}
        group = section.one_of
        for one in cases.known_ones(self.case, section, by):
            name, born = one.values[f"{group}.full_name"], one.values.get(f"{group}.date_of_birth")
            chosen = here.get(f"{group}.full_name") == name and here.get(f"{group}.date_of_birth") in (born, None)
            asked = next((it for it in section.fields if it.fact == f"{group}.date_of_birth"), None)
            day = KINDS.get("date").show(born, asked, language()) if born and asked is not None else ""
            yield KnownOne(one.key, name, day, gettext(one.source.label), chosen)

    def _household(self, section: FormSection, by: Actor) -> list[dict[str, Any]]:
        """Rows of those who live with the applicant, as the register says, where nobody was told of before."""
        if not section.each or self._has_begun(section) or self.case.about_id != by.id:
            return []
        names = [one.name for one in section.fields if one.fact]
        purpose = Purpose("household", self.package.procedure.code, case=self.case.pk)
        return household_rows(section.each, names, purpose, by=by)[: section.at_most]

    def _has_begun(self, section: FormSection) -> bool:
        """Whether rows are there already."""
        return section.each in self.case.answers or self.correcting

    def _known(self, section: FormSection, by: Actor) -> Mapping[str, Known]:
        """By fact what is known of the applicant, by name of the field what is known of a business. To whoever only
        speaks for them unregistered, and to a clerk whom no law permits it, nothing of the applicant is shown."""
        purpose = cases.to_fill_in(self.case, by)
        of_businesses = cases.known_of_businesses(section, self.case.answers, purpose, by=by)
        of_one = section.of_one()  # of which of them is not known
        keys = [one.fact for one in section.fields if one.fact and one.name not in of_one]
        return {**(cases.shown(self.case, keys, by) if keys and not section.each else {}), **of_businesses}

    def _as_offered(
        self, section: FormSection, answers: Mapping[str, Any], known: Mapping[str, Known]
    ) -> Mapping[str, Any]:
        """The answers with what this page offers to be kept as it is: whatever that brings up is asked at once, and
        not only after it has been confirmed."""
        supposed = copy.deepcopy(dict(answers))
        for one in section.fields:
            fact = known.get(one.name if one.business[0] else one.fact or "")
            unsaid = forms.get(answers, one.name) is None and one.name not in self.case.typed
            if (
                fact is not None
                and unsaid
                and not section.each
                and not one.again_because
                and forms.fits(one, fact.value)
            ):
                forms.put(supposed, one.name, fact.value)
        return supposed

    def _rows(self, section: FormSection, answers: Mapping[str, Any], asked: Sequence[Question]) -> Iterator[Row]:
        if not section.each:
            yield Row(0, "", asked)
            return
        for number in range(len(answers.get(section.each) or [])):
            mine = [one for one in asked if one.row == number]
            if mine or not self.correcting:
                yield Row(number, row_title(section, number), mine)

    def files(self) -> dict[str, FileRow]:
        """The documents of the case by id."""
        kept = self.case.documents.filter(removed_at=None).order_by("pk")
        return {str(one.pk): file_row(one, self.at.document(self.case, one)) for one in kept}

    # -- problems -----------------------------------------------------------------------------------------------------

    def label(self, path: str) -> str:
        """The question at a path, in the reader's language; with its row where it has one."""
        found = self.form.field_at(path)
        if found is None:
            section = next((one for one in self.form.sections if one.each == path), None)
            return said(section.title) if section else path
        section, one = found
        if section.each is None:
            return said(one.label)
        return f"{row_title(section, int(path.split('.')[1]))} {said(one.label)}"

    def links(self, problems: Mapping[str, Problem]) -> list[ProblemLink]:
        """The summary on top of a section."""
        return links(problems, self.label)

    # -- review -------------------------------------------------------------------------------------------------------

    def answers(
        self, problems: Mapping[str, Problem] | None = None, *, without: Collection[str] = ()
    ) -> list[AnswerSection]:
        """Everything that was answered, to be read before it is sent or after; ``without`` are paths read elsewhere."""
        files = self.files()
        return [
            AnswerSection(
                said(section.title),
                self.at.section(self.case, section),
                list(self._answer_rows(section, problems or {}, files, without)),
            )
            for section in self.form.visible_sections(self.case.answers)
            if not self.correcting or self.case.returned_at is None or section in self.sections()
        ]

    def _answer_rows(
        self,
        section: FormSection,
        problems: Mapping[str, Problem],
        files: Mapping[str, FileRow],
        without: Collection[str] = (),
    ) -> Iterator[AnswerRow]:
        rows: dict[int | None, list[Answer]] = {}
        for cell in self.form.cells(section, self.case.answers, self.case.typed, problems):
            if cell.path not in without or cell.problem:
                rows.setdefault(cell.row, []).append(answer_of(cell, files))
        for number, answers in rows.items():
            yield AnswerRow("" if number is None else row_title(section, number), answers)


def answer_of(cell: Cell, files: Mapping[str, FileRow]) -> Answer:
    """A question and its answer as it stands; ``files`` are those that the reader may open, by id."""
    kind = KINDS.get(cell.field.type)
    typed = cell.typed if isinstance(cell.typed, str) else ""
    return Answer(
        id=anchor(cell.path),
        label=said(cell.field.label),
        shown=typed or kind.show(cell.value, cell.field, language()),
        problem=gettext(str(cell.problem)) if cell.problem else "",
        files=[files[one] for one in cell.value or [] if one in files] if cell.field.type in forms.UPLOADED else (),
        own_words=bool(typed) or cell.field.type not in CHOSEN,
        place=place_shown(cell.value, cell.field) if cell.field.type == "place" else None,
    )


def row_title(section: FormSection, number: int) -> str:
    """「お子さん 1」."""
    return f"{said(section.title)} {number + 1}"


def file_row(one: Document, url: str) -> FileRow:
    """A document as lists show it, and where it is opened."""
    return FileRow(str(one.pk), one.name, one.size, url, one.media_type.startswith("image/"))
