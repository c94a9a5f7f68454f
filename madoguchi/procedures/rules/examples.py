"""The examples of a package, run: a clerk writes a case as a story, the engine that runs real cases plays it.

Everything is in memory: answers instead of a form, tables, findings and outcomes as the example tells them, letters as
the data they would be set from. What differs from the story is a problem at its line in examples/<name>.yaml.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from madoguchi.ground import clock
from madoguchi.ground.errors import Refused
from madoguchi.ground.expressions import Expression, ExpressionError
from madoguchi.ground.numbers import is_corporate_number
from madoguchi.messages.rules import letters
from madoguchi.places.rules.recording import VERDICT, VERDICTS
from madoguchi.procedures.rules import allotment, cosigning, engine, fees, journeys, papers
from madoguchi.procedures.rules.city import City
from madoguchi.procedures.rules.course import Course
from madoguchi.procedures.rules.departing import REASONS, Wanted, depart
from madoguchi.procedures.rules.document import Path_, Problem
from madoguchi.procedures.rules.flow import Node
from madoguchi.procedures.rules.form import Form, FormField, form_of, get, put
from madoguchi.procedures.rules.format import Example
from madoguchi.procedures.rules.load import Package
from madoguchi.procedures.rules.published import Published
from madoguchi.procedures.rules.vocabulary import Facts

RULES: Mapping[str, str] = {
    "E01": "例の答えが、この手続きの項目に合っている",
    "E02": "例のとおりの道を通る",
    "E03": "例のとおりに決まる",
    "E04": "例のとおりの文書が出る",
    "E05": "例のとおりの項目だけをたずねる",
    "E06": "例のとおりにデジタルで終わる（または終わらない）",
    "E08": "例のとおりの額を納める",
    "E09": "例のとおりの手続きが要る",
    "E10": "例のとおりのサービスに連絡できる",
}

SAMPLE_NAMES: Mapping[str, str] = {"city": "見本市", "mayor": "見本市長", "governor": "見本県知事"}
"""What stands for the names of the city where a package is checked without one."""

ReadLetter = Callable[[str, Mapping[str, Any]], str]
"""Template (path under the catalogue) and data → the words of the letter without white space."""


@dataclass(slots=True)
class Story:
    """What became of an example."""

    path: list[str] = field(default_factory=list)
    """kind, or kind:outcome; `withdrawn` at the end where the applicant withdrew."""
    course: Course = field(default_factory=Course)
    letters: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """By name: the data each issued letter is set from."""
    asked: tuple[str, ...] = ()
    digital: bool = True
    pays: int = 0
    """Yen, all together."""
    applies: list[str] = field(default_factory=list)
    """Of a life event: the procedures that apply."""
    tells: list[str] = field(default_factory=list)
    """Of a life event: the services that may be told of it."""
    stopped: tuple[str, str] | None = None
    """Where it could not go on as told: rule, and what is wrong."""

    @property
    def decision(self) -> dict[str, Any]:
        return {"granted": self.course.granted, **self.course.values}


def in_memory(package: Package, facts: Facts) -> Published:
    """The package as a running case sees it, without publishing it."""
    form = form_of(package.procedure, facts)
    return Published(package.procedure, package.graph, package.tables, form, {})


def play(package: Package, example: Example, facts: Facts, city: City | None = None) -> Story:
    """Run an example. Human steps come to the outcomes that its path tells; the rest follows from the package."""
    with clock.travel(example.on):
        return _Player(package, example, in_memory(package, facts), facts, city).play()


def check_example(
    package: Package, name: str, facts: Facts, city: City | None = None, read: ReadLetter | None = None
) -> Iterator[Problem]:
    """Every difference between the example of this name and what happens. ``read`` None leaves letters unread."""
    example = package.examples[name]
    published = in_memory(package, facts)
    with clock.travel(example.on):
        wrong = list(_wrong_answers(example, published.form, package))
    if wrong:
        yield from (_at(package, name, path, "E01", message, instead) for path, message, instead in wrong)
        return
    story = play(package, example, facts, city)
    if story.stopped is not None:
        rule, message = story.stopped
        told = ", ".join(f"'{one}'" if ":" in one else one for one in story.path)
        yield _at(package, name, ("path",), rule, message, f"ここまでの道: [{told}]")
        return
    yield from (_at(package, name, *difference) for difference in _differences(example, story))
    if read is not None and example.letter is not None:
        yield from _letter(package, name, example, story, read)


def _at(package: Package, name: str, path: Path_, rule: str, message: str, instead: str = "") -> Problem:
    return package.problem(f"examples/{name}.yaml", path, rule, message, instead)


def wanted_of(example: Example, course: Course) -> Wanted:
    """What the example's examiner decides otherwise than the tables."""
    values = {name: str(value) for name, value in example.edits.items()}
    reasons = [(one["ja"], example.reworded.get(one["ja"], one["ja"])) for one in course.drafted_reasons()]
    named = dict.fromkeys([*values, REASONS], "例のとおり")
    return Wanted(values, reasons if example.reworded else (), named)


