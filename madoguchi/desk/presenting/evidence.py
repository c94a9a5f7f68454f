"""What the applicant gave: answers section by section, documents in place, and what was asked to be corrected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from madoguchi.asking.places import PlaceShown, place_shown
from madoguchi.asking.words import language, said
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case, Correction, Document, Scan
from madoguchi.cases.queries import Checkable
from madoguchi.desk.presenting.phrases import read_as
from madoguchi.desk.presenting.words import day_words, time_words
from madoguchi.places.queries import Where, applies
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.form import UPLOADED, Cell, FormSection, get
from madoguchi.procedures.rules.published import Published

#: Sentences that clerks write again and again, by type of answer; any of them may be changed before it is sent.
PHRASES: Final[Mapping[str, Sequence[str]]] = {
    "photo": (
        gettext_noop("写真がはっきりしません。明るいところで、ぶれないように撮り直してください。"),
        gettext_noop("全体が写っていません。少し離れて、全体が入るように撮り直してください。"),
        gettext_noop("写真が足りません。別の向きからも撮って、足してください。"),
    ),
    "file": (
        gettext_noop("文字が読めません。読めるものを付け直してください。"),
        gettext_noop("別の書類が付いています。求めている書類を付けてください。"),
    ),
    "bank_account": (
        gettext_noop("口座の名義がご本人と異なります。ご本人名義の口座を入力してください。"),
        gettext_noop("口座番号か支店が確認できません。通帳などで確かめて、入力し直してください。"),
    ),
    "date": (gettext_noop("日付がほかの内容と合いません。確かめて、入力し直してください。"),),
    "place": (gettext_noop("場所が特定できません。番地や部屋番号まで入力してください。"),),
    "": (
        gettext_noop("内容が確認できません。確かめて、入力し直してください。"),
        gettext_noop("ほかの項目の内容と合いません。確かめて、正しい方に直してください。"),
    ),
}


@dataclass(frozen=True, slots=True)
class Tick:
    """Whether somebody has looked at one thing. ``id`` names the button, ``value`` is what it posts."""

    id: str
    subject: str
    value: str
    what: str
    done: bool
    words: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A document of the applicant; ``size`` in bytes. ``pdf`` and images open in the viewer.

    ``shut`` says why it cannot be opened, ``scan`` that nothing has looked for viruses.
    """

    id: str
    url: str
    name: str
    size: int
    is_image: bool
    is_pdf: bool
    alt: str
    width: int | None
    height: int | None
    tick: Tick | None
    is_new: bool
    shut: str
    scan: str


@dataclass(frozen=True, slots=True)
class Asked:
    """That a field was returned, in the clerk's words, and whether it has come back."""

    message: str
    words: str
    open: bool
    read: tuple[str, str, str] | None
    """Language, tag and words, where the applicant reads it in another language."""


@dataclass(frozen=True, slots=True)
class Given:
    """One answer, with what belongs to it."""

    path: str
    id: str
    label: str
    cell: Cell
    pictures: Sequence[Picture]
    asked: Sequence[Asked]
    phrases: Sequence[str]
    note: str
    problem: str
    tick: Tick | None
    before: Cell | None
    is_new: bool
    place: PlaceShown | None = None
    around: Sequence[tuple[str, str]] = ()
    """Of a place: layer and what it says there to staff, beside what the form asked of the map."""


@dataclass(frozen=True, slots=True)
class GivenRow:
    title: str
    answers: Sequence[Given]


@dataclass(frozen=True, slots=True)
class GivenSection:
    id: str
    title: str
    rows: Sequence[GivenRow]


@dataclass(frozen=True, slots=True)
class Seen:
    """What stands beside the answers: ticks by subject, the answers before a correction, what is new to the reader."""

    ticks: Mapping[str, Tick] = field(default_factory=dict)
    before: Mapping[str, Cell] = field(default_factory=dict)
    new: frozenset[str] = frozenset()


def evidence(
    case: Case, package: Published, notes: Mapping[str, str], problems: Mapping[str, str], seen: Seen
) -> list[GivenSection]:
    """The visible sections with their answers. ``notes``: what was typed as correction, by path, and not sent yet."""
    files = {str(one.pk): one for given in cases.documents(case).values() for one in given}
    asked = cases.corrections(case)
    sections = []
    for section in package.form.visible_sections(case.answers):
        rows: dict[int | None, list[Given]] = {}
        for cell in package.form.cells(section, case.answers):
            given = _given(case, cell, files, asked.get(cell.path, ()), notes, problems, seen)
            rows.setdefault(cell.row, []).append(given)
        shown = [GivenRow(row_title(section, case, number), answers) for number, answers in rows.items()]
        sections.append(GivenSection(f"s-{section.id}", section.title["ja"], shown))
    return sections


