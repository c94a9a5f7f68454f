"""A life event in one go leaves in the database what its procedures leave one by one, and takes no more statements."""

import copy
import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from hypothesis import Phase, given, settings, strategies

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case, Decision, Document, Step, Timer
from madoguchi.cases.tests.conftest import flat
from madoguchi.cases.tests.signing import sign_where_asked
from madoguchi.cases.tests.test_examples import photograph
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.facts.actions import state
from madoguchi.facts.models import Fact, Source
from madoguchi.facts.tests.ledger import as_owner
from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.people.actions import recognise
from madoguchi.people.models import Person
from madoguchi.people.queries import actor_of_person
from madoguchi.places.models import Place
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.examples import answers_of
from madoguchi.procedures.rules.form import UPLOADED, get
from madoguchi.procedures.tests.shipped import catalogue, publish

pytestmark = pytest.mark.django_db

DAY = dt.date(2026, 11, 20)
#: The part, the example whose answers are given and what differs of it; by which question it applies.
PARTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "child-allowance-claim": ("two-children-granted", {"reason_on": "2026-11-19"}, "has_children"),
    "care-need-transfer": ("under-65-dated-back", {}, "certified"),
    "pregnancy-notification": ("talk-at-office-confirmed", {"due_on": "2027-06-25"}, "expecting"),
    "dog-registration": ("microchip-granted", {}, "new_dog"),
    "resident-record-copy": ("certificate-for-me-granted", {}, "wants_copy"),
}
PHONE = "person.phone"
#: Which row it is, whose, and of how many saves: nothing else may differ.
LINKS = {"id", "number", "part_of_id", "revision", "place_id", "case_id", "person_id", "step_id", "cause_id", "xid"}
#: What another part has told in the same sitting nobody knew before: in one go it is not typed again.
COUNTED = {"known_taken", "known_retyped"}


def somebody() -> Actor:
    by = actor_of_person(recognise("urn:one-go", str(uuid7()), "card-signature", by=SYSTEM).pk, "card-signature")
    facts = {("person.full_name", ""): "見本 花子", ("person.date_of_birth", ""): "1990-04-02"}
    state(Person(pk=by.who), facts, Source.CARD, by=by)
    return by


def answers_to(code: str) -> dict[str, Any]:
    example, changes, _ = PARTS[code]
    package = catalogue().packages[code]
    row = procedures.current(code)
    assert row is not None
    return {**answers_of(package.examples[example], procedures.package(row).form), **changes}


def fill_in(case: Case, answers: dict[str, Any], by: Actor) -> None:
    """Type what is not there yet, and give the photographs."""
    form = procedures.package(case.procedure).form
    for section in form.sections:
        assert not actions.save_section(case, section.id, flat(answers), by=by).problems
    for section in form.visible_sections(case.answers):
        for cell in list(form.cells(section, case.answers)):
            for number, _ in enumerate(get(answers, cell.path) or [] if cell.field.type in UPLOADED else []):
                actions.add_document(case, cell.path, "写真.jpg", photograph(number), by=by)


def begin(by: Actor, codes: Sequence[str], phones: Sequence[str]) -> tuple[Case, list[Case]]:
    """A life event with these parts, filled in; each tells its own telephone number, which is then that of all."""
    row = procedures.current("moving")
    assert row is not None
    journey = actions.open_draft(row, by=by)
    said = {
        "direction": "into",
        "moved_on": "2026-11-19",
        **{ask: code in codes for code, (_, _, ask) in PARTS.items()},
    }
    for section in procedures.package(row).form.sections:
        assert not actions.save_section(journey, section.id, flat(said), by=by).problems
    parts = actions.open_parts(journey, codes, by=by)
    for part, phone in zip(parts, phones, strict=False):
        answers = answers_to(part.procedure.code)
        person = {
            **answers.get("person", {}),
            "full_name": "見本 花子",
            "full_name_kana": "ミホン　ハナコ",
            "phone": phone,
        }
        fill_in(part, {**answers, "person": person}, by)
    for part in parts:
        part.refresh_from_db()
    return journey, parts


def one_by_one(by: Actor, model: Sequence[tuple[str, dict[str, Any]]]) -> list[Case]:
    """Each opened, filled in with these answers, and sent."""
    sent = []
    for code, answers in model:
        row = procedures.current(code)
        assert row is not None
        case = actions.open_draft(row, by=by)
        fill_in(case, answers, by)
        sign_where_asked(case, by)
        sent.append(actions.submit(case, by=by))
    return sent


def counted_with(parts: Sequence[Case]) -> dict[str, set[str]]:
    """Of each case the facts that were looked up to count what was typed once more (再入力)."""
    sent = Event.objects.filter(subject_id__in=[one.pk for one in parts], verb="case.submit", outcome="done")
    reads = Event.objects.filter(verb="facts.read", data__purpose="prefill", cause_id__in=sent.values("id"))
    found: dict[str, set[str]] = {one.procedure.code: set() for one in parts}
    names = {str(one.pk): one.procedure.code for one in parts}
    for data in reads.values_list("data", flat=True):
        found[names[data["case"]]] |= set(data["keys"])
    return found


