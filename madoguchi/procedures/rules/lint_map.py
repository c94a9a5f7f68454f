"""Rules of the check for what packages ask of the map: it is on the city's map, and where the map knows nothing a
person looks: nobody is refused, passed over or sent away without one."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from madoguchi.ground import clock
from madoguchi.ground.expressions import Expression, ExpressionError, evaluate, tree
from madoguchi.places.rules.layer import Attribute, Kind, Layer, includes
from madoguchi.places.rules.recording import INPUTS, VERDICT, VERDICTS
from madoguchi.procedures.rules import tablecheck
from madoguchi.procedures.rules.city import City
from madoguchi.procedures.rules.document import BrokenPackage, Path_
from madoguchi.procedures.rules.format import (
    AskField,
    Computed,
    Fee,
    Input,
    Procedure,
    Public,
    Row,
    Table,
    walk,
)
from madoguchi.procedures.rules.layers import load_layers
from madoguchi.procedures.rules.lint_journeys import RULES
from madoguchi.procedures.rules.lint_rules import Found, Subject, rule
from madoguchi.procedures.rules.load import on_the_map

__all__ = ["RULES"]

RULES_FILE: Final = "rules.yaml"


def layers_of(city: City) -> Mapping[str, Layer] | None:
    """The city's map as it is written; None where its files do not load: M01 says so."""
    try:
        return load_layers(city)
    except BrokenPackage:
        return None


@rule(
    "M11",
    "error",
    "地図にたずねる区域（layers）と属性が、市の地図にあり、だれにも見える",
    "申請者に見せていないもので決めてはいけません。名前や値の書き違いは、だれにも当てはまらない条件になります。",
)
def asked_of_no_map(subject: Subject) -> Iterator[Found]:
    maps = on_the_map(subject.package.procedure)
    if not maps or subject.city is None:
        return
    layers = subject.layers or layers_of(subject.city)
    if layers is None:
        return
    for path, one in _places(subject.package.procedure):
        for index, code in enumerate(one.layers):
            where = (*path, "layers", index)
            if code not in layers:
                there = "、".join(it.code for it in layers.values() if it.told and it.see == "public")
                yield Found(
                    where, f"{code} という区域は、この市の地図にありません", f"layers/ にある名前: {there}", one.ask
                )
            elif not (layers[code].told and includes(layers[code].see, "public")):
                message = f"{code} は、当てはまることを申請者に見せる地図ではありません"
                yield Found(where, message, "see: public の区域にします", one.ask)
    for file, path, text in _texts(subject):
        for name in sorted(Expression.parse(text).names):
            at, _, key = name.rpartition(".")
            layer = layers.get(maps.get(at, ""))
            if layer is not None and key != VERDICT and _attribute(layer, key) is None:
                seen = "、".join(one.key for one in layer.seen_by("public"))
                yield Found(
                    path,
                    f"{layer.code} に {key} という、だれにも見える属性はありません",
                    f"使えるもの: {seen}",
                    file=file,
                )
        for message in _wrong_values(Expression.parse(text), maps, layers):
            yield Found(path, message, "layers/ の codes: にある値にします", file=file)
    for table, name, spec in _inputs(subject):
        at, _, key = (spec.is_ or "").strip().rpartition(".")
        layer = layers.get(maps.get(at, ""))
        if layer is None:
            continue
        path = (table, "inputs", name)
        attribute = _attribute(layer, key)
        types = ("choice", "text") if key == VERDICT else INPUTS[attribute.kind] if attribute else ()
        if types and spec.type not in types:
            yield Found((*path, "type"), f"{name} は {spec.type} ではありません", f"type: {types[0]}", name, RULES_FILE)
        known = set(VERDICTS) if key == VERDICT else set(attribute.codes) if attribute else set()
        if known and (wrong := [one for one in spec.options or () if one not in known]):
            message = f"{layer.code} の {key} に {wrong[0]} という値はありません"
            yield Found((*path, "options"), message, f"値: {'、'.join(sorted(known))}", name, RULES_FILE)


@rule(
    "M12",
    "error",
    "地図で分からない場所は、人が見る",
    "境界の近く、データのない所、地図にない住所は unknown です。黙って断る・たずねない・入口で止めることはできません。",
)
def unknown_without_a_person(subject: Subject) -> Iterator[Found]:
    procedure = subject.package.procedure
    maps = on_the_map(procedure)
    for index, gate in enumerate(procedure.gates):
        for at in _layers_in(Expression.parse(gate.when), maps):
            closed = {verdict: _may_hold(gate.when, at, verdict) for verdict in VERDICTS}
            if closed["unknown"] and not all(closed.values()):
                message = f"{maps[at]} で分からない場所の申請を、入口で止めます"
                instead = f"{at}.{VERDICT} = 'does_not' のように、分かったときだけ止めます"
                yield Found(("gates", index, "when"), message, instead)
    for path, text, what in _asking(procedure):
        for at in _layers_in(Expression.parse(text), maps):
            if not _may_hold(text, at, "unknown"):
                message = f"{maps[at]} で分からない場所では、{what}"
                yield Found((*path, "when"), message, f"or {at}.{VERDICT} = 'unknown' を加えます")
    uses = False
    for name, table in subject.package.tables.items():
        for at in dict.fromkeys(at for one in table.texts() for at in _layers_in(Expression.parse(one), maps)):
            uses = True
            for path, message, instead in _silent(table, at):
                yield Found((name, *path), message, instead, name, RULES_FILE)
    if uses and not any(step.examine for _, step in walk(procedure.flow)):
        yield Found(("flow",), "地図で決めるのに、人が見る手順（examine）がありません", "examine: を加えます")