# -- the answers ------------------------------------------------------------------------------------------------------


def answers_of(example: Example, form: Form | None = None) -> dict[str, Any]:
    """What is on file when the case is received: what the city knew, overlaid by what the applicant says.

    With the ``form`` without what it does not ask: that the city only looks up.
    """
    answers = deepcopy(_merged(example.known, example.given))
    if form is not None:
        for path, _ in list(_leaves(example.known, form)):
            if form.field_at(path) is None:
                put(answers, path, None)
    return answers


def _looked_up_in(package: Package) -> frozenset[str]:
    """The facts that a step looks up."""
    return frozenset(key for node in package.graph.steps if node.kind == "look_up" for key in node.arguments["facts"])


def looked_up(example: Example, keys: Iterable[str], form: Form, facts: Facts) -> dict[str, dict[str, Any]]:
    """What the city's records say in this example: what it is known to hold, of these facts of the person."""
    found = {key: get(example.known, key) for key in keys}
    return {
        key: {"value": value, "type": facts[key].type, "source": "register", "as_of": example.on.isoformat()}
        for key, value in found.items()
        if value is not None and form.field_at(key) is None
    }


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        held = merged.get(key)
        merged[key] = _merged(held, value) if isinstance(held, Mapping) and isinstance(value, Mapping) else value
    return merged


def asked_of(form: Form, known: Mapping[str, Any], answers: Mapping[str, Any]) -> tuple[str, ...]:
    """The fields that are typed because the city does not know them, in the order of the form; rows count once."""
    asked: dict[str, None] = {}
    for section in form.visible_sections(answers):
        for cell in form.cells(section, answers):
            if get(known, cell.path) is None:
                asked[f"{section.each}.{cell.field.name}" if section.each else cell.field.name] = None
    return tuple(asked)


def _wrong_answers(example: Example, form: Form, package: Package) -> Iterator[tuple[Path_, str, str]]:
    """Answers that could not have been given: unknown names, impossible values, what is missing, closed gates."""
    for part in ("known", "given"):
        given: Mapping[str, Any] = getattr(example, part)
        for path, value in _leaves(given, form):
            found = form.field_at(path)
            where: Path_ = (part, *_steps(path))
            if found is None and part == "known" and path in _looked_up_in(package):
                continue
            if found is None:
                yield where, f"{path} という項目はこの手続きにありません", "procedure.yaml の asks にある名前で書きます"
            elif message := _impossible(found[1], value):
                yield where, f"{path}: {message}", "procedure.yaml の項目の型に合わせます"
    for number, correction in enumerate(example.corrections):
        for path, _ in _leaves(correction, form):
            if form.field_at(path) is None:
                yield ("corrections", number, *_steps(path)), f"{path} という項目はこの手続きにありません", ""
    answers = answers_of(example, form)
    for path, problem in form.missing(answers).items():
        said = problem.message % problem.params if problem.params else problem.message
        yield ("given",), f"{path}: {said}", "この項目の答えを given: に書きます"
    scope = form.scope(answers)
    for gate in package.procedure.gates:
        if Expression.parse(gate.when).holds(scope):
            yield ("given",), f"この答えでは申請に進めません（{gate.title}）", "gates: の条件に当たらない答えにします"


