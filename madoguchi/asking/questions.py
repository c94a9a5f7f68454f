"""From the cells of a form to what a template asks, and from a post to what the form reads.

The rules (what is visible, what a value means, what is missing) are in ``procedures.rules.form``; here is only how a
question looks: its label in the reader's language, what stands in its inputs, its problem beside it, and the card that
shows what the city already knows.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext

from madoguchi.asking.kinds import ACCOUNT_KINDS, ERAS, KINDS, Kind
from madoguchi.asking.places import PlaceShown, place_shown
from madoguchi.asking.words import day_words, words
from madoguchi.cases.models import Upload
from madoguchi.cases.queries.correcting import is_word, may_be_corrected
from madoguchi.cases.rules import uploads
from madoguchi.facts.queries import Known
from madoguchi.ground.errors import Problem
from madoguchi.procedures.rules.form import UPLOADED, Cell, FormField, FormSection, fits

#: What a browser may fill in by itself (HTML autofill), by the name of the fact.
AUTOCOMPLETE: Final = {
    "person.full_name": "name",
    "person.phone": "tel",
    "person.email": "email",
    "person.postal_code": "postal-code",
    "person.registered_address": "street-address",
    "person.date_of_birth": "bday",
}


@dataclass(frozen=True, slots=True)
class Option:
    """One possible answer of a choice; ``closed``: shown, and not to be chosen today."""

    value: str
    label: str
    chosen: bool
    closed: bool


@dataclass(frozen=True, slots=True)
class KnownCard:
    """What the city already knows, as it is shown to be confirmed; ``correct_url``: where a record is asked to be
    corrected, empty for what was only said."""

    shown: str
    source: str
    correct_url: str


@dataclass(frozen=True, slots=True)
class FileRow:
    """A document under a question: where it is opened, and what a person needs to recognise it. Size in bytes."""

    id: str
    name: str
    size: int
    url: str
    is_image: bool


@dataclass(slots=True)
class Question:
    """One question as the templates of ``web/fields`` need it."""

    path: str
    field: FormField
    kind: Kind
    language: str
    given: Any
    problem: str = ""
    elsewhere: str = ""
    shown: str = ""
    known: KnownCard | None = None
    keep: bool = False
    linked: bool = False
    decides: bool = False
    closed: Collection[str] = ()
    row: int | None = None
    files: Sequence[FileRow] = ()
    arriving: Sequence[Upload] = ()
    place: PlaceShown | None = None

    @property
    def name(self) -> str:
        return self.path

    @property
    def id(self) -> str:
        return anchor(self.path)

    @property
    def type(self) -> str:
        return self.field.type

    @property
    def template(self) -> str:
        return f"web/fields/{self.kind.template}.html"

    @property
    def label(self) -> str:
        return self.field.label.get_for(self.language)

    @property
    def help(self) -> str:
        """The support text, and why it is asked although the city knows it."""
        texts = (self.field.help, self.field.again_because)
        return "\n".join(text.get_for(self.language) for text in texts if text is not None)

    @property
    def required(self) -> bool:
        return self.field.required

    @property
    def max_length(self) -> int:
        return self.field.max_length

    @property
    def described_by(self) -> str:
        parts = (
            ("support", self.help),
            ("linked", self.linked),
            ("elsewhere", self.elsewhere),
            ("problem", self.problem),
        )
        return " ".join(f"{self.id}-{name}" for name, there in parts if there)

    @property
    def autocomplete(self) -> str:
        return AUTOCOMPLETE.get(self.field.fact or "", "")

    @property
    def typed(self) -> str:
        """What stands in the one input of the question."""
        if isinstance(self.given, Mapping):
            return str(self.given.get("text", ""))
        return self.given if isinstance(self.given, str) else ""

    @property
    def parts(self) -> Mapping[str, str]:
        return self.given if isinstance(self.given, Mapping) else {}

    @property
    def options(self) -> list[Option]:
        offered = getattr(self.kind, "options", None)
        if offered is None:
            return []
        given = self.given if isinstance(self.given, list) else [self.given]
        return [
            Option(value, label, value in given, value in self.closed and value not in given)
            for value, label in offered(self.field, self.language).items()
        ]

    @property
    def eras(self) -> list[tuple[str, str]]:
        return [(value, gettext(name)) for value, name in ERAS.items()]

    @property
    def date_parts(self) -> list[tuple[str, str, str]]:
        names = (("year", gettext("年")), ("month", gettext("月")), ("day", gettext("日")))
        return [(part, name, self.parts.get(part, "")) for part, name in names]

    @property
    def account_kinds(self) -> list[tuple[str, str]]:
        return [(value, gettext(name)) for value, name in ACCOUNT_KINDS.items()]

    @property
    def room(self) -> bool:
        return len(self.files) < self.field.at_most

    @property
    def accept(self) -> str:
        return uploads.ACCEPT_IMAGES if self.type == "photo" else uploads.ACCEPT_FILES

    @property
    def accept_images(self) -> str:
        return uploads.ACCEPT_IMAGES

    @property
    def limits(self) -> str:
        """What may be given, said before anything is chosen."""
        params = {"count": self.field.at_most, "megabytes": uploads.MAX_BYTES // 1024 // 1024}
        if self.type == "photo":
            return (
                gettext(
                    "写真（JPEG・PNG）を%(count)s枚まで、1枚%(megabytes)sMBまで付けられます。"
                    "撮影した場所などの情報は、自動で消します。"
                )
                % params
            )
        return (
            gettext(
                "写真（JPEG・PNG）かPDFを%(count)s個まで、1個%(megabytes)sMBまで付けられます。"
                "写真に入っている撮影場所などの情報は、自動で消します。"
            )
            % params
        )


@dataclass(frozen=True, slots=True)
class ProblemLink:
    """A line of the summary on top."""

    anchor: str
    label: str
    message: str


def anchor(path: str) -> str:
    """The id of a question in the page; dots would need escaping in CSS and JavaScript."""
    return "q-" + path.replace(".", "-").replace("_", "-")


def questions(
    cells: Iterator[Cell],
    section: FormSection,
    *,
    language: str,
    known: Mapping[str, Known],
    files: Mapping[str, FileRow],
    arriving: Mapping[str, Sequence[Upload]] | None = None,
    posted: Mapping[str, Sequence[str]] | None = None,
    elsewhere: Mapping[str, str] | None = None,
    closed: Mapping[str, Collection[str]] | None = None,
) -> Iterator[Question]:
    """The questions of a section. ``posted`` (a post that was not stored) takes the place of what is stored; ``closed``
    are by question the options that cannot be chosen today."""
    deciding = {name for one in section.fields if one.when is not None for name in one.when.names}
    for cell in cells:
        kind = KINDS.get(cell.field.type)
        given = kind.inputs(cell.value) if cell.typed is None else _with_era(cell.typed)
        if posted is not None and cell.field.type not in UPLOADED:
            given = _posted(cell, kind, posted, given)
        full = f"{section.each}.{cell.field.name}" if section.each else cell.field.name
        question = Question(
            path=cell.path,
            field=cell.field,
            kind=kind,
            language=language,
            given=given,
            problem=words(cell.problem) if cell.problem else "",
            elsewhere=(elsewhere or {}).get(cell.path, ""),
            shown=kind.show(cell.value, cell.field, language) if cell.typed is None else "",
            decides=full in deciding or cell.field.type == "place",  # what applies there is shown at once
            closed=(closed or {}).get(cell.field.name, ()),
            row=cell.row,
            files=[files[one] for one in cell.value or [] if one in files] if cell.field.type in UPLOADED else (),
            arriving=(arriving or {}).get(cell.path, ()),
        )
        if cell.field.type == "place":
            question.place = place_shown(cell.value if cell.typed is None else cell.typed, cell.field, choose=True)
        bound = cell.field.name if cell.field.business[0] else cell.field.fact or ""
        fact = known.get(bound) if cell.row is None and not cell.field.again_because else None
        if fact is not None and not fits(cell.field, fact.value):  # known, and no answer to this question
            fact = None
        if fact is not None:
            question.known = KnownCard(
                kind.show(fact.value, cell.field, language),
                source_words(fact),
                reverse("web:correct-fact", args=(fact.id,)) if not is_word(fact) and may_be_corrected(fact) else "",
            )
            choice = (posted or {}).get(f"{cell.path}.known", [""])[-1]
            untouched = cell.typed is None and cell.value in (None, fact.value)
            question.keep = choice == "keep" if choice else untouched and not cell.problem
            if cell.value is None and cell.typed is None and posted is None:
                question.given = kind.inputs(fact.value)
        yield question


def source_words(fact: Known) -> str:
    """「マイナンバーカード（2026年11月1日）」."""
    return f"{gettext(fact.source.label)}（{day_words(fact.as_of)}）"


def raw_of(post: QueryDict) -> dict[str, list[str]]:
    """A post as the form reads it: the era joined to its year, a kept fact said as ``as_known``."""
    raw: dict[str, list[str]] = {name: list(values) for name, values in post.lists() if not name.startswith("_")}
    for name in [one for one in raw if one.endswith(".era")]:
        path, era = name.removesuffix(".era"), raw.pop(name)[-1]
        year = raw.get(f"{path}.year", [""])[-1].strip()
        if era in ERAS and era and year and not any(year.startswith(one) for one in ERAS if one):
            raw[f"{path}.year"] = [era + year]
    for name in [one for one in raw if one.endswith(".known")]:
        path = name.removesuffix(".known")
        if raw.pop(name)[-1] == "keep":
            for other in [one for one in raw if one == path or one.startswith(f"{path}.")]:
                del raw[other]
            raw[f"{path}.as_known"] = ["1"]
    return raw


_ERA_YEAR: Final = re.compile("^(令和|平成|昭和|大正|明治)(.*)$")


def _with_era(typed: Any) -> Any:
    """What was typed, with the era of its year back in its menu."""
    if isinstance(typed, Mapping) and (found := _ERA_YEAR.match(str(typed.get("year", "")))):
        return {**typed, "era": found[1], "year": found[2]}
    return typed


def _posted(cell: Cell, kind: Kind, posted: Mapping[str, Sequence[str]], otherwise: Any) -> Any:
    parts = cell.field.parts()
    if parts:
        if not any(f"{cell.path}.{part}" in posted for part in parts):
            return otherwise
        names = (*parts, "era") if cell.field.type == "date" else parts
        return _with_era({part: (posted.get(f"{cell.path}.{part}") or [""])[-1] for part in names})
    if cell.path not in posted:
        return otherwise
    return list(posted[cell.path]) if kind.many else posted[cell.path][-1]


def links(
    problems: Mapping[str, Problem],
    form_label: Callable[[str], str],
    path_anchor: Callable[[str], str] = anchor,
) -> list[ProblemLink]:
    """The summary of problems, in the order given; ``form_label`` names the question at a path."""
    return [ProblemLink(path_anchor(path), form_label(path), words(one)) for path, one in problems.items()]
