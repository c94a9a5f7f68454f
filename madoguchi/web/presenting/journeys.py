"""A life event as pages: a few questions, what applies, the parts one after the other, and one review of all."""

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext

from madoguchi.asking.kinds import KINDS
from madoguchi.asking.questions import source_words
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case
from madoguchi.events import Actor
from madoguchi.ground.dates import listed
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules import form as forms
from madoguchi.procedures.rules import journeys
from madoguchi.procedures.rules.form import FormSection
from madoguchi.procedures.rules.format import Procedure
from madoguchi.web.presenting.companies import companies_url
from madoguchi.web.presenting.formpage import AnswerSection, Draft, StepMark, key_of, section_url
from madoguchi.web.presenting.offers import fee_words
from madoguchi.web.words import language, said


@dataclass(frozen=True, slots=True)
class Choice:
    """A procedure that applies. ``days`` are business days; ``after``: what it rests on, in words; ``held``: title and
    address of the life event in which it is being filled in already, where it cannot be chosen here."""

    code: str
    title: str
    because: str
    office: str
    days: int | None
    fee: str
    after: str
    chosen: bool
    held: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Besides:
    """What has to be done as well and is not sent from here. ``url`` where it can be applied for by itself."""

    title: str
    because: str
    where: str
    url: str


@dataclass(frozen=True, slots=True)
class Departure:
    """An answer from before the life event beside what is known now."""

    label: str
    answer: str
    now: str
    source: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """A part that was begun before the life event, and not looked through since; ``url``: empty on its own page."""

    begun_at: dt.datetime
    url: str
    departures: Sequence[Departure] = ()


@dataclass(frozen=True, slots=True)
class PartAnswers:
    """One part on the review: what was answered for it and not shown above, and what stands in its way."""

    title: str
    office: str
    sections: Sequence[AnswerSection]
    gate: tuple[str, str] | None
    missing: int
    url: str
    earlier: Earlier | None


def choices(journey: Case, posted: Collection[str] | None = None) -> list[Choice]:
    """What applies, each after what it rests on; all chosen as long as nobody has chosen. ``posted``: the codes of a
    choice that was not taken, shown as it was made."""
    parts = cases.offered_parts(journey)
    titles = {one.procedure.code: _title(one.procedure.code, parts) for one in parts}
    there = {one.procedure.code for one in cases.journey_parts(journey)}
    held = cases.in_other_life_events(journey)
    found = []
    for one in parts:
        package = procedures.package(one.procedure).procedure
        after = [titles[code] for code in one.body.after if code in titles]
        found.append(
            Choice(
                package.code,
                titles[package.code],
                said(one.body.because),
                _office(package),
                package.standard_period.business_days if package.standard_period else None,
                fee_words(package),
                gettext("「%(titles)s」の結果が出てから決まります。") % {"titles": listed(after, language())}
                if after
                else "",
                package.code in posted if posted is not None else not there or package.code in there,
                (Draft(held[package.code]).title, reverse("web:case", args=(key_of(held[package.code]),)))
                if package.code in held
                else None,
            )
        )
    return found


def elsewhere(journey: Case) -> list[tuple[str, str]]:
    """What applies and cannot be done here, with its reason: it is done at the counter."""
    return [(said(one.title), said(one.because)) for one in cases.elsewhere_parts(journey)]


def besides(journey: Case) -> list[Besides]:
    """What is done elsewhere or by itself, each with its reason and where."""
    there = {row.code for row in procedures.offered()}
    return [
        Besides(
            said(one.title),
            said(one.because),
            said(one.where),
            reverse("web:procedure", args=(one.procedure,)) if one.procedure in there else "",
        )
        for one in cases.named_elsewhere(journey)
    ]


def _title(code: str, parts: Sequence[cases.JourneyPart]) -> str:
    row = next(one.procedure for one in parts if one.procedure.code == code)
    return said(procedures.package(row).procedure.title)


def _office(package: Procedure) -> str:
    section = procedures.city().section_of(package)
    return said(section.name) if section else ""


def drafts(journey: Case) -> list[Draft]:
    """The parts that are filled in, in order."""
    return [Draft(one) for one in cases.journey_parts(journey) if one.received_at is None]


def parts_url(case: Case) -> str:
    """Where the parts are chosen; empty for what is no part of a life event that is still filled in."""
    if case.received_at is not None:
        return ""
    if case.part_of_id is not None:
        return reverse("web:parts", args=(str(case.part_of_id),))
    return reverse("web:parts", args=(key_of(case),)) if cases.is_journey(case) else ""


def whole_title(draft: Draft) -> str:
    """「引越し：転居届」 for a part that is filled in with others, else the procedure's own title."""
    journey = draft.case.part_of
    if journey is None or draft.correcting:
        return draft.title
    return gettext("%(whole)s：%(part)s") % {"whole": Draft(journey).title, "part": draft.title}


def onward(draft: Draft, section: FormSection, *, returning: bool = False) -> str | None:
    """Where 保存して次へ leads from a section of a life event or of a part; None for any other case."""
    case = draft.case
    if draft.correcting or not parts_url(case):
        return None
    if case.part_of is None:
        _, after = draft.neighbours(section)
        return section_url(case, after) if after is not None else parts_url(case)
    if returning:
        return reverse("web:review", args=(str(case.part_of_id),))
    return next_page(case.part_of, behind=(case, section))


