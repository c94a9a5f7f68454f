"""提出: a case is handed in, alone or with the others of its life event; a corrected one goes back to its step.

What is handed in at once (a :class:`Lot`) is read once and written once. Every case of it passes every check and
leaves its own events; where one is refused the transaction ends, and nothing was written.
"""

from collections.abc import Collection, Iterator
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from madoguchi.cases.actions import driving, listing, storing
from madoguchi.cases.actions.reasons import AT_COUNTER
from madoguchi.cases.models import Case, Correction, Submission
from madoguchi.cases.queries import (
    confirmation_of,
    demands_signature,
    is_signed,
    known_ones,
    locating,
    looks_up_by_consent,
    mandate_of,
    must_stand,
    shown,
)
from madoguchi.cases.rules.permission import OWN_CASE, PARTNER_FILED
from madoguchi.events import SYSTEM, Actor, act, record
from madoguchi.events.models import Event
from madoguchi.facts import actions as facts
from madoguchi.facts.models import Source
from madoguchi.facts.rules import consent_to
from madoguchi.ground import clock
from madoguchi.ground.calendar import JAPAN
from madoguchi.ground.errors import Invalid, Stale
from madoguchi.ground.ids import new_reference
from madoguchi.people.models import Person
from madoguchi.places.actions import name_place
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules import form as forms
from madoguchi.procedures.rules import journeys
from madoguchi.procedures.rules.published import Published

#: Tries to find a 受付番号 that is not taken; with 10^8 a year the second is already rare.
NUMBER_TRIES: Final = 8


class Lot:
    """What is handed in at once: one case, or the parts of a life event (``journey``), locked."""

    def __init__(self, cases: Collection[Case], journey: Case | None = None) -> None:
        self.cases = {one.pk: one for one in cases}
        self.journey = journey
        self._drives: list[driving.Drive] = []
        self._told_by: dict[UUID, set[str]] | None = None

    def held(self, case: Case) -> Case:
        """The case as it is held here, locked."""
        return self.journey if self.journey is not None and case.pk == self.journey.pk else self.cases[case.pk]

    @cached_property
    def numbers(self) -> Iterator[str]:
        """A 受付番号 for each of them."""
        return iter(_free_numbers(clock.today().year, len(self.cases) + (self.journey is not None)))

    @cached_property
    def lacks_signature(self) -> bool:
        """Whether a signature over what they say is demanded and not there. They are signed as one."""
        one = self.journey or next(iter(self.cases.values()))
        return demands_signature(one, self.cases.values() if self.journey else None) and not is_signed(one)

    @cached_property
    def taken_over(self) -> dict[UUID | None, set[str]]:
        """Of each the fields that stand as they were taken over, with one tap or from another part, not typed since."""
        taken: dict[UUID | None, set[str]] = {}
        verbs = ("case.save", "case.take-one")
        saved = Event.objects.filter(subject_id__in=self.cases, verb__in=verbs, outcome="done").order_by("at", "id")
        for key, data in saved.values_list("subject_id", "data"):
            held = taken.setdefault(key, set())
            held -= set(data["fields"]) - set(data.get("unchanged", ()))
            held |= set(data.get("taken", ()))
        return taken

    def told_in_others(self, case: Case) -> set[str]:
        """What the other parts of the same life event say in this very sitting."""
        if case.part_of_id is None:
            return set()
        return {key for other, keys in self._told(case.part_of_id).items() if other != case.pk for key in keys}

    def _told(self, journey: UUID) -> dict[UUID, set[str]]:
        if self._told_by is None:
            parts = self.cases.values() if self.journey else Case.objects.filter(part_of=journey)
            forms_ = ((one, procedures.package_of(one.procedure_id).form) for one in parts)
            self._told_by = {one.pk: set(journeys.told(form, one.answers)) for one, form in forms_}
        return self._told_by

    def take(self, drive: driving.Drive) -> None:
        """To be written with the others, unless something follows that reads what is written."""
        if drive.is_followed:
            drive.save()
        else:
            drive.follow()
            self._drives.append(drive)

    def write(self) -> None:
        """Write what was handed in."""
        driving.write(self._drives)
        self._drives = []


