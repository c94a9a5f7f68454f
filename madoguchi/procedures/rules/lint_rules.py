"""The rules of the check: one function for each question, with what it asks and why. `lint` runs them.

L01–L16 follow a process from the first screen to the last and ask where it falls out of the digital path; R ask of
decision tables, G of the flow, T of texts, J of what the law wants said, K of legal bases, D of letters, E of examples.
A rule yields what it found; files, lines and waivers are the business of `lint`.
"""

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple

from madoguchi.facts.rules import shared_by
from madoguchi.ground.expressions import Expression
from madoguchi.ground.languages import LocalText
from madoguchi.messages.rules import letters
from madoguchi.places.rules.layer import Layer
from madoguchi.procedures.rules import examples, load, tablecheck, tables
from madoguchi.procedures.rules.city import City
from madoguchi.procedures.rules.document import Path_
from madoguchi.procedures.rules.flow import Graph, Node
from madoguchi.procedures.rules.format import AskField, FactField, Fee, Model, walk
from madoguchi.procedures.rules.load import Catalogue, Package, field_key
from madoguchi.procedures.rules.vocabulary import permits

Severity = Literal["error", "warning", "note"]
SEVERITIES: Sequence[Severity] = ("error", "warning", "note")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """What a rule found: where (path as the user gave it, lines from 1), what, and what to write instead."""

    file: str
    line: int
    column: int
    rule: str
    message: str
    instead: str = ""
    severity: Severity = "error"
    waived: str = ""
    """Why the city accepts it for now: the reason of the waiver."""

    def __str__(self) -> str:
        mark = {"error": "", "warning": "（注意）", "note": "（参考）"}["note" if self.waived else self.severity]
        lines = [f"{self.file}:{self.line}  {self.rule}  {mark}{self.message}"]
        if self.waived:
            lines.append(f"    ✓ 当面認める: {self.waived}")
        elif self.instead:
            lines.append(f"    → {self.instead}")
        return "\n".join(lines)


class Found(NamedTuple):
    """What a rule says of one package, before it knows of files and lines."""

    path: Path_
    message: str
    instead: str = ""
    at: str | None = None
    """The step or field it is about: what a waiver can name."""
    file: str = "procedure.yaml"
    severity: Severity | None = None
    """Where it weighs less than its rule."""
    place: tuple[int, int] | None = None
    """Line and column, for files that are not YAML."""


@dataclass(frozen=True)
class Subject:
    """One package with what surrounds it."""

    package: Package
    catalogue: Catalogue
    city: City | None
    places: Mapping[str, Path_] = field(default_factory=dict)
    """Node of the flow → path of its step in procedure.yaml."""
    layers: Mapping[str, Layer] | None = None
    """The city's map, where the check has read it for all packages."""

    @cached_property
    def gaps(self) -> Mapping[str, Sequence[tablecheck.Finding]]:
        """Table → what trying its cases finds: the longest part of the check, asked for by four rules."""
        return {name: tablecheck.gaps(table) for name, table in self.package.tables.items()}


