"""Rules of the check for life events (kind ``journey``): what they name exists, nothing is asked twice in one go."""

from collections.abc import Iterator, Mapping

from madoguchi.ground.expressions import Expression
from madoguchi.procedures.rules import journeys
from madoguchi.procedures.rules.document import Path_
from madoguchi.procedures.rules.form import Form, FormField, form_of
from madoguchi.procedures.rules.format import Apply, walk
from madoguchi.procedures.rules.lint_rules import RULES, Found, Subject, rule

__all__ = ["RULES"]

LEVELS = ("none", "contact", "account", "card", "card-signature")
"""How sure the city must be of who asks, weakest first."""
_UNSHARED = frozenset({"consent", "photo", "file"})
"""What is given for one procedure alone: an agreement is to that one, a file proves one thing."""


def _parts(subject: Subject) -> Iterator[tuple[Path_, Apply]]:
    for path, step in walk(subject.package.procedure.flow):
        if step.apply:
            yield path, step.apply


def _forms(subject: Subject) -> Mapping[str, Form]:
    packages, facts = subject.catalogue.packages, subject.catalogue.facts
    there = (one.procedure for _, one in _parts(subject))
    return {code: form_of(packages[code].procedure, facts) for code in there if code in packages}


@rule(
    "P01",
    "error",
    "ライフイベントの手続きがあり、渡す答えの行き先がある",
    "行き先のない答えは捨てられ、同じことをもう一度たずねることになります。",
)
def part_is_there(subject: Subject) -> Iterator[Found]:
    packages, forms = subject.catalogue.packages, _forms(subject)
    for path, one in _parts(subject):
        if one.procedure not in packages:
            yield Found((*path, "procedure"), f"手続き {one.procedure} がカタログにありません", "", one.procedure)
            continue
        if packages[one.procedure].procedure.kind == "journey":
            message = f"{one.procedure} もライフイベントです"
            yield Found((*path, "procedure"), message, "その中の手続きを、ここに書きます", one.procedure)
            continue
        asked = packages[one.procedure].procedure.identity.removesuffix("-signature")  # all is signed at the end, once
        if LEVELS.index(asked) > LEVELS.index(subject.package.procedure.identity):
            message = f"{one.procedure} は、このライフイベントより強い本人確認を求めます"
            yield Found(("identity",), message, f"identity: {asked}", one.procedure)
        for fact in one.keeps:
            if fact not in subject.catalogue.facts:
                yield Found((*path, "keeps"), f"事実 {fact} は facts.yaml にありません", "", one.procedure)
        for fact, becomes in one.becomes.items():
            name = becomes.field
            if fact not in one.keeps:
                message = f"{fact} は、ほかの手続きと同じ意味のままです"
                yield Found((*path, "becomes", fact), message, "意味の違う事実だけを書き、keeps: にも書きます", fact)
            elif forms[one.procedure].field_at(name) is None:
                message = f"{one.procedure} は {name} をたずねません"
                yield Found((*path, "becomes", fact), message, "その手続きの asks にある名前にします", name)
        for name, text in one.gives.items():
            found = forms[one.procedure].field_at(name)
            if found is None:
                message = f"{one.procedure} は {name} をたずねません"
                yield Found((*path, "gives", name), message, "その手続きの asks にある名前にします", one.procedure)
            elif message := _never_fits(found[1], text):
                yield Found((*path, "gives", name), message, "その項目の選択肢か型に合わせます", one.procedure)
    for number, other in enumerate(subject.package.procedure.elsewhere):
        if other.procedure is not None and other.procedure not in packages:
            message = f"手続き {other.procedure} がカタログにありません"
            yield Found(("elsewhere", number, "procedure"), message, "", other.procedure)
        elif other.procedure in forms:
            message = f"{other.procedure} は、ここでまとめて申し込めます"
            yield Found(("elsewhere", number, "procedure"), message, "elsewhere: から消します", other.procedure)
    try:
        journeys.in_order(one for _, one in _parts(subject))
    except ValueError as error:
        yield Found(("flow",), f"互いの結果を待つ手続きがあります（{error}）", "after: の一つを消します")


