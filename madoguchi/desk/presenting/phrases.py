"""文例: the page on which a section keeps them, and what of them is offered beside the text boxes of a case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext

from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case, Phrase, Use
from madoguchi.cases.rules.phrases import VALUES
from madoguchi.desk.presenting.words import time_words
from madoguchi.events import Actor
from madoguchi.ground.errors import NotAllowed, Refused, fill
from madoguchi.ground.languages import SOURCE, LocalText, tag
from madoguchi.people.queries import leads
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.city import Section

#: Which phrases the applicant reads; the others stay in the office.
SAID_OUTSIDE = frozenset({Use.CORRECTION, Use.REASON, Use.MESSAGE})


@dataclass(frozen=True, slots=True)
class Spoken:
    """A sentence in one language; as a field of the form, with what is wrong with it."""

    language: str
    tag: str
    name: str
    words: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class PhraseLine:
    """One phrase of the list."""

    id: str
    title: str
    of: str
    spoken: Sequence[Spoken]
    lacking: Sequence[str]
    who: str
    change_url: str
    may_change: bool
    may_retire: bool


@dataclass(frozen=True, slots=True)
class PhraseForm:
    """A phrase being written: what was typed, and what is wrong with it."""

    url: str
    changing: bool
    title: str
    title_problem: str
    uses: Sequence[tuple[str, str, bool]]
    use_problem: str
    codes: Sequence[tuple[str, str, bool]]
    code_problem: str
    fields: Sequence[Spoken]
    places: Sequence[str] = field(default_factory=lambda: [f"{{{one}}}" for one in VALUES])


@dataclass(frozen=True, slots=True)
class PhrasesPage:
    """All that ``desk/phrases.html`` shows."""

    section: str
    url: str
    others: Sequence[tuple[str, str]]
    groups: Sequence[tuple[str, Sequence[PhraseLine]]]
    form: PhraseForm
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Offered:
    """A sentence to choose: as it reads in this case, and in which language the applicant will read it."""

    title: str
    words: str
    read_in: str


@dataclass(frozen=True, slots=True)
class OfferedUse:
    """The sentences for one kind of text box."""

    use: str
    title: str
    offered: Sequence[Offered]


def phrase_section(by: Actor, section: str = "") -> Section:
    """The section of that id (or the first) whose phrases this member of staff keeps. Raises NotAllowed."""
    found = next((one for one in cases.sections_of_phrases(by) if section in ("", one.id)), None)
    if found is None:
        raise NotAllowed("not-allowed", "この課の文例は、課の職員だけが見られます。")
    return found


def phrases_page(
    section: Section,
    by: Actor,
    *,
    changed: Phrase | None = None,
    typed: Mapping[str, str] | None = None,
    refusal: Refused | None = None,
) -> PhrasesPage:
    """The phrases of a section with a form: for a new one, or for the one that is being changed."""
    named = cases.procedures_of(section.id)
    groups: dict[str, list[PhraseLine]] = {one.value: [] for one in Use}
    leading = leads(by, [section.id])
    for one in cases.phrases_of(section.id):
        groups[one.use].append(_line(one, named, leading, by))
    return PhrasesPage(
        section=section.name["ja"],
        url=reverse("desk:phrases-of", args=(section.id,)),
        others=[(one.name["ja"], reverse("desk:phrases-of", args=(one.id,))) for one in cases.sections_of_phrases(by)],
        groups=[(str(Use(use).label), lines) for use, lines in groups.items() if lines],
        form=_form(section, named, changed, typed, refusal),
        problem=fill(gettext(refusal.message), refusal.params) if refusal else "",
    )


def _line(one: Phrase, named: Mapping[str, str], leading: bool, by: Actor) -> PhraseLine:
    names = dict(settings.LANGUAGES)
    spoken = [
        Spoken(language, tag(language), names.get(language, language), one.words[language])
        for language in procedures.city().file.languages
        if language in one.words
    ]
    outside = one.use in SAID_OUTSIDE
    return PhraseLine(
        id=str(one.pk),
        title=one.title,
        of=named.get(one.code, one.code),
        spoken=spoken,
        lacking=[
            names.get(language, language)
            for language in procedures.city().file.languages
            if outside and language not in one.words
        ],
        who=gettext("%(who)s　%(when)s") % {"who": one.written_by.display_name, "when": time_words(one.written_at)},
        change_url=reverse("desk:phrase", args=(one.section, one.pk)),
        may_change=leading or one.written_by_id == by.who,
        may_retire=leading,
    )


def _form(
    section: Section,
    named: Mapping[str, str],
    changed: Phrase | None,
    typed: Mapping[str, str] | None,
    refusal: Refused | None,
) -> PhraseForm:
    kept: dict[str, str] = {}
    if changed is not None:
        kept = {"title": changed.title, "use": changed.use, "code": changed.code}
        kept |= {f"words.{language}": words for language, words in changed.words.items()}
    given = typed if typed is not None else kept
    problems = {
        name: fill(gettext(one.message), one.params) for name, one in (refusal.fields if refusal else {}).items()
    }
    names = dict(settings.LANGUAGES)
    args = (section.id, changed.pk) if changed is not None else (section.id,)
    return PhraseForm(
        url=reverse("desk:phrase" if changed is not None else "desk:phrases-of", args=args),
        changing=changed is not None,
        title=given.get("title", ""),
        title_problem=problems.get("title", ""),
        uses=[(one.value, str(one.label), given.get("use", Use.CORRECTION) == one.value) for one in Use],
        use_problem=problems.get("use", ""),
        codes=[(code, title, given.get("code") == code) for code, title in named.items()],
        code_problem=problems.get("code", ""),
        fields=[
            Spoken(one, tag(one), names.get(one, one), given.get(f"words.{one}", ""), problems.get(f"words.{one}", ""))
            for one in procedures.city().file.languages
        ],
    )


def read_as(case: Case, translated: Mapping[str, str]) -> tuple[str, str, str] | None:
    """Name and tag of the applicant's language, and the words in it; None where they read what the clerk wrote."""
    spoken = LocalText({**translated, SOURCE: "-"}).language_for(case.language)
    if spoken == SOURCE:
        return None
    return dict(settings.LANGUAGES).get(spoken, spoken), tag(spoken), translated[spoken]


def offered_notes(of: Sequence[Case], by: Actor) -> list[OfferedUse]:
    """What can be chosen for the note beside a deed for many cases."""
    notes = [Offered(title, words, "") for title, words in cases.notes_for(of, by)]
    return [OfferedUse(Use.NOTE.value, str(Use.NOTE.label), notes)] if notes else []


def offered(case: Case, by: Actor) -> list[OfferedUse]:
    """What can be chosen in this case, by use; with the language in which the applicant will read it."""
    names = dict(settings.LANGUAGES)
    there = cases.phrases_for(case, by)
    reads = case.language

    def read_in(use: str, words: Mapping[str, str]) -> str:
        if use not in SAID_OUTSIDE or reads == SOURCE:
            return ""
        spoken = LocalText(words).language_for(reads)
        return gettext("申請者は%(name)sで読みます") % {"name": names.get(spoken, spoken)}

    return [
        OfferedUse(
            one.value,
            str(one.label),
            [Offered(title, words[SOURCE], read_in(one.value, words)) for title, words in there[one.value]],
        )
        for one in Use
        if one.value in there
    ]