def _leaves(given: Mapping[str, Any], form: Form, at: str = "") -> Iterator[tuple[str, Any]]:
    rows = {section.each for section in form.sections if section.each}
    for key, value in given.items():
        path = f"{at}{key}"
        if not at and key in rows and isinstance(value, list):
            for number, row in enumerate(value):
                if isinstance(row, Mapping):
                    yield from _leaves(row, form, f"{path}.{number}.")
        elif isinstance(value, Mapping) and form.field_at(path) is None:
            yield from _leaves(value, form, f"{path}.")
        else:
            yield path, value


def _steps(path: str) -> tuple[str | int, ...]:
    return tuple(int(part) if part.isdigit() else part for part in path.split("."))


def _impossible(one: FormField, value: Any) -> str | None:
    if one.type == "choice" and value not in one.options:
        return f"選択肢 {'、'.join(one.options)} のどれかにします"
    if one.type == "choices" and not (isinstance(value, list) and set(value) <= set(one.options)):
        return f"選択肢 {'、'.join(one.options)} の並びにします"
    if one.type == "date":
        try:
            date.fromisoformat(str(value))
        except ValueError:
            return "日付は YYYY-MM-DD で書きます"
    if one.type in ("yes_no", "consent") and not isinstance(value, bool):
        return "true か false で書きます"
    if one.type in ("integer", "money") and (isinstance(value, bool) or not isinstance(value, int)):
        return "整数で書きます"
    if one.digits and not (isinstance(value, str) and value.isascii() and value.isdigit() and len(value) == one.digits):
        return f"数字{one.digits}桁を '…' で囲んで書きます"
    if one.is_corporate_number and not is_corporate_number(value):
        return "法人番号の検査数字が合いません"
    if one.type == "place":
        return _impossible_place(one, value)
    return None


def _impossible_place(one: FormField, value: Any) -> str | None:
    """What an example says of a place, and of what the map says there: {text: …, map: {flood: {verdict: applies, said:
    {depth: '3'}}}}. A layer of which it says nothing is unknown."""
    if not isinstance(value, Mapping) or not value.get("text"):
        return "{text: 町名と番地} と書きます"
    for code, record in (value.get("map") or {}).items():
        if code not in one.layers:
            return f"map の {code} は、この項目の layers にありません"
        if not isinstance(record, Mapping) or record.get(VERDICT) not in VERDICTS:
            return f"map の {code} に、verdict: {'・'.join(VERDICTS)} のどれかを書きます"
    return None


# -- the run ----------------------------------------------------------------------------------------------------------