Look = Callable[[Subject], Iterable[Found]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what it asks, why, and how to live with a finding for now."""

    id: str
    severity: Severity
    title: str
    why: str
    look: Look | None = None
    """None where the loader or the example runner finds it."""

    def explain(self) -> str:
        """The rule in words, with the form of a waiver."""
        waiver = (
            "当面そのままにするときは、procedure.yaml に理由を書きます:\n"
            f"  waivers:\n    - {{rule: {self.id}, at: 手順か項目の名前, clause: 根拠, level: 条例, reason: …,"
            " substitute: …, until: 2027-03-31}"
        )
        return f"{self.id}  {self.title}（{self.severity}）\n{self.why}\n{waiver if self.look else ''}".rstrip()


RULES: dict[str, Rule] = {}
"""Every rule by id, in the order in which it was written."""


def rule(id_: str, severity: Severity, title: str, why: str) -> Callable[[Look], Look]:
    """Add a rule to the check. Raises ValueError at import where the id is taken."""

    def decorate(look: Look) -> Look:
        _add(Rule(id_, severity, title, why, look))
        return look

    return decorate


def _add(one: Rule) -> None:
    if one.id in RULES:
        raise ValueError(f"rule {one.id} exists already")
    RULES[one.id] = one


for _id, _title in {**load.RULES, **examples.RULES}.items():
    _add(Rule(_id, "error", _title, "読み込むとき、または例を動かすときに確かめます。"))
_add(
    Rule(
        "C01",
        "error",
        "市が提供する手続きがカタログにある",
        "offers.yaml の手続きが読み込めなければ、市民に見せられません。",
    )
)
_add(Rule("C02", "error", "手続きの役割を担う課か職がある", "担う人がいない手順で、事件が止まります。"))
_add(
    Rule(
        "C03",
        "error",
        "選考のある手続きに、募集の回と希望先がある",
        "回と希望先は市が決めます。ないと、カタログの見本がそのまま市民に見えます。",
    )
)
_add(Rule("C05", "error", "台帳の対応表が、事実の名前と値に合う", "合わない対応表では、台帳を取り込めません。"))
_add(
    Rule(
        "K04",
        "error",
        "根拠の登録（laws.yaml・ordinances.yaml）の名前・種類・日が合う",
        "ない課や手続きの根拠では、だれも何も見られません。日の重なった二つの根拠は、どちらが今の条文か分かりません。",
    )
)
_add(
    Rule(
        "K05",
        "note",
        "市の条例を、例規集の本文と照らした",
        "仮置きの条例で見たことは、市民にも「仮置き」と見えます。運用を始める前に、例規集で確かめます。",
    )
)
_add(Rule("W01", "warning", "使われていない、または期限の切れた猶予がない", "直した後の猶予は消します。"))


# -- reading a package ------------------------------------------------------------------------------------------------


def _steps(subject: Subject) -> Iterator[tuple[Node, Path_]]:
    """Every step of the flow with its path in procedure.yaml; corrections, which are made, are left out."""
    for node in subject.package.graph.steps:
        if node.kind != "correction" and node.id in subject.places:
            yield node, subject.places[node.id]


def _breaks(subject: Subject) -> Iterator[tuple[Node, Path_, Mapping[str, Any]]]:
    for node, path in _steps(subject):
        if not node.is_digital:
            yield node, path, node.arguments.get("digital_break", {})


def _asks(package: Package) -> Iterator[tuple[Path_, str, AskField]]:
    for index, section in enumerate(package.procedure.asks):
        for number, one in enumerate(section.ask):
            if isinstance(one, AskField):
                yield ("asks", index, "ask", number), field_key(section, one), one


def _ways_of(subject: Subject) -> tuple[tuple[tuple[str, str], ...], ...]:
    return tuple(subject.package.graph.paths())


CHANNELS: Mapping[str, str] = {
    "paper": "書面",
    "post": "郵送",
    "fax": "ファクス",
    "counter": "窓口",
    "phone": "電話",
    "seal": "押印",
    "visit": "訪問・目視",
    "medium": "記録媒体",
}

_ARTICLE = re.compile(r"第[0-9０-９〇一二三四五六七八九十百]+条")


# -- L: does it stay digital? -----------------------------------------------------------------------------------------


@rule(
    "L02",
    "warning",
    "人がする手順に、何をするかが書いてある",
    "題名も確認事項もない審査・合議は、担当が替わると中身が変わり、システムにも置き換えられません。",
)
def untyped_task(subject: Subject) -> Iterator[Found]:
    for path, step in walk(subject.package.procedure.flow):
        body = step.examine or step.consult
        checks = step.examine.checks if step.examine else ()
        if body is not None and body.title is None and not checks:
            yield Found(
                path, f"{step.kind} が何を確かめるのか書いてありません", "title: か checks: を書きます", body.id
            )


@rule(
    "L03",
    "note",
    "デジタルの流れから外れる手順を数える",
    "根拠のある手順も、件数の多い順に見直すため一覧に残します。",
)
def leaves_the_screen(subject: Subject) -> Iterator[Found]:
    for node, path, said in _breaks(subject):
        substitute = LocalText(said["substitute"]) if "substitute" in said else ""
        yield Found(
            path,
            f"{node.title} は{CHANNELS[node.channel]}になります（{said.get('clause', '')}）",
            str(substitute),
            node.id,
        )


@rule(
    "L04",
    "error",
    "結果が電子データで届く",
    "受け取った文書が紙や署名のない文書だと、その先の手続きがまた紙になります。",
)
def result_on_paper(subject: Subject) -> Iterator[Found]:
    for node, path in _steps(subject):
        if node.kind != "issue":
            continue
        level = node.arguments.get("digital_break", {}).get("level")
        if not node.is_digital and level in ("規則", "要綱", "慣行"):
            message = f"{node.title} が{CHANNELS[node.channel]}でしか届かないのは、市が自分で決めたことです（{level}）"
            yield Found(path, message, "channel: の行を消し、電子署名した文書で届けます", node.id)
        elif node.is_digital and not node.arguments.get("signed", True):
            yield Found(path, f"{node.title} に電子署名がありません", "signed: true にします", node.id)


#: Types of answers of which everybody has one, whatever it is called; somebody else's says whose it is.
_BY_TYPE = {"email": "person.email", "phone": "person.phone", "bank_account": "person.bank_account"}


@rule(
    "L05",
    "error",
    "市が知っていることを、もう一度たずねない",
    "一度出した情報は二度求めない（ワンスオンリー、デジタル手続法）。たずねる項目は事実に結び付けます。",
)
def asked_again(subject: Subject) -> Iterator[Found]:
    package, facts = subject.package, subject.catalogue.facts
    labels = {fact.label["ja"]: key for key, fact in facts.items()}
    # What a life event asks once and hands to its parts; it may be no fact, as it is about somebody who has died.
    handed = {
        (part.procedure, name)
        for journey in subject.catalogue.packages.values()
        for part in journey.procedure.parts
        for name in part.gives
    }
    elsewhere = {
        (one.label["ja"], one.type): other.procedure.code
        for other in subject.catalogue.packages.values()
        if other.procedure.code != package.procedure.code
        and "journey" not in (other.procedure.kind, package.procedure.kind)  # it hands its answers on (P01–P03)
        for _, _, one in _asks(other)
        if (other.procedure.code, one.ask) not in handed
    }
    for path, key, one in _asks(package):
        fact = labels.get(one.label["ja"]) or next((it for it in (key, _BY_TYPE.get(one.type)) if it in facts), None)
        if fact is not None and one.again_because is None:
            message = f"項目 {one.ask} は、事実 {fact} が答えを持っています"
            instead = f"- fact: {fact} と書くか、もう一度たずねる理由を again_because: に書きます"
            yield Found(path, message, instead, one.ask)
        elif (
            (other := elsewhere.get((one.label["ja"], one.type)))
            and one.type != "consent"
            and one.again_because is None
            and (package.procedure.code, one.ask) not in handed
        ):
            message = f"項目 {one.ask} は、手続き {other} でもたずねています"
            yield Found(path, message, "facts.yaml の事実にして、どちらからも使います", one.ask, severity="warning")


_LINKED = {
    "住民票": "住民基本台帳",
    "課税証明": "税の台帳",
    "所得証明": "税の台帳",
    "戸籍": "戸籍情報連携",
    "保険証": "情報連携（資格情報）",
    "資格確認書": "情報連携（資格情報）",
    "年金手帳": "情報連携（年金）",
    "印鑑登録証明": "電子署名",
    "身分証明書": "サインイン",
    "本人確認書類": "サインイン",
    "委任状": "代理の登録（apply_for_others）",
}


@rule(
    "L06",
    "error",
    "連携で確かめられるものを、添付させない",
    "写しを求めるたびに、市民は窓口へ行き、職員は目で見比べます。事実か照会で確かめます。",
)
def attachment_at_hand(subject: Subject) -> Iterator[Found]:
    for path, _, one in _asks(subject.package):
        if one.type not in ("photo", "file") or one.again_because is not None:
            continue
        if one.proves:
            message = f"添付 {one.label} は、事実 {'、'.join(one.proves)} が持つことをもう一度求めています"
            yield Found(path, message, "事実に結び付けるか、again_because: に理由を書きます", one.ask)
        elif word := next((word for word in _LINKED if word in one.label["ja"]), None):
            message = f"添付 {one.label} は、{_LINKED[word]}で確かめられます"
            yield Found(path, message, "look_up: で照会するか、again_because: に理由を書きます", one.ask)


@rule(
    "L07",
    "error",
    "手数料をオンラインで納められる",
    "申請がオンラインでも、納付のために窓口や金融機関へ行くなら、そこで流れが止まります。",
)
def fee_at_the_counter(subject: Subject) -> Iterator[Found]:
    fee = subject.package.procedure.fee
    if isinstance(fee, Fee) and fee.online and not any(node.kind == "pay" for node in subject.package.graph.steps):
        message = f"手数料 {fee.yen:,}円をオンラインで納める手順（pay）が流れにありません"
        yield Found(("fee", "online"), message, "flow: に - pay: を加えます", "fee")
    if isinstance(fee, Fee) and not fee.online:
        yield Found(
            ("fee", "online"),
            f"手数料 {fee.yen:,}円をオンラインで納められません",
            "online: true にできる納付方法を用意します",
            "fee",
        )


@rule(
    "L08",
    "error",
    "押印・書面・対面・訪問には、条文の根拠がある",
    "根拠が書けないものは、法令ではなく習慣が求めています（押印見直しの基準）。",
)
def habit_as_law(subject: Subject) -> Iterator[Found]:
    for node, path, said in _breaks(subject):
        clause = str(said.get("clause", ""))
        if node.channel in ("seal", "paper", "counter", "visit") and not _ARTICLE.search(clause):
            message = f"{node.title}（{CHANNELS[node.channel]}）の根拠「{clause}」に条文がありません"
            yield Found(
                (*path, "digital_break", "clause"),
                message,
                "「条例第3条」のように条まで書くか、この手順をやめます",
                node.id,
            )


@rule(
    "L09",
    "warning",
    "市が自分で変えられる理由で、外れていない",
    "要綱・様式・慣行は、法令の改正を待たずに市が見直せます。",
)
def ours_to_change(subject: Subject) -> Iterator[Found]:
    for node, path, said in _breaks(subject):
        if said.get("level") in ("要綱", "慣行"):
            message = f"{node.title} が外れる根拠は{said['level']}だけです。市が自分で見直せます"
            yield Found((*path, "digital_break", "level"), message, "要綱や様式を改め、この手順をなくします", node.id)


@rule(
    "L10",
    "warning",
    "判断の基準が、表に書いてある",
    "基準が人の頭の中にあると、理由を示せず、同じ事件が違う結果になります（行政手続法5条・8条）。",
)
def criteria_in_a_head(subject: Subject) -> Iterator[Found]:
    package = subject.package
    decides = any(step.examine and "refuse" in step.examine.outcomes for _, step in walk(package.procedure.flow))
    if (
        decides
        and not any(table.decides for table in package.tables.values())
        and not any(node.kind == "judge" for node in package.graph.steps)
    ):
        yield Found(("flow",), "断ることがあるのに、判定の表がありません", "rules.yaml に表を書き、judge: で使います")
    for path, step in walk(package.procedure.flow):
        condition = None if step.kind == "parallel" else step.body.when
        names = Expression.parse(condition).names if condition else frozenset()
        own = sorted(name for name in names if name.partition(".")[0] not in ("verdict", "decision", "finding"))
        # Who is asked to confirm, and which procedure to begin with, lies in the answers and decides nothing.
        if own and step.kind not in ("cosign", "apply", "tell"):
            at = None if step.kind == "parallel" else step.body.id
            message = f"流れの分かれ目が、答え（{'、'.join(own)}）を直に見ています"
            yield Found((*path, "when"), message, "rules.yaml の表で決め、verdict.… を見ます", at)


@rule(
    "L11",
    "error",
    "標準処理期間があり、手順の期限がその中に収まる",
    "期間を定めて公にし（行政手続法6条）、人の手順には期限を置きます。郵送の相手や申請者の納付を待つ間は数えません。",
)
def no_clock(subject: Subject) -> Iterator[Found]:
    procedure = subject.package.procedure
    period = procedure.standard_period
    if period is None:
        if procedure.kind == "application":
            yield Found((), "標準処理期間がありません", "standard_period: {business_days: 10, from: received}")
        return
    days: dict[str, int] = {}
    for node, path in _steps(subject):
        if node.is_human and node.kind != "issue" and not node.deadline:
            instead = "deadline: {business_days: 3, then: remind}"
            yield Found(path, f"{node.title} に期限がありません", instead, node.id, severity="warning")
        elif node.deadline and node.channel != "post" and not node.is_applicants:
            days[node.id] = int(node.deadline["business_days"])
    longest = max((sum({one: days.get(one, 0) for one, _ in way}.values()) for way in _ways_of(subject)), default=0)
    if longest > period.business_days:
        message = f"手順の期限を合わせると {longest} 日で、標準処理期間 {period.business_days} 日を超えます"
        yield Found(
            ("standard_period", "business_days"), message, "期間を延ばすか、手順の期限を短くします", severity="warning"
        )


@rule(
    "L12",
    "warning",
    "一人でできない人にも道がある",
    "代理や同席の入口がない手続きは、いちばん助けの要る人が使えません。",
)
def nobody_helps(subject: Subject) -> Iterator[Found]:
    if not subject.package.procedure.apply_for_others and subject.package.procedure.kind != "journey":
        message = "本人のほかに申請できる人がいません"
        yield Found(("apply_for_others",), message, "apply_for_others: [legal_representative, counter]")


@rule(
    "L13",
    "error",
    "課から課へ、紙や媒体で渡さない",
    "庁内の受渡しが紙・ファクス・媒体だと、次の課で打ち直しになります。",
)
def handed_over_by_file(subject: Subject) -> Iterator[Found]:
    previous: str | None = None
    for node, path in _steps(subject):
        if not node.is_human or node.is_applicants:
            continue
        who = _holder(subject, node.by)
        handed = node.channel in ("paper", "fax", "medium") and previous is not None and who != previous
        if handed or node.channel == "medium" or (node.kind == "consult" and not node.is_digital):
            message = f"{node.title} へ{CHANNELS[node.channel]}で渡しています"
            yield Found(path, message, "channel: screen にし、同じ画面で受け渡します", node.id)
        previous = who


def _holder(subject: Subject, role: str | None) -> str:
    """Who holds a role, as one word that can be compared; the role itself without a city."""
    if subject.city is None or role is None:
        return role or ""
    held = subject.city.holders(role, subject.package.procedure)
    posts = subject.city.organisation.posts()
    units = held.sections | {posts[post][1].id for post in held.posts if post in posts}
    return " ".join(sorted(units))


@rule(
    "L14",
    "error",
    "認められる道のうち、少なくとも一つはデジタルで終わる",
    "どの道も紙や窓口を通るなら、「オンラインでできる」とは言えません。",
)
def no_digital_way(subject: Subject) -> Iterator[Found]:
    graph = subject.package.graph
    # A table may refuse, too: whoever comes to a step that is for the refused only was not granted anything.
    refused = {
        node.id
        for node in graph.steps
        if (gateway := graph.nodes.get(f"{node.id}-if")) and gateway.when and _is_refusal(gateway.when)
    }
    good = [
        way
        for way in _ways_of(subject)
        if not any(node in refused or outcome in ("refuse", "return", "send_back", "decline") for node, outcome in way)
    ]
    if good and all(any(not graph[node].is_digital for node, _ in way) for way in good):
        first = next(node for node, _ in good[0] if not graph[node].is_digital)
        message = f"どの道でもデジタルの流れから外れます（最初は {graph[first].title}）"
        yield Found(subject.places.get(first, ("flow",)), message, "外れずに終わる道を作ります", first)


def _is_refusal(condition: str) -> bool:
    return " ".join(condition.split()) == "not decision.granted"


@rule(
    "L15",
    "error",
    "個人番号を使うなら、番号法の根拠が書いてある",
    "個人番号は法律か条例で定めた事務でしか使えません（番号法9条）。",
)
def number_without_basis(subject: Subject) -> Iterator[Found]:
    procedure = subject.package.procedure
    cited = any(
        "番号法" in basis.statute or "個人番号" in basis.statute or "番号の利用" in basis.statute
        for basis in procedure.law.basis
    )
    if cited:
        return
    for index, section in enumerate(procedure.asks):
        for number, one in enumerate(section.ask):
            key = field_key(section, one)
            label = (one.label or subject.catalogue.facts[one.fact].label if isinstance(one, FactField) else one.label)[
                "ja"
            ]
            if "my_number" in key or "individual_number" in key or re.search(r"個人番号|マイナンバー(?!カード)", label):
                message = f"項目 {key} は個人番号ですが、番号法の根拠がありません"
                instead = "law: の basis に {statute: 番号法, article: 第9条…} を書くか、項目をやめます"
                yield Found(("asks", index, "ask", number), message, instead, key)


@rule(
    "L16",
    "error",
    "間違いを直す道がある（補正）",
    "直せない申請は、断るか、電話と紙に戻ります（行政手続法7条）。",
)
def no_way_back(subject: Subject) -> Iterator[Found]:
    procedure = subject.package.procedure
    examines = [step.examine for _, step in walk(procedure.flow) if step.examine]
    if (
        procedure.kind in ("application", "report")
        and examines
        and not any("return" in one.outcomes for one in examines)
    ):
        yield Found(
            ("flow",), "申請者に直してもらう道がありません", "審査に outcomes: [accept, return, refuse] と書きます"
        )


@rule(
    "L17",
    "error",
    "納付は、交付や記録より前にある",
    "渡した後では、納付がなくても取り下げられず、期限が来ても何も起こせません。",
)
def paid_after_the_goods(subject: Subject) -> Iterator[Found]:
    graph = subject.package.graph
    told: set[str] = set()
    for way in _ways_of(subject):
        given = ""
        for node, _ in way:
            if graph[node].kind in ("issue", "record"):
                given = given or str(graph[node].title)
            elif graph[node].kind == "pay" and given and node not in told:
                told.add(node)
                message = f"{graph[node].title} が「{given}」より後にあります"
                yield Found(subject.places.get(node, ("flow",)), message, "納付を前に移します", node)


@rule(
    "L18",
    "error",
    "確かめた後で直した内容は、もう一度確かめてもらう（連署）",
    "連署した方の知らない内容で決まってはいけません。直した後の流れが、連署を通るようにします。",
)
def corrected_behind_their_backs(subject: Subject) -> Iterator[Found]:
    graph = subject.package.graph
    corrections = [node for node in graph.steps if node.kind == "correction"]
    for node, path in _steps(subject):
        if node.kind != "cosign":
            continue
        later = _reached(graph, node.next["confirm"], through_people=True)
        for correction in corrections:
            if correction.id in later and node.id not in _reached(graph, correction.next[""], through_people=False):
                message = f"{node.title} の後の補正（{correction.id}）が、連署を通らずに先へ進みます"
                yield Found(path, message, "連署（cosign）を、審査のすぐ前に置きます（間は照会と判定だけ）", node.id)


def _reached(graph: Graph, first: str, *, through_people: bool) -> set[str]:
    """Where a token that arrives at ``first`` may come; without people only up to the next step that one does."""
    seen: set[str] = set()
    running = [first]
    while running:
        id_ = running.pop()
        if id_ in seen:
            continue
        seen.add(id_)
        if through_people or not graph[id_].is_human:
            running += graph[id_].next.values()
    return seen


# -- R, G: tables and flow --------------------------------------------------------------------------------------------


def _tables(subject: Subject, kind: str) -> Iterator[Found]:
    for name, findings in subject.gaps.items():
        for found in findings:
            if found.kind == kind:
                yield Found((name, *found.path), f"表 {name}: {found.message}", found.instead, name, "rules.yaml")


@rule(
    "R02",
    "error",
    "表にすき間がない",
    "どの行にも当てはまらない場合があると、事件が止まります。当てはまらない例を示します。",
)
def table_gap(subject: Subject) -> Iterator[Found]:
    yield from _tables(subject, "gap")


@rule("R03", "error", "表に重なりがない", "二つの行に当てはまる場合があると、結果が一つに決まりません。")
def table_overlap(subject: Subject) -> Iterator[Found]:
    yield from _tables(subject, "overlap")


@rule("R04", "error", "表に使われない行がない", "前の行がすべて先に当てはまる行は、改正の消し忘れかもしれません。")
def table_dead_row(subject: Subject) -> Iterator[Found]:
    yield from _tables(subject, "unreachable")


@rule("R05", "note", "表の確認が証明になっている", "項目どうしの比較や計算がある表は、境目の例で確かめます。")
def table_sampled(subject: Subject) -> Iterator[Found]:
    yield from _tables(subject, "sampled")


@rule("G01", "error", "どの枝にも行ける", "行けない枝は、条件の書き間違いか、消し忘れです。")
def unreachable_branch(subject: Subject) -> Iterator[Found]:
    graph = subject.package.graph
    taken = {node for way in _ways_of(subject) for node, _ in way}
    domain = _domain(subject.package)
    for node, path in _steps(subject):
        gateway = graph.nodes.get(f"{node.id}-if")
        never = gateway is not None and gateway.when is not None and not _can_hold(gateway.when, domain)
        if node.id not in graph.reachable() or node.id not in taken or never:
            yield Found(path, f"{node.title}（{node.id}）に行く道がありません", "when: の条件を確かめます", node.id)


def _domain(package: Package) -> dict[str, set[Any]]:
    """The values that conditions can meet: of `decision.granted`, and of `verdict.*` where tables write them out."""
    refuses = any(
        step.examine and ("refuse" in step.examine.outcomes or step.examine.correction.then == "refuse")
        for _, step in walk(package.procedure.flow)
    )
    values: dict[str, set[Any]] = {"decision.granted": {True}}
    if refuses or any(table.decides for table in package.tables.values()):
        values["decision.granted"].add(False)
    for table in package.tables.values():
        if table.several:
            continue
        for output in table.outputs:
            given = [row.then[output] for row in table.rows]
            if not any(isinstance(value, Model) for value in given):
                values[f"verdict.{output}"] = set(given)
    return values


def _can_hold(condition: str, domain: Mapping[str, set[Any]]) -> bool:
    """Whether some of the possible values make the condition true; true where not all values are known."""
    expression = Expression.parse(condition)
    names = sorted(expression.names)
    if not set(names) <= set(domain):
        return True
    return any(
        expression.holds(dict(zip(names, values, strict=True)))
        for values in itertools.product(*(domain[name] for name in names))
    )


@rule("G02", "error", "どの道も終わる", "終わらない道に入った事件は、いつまでも残ります。")
def endless_way(subject: Subject) -> Iterator[Found]:
    graph = subject.package.graph
    ending = graph.ending()
    for node, path in _steps(subject):
        if node.id not in ending:
            yield Found(
                path, f"{node.title}（{node.id}）から終わりへ行けません", "流れの終わりまでの手順を書きます", node.id
            )


@rule(
    "G03",
    "error",
    "照会した事実を使う表と条件は、どの道でも照会の後にある",
    "照会の前や、並行する別の枝で判定すると、市の記録をまだ見ないまま決まります。",
)
def judged_before_it_is_known(subject: Subject) -> Iterator[Found]:
    package, graph = subject.package, subject.package.graph
    only = _looked_up_only(subject)
    if not only:
        return
    for path, text in _before_the_flow(package):
        for key in sorted(only & _facts_in({text}, only)):
            message = f"{key} は照会で分かる事実で、申請の入力のときにはまだ分かりません"
            yield Found(path, message, "申請者にたずねるか、流れの中の表で決めます", key)
    uses = {node.id: used for node in graph.nodes.values() if (used := _facts_in(_expressions_of(node, package), only))}
    found_at: dict[str, set[str]] = {}
    for node in graph.steps:
        for key in node.arguments["facts"] if node.kind == "look_up" else ():
            found_at.setdefault(key, set()).add(node.id)
    branches, told = graph.branches(), set[tuple[str, str]]()
    for way in graph.paths(conditions=True):
        behind: set[str] = set()
        for id_, _ in way:
            for key in sorted(uses.get(id_, ())):
                known = any(_stands_behind(branches, one, id_) for one in found_at[key] & behind)
                if not known and (id_, key) not in told:
                    told.add((id_, key))
                    what = graph[id_].title or "流れの分かれ目"
                    message = f"{what}（{id_}）が使う {key} は、その前に照会しない道があります"
                    instead = "look_up: を、どの道でも通る前の所（並行なら parallel の前）に移します"
                    yield Found(subject.places.get(id_, ("flow",)), message, instead, id_.removesuffix("-if"))
            behind.add(id_)


@rule(
    "G04",
    "warning",
    "照会した事実を、だれかが使う",
    "見る必要のない記録は見ません。市民の「だれが見たか」にも載ります。",
)
def looked_up_in_vain(subject: Subject) -> Iterator[Found]:
    package, graph = subject.package, subject.package.graph
    rows = {section.each for section in package.procedure.asks if section.each}
    for node, path in _steps(subject):
        if node.kind != "look_up":
            continue
        after = [graph[id_] for id_ in _reached(graph, node.next[""], through_people=True)]
        seen = any(one.kind in ("examine", "approve", "consult", "allot") for one in after)
        for number, key in enumerate(node.arguments["facts"]):
            where = (*path, "facts", number)
            if key.partition(".")[0] in rows:
                message = f"{node.title} が見る {key} は行ごとにたずねるので、どの行のことか分かりません"
                yield Found(where, message, "facts: から消します", node.id)
            elif not seen and not any(_facts_in(_expressions_of(one, package), {key}) for one in after):
                message = f"{node.title} が見る {key} を、その後の表も条件も人も使いません"
                yield Found(where, message, "照会を、使う手順の前に移すか、facts: から消します", node.id)


def _looked_up_only(subject: Subject) -> set[str]:
    """The facts that a step looks up and the form does not ask of everybody: until then they may be unknown."""
    package = subject.package
    asked = {
        one.fact
        for section in package.procedure.asks
        if section.each is None and section.when is None
        for one in section.ask
        if isinstance(one, FactField) and one.required and one.when is None
    }
    return {key for node in package.graph.steps if node.kind == "look_up" for key in node.arguments["facts"]} - asked


def _expressions_of(node: Node, package: Package) -> set[str]:
    """What is evaluated at this node: its condition, its value, the inputs of its table."""
    said = node.arguments
    texts = {node.when, *(said.get(name) for name in ("value", "yen", "until") if isinstance(said.get(name), str))}
    table = package.tables.get(said["table"]) if node.kind in ("judge", "allot") else None
    for name in table.inputs if table else ():
        assert table is not None
        spec = table.input(name)
        texts |= {spec.rank.among} if spec.rank else {tables.source_of(table, name, spec)}
    for bounds in table.editable.values() if table else ():
        texts |= {one for one in (bounds.min, bounds.max) if isinstance(one, str)}
    return {text for text in texts if text}


def _before_the_flow(package: Package) -> Iterator[tuple[Path_, str]]:
    """Conditions that hold or fail while somebody still fills in the form."""
    procedure = package.procedure
    for index, gate in enumerate(procedure.gates):
        yield ("gates", index, "when"), gate.when
    for index, section in enumerate(procedure.asks):
        if section.when:
            yield ("asks", index, "when"), section.when
        for number, one in enumerate(section.ask):
            if one.when:
                yield ("asks", index, "ask", number, "when"), one.when
    for path, step in walk(procedure.flow):
        if step.apply:  # which parts of a life event apply, and what they are given, is settled in the form
            yield from (((*path, "gives", name), text) for name, text in step.apply.gives.items())
            if step.apply.when:
                yield (*path, "when"), step.apply.when


def _facts_in(texts: Iterable[str], keys: Iterable[str]) -> set[str]:
    names = {name for text in texts for name in Expression.parse(text).names}
    return {key for key in keys if any(name == key or name.startswith(f"{key}.") for name in names)}


def _stands_behind(branches: Mapping[str, Mapping[str, str]], first: str, then: str) -> bool:
    """Whether ``first`` is over when ``then`` begins, and not only beside it in another branch."""
    return all(branches[then].get(fork, branch) == branch for fork, branch in branches[first].items())


# -- T: texts ---------------------------------------------------------------------------------------------------------


def _texts(value: Any, path: Path_ = ()) -> Iterator[tuple[Path_, LocalText]]:
    """Every text with its path as the document has it."""
    if isinstance(value, LocalText):
        yield path, value
    elif isinstance(value, Model):
        for name in value.model_fields_set:
            alias = type(value).model_fields[name].alias or name
            yield from _texts(getattr(value, name), (*path, alias))
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _texts(one, (*path, key))
    elif isinstance(value, tuple):
        for index, one in enumerate(value):
            yield from _texts(one, (*path, index))


def _all_texts(subject: Subject) -> Iterator[tuple[str, Path_, LocalText]]:
    package = subject.package
    for path, text in _texts(package.procedure):
        yield "procedure.yaml", path, text
    for name, table in package.tables.items():
        for path, text in _texts(table, (name,)):
            yield "rules.yaml", path, text
    for name, example in package.examples.items():
        for path, text in _texts(example):
            yield f"examples/{name}.yaml", path, text


_LANGUAGES = {"ja-simple": "やさしい日本語", "en": "英語"}


@rule(
    "T01",
    "error",
    "文がすべての言語でそろっている",
    "日本語・やさしい日本語・英語のどれかが欠けると、その人の画面に日本語が混じります。",
)
def text_missing(subject: Subject) -> Iterator[Found]:
    for file, path, text in _all_texts(subject):
        if missing := text.missing():
            said = "と".join(_LANGUAGES[one] for one in missing)
            yield Found(path, f"「{_short(text)}」に{said}がありません", f"{'・'.join(missing)}: を書きます", file=file)
    used = {one.fact for section in subject.package.procedure.asks for one in section.ask if isinstance(one, FactField)}
    for key in sorted(used):
        for _, text in _texts(subject.catalogue.facts[key]):
            if missing := text.missing():
                said = "と".join(_LANGUAGES[one] for one in missing)
                yield Found(("asks",), f"事実 {key} の「{_short(text)}」に{said}がありません", "facts.yaml に書きます")


def _short(text: LocalText) -> str:
    return text["ja"] if len(text["ja"]) <= 24 else text["ja"][:23] + "…"


@rule(
    "T02",
    "error",
    "文の差し込みが、市の名前などに限られている",
    "{city} {mayor} {governor} のほかの { } は、そのまま市民に見えます。",
)
def unknown_placeholder(subject: Subject) -> Iterator[Found]:
    for file, path, text in _all_texts(subject):
        found = {word for one in text.values() for word in re.findall(r"\{([^{}]*)\}", one)} - {
            "city",
            "mayor",
            "governor",
        }
        for word in sorted(found):
            yield Found(
                path, f"差し込み {{{word}}} はありません", "{city} {mayor} {governor} のどれかにします", file=file
            )


# -- J, K: what the law wants -----------------------------------------------------------------------------------------


@rule(
    "J01",
    "error",
    "教示がある",
    "不服申立てができる処分では、できること・相手・期間を書面で知らせます（行政不服審査法82条、行政事件訴訟法46条）。",
)
def no_remedy(subject: Subject) -> Iterator[Found]:
    procedure = subject.package.procedure
    remedy = procedure.remedy
    if procedure.kind != "application":
        return
    if remedy is None:
        yield Found(
            (),
            "教示（不服があるときの方法）がありません",
            "remedy: {kind: review-request, authority: mayor, within: 3か月, text: …}",
        )
    elif remedy.kind == "review-request":
        if remedy.authority is None or remedy.within is None:
            yield Found(("remedy",), "教示に、相手と期間がそろっていません", "authority: と within: を書きます")
        for words, what in (("審査請求", "審査請求"), ("取消しの訴え", "取消訴訟")):
            if words not in remedy.text["ja"]:
                yield Found(("remedy", "text"), f"教示の文に{what}のことがありません", f"「{words}」を書きます")


@rule(
    "J02",
    "error",
    "断るときに、理由を示す文書が出る",
    "申請を拒否するときは、同時に理由を示します（行政手続法8条）。理由は通知書に印字されます。",
)
def silent_refusal(subject: Subject) -> Iterator[Found]:
    graph = subject.package.graph
    told: set[str] = set()
    for way in _ways_of(subject):
        refused = next((node for node, outcome in way if outcome == "refuse"), None)
        if refused is None or refused in told:
            continue
        after = way[[node for node, _ in way].index(refused) :]
        if not any(graph[node].kind == "issue" for node, _ in after):
            told.add(refused)
            message = f"{graph[refused].title} で断った後に、通知書が出ない道があります"
            instead = "issue: {when: not decision.granted, letter: refused} を加えます"
            yield Found(subject.places.get(refused, ("flow",)), message, instead, refused)


@rule(
    "K01",
    "note",
    "根拠の条文を、本文と照らした",
    "checked: に日付のない根拠は、公開の前に条文と照らします。",
)
def unverified_basis(subject: Subject) -> Iterator[Found]:
    procedure = subject.package.procedure
    places = {
        ("law", "basis"): procedure.law.basis,
        ("standard_period", "basis"): procedure.standard_period.basis if procedure.standard_period else (),
        ("fee", "basis"): procedure.fee.basis if isinstance(procedure.fee, Fee) else (),
        ("remedy", "basis"): procedure.remedy.basis if procedure.remedy else (),
        ("public", "basis"): procedure.public.basis if procedure.public else (),
    }
    for path, bases in places.items():
        for index, basis in enumerate(bases):
            if basis.checked == "unverified":
                message = f"{basis.statute}{basis.article} を条文と照らしていません"
                yield Found((*path, index), message, "e-Gov 法令検索で確かめ、checked: に日付を書きます")
    if procedure.law.class_ == "義務" and not procedure.law.basis:
        yield Found(("law",), "義務の手続きに根拠がありません", "basis: [{statute: …, article: …}]", severity="error")


@rule(
    "K02",
    "warning",
    "照らした根拠が、laws.yaml に自分たちの言葉で書いてある",
    "条文が何を言うかを一か所に書いておくと、改正のときに直す手続きが分かります。条例は各市のものなので除きます。",
)
def basis_without_words(subject: Subject) -> Iterator[Found]:
    known = {statute.title for statute in subject.catalogue.laws.values()}
    for index, basis in enumerate(subject.package.procedure.law.basis):
        if basis.statute not in known and "条例" not in basis.statute:
            message = f"{basis.statute} が laws.yaml にありません"
            yield Found(("law", "basis", index, "statute"), message, "laws.yaml に、条文の言うことを短く書きます")


@rule(
    "K03",
    "error",
    "照会する事実のどれにも、見てよい根拠がある",
    "根拠のない照会は行われず、断られたことだけが記録に残ります。",
)
def looked_up_without_permission(subject: Subject) -> Iterator[Found]:
    procedure = subject.package.procedure
    ordinances = subject.city.ordinances if subject.city else {}
    every = list(permits(subject.catalogue.laws, ordinances))
    for path, _, one in _asks(subject.package):
        if one.business is not None and not any(
            entry.purpose == "prefill"
            and (not entry.procedures or procedure.code in entry.procedures)
            and (not entry.facts or one.business.fact in entry.facts)
            for entry in every
        ):
            message = f"項目 {one.ask} に出す {one.business.fact} に、根拠（prefill）の登録がありません"
            yield Found((*path, "business"), message, "laws.yaml の認める条文に permits: を書きます", one.ask)
    register = [one for one in every if one.purpose == "look_up"]
    for node, path in _steps(subject):
        if node.kind != "look_up":
            continue
        is_consent = node.arguments["basis"] == "consent"
        for number, key in enumerate(node.arguments["facts"]):
            permitted = any(
                (one.kind == "本人同意") == is_consent
                and (not one.procedures or procedure.code in one.procedures)
                and (not one.facts or key in one.facts)
                and (one.until is None or one.until >= procedure.version)
                and not (shared_by(key) and (is_consent or not one.offices))
                for one in register
            )
            if not permitted:
                shared = shared_by(key) and "課（offices）を定めた"
                kind = shared or ("同意による" if is_consent else "")
                message = f"{node.title} が見る {key} に、{kind}根拠の登録がありません"
                instead = "laws.yaml か市の ordinances.yaml で、認める条文に permits: を書きます"
                yield Found((*path, "facts", number), message, instead, node.id)


# -- D, E: letters and examples ---------------------------------------------------------------------------------------


@rule(
    "D01",
    "error",
    "どの文書も作れ、誰にでも読める（PDF/A・PDF/UA）",
    "例のデータで文書を作り、宛名・番号・理由・教示が印字されるかを確かめます。",
)
def broken_letter(subject: Subject) -> Iterator[Found]:
    package = subject.package
    for name, data in _letters(subject).items():
        template = examples.template_of(package, name)
        for found in letters.check_letter(package.folder.parent.parent, template, data):
            file, place = f"letters/{name}.typ", (found.line, found.column)
            if found.path != template:
                file = f"../../{found.path}"
            yield Found((), f"{found.message}", found.instead, name, file, place=place)


@rule("D02", "warning", "どの文書にも、それが出る例がある", "例のない文書は、誰も読んだことがありません。")
def unread_letter(subject: Subject) -> Iterator[Found]:
    printed = _letters(subject)
    for name in subject.package.letters:
        if name not in printed:
            message = f"文書 {name} が出る例がありません"
            yield Found((), message, "examples/ に一つ書きます", name, f"letters/{name}.typ", place=(1, 1))


def _letters(subject: Subject) -> dict[str, Mapping[str, Any]]:
    """Each letter with the data of the first example that issues it."""
    printed: dict[str, Mapping[str, Any]] = {}
    for example in subject.package.examples.values():
        story = examples.play(subject.package, example, subject.catalogue.facts, subject.city)
        for name, data in story.letters.items():
            printed.setdefault(name, data)
    return printed


_KINDS = {"granted": "認められた例", "returned": "補正した例", "refused": "断られた例", "withdrawn": "取り下げた例"}


@rule(
    "E07",
    "error",
    "認められた・補正した・断られた・取り下げた例がある",
    "四つの例がそろって、はじめて手続きの全体を読んだことになります。",
)
def few_examples(subject: Subject) -> Iterator[Found]:
    if subject.package.procedure.kind != "application":
        return
    there: set[str] = set()
    for example in subject.package.examples.values():
        path = example.path
        if path[-1] == "withdrawn":
            there.add("withdrawn")
        elif any(one.endswith(":return") for one in path):
            there.add("returned")
        elif (example.decision or {}).get("granted") is False or any(one.endswith(":refuse") for one in path):
            there.add("refused")
        else:
            there.add("granted")
    if missing := [what for kind, what in _KINDS.items() if kind not in there]:
        yield Found((), f"{'・'.join(missing)}がありません", "examples/ に書きます")


@rule(
    "H01",
    "warning",
    "保存期間が決まっている",
    "保存期間のない案件は、いつまでも消えません。文書管理規程の保存期間を、結果ごとに書きます。",
)
def kept_for_ever(subject: Subject) -> Iterator[Found]:
    if subject.package.procedure.retention is None and subject.package.procedure.kind in ("application", "report"):
        yield Found((), "保存期間（retention）がありません", "retention: {granted: {years: 5}, basis: …} を書きます")