def _silent(table: Table, at: str) -> Iterator[tuple[Path_, str, str]]:
    """What is wrong with a table of which inputs come from the layer ``at``, where that layer knows nothing."""
    said = {name: Expression.parse(text) for name in table.inputs if (text := table.input(name).is_)}
    mine = {name: one for name, one in said.items() if at in _layers_in(one, [at])}
    rows = [Expression.parse(row.when) for row in table.rows if row.when]
    words = {
        node.value for one in (*mine.values(), *rows) for node in tree.walk(one.tree) if isinstance(node, tree.Literal)
    }
    if not any(f"{at}.{VERDICT}" in one.names for one in mine.values()) or "unknown" not in words:
        message = f"{at} が分からない（unknown）ときの行がありません"
        yield (), message, f"{at}.{VERDICT} を入力に加え、'unknown' の行を書きます"
        return
    for name, one in mine.items():
        if None in _values(one.tree, one.text, at, "unknown") and not table.input(name).optional:
            yield ("inputs", name), f"{name} は分からないことがあります", "optional: true を加えます"
    if table.decides is None or table.several:
        return
    unknown = {name: _values(one.tree, one.text, at, "unknown") for name, one in mine.items()}
    found: dict[tuple[Any, ...], dict[bool, set[bool]]] = {}
    for case, row in tablecheck.decided(table):
        granted = _granted(table, row)
        if granted is not None:
            rest = tuple(value for name, value in case.items() if name not in mine)
            is_unknown = all(_ANY in unknown[name] or case[name] in unknown[name] for name in mine if name in case)
            found.setdefault(rest, {True: set(), False: set()})[is_unknown].add(granted)
    if any(False in one[True] and True in one[False] for one in found.values()):
        yield (), f"{at} が分からない（unknown）ときに断ります", "断らずに、審査の人が確かめる行にします"


def _granted(table: Table, row: Row) -> bool | None:
    """Whether this row grants; None where that is computed."""
    decides = Expression.parse(table.decides or "false")
    given = {name: row.then.get(name) for name in decides.names}
    return None if any(isinstance(value, Computed) for value in given.values()) else decides.holds(given)


@rule(
    "M13",
    "error",
    "だれにでも見せること（public）と、市の地図のレイヤー（shows）が合う",
    "公開すると申請者に伝えたことだけを、伝えたとおりの言葉と正確さで、地図に出します。",
)
def shown_by_no_layer(subject: Subject) -> Iterator[Found]:
    public, code = subject.package.procedure.public, subject.package.procedure.code
    if subject.city is None:
        return
    known = subject.layers or layers_of(subject.city)
    if known is None:
        return
    layers = [one for one in known.values() if code in one.shows]
    if public is None:
        for one in layers:
            yield Found((), f"レイヤー {one.code} が見せる手続きなのに、public: がありません", "public: を書きます")
        return
    if not layers and subject.city.offer(code, clock.today()) is not None:
        instead = f"layers/ のレイヤーに shows: [{code}] を書きます"
        yield Found(("public",), "この市の地図に、これを見せるレイヤーがありません", instead)
    asked = {
        one.ask: one for section in subject.package.procedure.asks for one in section.ask if isinstance(one, AskField)
    }
    for layer in layers:
        if layer.accuracy < public.within:
            message = f"レイヤー {layer.code} の accuracy（{layer.accuracy:g}m）より粗い場所です"
            yield Found(("public", "within"), message, f"within: {layer.accuracy:g} 以下にします")
        for attribute in layer.attributes:
            if message := _unsaid(attribute, public, asked.get(attribute.column)):
                said = f"レイヤー {layer.code} の {attribute.key}：{message}"
                yield Found(("public", "says"), said, "レイヤーを合わせます")


def _unsaid(attribute: Attribute, public: Public, asked: AskField | None) -> str:
    """Why an attribute of a layer cannot hold what the field of its column says; empty where it can."""
    if attribute.column not in public.says or asked is None:
        return f"{attribute.column} は、公開する項目にありません"
    if asked.type not in _SAYS[attribute.kind]:
        return f"{asked.ask}（{asked.type}）は {attribute.kind} ではありません"
    missing = [one for one in asked.options or () if attribute.kind == "code" and one not in attribute.codes]
    return f"codes に {missing[0]} という値がありません" if missing else ""


