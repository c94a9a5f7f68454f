"""文例 of a section, and as they read in one case."""

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from django.db.models import Q, QuerySet

from madoguchi.cases.models import Case, Phrase, Use
from madoguchi.cases.rules import phrases as rules
from madoguchi.events import Actor
from madoguchi.events.composing import Asked, among, composed_once
from madoguchi.ground.errors import NotFound
from madoguchi.ground.languages import READ, SOURCE
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.city import Section
from madoguchi.procedures.rules.form import get
from madoguchi.procedures.rules.published import Published


def sections_of_phrases(by: Actor) -> tuple[Section, ...]:
    """The sections whose phrases this member of staff keeps: their own, in the order of the organisation."""
    if by.kind != "staff":
        return ()
    return tuple(one for one in procedures.city().organisation.sections() if one.id in by.sections)


def phrases_of(section: str) -> list[Phrase]:
    """The phrases of a section that are in use, by use, procedure and title."""
    rows = Phrase.objects.filter(section=section, retired_at=None).select_related("written_by")
    order = list(Use)
    return sorted(rows, key=lambda one: (order.index(Use(one.use)), one.code, one.title, one.written_at))


def phrase(key: UUID, section: str) -> Phrase:
    """One phrase of the section, in use or not. Raises NotFound."""
    found = Phrase.objects.filter(pk=key, section=section).first()
    if found is None:
        raise NotFound("phrase-unknown", "この文例は見つかりません。")
    return found


def procedures_of(section: str) -> dict[str, str]:
    """Code and title of the procedures that are offered today and that the section is in charge of."""
    packages = procedures.packages_offered()
    return {
        one.procedure.code: one.procedure.title[SOURCE]
        for one in packages
        if procedures.section_of(one.procedure).id == section
    }


def phrases_for(case: Case, by: Actor) -> dict[str, list[tuple[str, dict[str, str]]]]:
    """Use → titles and sentences by language, as they read in this case: of the section in charge and of one's own."""
    found: dict[str, list[tuple[str, dict[str, str]]]] = {}
    package = procedures.package(case.procedure)
    for one in phrases_asked(case, by).rows():
        words = {
            language: rules.filled(text, values_of(case, package, language)) for language, text in one.words.items()
        }
        found.setdefault(one.use, []).append((one.title, words))
    return found


def phrases_asked(case: Case, by: Actor) -> Asked:
    """What :func:`phrases_for` asks."""
    sections = {case.section, *(by.sections if by.kind == "staff" else ())}
    return _phrases.of(case.procedure.code, sorted(sections))


@composed_once
def _phrases(code: str, sections: Collection[str]) -> QuerySet[Phrase]:
    """Of these sections, for this procedure or for any."""
    rows = Phrase.objects.filter(Q(code="") | Q(code=code), among("section", sections), retired_at=None)
    return rows.order_by("-code", "title", "written_at")


def notes_for(cases: Iterable[Case], by: Actor) -> list[tuple[str, str]]:
    """Titles and words that can stand beside a deed for all of these cases: of one's own sections, of no procedure or
    of the one that all are of, and without a value that differs from case to case."""
    codes = {one.procedure.code for one in cases}
    rows = Phrase.objects.filter(
        use=Use.NOTE, code__in={"", *codes} if len(codes) == 1 else {""}, section__in=by.sections, retired_at=None
    )
    there = [(one.title, one.words[SOURCE]) for one in rows.order_by("-code", "title", "written_at")]
    return [(title, words) for title, words in there if not rules.has_places(words)]


def translations(case: Case, by: Actor, use: str, texts: Iterable[str]) -> list[dict[str, str]]:
    """Each text in the further languages in which the phrases say it; see :func:`rules.phrases.translations`."""
    known = [words for _, words in phrases_for(case, by).get(use, [])]
    return [rules.translations(text, known) for text in texts]


def values_of(case: Case, package: Published, language: str) -> Mapping[str, str]:
    """What stands in the places of a phrase. The applicant's name is said to the applicant only."""
    city, section = procedures.city(), procedures.section_of(package.procedure)
    name = get(case.answers, "person.full_name") or get(case.answers, "applicant_name") or ""
    return {
        "reference": case.number or "",
        "procedure": package.procedure.title.get_for(language if language in READ else "ja"),
        "name": str(name),
        "contact": f"{city.full_name(section, language)}　{section.phone or city.file.contact.phone}",
    }