class _Player:
    def __init__(
        self, package: Package, example: Example, published: Published, facts: Facts, city: City | None
    ) -> None:
        self.package, self.example, self.published, self.city = package, example, published, city
        self.facts = facts
        self.answers = answers_of(example, published.form)
        self.corrections = iter(example.corrections)
        self.story = Story(asked=asked_of(published.form, example.known, self.answers))

    def scope(self) -> dict[str, Any]:
        dates = {"received_on": self.example.on, "today": self.example.on}
        return self.story.course.within({**self.published.form.scope(self.answers), **dates})

    def play(self) -> Story:
        graph, story = self.package.graph, self.story
        story.applies = [one.procedure for one in journeys.applying(self.package.procedure, self.scope())]
        story.tells = [one.service for one in journeys.telling(self.package.procedure, self.scope())]
        state = engine.start(graph, self.scope()).state
        for told in self.example.path:
            if told == engine.ENDED_WITHDRAWN:
                if not engine.may_withdraw(state):
                    return self._stop("E02", "決定の通知を出した後なので、取り下げられません")
                state = engine.cancel(graph, state, told).state
                story.path.append(told)
                continue
            kind, _, outcome = told.partition(":")
            open_ = sorted(state.tokens.items())
            token = next((one for one in open_ if graph[one[1]].kind == kind), None)
            if token is None:
                waiting = "、".join(f"{graph[node].kind}（{node}）" for _, node in open_) or "終わり"
                return self._stop("E02", f"{told} の番ではありません。次は {waiting} です")
            node = graph[token[1]]
            if bool(outcome) != bool(node.outcomes) or (outcome and outcome not in node.next):
                way = "、".join(f"{kind}:{one}" for one in node.outcomes) or kind
                return self._stop("E02", f"{told} という結果はありません。{way} のどれかです")
            try:
                self._perform(node, outcome)
                moves = engine.complete(graph, state, token[0], outcome, self.scope())
            except (Refused, ExpressionError) as refused:
                return self._stop("E02", f"{told}（{node.id}）が進めません: {refused}")
            if story.stopped is not None:
                return story
            story.path.append(told)
            story.digital = story.digital and node.is_digital
            state = moves.state
        if state.ended is None:
            waiting = "、".join(f"{graph[node].kind}（{node}）" for node in state.tokens.values())
            return self._stop("E02", f"まだ終わっていません。次は {waiting} です")
        return story

    def _stop(self, rule: str, message: str) -> Story:
        self.story.stopped = (rule, message)
        return self.story

    def _perform(self, node: Node, outcome: str) -> None:
        course, said = self.story.course, node.arguments
        if node.kind == "look_up":
            course.looked_up |= looked_up(self.example, said["facts"], self.published.form, self.facts)
        elif node.kind == "judge":
            course.judge(self.published, said["table"], self.scope())
        elif node.kind == "examine":
            wanted = [one["ask"] for one in said.get("findings", ())] if outcome == "accept" else []
            if missing := [name for name in wanted if name not in self.example.findings]:
                self._stop("E02", f"審査で書く {missing[0]} が findings: にありません")
                return
            found = {name: self.example.findings[name] for name in wanted}
            course.examine(node.id, outcome, found, self.example.reasons if outcome == "refuse" else ())
            if outcome == "accept":
                depart(self.published, course, self.scope(), wanted_of(self.example, course))
        elif node.kind == "allot":
            self._allot(node)
        elif node.kind == "cosign" and outcome == "decline":
            if not cosigning.parts(self.published.form, node, self.answers):
                self._stop("E02", f"{node.id} で確かめる方がいません（連絡先がたずねられていません）")
        elif node.kind == "approve" and outcome == "send_back":
            course.reopen()
        elif node.kind == "correction":
            self.answers = _merged(self.answers, next(self.corrections, {}))
            course.rejudge(self.published, self.scope())
        elif node.kind == "record":
            course.recorded(said, self.scope())  # what cannot be kept stops here, and not in a real case
        elif node.kind == "pay":
            self.story.pays += fees.amount(self.published.procedure, node, self.scope())
        elif node.kind == "issue" and "letter" in said:
            self.story.letters[said["letter"]] = letter_of(
                self.package, self.example, self.answers, course, city=self.city, paid=self.story.pays
            )

    def _allot(self, node: Node) -> None:
        """As if alone in a round: there is the one place that the findings name, or none of those wished for."""
        said, place = node.arguments, self.example.findings.get("place")
        values = self.story.course.values
        one = allotment.applicant("", said, values, self.answers)
        order = allotment.criteria(said)
        (placing,) = allotment.allot([one], {str(place): {one.group: 1}}, order, "")
        names = allotment.names(self.published.form, said)
        labels = self.package.tables[said["table"]].labels
        reasons = allotment.reasons(placing, order, names, labels)
        self.story.course.allot(node, placing, reasons, names[placing.place]["ja"] if placing.place else None)


# -- letters ----------------------------------------------------------------------------------------------------------


