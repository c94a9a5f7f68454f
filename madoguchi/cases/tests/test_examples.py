"""Every example of every package, played through the real acts and PostgreSQL: it takes the path the clerk wrote.

The check plays the same examples in memory; here two implementations of the driver have to agree.
"""

import datetime as dt
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from madoguchi.cases import actions, queries
from madoguchi.cases.models import Case, Decision, Round, State, Step, Timer
from madoguchi.cases.queries.public import shown
from madoguchi.cases.tests.conftest import flat, named, pay
from madoguchi.cases.tests.signing import sign_where_asked
from madoguchi.events import SYSTEM, Actor
from madoguchi.facts.actions import import_register, state
from madoguchi.facts.models import Entry, Source
from madoguchi.facts.queries import place_row, readings
from madoguchi.facts.rules import shared_by
from madoguchi.facts.tests.registers import DAY, HANAKO, LAYOUT, written
from madoguchi.facts.tests.registers import person as line
from madoguchi.ground import clock
from madoguchi.messages.models import Letter
from madoguchi.people.models import Person
from madoguchi.people.queries import actor_of_person
from madoguchi.places.tests.laying import lay, square
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules.allotment import names
from madoguchi.procedures.rules.examples import answers_of, looked_up, wanted_of
from madoguchi.procedures.rules.form import UPLOADED, Form, get
from madoguchi.procedures.rules.format import Example
from madoguchi.procedures.tests.shipped import catalogue

#: Of a life event the parts are played, not itself (test_journeys).
EXAMPLES = [
    (code, name)
    for code, package in catalogue().packages.items()
    if package.procedure.kind != "journey"
    for name in package.examples
]

HOUSE = "大阪府大東市北条三丁目2番3号"


def photograph(seed: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), (seed % 255, 120, 80)).save(out, "JPEG")
    return out.getvalue()


class Players:
    """A resident, and the office: whoever may do a step is there when the step is."""

    def __init__(self, resident: Actor, staff: Callable[[str, str], Actor]) -> None:
        self.resident, self.make = resident, staff
        self.hired: dict[str, Actor] = {}

    def for_step(self, step: Step) -> Actor:
        posts = procedures.city().organisation.posts()
        able = [post for post, (_, unit) in posts.items() if unit.id == step.section or post in step.posts]
        post = able[-1] if step.kind != "approve" else able[0]
        if post not in self.hired:
            self.hired[post] = self.make(posts[post][1].id, post)
        return self.hired[post]

    def for_round(self, case: Case, node: str) -> Actor:
        """Whoever may allot the places of the round; its step is nobody's until then."""
        package = procedures.package(case.procedure)
        posts = procedures.city().organisation.posts()
        holders = procedures.holders(package.graph[node].by or "", package.procedure)
        post = next(post for post, (_, unit) in posts.items() if unit.id in holders.sections or post in holders.posts)
        if post not in self.hired:
            self.hired[post] = self.make(posts[post][1].id, post)
        return self.hired[post]


@pytest.fixture
def players(resident: Actor, staff: Callable[[str, str], Actor]) -> Players:
    return Players(resident, staff)


@pytest.mark.django_db
@pytest.mark.parametrize(("code", "name"), EXAMPLES, ids=[f"{code}:{name}" for code, name in EXAMPLES])
def test_an_example_takes_its_path(code: str, name: str, published: dict[str, Procedure], players: Players) -> None:
    example = catalogue().packages[code].examples[name]
    with clock.travel(example.on):
        case = actions.open_draft(published[code], by=players.resident)
        form = procedures.package(case.procedure).form
        records = {
            (key, row_of(key, node.arguments, example)): found["value"]
            for node in procedures.package(case.procedure).graph.steps
            if node.kind == "look_up"
            for key, found in looked_up(example, node.arguments["facts"], form, procedures.vocabulary()).items()
        }
        state(case.person, records, Source.REGISTER, by=SYSTEM)
        lay_the_map(example, form)
        answer(case, answers_of(example, form), players.resident)
        sign_where_asked(case, players.resident)
        actions.submit(case, by=players.resident)
        corrections = iter(example.corrections)
    with clock.travel(example.on + dt.timedelta(days=7)):
        for told in example.path:
            act_out(told, case, example, corrections, players)
    case.refresh_from_db()
    taken = [one for step in case.steps.order_by("token") for one in spoken(step)]
    written = [one for one in example.path if one != "withdrawn"]
    assert sorted(taken) == sorted(written)
    if example.path[-1] == "withdrawn":
        assert case.state == State.WITHDRAWN
        return
    assert case.state == State.CLOSED
    decision = Decision.objects.get(case=case)
    expected = dict(example.decision or {})
    assert decision.granted == expected.pop("granted", decision.granted)
    assert {key: decision.values.get(key) for key in expected} == expected
    if example.letter is not None and example.letter.name is not None:
        assert Letter.objects.filter(about=case.pk, kind=example.letter.name).count() == 1
    if example.pays is not None:
        assert sum(one.paid_yen or 0 for one in case.payments.all()) == example.pays
    with clock.travel(example.on + dt.timedelta(days=7)):
        for layer in procedures.layers().values():
            if code in layer.shows:
                assert len(shown(layer).features) == decision.granted
    executed = case.steps.exclude(outcome="cancelled")
    assert example.digital == (not executed.exclude(channel="screen").exists())