@act("case.submit", allow=(OWN_CASE, PARTNER_FILED, AT_COUNTER))
def submit(case: Case, *, by: Actor, email: str = "", lot: Lot | None = None) -> Case:
    """提出: the office receives the case, promises a date and begins; a corrected case goes back to its step.

    Submitting what is already submitted changes nothing and gives the same case. Raises :class:`Invalid` with
    every field that is missing or unreadable. ``email`` (optional) is where the receipt and the news go. At the counter
    the clerk hands in what the resident has confirmed, and nothing else. With a ``lot`` the caller writes.
    """
    fresh = lot.held(case) if lot is not None else driving.locked(case)
    if fresh.withdrawn_at is not None:
        raise Stale("case-withdrawn", "この手続は取り下げられています。")
    if fresh.received_at is not None and fresh.returned_at is None:
        record(again=True)
        return storing.mirror(case, fresh)
    mandate = mandate_of(fresh)
    if mandate is not None:
        mandate.take(must_stand(fresh, mandate))
        mandate.save()
    package = procedures.package(fresh.procedure)
    together = lot or Lot([fresh])
    parts = _received_parts(fresh, lot) if package.procedure.kind == "journey" else []
    _refuse_closed_gates(fresh, package)
    problems = package.form.missing(fresh.answers, fresh.typed)
    if problems:
        raise Invalid(
            "incomplete",
            "入力が終わっていないところが%(count)sか所あります。",
            {"count": len(problems)},
            fields=problems,
        )
    _refuse_changed_places(fresh, package)
    if by.kind == "resident" and together.lacks_signature:
        raise Stale("not-signed", "電子署名がまだか、署名のあとに内容が変わっています。確かめて、署名してください。")
    if by.kind == "staff":
        _refuse_unconfirmed(fresh)
    _forget_hidden(fresh, package.form)
    if fresh.returned_at is not None:
        _resubmit(fresh, by)
        return storing.mirror(case, fresh)
    fresh.received_at = clock.now()
    fresh.channel = by.channel
    fresh.number = next(together.numbers)
    period = package.procedure.standard_period
    fresh.due_on = JAPAN.add(clock.today(), period.business_days if period else 30)
    if parts:  # it ends with the last of its parts
        fresh.due_on = max(one.due_on for one in parts if one.due_on is not None)
    fresh.email = email or forms.get(fresh.answers, "person.email") or fresh.email
    fresh.typed = {}
    fresh.known_taken, fresh.known_retyped = _keep_facts(fresh, together, by)
    _keep_place(fresh, package, by)
    listing.label(fresh, package)
    together.take(driving.begin(fresh, parts))
    if lot is None:
        together.write()
    record(procedure=fresh.procedure.code, version=fresh.procedure.version, due_on=fresh.due_on)
    return storing.mirror(case, fresh)


def _received_parts(journey: Case, lot: Lot | None) -> list[Case]:
    """The parts of a life event that is handed in. Raises Stale where one of them was not."""
    parts = list(lot.cases.values()) if lot is not None else driving.locked_parts(journey)
    if not parts or any(one.received_at is None for one in parts):
        raise Stale("parts-open", "まとめて申し込む手続きが、まだそろっていません。")
    return parts


def _refuse_closed_gates(case: Case, package: Published) -> None:
    """The wrong procedure or the wrong person: said with the package's own words, and where to go instead."""
    scope = package.form.scope(case.answers)
    for gate in package.procedure.gates:
        if procedures.expression(gate.when).holds(scope):
            raise Invalid("gate-closed", gate.text.get_for(case.language))


def _refuse_changed_places(case: Case, package: Published) -> None:
    """What applies at a place is decided by as it was shown: where the map says otherwise by now, it is shown again.

    Of what was received before, it stands as it was then, or as it was when the place was corrected.
    """
    if case.received_at is None:
        for one in locating.changed(package.form, case):
            raise Stale(
                "map-changed",
                "入力のあとで地図のデータが変わりました。「%(label)s」のページをもう一度保存して、当てはまることを確かめてください。",
                {"label": one.label.get_for(case.language)},
            )


def _refuse_unconfirmed(case: Case) -> None:
    """What a clerk typed is handed in as the resident has seen it."""
    found = confirmation_of(case)
    if found is None:
        raise Stale(
            "not-confirmed",
            "ご本人の確認がまだか、確認のあとで内容が変わっています。もう一度確認してもらってください。",
        )
    record(resident=case.person_id, confirmed=found.how, shown=found.shown)


def _resubmit(case: Case, by: Actor) -> None:
    now = clock.now()
    step = case.steps.filter(kind="correction", done_at=None).first()
    if step is None:
        raise Stale("not-returned", "この手続はいま直す必要がありません。")
    Correction.objects.filter(step__case=case, answered_at=None).update(answered_at=now)
    Submission.objects.filter(case=case, corrected_at=None).update(corrected_at=now)
    if case.due_on is not None and case.returned_at is not None:
        # 標準処理期間 does not run while the applicant corrects: the promise moves by the business days that took.
        waited = procedures.calendar().between(clock.day_of(case.returned_at), clock.today())
        case.due_on = procedures.calendar().add(case.due_on, waited) if waited else case.due_on
    case.returned_at = None
    drive = driving.Drive(case)
    before = _keep_place(case, drive.package, by)
    listing.label(case, drive.package)
    drive.rejudge()
    driving.complete(case, step, "done", drive=drive)
    storing.forget_place(before)
    record(corrected=True, due_on=case.due_on)