def ticks(case: Case, package: Published) -> dict[str, Tick]:
    """The ticks of everything that can be looked at, by subject, in the order of the page."""
    return {one.subject: _tick(one, case, package) for one in cases.checkables(case, package).values()}


def tick_words(one: Checkable) -> str:
    """「見本 職員 11月27日（金）14:03」; empty where nobody has looked."""
    return f"{one.check.account.display_name} {time_words(one.check.checked_at)}" if one.check else ""


def _tick(one: Checkable, case: Case, package: Published) -> Tick:
    kind, _, rest = one.subject.rpartition(":")
    if kind == "document":
        what = gettext("書類")
    elif kind:
        what = gettext("確かめること%(number)s") % {"number": int(rest) + 1}
    else:
        what = label_of(one.subject, case, package)
    name = "t-" + one.subject.replace(".", "-").replace(":", "-")
    return Tick(name, one.subject, f"{one.subject} {one.digest}", what, one.check is not None, tick_words(one))


def row_title(section: FormSection, case: Case, number: int | None) -> str:
    """「お子さん 1（見本 一郎）」; empty where the section has no rows."""
    if number is None:
        return ""
    name = get(case.answers, f"{section.each}.{number}.full_name")
    return f"{section.title['ja']} {number + 1}" + (f"（{name}）" if name else "")


def label_of(path: str, case: Case, package: Published) -> str:
    """The question at a path, with its row where it has one."""
    found = package.form.field_at(path)
    if found is None:
        return path
    section, one = found
    row = row_title(section, case, int(path.split(".")[1])) if section.each else ""
    return f"{row} {one.label['ja']}".strip()


def _given(
    case: Case,
    cell: Cell,
    files: Mapping[str, Document],
    asked: Sequence[Correction],
    notes: Mapping[str, str],
    problems: Mapping[str, str],
    seen: Seen,
) -> Given:
    kind = cell.field.type
    there = [files[one] for one in cell.value or [] if one in files] if kind in UPLOADED else []
    return Given(
        path=cell.path,
        id="f-" + cell.path.replace(".", "-"),
        label=cell.field.label["ja"],
        cell=cell,
        pictures=[_picture(case, one, number, cell, seen) for number, one in enumerate(there, 1)],
        asked=[_asked(case, one) for one in asked],
        phrases=[gettext(one) for one in PHRASES.get(kind, PHRASES[""])],
        note=notes.get(cell.path, ""),
        problem=problems.get(cell.path, ""),
        tick=seen.ticks.get(cell.path),
        before=None if kind in UPLOADED else seen.before.get(cell.path),
        is_new=cell.path in seen.new,
        place=place_shown(cell.value, cell.field) if kind == "place" else None,
        around=_around(cell) if kind == "place" else (),
    )


def _around(cell: Cell) -> list[tuple[str, str]]:
    """What the layers for staff say of a place today, without those of which the applicant was told."""
    value = cell.value if isinstance(cell.value, Mapping) else {}
    if "lat" not in value:
        return []
    asked = [one for code, one in procedures.layers().items() if code not in cell.field.layers]
    at, plane = Where(value["lon"], value["lat"]), procedures.city().file.plane
    found = applies(asked, at, plane, reader="staff", error=value.get("error") or 0.0)
    return [
        (said(one.layer.title), words)
        for one in found
        if one.verdict == "applies" and (words := one.sentence(language(), one.layer.seen_by("staff")))
    ]


def _picture(case: Case, one: Document, number: int, cell: Cell, seen: Seen) -> Picture:
    subject = f"document:{one.pk}"
    return Picture(
        id=str(one.pk),
        url=reverse("desk:document", args=(case.number, one.pk)),
        name=one.name,
        size=one.size,
        is_image=one.media_type.startswith("image/"),
        is_pdf=one.media_type == "application/pdf",
        alt=gettext("%(label)s（%(number)s枚目）") % {"label": cell.field.label["ja"], "number": number},
        width=one.width,
        height=one.height,
        tick=seen.ticks.get(subject),
        is_new=subject in seen.new,
        shut=gettext(Scan(one.scan).label) if one.scan in (Scan.WAITING, Scan.INFECTED) else "",
        scan=gettext(Scan.OFF.label) if one.scan == Scan.OFF else "",
    )


def _asked(case: Case, one: Correction) -> Asked:
    asked = gettext("%(day)sに補正を求めた") % {"day": day_words(one.asked_at)}
    words = (
        asked + gettext("（返事待ち）")
        if one.answered_at is None
        else asked + gettext("（%(day)sに直された）") % {"day": day_words(one.answered_at)}
    )
    return Asked(one.message, words, one.answered_at is None, read_as(case, one.translated))