def lay_the_map(example: Example, form: Form) -> None:
    """What the example says of the map, laid on it: where it applies, and where nothing does; and the lots it names."""
    given = answers_of(example, form)
    told = [
        cell
        for one in (given, *({**given, **changed} for changed in example.corrections))
        for _, cell in form.shown(one)
    ]
    for value in (cell.value for cell in told if cell.field.layers and "lat" in cell.value):
        lon, lat = value["lon"], value["lat"]
        line = {"type": "LineString", "coordinates": [[lon, lat], [lon, lat + 0.001]]}
        for code, record in value.get("map", {}).items():
            around = line if procedures.layers()[code].shape == "line" else square(lon, lat)
            if record["verdict"] != "unknown":
                lay(code, *([(around, record["said"])] if record["verdict"] == "applies" else []))
        if value.get("level") == "lot":
            [meant] = [one for one in procedures.gazetteer().find(value["text"]) if one.exact]
            lot = "-".join(map(str, meant.lot))
            lay("parcels", (square(value["lon"], value["lat"], 0.0001), {"town": meant.name, "lot": lot}))


def row_of(key: str, said: Any, example: Example) -> str:
    """In which row the records have what a step looks up: that of the place, where it is about one."""
    if shared_by(key) != "place":
        return ""
    given = answers_of(example)
    return place_row(given[said["place"]]["text"], ("大阪府", "大東市"), [get(given, name) for name in said["of"]])


@pytest.mark.django_db
def test_a_dwelling_that_was_surveyed_for_one_is_not_visited_for_the_next(
    published: dict[str, Procedure], players: Players
) -> None:
    """However the second writes the address; and the first sees that it was read, not for whom."""
    row, known = published["disaster-certificate"], catalogue().packages["disaster-certificate"].examples
    neighbour = Players(actor_of_person(Person.objects.create().pk, "card"), players.make)
    neighbour.hired = players.hired
    told = (("surveyed-half-granted", HOUSE, players), ("surveyed-before-granted", "北条３－２－３", neighbour))
    cases = []
    for name, house, who in told:
        example = known[name]
        with clock.travel(example.on):
            case = actions.open_draft(row, by=who.resident)
            answers = answers_of(example, procedures.package(row).form)
            answer(case, {**answers, "dwelling_place": {"text": house}}, who.resident)
            actions.submit(case, by=who.resident)
        with clock.travel(example.on + dt.timedelta(days=7)):
            for step in example.path:
                act_out(step, case, example, iter(()), who)
        cases.append(Case.objects.get(pk=case.pk))
    first, second = cases
    assert (first.state, second.state) == (State.CLOSED, State.CLOSED)
    visits = Step.objects.filter(channel="visit").exclude(outcome="cancelled").values_list("case", flat=True)
    assert list(visits) == [first.pk]
    assert Decision.objects.get(case=second).values["grade"] == "half"
    read_for = [one for one in readings(first.person_id, most=20) if "dwelling.surveyed_on" in one.keys]
    assert [(one.procedure, one.day_only) for one in read_for] == [("", True), ("disaster-certificate", False)]


@pytest.mark.django_db
def test_the_tax_of_a_household_that_was_looked_up_for_one_is_there_for_the_other(
    published: dict[str, Procedure], players: Players, tmp_path: Path
) -> None:
    """Husband and wife, each with a request of their own; somebody of another household finds nothing."""
    lines = [HANAKO, line("0002", 氏名="見本 太郎"), line("0003", 氏名="谷川 梅子", 世帯番号="78")]
    import_register(LAYOUT, written(tmp_path, lines), DAY, by=SYSTEM)
    example = catalogue().packages["care-high-cost-refund"].examples["taxed-household-granted"]
    found = []
    for number in ("0001", "0002", "0003"):
        who = Players(actor_of_person(Entry.objects.get(number=number).person_id, "card"), players.make)
        who.hired = players.hired
        case = actions.open_draft(published["care-high-cost-refund"], by=who.resident)
        answer(case, answers_of(example, procedures.package(case.procedure).form), who.resident)
        actions.submit(case, by=who.resident)
        for step in example.path[: None if number == "0001" else 1]:
            act_out(step, case, example, iter(()), who)
        found.append(Decision.objects.get(case=case).course["looked_up"].get("household.taxed", {}).get("value"))
    assert found == [None, True, None]