#: The types of answers that an attribute of each kind can hold.
_SAYS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "code": ("choice",),
    "yes_no": ("yes_no",),
    "integer": ("integer", "money"),
    "number": ("integer", "money"),
    "date": ("date",),
    "text": (),
}


# -- what is asked of the map -----------------------------------------------------------------------------------------


def _places(procedure: Procedure) -> Iterator[tuple[Path_, AskField]]:
    for index, section in enumerate(procedure.asks):
        for number, one in enumerate(section.ask):
            if isinstance(one, AskField) and one.layers:
                yield ("asks", index, "ask", number), one


def _asking(procedure: Procedure) -> Iterator[tuple[Path_, str, str]]:
    """Conditions that keep something from being asked or looked at, and what they then keep from happening."""
    for index, section in enumerate(procedure.asks):
        if section.when:
            yield ("asks", index), section.when, "この節をたずねません"
        for number, one in enumerate(section.ask):
            if one.when:
                yield ("asks", index, "ask", number), one.when, "この項目をたずねません"
    for path, step in walk(procedure.flow):
        if step.kind != "parallel" and (step.examine or step.consult) and step.body.when:
            yield path, step.body.when, "この審査をしません"


def _texts(subject: Subject) -> Iterator[tuple[str, Path_, str]]:
    """Every expression over the answers: file, path, text."""
    procedure, file = subject.package.procedure, "procedure.yaml"
    for index, gate in enumerate(procedure.gates):
        yield file, ("gates", index, "when"), gate.when
    if isinstance(procedure.fee, Fee) and procedure.fee.when:
        yield file, ("fee", "when"), procedure.fee.when
    for path, text, _ in _asking(procedure):
        yield file, (*path, "when"), text
    for path, step in walk(procedure.flow):
        if step.kind == "parallel":
            continue
        own = () if step.examine or step.consult else ((("when",), step.body.when),)
        given = ((("gives", name), text) for name, text in step.apply.gives.items()) if step.apply else ()
        value = ((("value",), step.record.value),) if step.record else ()
        yen = ((("yen",), step.pay.yen),) if step.pay else ()
        yield from ((file, (*path, *key), text) for key, text in (*own, *given, *value, *yen) if text)
    for name, key, spec in _inputs(subject):
        if spec.is_:
            yield RULES_FILE, (name, "inputs", key, "is"), spec.is_


def _inputs(subject: Subject) -> Iterator[tuple[str, str, Input]]:
    for name, table in subject.package.tables.items():
        for key in table.inputs:
            yield name, key, table.input(key)


def _attribute(layer: Layer, key: str) -> Attribute | None:
    return next((one for one in layer.seen_by("public") if one.key == key), None)


def _layers_in(one: Expression, maps: Iterable[str]) -> list[str]:
    """The layers of places of which this expression sees something."""
    seen = {name.rpartition(".")[0] for name in one.names}
    return [at for at in maps if at in seen]


def _wrong_values(one: Expression, maps: Mapping[str, str], layers: Mapping[str, Layer]) -> Iterator[str]:
    """Constants with which the map is compared and which it never says."""
    for node in tree.walk(one.tree):
        for name, value in tablecheck.constants(node):
            at, _, key = name.rpartition(".")
            layer = layers.get(maps.get(at, ""))
            attribute = _attribute(layer, key) if layer is not None else None
            known = VERDICTS if key == VERDICT and at in maps else tuple(attribute.codes) if attribute else ()
            if known and value not in known:
                yield f"{name} が {value} になることはありません（{'、'.join(known)}）"


#: Whatever it may be: of what is asked of the applicant, and of attributes where the layer applies.
_ANY: Final = object()
_TRUTH: Final = (True, False, None)


def _values(node: tree.Node, text: str, at: str, verdict: str) -> set[Any]:
    """What an expression may be where the layer ``at`` has come to this verdict and all else is open."""
    names = set(tree.names(node))
    mine = {name for name in names if name.rpartition(".")[0] == at}
    if names == mine and (verdict != "applies" or mine <= {f"{at}.{VERDICT}"}):
        try:
            return {evaluate.compile_tree(node, text)({f"{at}.{VERDICT}": verdict})}
        except ExpressionError:
            return {_ANY}
    match node:
        case tree.Not(operand=operand):
            return {None if one is None else not one for one in _truths(operand, text, at, verdict)}
        case tree.Junction(every=every, operands=operands):
            found: set[Any] = {every}
            for operand in operands:
                truths = _truths(operand, text, at, verdict)
                found = {_joined(one, other, every) for one in found for other in truths}
            return found
    return {_ANY}


def _truths(node: tree.Node, text: str, at: str, verdict: str) -> set[Any]:
    values = _values(node, text, at, verdict)
    return set(_TRUTH) if _ANY in values else values


def _joined(one: bool | None, other: bool | None, every: bool) -> bool | None:
    if one is not every and one is not None:
        return one
    if other is not every and other is not None:
        return other
    return None if one is None or other is None else every


def _may_hold(text: str, at: str, verdict: str) -> bool:
    one = Expression.parse(text)
    return True in _truths(one.tree, one.text, at, verdict)