def letter_of(
    package: Package,
    example: Example,
    answers: Mapping[str, Any],
    course: Course,
    *,
    city: City | None = None,
    paid: int = 0,
) -> dict[str, Any]:
    """What a letter of the example is filled with: 見本 in the corner, and invented numbers."""
    procedure = package.procedure
    names = city.names("ja") if city else SAMPLE_NAMES
    name, address = get(answers, "person.full_name") or "見本 花子", get(answers, "person.registered_address")
    section = city.section_of(procedure) if city else None
    head = {
        "letter": {"number": "見本第1号", "date": example.on.isoformat(), "sample": True},
        "to": {"name": name, "honorific": "様", "address": [address] if address else []},
        "from": {"city": names["city"], "title": names["mayor"]},
        "contact": {
            "section": city.full_name(section) if city and section else "見本課",
            "phone": city.file.contact.phone if city else "000-000-0000",
        },
        "case": {
            "reference": "26-0000-0000-0",
            "procedure": procedure.title["ja"],
            "received_on": example.on.isoformat(),
        },
    }
    return papers.letter_data(procedure, course, answers, head, paid=paid, names=names)


def template_of(package: Package, letter: str) -> str:
    """The path of a letter's template under the catalogue."""
    return package.letters[letter].relative_to(package.folder.parent.parent).as_posix()


def reader(package: Package) -> ReadLetter:
    """Sets a letter with Typst and reads its words back."""
    root = package.folder.parent.parent
    return lambda template, data: letters.text_of(letters.render(root, template, data))


def _letter(package: Package, name: str, example: Example, story: Story, read: ReadLetter) -> Iterator[Problem]:
    expected = example.letter
    assert expected is not None
    if not story.letters:
        yield _at(package, name, ("letter",), "E04", "この道では文書が出ません", "letter: を消します")
        return
    wanted = expected.name or next(iter(story.letters))
    if wanted not in story.letters:
        instead = f"出たのは {'、'.join(story.letters)} です"
        yield _at(package, name, ("letter", "name"), "E04", f"文書 {wanted} は出ていません", instead)
        return
    try:
        text = read(template_of(package, wanted), story.letters[wanted])
    except Refused as refused:
        yield _at(package, name, ("letter",), "E04", f"文書 {wanted} が作れません", str(refused))
        return
    for number, words in enumerate(expected.contains):
        if not letters.says(text, words):
            yield _at(package, name, ("letter", "contains", number), "E04", f"文書 {wanted} に「{words}」がありません")
    for number, words in enumerate(expected.lacks):
        if letters.says(text, words):
            yield _at(package, name, ("letter", "lacks", number), "E04", f"文書 {wanted} に「{words}」があります")


# -- the comparison ---------------------------------------------------------------------------------------------------


def _differences(example: Example, story: Story) -> Iterator[tuple[Path_, str, str, str]]:
    for key, wanted in (example.decision or {}).items():
        found = story.decision.get(key)
        if found != wanted:
            yield ("decision", key), "E03", f"{key} は {_told(wanted)} ではなく {_told(found)} になりました", ""
    if example.asked is not None and set(example.asked) != set(story.asked):
        missing = [one for one in story.asked if one not in example.asked]
        extra = [one for one in example.asked if one not in story.asked]
        message = "、".join(
            [*(f"{one} をたずねました" for one in missing), *(f"{one} はたずねませんでした" for one in extra)]
        )
        yield ("asked",), "E05", message, f"asked: [{', '.join(story.asked)}]"
    if example.applies is not None and sorted(example.applies) != sorted(story.applies):
        said = f"要る手続きは {'、'.join(example.applies)} ではなく {'、'.join(story.applies)} になりました"
        yield ("applies",), "E09", said, f"applies: [{', '.join(story.applies)}]"
    if example.tells is not None and sorted(example.tells) != sorted(story.tells):
        said = f"連絡するサービスは {'、'.join(example.tells)} ではなく {'、'.join(story.tells)} になりました"
        yield ("tells",), "E10", said, f"tells: [{', '.join(story.tells)}]"
    if example.pays is not None and story.pays != example.pays:
        said = f"納める額は {example.pays:,}円ではなく {story.pays:,}円になりました"
        yield ("pays",), "E08", said, f"pays: {story.pays}"
    if story.digital != example.digital:
        said = "すべてデジタルで終わりました" if story.digital else "デジタルの流れから外れました"
        yield ("digital",), "E06", said, f"digital: {'true' if story.digital else 'false'}"


def _told(value: Any) -> str:
    return (
        {True: "true", False: "false", None: "なし"}.get(value, str(value))
        if value in (True, False, None)
        else str(value)
    )