def answer(case: Case, answers: dict[str, Any], by: Actor) -> None:
    """Fill in the form as a browser would: texts posted, photographs uploaded."""
    form = procedures.package(case.procedure).form
    for section in form.sections:
        given = actions.save_section(case, section.id, flat(answers), by=by)
        assert not given.problems, {path: str(problem) for path, problem in given.problems.items()}
    for section in form.visible_sections(case.answers):
        for cell in list(form.cells(section, case.answers)):
            if cell.field.type in UPLOADED:
                for number, _ in enumerate(get(answers, cell.path) or []):
                    actions.add_document(case, cell.path, "写真.jpg", photograph(number), by=by)


def act_out(told: str, case: Case, example: Example, corrections: Iterator[Any], players: Players) -> None:
    kind, _, outcome = told.partition(":")
    if told == "withdrawn":
        actions.withdraw(case, by=players.resident)
    elif kind == "correction":
        changed: dict[str, Any] = next(corrections, {})
        uploads = {path for path in flat(changed) if is_upload(case, path)}
        case.refresh_from_db()
        for section in procedures.package(case.procedure).form.sections:
            names = {cell.path for cell in procedures.package(case.procedure).form.cells(section, case.answers)}
            posted = {path: value for path, value in flat(changed).items() if path not in uploads}
            if any(path in names or path.rpartition(".")[0] in names for path in posted):
                actions.save_section(case, section.id, posted, by=players.resident)
        for number, path in enumerate(sorted(uploads)):
            actions.add_document(case, path, "追加.jpg", photograph(100 + number), by=players.resident)
        sign_where_asked(case, players.resident)
        actions.submit(case, by=players.resident)
    elif kind == "cosign":
        cosign_all(case, outcome)
    elif kind == "pay":
        pay(case, players.resident)
    elif kind == "allot":
        give_out(case, example, players)
    elif kind == "wait":
        timer = Timer.objects.select_related("step__case").get(step__case=case, step__kind="wait", fired_at=None)
        with clock.travel(timer.due_at):
            actions.fire(timer, by=SYSTEM)
    elif kind in ("examine", "approve", "consult", "issue"):
        step = Step.objects.select_related("case").filter(case=case, done_at=None, kind=kind).order_by("token").first()
        assert step is not None, told
        if kind == "approve":
            actions.approve(step, outcome, by=players.for_step(step), note="確かめてください。")
        elif kind == "consult":
            actions.consult(step, by=players.for_step(step), note="意見はありません。")
        elif kind == "issue" and step.channel == "screen":
            actions.perform(step, by=SYSTEM)
        elif kind == "issue":
            actions.do(step, by=players.for_step(step))
        else:
            paths = [one for changed in example.corrections for one in flat(changed)]
            actions.examine(
                step,
                outcome,
                by=players.for_step(step),
                corrections={whole(case, path): "直してください。" for path in paths} if outcome == "return" else {},
                reasons=example.reasons or (["要件に当たらないため。"] if outcome == "refuse" else []),
                findings=flat(dict(example.findings)),
                wanted=wanted_of(example, queries.course_of(case)) if outcome == "accept" else None,
            )


def cosign_all(case: Case, outcome: str) -> None:
    """Whoever was named is there and confirms; or the first of them does not. Nobody, where nothing has changed."""
    for one in list(case.cosigners.filter(over_at=None, confirmed_at=None)):
        if outcome == "decline":
            actions.decline(one, "内容が違います。", by=named(one))
            return
        actions.cosign(one, seen=one.digest, by=named(one))


def give_out(case: Case, example: Example, players: Players) -> None:
    """The round closes and is allotted: there is the one place that the example tells, or another that nobody wants."""
    step = Step.objects.get(case=case, kind="allot", done_at=None)
    package = procedures.package(case.procedure)
    said = package.graph[step.node].arguments
    name, place = case.answers[said["round"]], example.findings.get("place")
    group = str(Decision.objects.get(case=case).values[said["group"]])
    wishes = {case.answers.get(wish) for wish in said["wishes"]}
    other = next(one for one in names(package.form, said) if one not in wishes)
    announced = procedures.city().offer(case.procedure.code, clock.today())
    assert announced is not None
    round_ = announced.round(name)
    assert round_ is not None
    by = players.for_round(case, step.node)
    actions.set_places(Round(code=case.procedure.code, name=name), {str(place or other): {group: 1}}, by=by)
    with clock.travel(round_.closes + dt.timedelta(days=1)):
        actions.allot(Round(code=case.procedure.code, name=name), by=by, expected=1)


def is_upload(case: Case, path: str) -> bool:
    found = procedures.package(case.procedure).form.field_at(path)
    return found is not None and found[1].type in UPLOADED


def whole(case: Case, path: str) -> str:
    """The field's path where ``path`` is one of its parts."""
    return path if procedures.package(case.procedure).form.field_at(path) else path.rpartition(".")[0]


def spoken(step: Step) -> list[str]:
    """A step as examples write it."""
    if step.outcome == "cancelled" or step.done_at is None:
        return []
    return [f"{step.kind}:{step.outcome}"] if step.kind in ("examine", "approve", "cosign") else [step.kind]