def resume(draft: Draft) -> str | None:
    """Where a life event, or a part of one, is gone on with; None for any other case, or where it has not begun."""
    case = draft.case
    if not parts_url(case) or (case.part_of is None and (draft.first_open() is not None or case.revision == 0)):
        return None
    journey = case.part_of or case
    return next_page(journey, only_missing=True) if cases.journey_parts(journey) else parts_url(journey)


def next_page(journey: Case, behind: tuple[Case, FormSection] | None = None, *, only_missing: bool = False) -> str:
    """The next section of any part, after the one left behind, that has still something to ask; then the companies that
    could be told, and the review.

    What was written before the life event is looked through once. ``only_missing``: where an answer is required, for
    whoever comes back.
    """
    passed = behind is None
    for draft in drafts(journey):
        unseen = cases.unseen_sections(draft.case, journey)
        for section in draft.sections():
            said_ = draft.form, section, draft.case.answers, draft.case.typed
            asks = bool(draft.form.missing_in(*said_[1:])) if only_missing else journeys.asks_something(*said_)
            asks = asks or section.id in unseen
            if passed and asks:
                return section_url(draft.case, section)
            passed = passed or (behind is not None and behind[0].pk == draft.case.pk and behind[1].id == section.id)
    review = reverse("web:review", args=(key_of(journey),))
    return review if only_missing else companies_url(journey) or review


def steps(draft: Draft, current: str) -> list[StepMark]:
    """The step navigation of the whole life event: its questions, the choice, each part, the review. Empty for others.

    ``current`` is the id of the section that is shown, ``parts``, ``companies`` or ``review``.
    """
    case = draft.case
    if draft.correcting or not parts_url(case):
        return []
    journey = case.part_of or case
    own = Draft(journey)
    here = current if case.pk == journey.pk else ""
    marks = own.steps(here)[:-1]
    opened = drafts(journey)
    asked = own.first_open() is None and own.case.revision > 0
    marks.append(_mark(gettext("必要な手続き"), parts_url(journey) if asked else "", here == "parts", bool(opened)))
    for one in opened:
        sections = one.sections()
        url = section_url(one.case, sections[0]) if sections else ""
        done = not one.missing() and one.gate() is None
        marks.append(_mark(one.title, url, one.case.pk == case.pk and case.pk != journey.pk, done))
    if url := companies_url(journey):
        marks.append(
            _mark(gettext("会社への連絡"), url if opened else "", here == "companies", journey.services.exists())
        )
    url = reverse("web:review", args=(key_of(journey),)) if opened else ""
    return [*marks, _mark(gettext("内容の確認"), url, here == "review", done=False)]


def progress(draft: Draft, current: str) -> dict[str, Any]:
    """Where someone is: among the steps and, within the part of a life event, among its pages. ``current`` as in
    `steps`; any other case is one page a step."""
    marks = steps(draft, current) or draft.steps(current)
    number = next((place for place, mark in enumerate(marks, 1) if mark.state == "editing"), 1)
    shown: dict[str, Any] = {"number": number, "total": len(marks), "steps": marks}
    if draft.correcting or not parts_url(draft.case):
        return shown
    pages = [one.id for one in draft.sections()] if draft.case.part_of_id is not None else []
    if current not in pages:
        return shown | {"whole": True}
    page = pages.index(current) + 1
    return shown | {
        "whole": True,
        "page": page,
        "pages": len(pages),
        "reached": f"{number - 1 + page / len(pages):.2f}",
    }


def _mark(title: str, url: str, editing: bool, done: bool) -> StepMark:
    if editing:
        return StepMark(title, url, "editing", gettext("いま入力しています"))
    return StepMark(title, url, "done" if done else "", gettext("入力ずみ") if done else gettext("まだです"))


def earlier(draft: Draft, journey: Case, by: Actor) -> Earlier | None:
    """What of a part stands as it was written before the life event, and where it says something else than is known."""
    unseen = cases.unseen_sections(draft.case, journey)
    first = next((one for one in draft.sections() if one.id in unseen), None)
    if first is None:
        return None
    departures = [
        Departure(
            said(one.field.label),
            KINDS.get(one.field.type).show(one.answer, one.field, language()),
            KINDS.get(one.field.type).show(one.now.value, one.field, language()),
            source_words(one.now),
        )
        for one in cases.departures_of(draft.case, by)
        if one.section.id in unseen
    ]
    return Earlier(draft.case.opened_at, section_url(draft.case, first), departures)


def review(journey: Case, by: Actor) -> Iterator[PartAnswers]:
    """Each part with its own answers; what is told in all of them, or handed to them by the life event as it was
    answered there, is read once, where it stands first."""
    read: dict[str, object] = {}
    handed: set[str] = set()
    whole = procedures.package(journey.procedure)
    scope = journeys.scope_of(whole.form, journey.answers)
    bodies = {one.procedure: one for one in whole.procedure.parts}
    for draft in drafts(journey):
        told = journeys.told(draft.form, draft.case.answers)
        body = bodies[draft.case.procedure.code]
        same = {
            path: body.gives[path]
            for path, value in journeys.given_by(body, draft.form, scope).items()
            if body.gives[path] in scope and forms.get(draft.case.answers, path) == value
        }
        known = {key for key in read if read[key] == told.get(key)} | {key for key in same if same[key] in handed}
        problems = draft.missing()
        first = draft.first_open()
        package = draft.package.procedure
        yield PartAnswers(
            draft.title,
            _office(package),
            [one for one in draft.answers(problems, without=known) if one.rows],
            draft.gate(),
            len(problems),
            section_url(draft.case, first) if first else "",
            earlier(draft, journey, by),
        )
        read |= told
        handed |= set(same.values())