def _forget_hidden(case: Case, form: forms.Form) -> None:
    """Drop answers to questions that are not asked (any more): nothing is kept that nobody was asked for."""
    visible = form.visible_sections(case.answers)
    shown = {id(one) for one in visible}
    for section in form.sections:
        if id(section) not in shown and section.each is not None:
            case.answers.pop(section.each, None)
            continue
        keep = {cell.path for cell in form.cells(section, case.answers)} if id(section) in shown else set()
        for cell in list(form.cells(section, case.answers, hidden=True)):
            if cell.path not in keep:
                forms.put(case.answers, cell.path, None)


def _keep_facts(case: Case, lot: Lot, by: Actor) -> tuple[int, int]:
    """What was answered under a fact key becomes known, as the applicant's own statement of this day.

    Returns in how many fields what the city knew was taken over, and in how many it was typed once more (再入力).
    """
    values: dict[tuple[str, str], Any] = {}
    names: dict[str, str] = {}
    package = procedures.package(case.procedure)
    form, consents, known_before = package.form, set[bool](), set[str]()
    for section in form.sections:
        of_one = section.of_one()
        # For the count alone: nobody of the household is read, and what one sitting tells was not known before it.
        told = [one.values for one in known_ones(case, section, by, before_alone=True)] if of_one else []
        for cell in form.cells(section, case.answers):
            if cell.field.fact and cell.value not in (None, "", []) and cell.field.type not in forms.UPLOADED:
                row = "" if cell.row is None else f"{case.pk}:{cell.row}"
                if cell.field.name in of_one:  # one child is told apart from the next, who has a case of their own
                    row = f"{case.pk}:0"
                    known_before |= {cell.field.fact for one in told if one.get(cell.field.fact) == cell.value}
                values[(cell.field.fact, row)] = cell.value
                if cell.row is None:
                    names[cell.field.name] = cell.field.fact
            if cell.field.type == "consent":
                consents.add(cell.value is True)
    if case.corrects is not None:
        values[(case.corrects["key"], case.corrects["row"])] = case.corrects["value"]
    if case.subject_id is None and consents and looks_up_by_consent(package):
        # Not of this case: what was agreed to, or taken back, outlives the record of the one in which it was.
        consent = {(consent_to(case.procedure.code), ""): consents == {True}}
        facts.state(Person(pk=case.about_id), consent, Source.SELF, by=by)
    if values:
        # Of another nobody states anything in their own name: the case does, which says who spoke.
        source, speaks = (Source.SELF, by) if case.subject_id is None else (Source.PROXY, SYSTEM)
        taken = lot.taken_over.get(case.pk, set()) & names.keys()
        typed = {name: key for name, key in names.items() if name not in taken}
        # What a partner sends is typed by nobody here; of which child is asked above; what another part of the same
        # life event tells in this very sitting was not known before it.
        elsewhere = lot.told_in_others(case)
        asked = [key for key in typed.values() if (key, "") in values and key not in elsewhere]
        before = shown(case, asked, by) if asked and by.kind != "partner" else {}
        facts.state(Person(pk=case.about_id), values, source, by=speaks, case_id=case.pk)
        same = known_before | {key for key in asked if key in before and before[key].value == values[(key, "")]}
        return len(taken), sum(key in same and key not in elsewhere for key in typed.values())
    return 0, 0


def _keep_place(case: Case, package: Published, by: Actor) -> UUID | None:
    """The first place that the answers name becomes the place of the case. Returns the place that it was before, where
    the answers name another now."""
    named = (cell.value for _, cell in package.form.shown(case.answers) if cell.field.type == "place" and cell.value)
    first, before = next(named, None), case.place
    if before is not None and first is not None and before.is_named(first):
        return None
    case.place = name_place(first, by=by) if first is not None else None
    return before.pk if before is not None else None


def _free_numbers(year: int, count: int) -> list[str]:
    """So many that no case has. Raises Stale."""
    free: set[str] = set()
    for _ in range(NUMBER_TRIES):
        tried = {new_reference(year) for _ in range(count - len(free))}
        free |= tried - set(Case.objects.filter(number__in=tried).values_list("number", flat=True))
        if len(free) == count:
            return list(free)
    raise Stale("no-number", "ただいま混み合っています。少し待ってから、もう一度提出してください。")