def _never_fits(one: FormField, text: str) -> str:
    expression = Expression.parse(text)
    if expression.names:
        return ""
    value = expression.evaluate({})
    if one.type == "choice" and value not in one.options:
        return f"{one.name} の選択肢に {value} はありません"
    if one.type == "yes_no" and not isinstance(value, bool):
        return f"{one.name} は true か false です"
    return ""


@rule(
    "P02",
    "error",
    "ライフイベントは、使うことだけをたずねる",
    "どの手続きも選ばず、どの手続きにもサービスにも渡さない答えは、たずねる理由がありません。",
)
def asked_in_vain(subject: Subject) -> Iterator[Found]:
    procedure = subject.package.procedure
    if procedure.kind != "journey":
        return
    used: set[str] = set()
    for one in procedure.parts:
        for text in (one.when, *one.gives.values()):
            used |= Expression.parse(text).names if text else set()
    for tell in procedure.tells:
        used |= Expression.parse(tell.when).names if tell.when else set()
        used |= {place for places in tell.hands.values() for place in places}
    for gate in procedure.gates:
        used |= Expression.parse(gate.when).names
    for other in procedure.elsewhere:
        used |= Expression.parse(other.when).names if other.when else set()
    for number, section in enumerate(procedure.asks):
        for at, asked in enumerate(section.ask):
            name = getattr(asked, "ask", None)
            if name is not None and name not in used and f"{section.each}.{name}" not in used:
                message = f"項目 {name} の答えは、どこにも使われません"
                yield Found(("asks", number, "ask", at), message, "when: か gives: で使うか、消します", name)


@rule(
    "P03",
    "warning",
    "まとめて申し込むとき、同じことを二度たずねない",
    "別々の手続きでは一度ずつでも、まとめると二度たずねることになります。",
)
def asked_twice_in_one_go(subject: Subject) -> Iterator[Found]:
    given = {(one.procedure, name) for _, one in _parts(subject) for name in one.gives}
    first: dict[tuple[str, str], str] = {}
    for path, part in _parts(subject):
        form = _forms(subject).get(part.procedure)
        for section in form.sections if form else ():
            for one in section.fields:
                key = (one.label["ja"], one.type)
                if one.fact or one.type in _UNSHARED or section.each or (part.procedure, one.name) in given:
                    continue
                if one.name.startswith("proxy_"):  # asked of nobody here: a life event is one's own
                    continue
                if (other := first.setdefault(key, part.procedure)) != part.procedure:
                    message = f"「{one.label['ja']}」を {other} と {part.procedure} が、どちらもたずねます"
                    yield Found(path, message, "ライフイベントでたずねて gives: で渡すか、事実にします", part.procedure)


@rule(
    "P04",
    "error",
    "サービスに渡すものは、たずねたことか事実である",
    "どこにもない答えは渡せません。渡すと書いてあるのに渡らないと、相手は手続きを始められません。",
)
def handed_from_nowhere(subject: Subject) -> Iterator[Found]:
    forms = _forms(subject)
    own = form_of(subject.package.procedure, subject.catalogue.facts)
    facts = {one.fact for form in (own, *forms.values()) for section in form.sections for one in section.fields}
    for path, step in walk(subject.package.procedure.flow):
        for name, places in step.tell.hands.items() if step.tell else ():
            for place in places:
                code, _, rest = place.partition(".")
                form, at = (forms[code], rest) if rest and code in forms else (own, place)
                if place not in facts and form.field_at(at) is None:
                    message = f"{name} として渡す {place} は、どこでもたずねません"
                    instead = "質問の名前、facts.yaml の事実、「手続き.項目」のどれかにします"
                    yield Found((*path, "hands", name), message, instead, place)