def left_by(by: Actor, parts: Sequence[Case], without: set[str], *, counting: bool = True) -> list[str]:
    """Every row about these cases, in order, with the names of procedures where their ids stood; ``counting``: with
    the reads of :func:`counted_with`."""
    names = {str(by.who): "applicant", **{str(one.pk): one.procedure.code for one in parts}}
    given = Case.objects.filter(pk__in=[one.pk for one in parts]).values_list("number", flat=True)
    numbers = {text for one in given if one for text in (one, one.replace("-", ""))}

    def plain(values: Mapping[str, Any]) -> str:
        said = json.dumps(
            {name: value for name, value in values.items() if name not in without},
            default=str, sort_keys=True, ensure_ascii=False,
        )  # fmt: skip
        said = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", lambda match: names.get(match[0], "…"), said)
        return re.sub("|".join(map(re.escape, sorted(numbers, key=len, reverse=True))), "#", said, flags=re.IGNORECASE)

    def rows(one: Case) -> Iterator[QuerySet[Any, Any]]:
        yield Case.objects.filter(pk=one.pk)
        yield Place.objects.filter(pk__in=[one.place_id] if one.place_id else [])
        yield Step.objects.filter(case=one).order_by("token")
        yield Timer.objects.filter(step__case=one).order_by("step__token")
        yield Decision.objects.filter(case=one)
        yield Document.objects.filter(case=one).order_by("path", "sha256")
        submitted = Event.objects.filter(subject_id=one.pk, verb="case.submit", outcome="done").order_by("id")[:1]
        keys = list(submitted.values_list("pk", flat=True))
        events = (Event.objects.filter(pk__in=keys) | Event.objects.filter(cause_id__in=keys)).order_by("id")
        yield events if counting else events.exclude(verb="facts.read", data__purpose="prefill")

    found = [plain(values) for one in parts for queryset in rows(one) for values in queryset.values()]
    with as_owner():
        told = Fact.objects.filter(person=by.who).exclude(source=Source.CARD).order_by("id").values()
        return found + sorted(plain(values) for values in told)


@pytest.fixture(autouse=True)
def day() -> Iterator[None]:
    with clock.travel(DAY):
        publish("moving", *PARTS)
        yield


def test_what_is_left_is_that_of_single_ones() -> None:
    """Whichever parts, whatever they tell each other, and whatever was known: handed in as one lot, part by part, or
    each for itself."""
    subsets = strategies.lists(strategies.sampled_from(sorted(PARTS)), min_size=1, max_size=5, unique=True)
    phones = strategies.lists(strategies.sampled_from(["072-000-0000", "072-111-1111"]), min_size=5, max_size=5)

    @settings(max_examples=4, deadline=None, derandomize=True, phases=[Phase.generate])
    @given(codes=subsets, phones=phones, known=strategies.booleans())
    def compared(codes: list[str], phones: list[str], known: bool) -> None:
        people = [somebody() for _ in range(3)]
        for by in people if known else ():
            state(Person(pk=by.who), {(PHONE, ""): "072-111-1111"}, Source.SELF, by=by)
        lot, apart, single = people
        journey, parts = begin(lot, codes, phones)
        model = [(one.procedure.code, copy.deepcopy(one.answers)) for one in parts]
        sign_where_asked(journey, lot)
        actions.submit_parts(journey, by=lot)
        again, others = begin(apart, codes, phones)
        sign_where_asked(again, apart)
        for one in others:
            actions.submit(one, by=apart)
        actions.submit_parts(again, by=apart)
        mine = cases.journey_parts(journey)
        assert [one.procedure.code for one in mine] == [code for code, _ in model]
        assert left_by(lot, mine, LINKS) == left_by(apart, cases.journey_parts(again), LINKS)
        assert left_by(lot, [journey], LINKS)[0] == left_by(apart, [again], LINKS)[0]
        alone = one_by_one(single, model)
        without = LINKS | COUNTED
        assert left_by(lot, mine, without, counting=False) == left_by(single, alone, without, counting=False)
        read, once = counted_with(mine), counted_with(alone)
        assert all(read[code] <= once[code] for code in codes), "what one part tells is looked up for no other"
        lookups.append((sum(map(len, read.values())), sum(map(len, once.values()))))

    lookups: list[tuple[int, int]] = []
    compared()
    assert any(0 < one < other for one, other in lookups)


def test_five_in_one_go_take_fewer_statements_than_five_single_ones() -> None:
    """Opened, filled in, signed, handed in; each in its turn twice, because the first reads the packages."""
    sent = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as together:
            by = somebody()
            journey, parts = begin(by, list(PARTS), ["072-000-0000"] * 5)
            model = [(one.procedure.code, copy.deepcopy(one.answers)) for one in parts]
            sign_where_asked(journey, by)
            actions.submit_parts(journey, by=by)
        with CaptureQueriesContext(connection) as single:
            one_by_one(somebody(), model)
        sent.append((len(together), len(single)))
    assert sent[-1][0] < sent[-1][1]
