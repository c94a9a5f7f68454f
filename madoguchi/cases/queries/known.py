"""わたしの情報: what is known of a person and who has read it, as that person sees it."""

import json
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext_noop

from madoguchi.cases.queries.companies import company
from madoguchi.cases.queries.seen import HANDED, NUMBER, SHOWN, Thing, events_of, things_of
from madoguchi.events import Actor
from madoguchi.facts import queries as facts
from madoguchi.facts.queries import Known, Reading
from madoguchi.facts.rules import Purpose
from madoguchi.facts.rules.delegating import KEY
from madoguchi.ground.clock import day_of
from madoguchi.ground.languages import LocalText
from madoguchi.people.queries import partner_names, posts_on
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.form import Cell, FormField, field_of
from madoguchi.procedures.rules.format import FactField

#: How many readings stand on one page.
PAGE: Final = 50
NOTHING: Final[Mapping[Any, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Read:
    """A reading with ``offices``, the names of section and post of that day (or of the partner's system); ``agent`` is
    the name of whoever read as one's agent.

    ``what``: what was seen or handed over that is no fact (msgids); ``laws``: by which it was. Of what went out of the
    house: the ``company`` to which it went, by the consent of that moment (``consented_at``), or the ``provider`` of
    a payment.
    """

    reading: Reading
    offices: tuple[tuple[LocalText, LocalText | None], ...]
    labels: tuple[LocalText, ...]
    procedure: LocalText | None
    is_other: bool
    agent: str = ""
    what: tuple[str, ...] = ()
    laws: tuple[str, ...] = ()
    company: LocalText | None = None
    consented_at: datetime | None = None
    provider: str = ""


def of_person(by: Actor) -> list[Known]:
    """What is known today of the resident who asks; it is a reading like any other. What they have said themselves
    stands behind the record of the same where it was said since, and differs."""
    told: dict[tuple[str, str], list[Known]] = {}
    for one in facts.all_known(by.who, Purpose("view"), by=by):
        told.setdefault((one.key, one.row), []).append(one)
    return [one for both in told.values() for one in both if one is both[0] or _adds(one, both[0])]


def _adds(word: Known, known: Known) -> bool:
    return word.as_of >= known.as_of and _folded(word.value) != _folded(known.value)


def _folded(value: Any) -> Any:
    """A text without width and spaces, in which one source writes a name as another does not."""
    return "".join(unicodedata.normalize("NFKC", value).split()) if isinstance(value, str) else value


# -- of whom a fact is ------------------------------------------------------------------------------------------------

#: Those of whom a person tells, in the order in which they are shown; whoever is told of as more is the first.
OTHERS: Final = ("spouse", "child", "member")


@dataclass(frozen=True, slots=True)
class Group:
    """What is known of one human being (or thing) of whom the person has told. ``kind``: empty for the person, spouse,
    child, member, else the first part of the keys; ``name`` as it was told, empty where it was not."""

    kind: str
    name: str
    facts: Sequence[Known]


def whose(told: Sequence[Known], person: UUID) -> dict[tuple[str, str], tuple[str, str, str]]:
    """(First part of the key, row) → (kind, name, born on) of whom the fact is. A child that was told of in several
    cases is one by name and day of birth, and so is what an office has recorded of it (``row_named``)."""
    said: dict[tuple[str, str], dict[str, str]] = {}
    for one in told:
        kind, _, name = one.key.partition(".")
        if kind in OTHERS and name in ("full_name", "date_of_birth"):
            said.setdefault((kind, one.row), {}).setdefault(name, str(one.value))
    found: dict[tuple[str, str], tuple[str, str, str]] = {}
    by_name: dict[tuple[str, str], tuple[str, str, str]] = {}
    days: dict[str, set[str]] = {}
    for values in said.values():
        if values.get("full_name") and values.get("date_of_birth"):
            days.setdefault(_plain(values["full_name"]), set()).add(values["date_of_birth"])
    for (kind, row), values in sorted(said.items(), key=lambda item: (OTHERS.index(item[0][0]), item[0][1])):
        name, born = values.get("full_name", ""), values.get("date_of_birth", "")
        if not name:
            continue
        only = days.get(_plain(name), set())
        born = born or (next(iter(only)) if len(only) == 1 else "")  # told once without: it is the one of that name
        found[kind, row] = by_name.setdefault((_plain(name), born), (kind, name, born))
    named = {facts.row_named(person, part): one for one in by_name.values() for part in (one[1:2], one[1:])}
    for one in told:
        if one.row in named:
            found[one.key.partition(".")[0], one.row] = named[one.row]
    return found


def groups(told: Sequence[Known], person: UUID) -> list[Group]:
    """What is known, the person first, then each of whom they have told; of one human being what is told again in the
    same words once, from where it was told last."""
    of, held = whose(told, person), dict[tuple[str, str, str], list[Known]]()
    for one in told:
        kind = one.key.partition(".")[0]
        there = (kind, one.row) in of or (kind in OTHERS and kind != "spouse") or one.row
        is_own = not there or one.key.startswith("consent.")
        held.setdefault(("", "", "") if is_own else of.get((kind, one.row), (kind, "", one.row)), []).append(one)
    order = ("", *OTHERS)

    def place(key: tuple[str, str, str]) -> tuple[int, bool, str, str]:
        kind, name, born = key
        return (order.index(kind) if kind in order else len(order), not name, born, name)

    return [Group(key[0], key[1], _once(held[key]) if key[0] else held[key]) for key in sorted(held, key=place)]


def _once(told: Sequence[Known]) -> list[Known]:
    newest = sorted(told, key=lambda one: (one.as_of, one.recorded_at), reverse=True)
    kept: dict[tuple[str, str], Known] = {}
    for one in newest:
        kept.setdefault((one.key, json.dumps(_folded(one.value), sort_keys=True)), one)
    there = {id(one) for one in kept.values()}
    return [one for one in told if id(one) in there]


def same_one(name: str, born: str) -> tuple[str, str]:
    """By what two tellings of a human being are known to be of one: the name without width and spaces, and the day."""
    return _plain(name), born


def _plain(name: str) -> str:
    return str(_folded(name)).casefold()


#: For what facts are read.
WHAT_FOR: Final[Mapping[str, str]] = {
    "prefill": gettext_noop("入力らんに、分かっていることを出すため"),
    "confirm": gettext_noop("確認を頼まれたご本人かどうかを照合するため"),
    "view": gettext_noop("ご本人が、自分についての記録を見るため"),
    "look_up": gettext_noop("手続きの審査に要ることを確かめるため"),
    "disclosure": gettext_noop("開示の求めに応じるため"),
    "match": gettext_noop("市の台帳に記載のある方かどうかを確かめるため"),
    "sign": gettext_noop("電子署名をした方がご本人かどうかを照合するため"),
    "counter": gettext_noop("窓口で、職員がご本人の前で手続きを入力するため"),
    "household": gettext_noop("同じ世帯の方の手続きで、入力らんに世帯の方を出すため"),
    "represent": gettext_noop("代理人の入力らんに、分かっていることを出すため"),
    "delegate": gettext_noop("代理人を登録するため"),
    "notify": gettext_noop("お住まいの区域の方に、お知らせを送るため"),
    "case.read": gettext_noop("受け付けた手続きを進めるため"),
    "case.export": gettext_noop("手続きの一覧をファイルに書き出すため"),
    "case.show-part": gettext_noop("あなたが手続きの中で名前を挙げた方に、確認してもらうため"),
    "thread.read": gettext_noop("あなたのメッセージを読むため"),
    "letter.read": gettext_noop("代理人が、あなたの手続きの通知書を受け取るため"),
    "letter.print": gettext_noop("通知書を紙に印刷して送るため"),
    "payment.present": gettext_noop("あなたが支払う画面を、決済会社に用意してもらうため"),
    "service.read": gettext_noop("引越しなどの連絡を、あなたが選んだ会社に渡すため"),
    "person.export": gettext_noop("開示の求めに応じて、まとめて渡すため"),
    "person.find_usage": gettext_noop("あなたが使うサービスで、だれが見たかの記録を出すため"),
}
#: For what a list was taken out, by the code in the event.
EXPORTED_FOR: Final[Mapping[str, str]] = {
    "work": gettext_noop("担当課の仕事"),
    "statistics": gettext_noop("統計・報告"),
    "audit": gettext_noop("監査・検査"),
    "disclosure": gettext_noop("開示の求めへの対応"),
}


def readings(by: Actor, *, own: bool, before: UUID | None) -> list[Read]:
    """Who has seen what is kept about the resident who asks, newest first: a page, and one more where there is more."""
    things = things_of(by.who)
    found = facts.readings(by.who, own=own, before=before, most=PAGE + 1, also=events_of(by.who, things))
    return told(found, by.who, by, things)


def every_reading(person: UUID, by: Actor) -> Iterator[Read]:
    """All of them, one's own among them, newest first, never all at once in memory."""
    things = things_of(person)
    for some in facts.every_reading(person, also=events_of(person, things)):
        yield from told(some, person, by, things)


def usages(
    person: UUID, *, since: datetime | None, until: datetime | None, offset: int, most: int
) -> tuple[int, list[Read]]:
    """How many there were in a period, and some of them, newest first: for programs that show them to the person."""
    things = things_of(person)
    also = events_of(person, things, asking=False)
    total, found = facts.usages(person, since=since, until=until, offset=offset, most=most, also=also)
    return total, told(found, person, None, things)


def told(
    found: Sequence[Reading], person: UUID, by: Actor | None = None, things: Mapping[UUID, Thing] = NOTHING
) -> list[Read]:
    """Readings of a person with the names of whoever read, of what, and for which procedure; agents are named where
    the person themselves asks (``by``)."""
    staff = {(one.actor_id, day_of(one.at)) for one in found if one.actor_kind == "staff" and one.actor_id}
    posts = posts_on(staff)
    partners = partner_names({one.actor_id for one in found if one.actor_kind == "partner" and one.actor_id})
    by_agents = ("represent", "letter.read")
    asks = by is not None and by.id == person and any(one.purpose in by_agents for one in found)
    agents = facts.names_of_agents(by) if by is not None and asks else {}
    titles = {one.procedure: _title(one.procedure) for one in found if one.procedure}
    reads = []
    for one in found:
        read = Read(
            one,
            _offices(one, posts.get((one.actor_id, day_of(one.at)), []) if one.actor_id else [], partners),
            tuple(question(key).label for key in one.keys if key != "*"),
            titles.get(one.procedure),
            one.actor_id != person,
            agents.get(one.actor_id, "") if one.purpose in by_agents and one.actor_id else "",
            laws=one.laws,
        )
        reads.append(_of_thing(read, things.get(one.about)) if one.purpose in SHOWN and one.about else read)
    return reads


def _of_thing(read: Read, thing: Thing | None) -> Read:
    """What is no reading of facts: of which procedure, what was seen, to whom it went and by what right."""
    one = read.reading
    what, title, thing = SHOWN[one.purpose], None, thing or Thing()
    laws: tuple[str, ...] = ()
    if thing.procedure is not None:
        package = procedures.package_of(thing.procedure).procedure
        title, laws = package.title, tuple(f"{basis.statute}{basis.article}" for basis in package.law.basis[:1])
    if one.purpose == "person.export":
        laws = tuple(dict.fromkeys(basis.title for basis in facts.bases_in_force() if basis.purpose == "disclosure"))
    if one.purpose == "case.export":
        what = (*what, *filter(None, [EXPORTED_FOR.get(str(one.data.get("purpose")))]))
    if not thing.company:
        return replace(read, procedure=title, what=what, laws=laws, provider=thing.provider)
    handed = [words for name, words in HANDED.items() if name in one.data.get("handed", ())]
    named = company(thing.company)
    return replace(
        read,
        procedure=title,
        what=(*handed, *([NUMBER] if thing.has_number else [])),
        company=named.name if named is not None else LocalText(thing.company),
        consented_at=thing.consented_at,
    )


@dataclass(frozen=True, slots=True)
class Use:
    """For what, in which procedures (empty: any), by which article and which sections (empty: any) facts are read."""

    purpose: str
    procedures: tuple[LocalText, ...]
    law: str
    offices: tuple[LocalText, ...]


@dataclass(frozen=True, slots=True)
class Uses:
    """``of_key``: what is read of one fact; ``of_all``: what is read whatever it is. ``forms``: how many procedures
    show a fact in their form, to its person."""

    of_key: Mapping[str, Sequence[Use]]
    of_all: Sequence[Use]
    forms: Mapping[str, int]


def uses() -> Uses:
    """For what facts are used today: the register of legal bases and the forms that are offered."""
    offered = {row.code: procedures.package(row) for row in procedures.offered()}
    organisation = procedures.city().organisation
    of_key: dict[str, list[Use]] = {}
    of_all = []
    for one in facts.bases_in_force():
        titles = tuple(offered[code].procedure.title for code in one.procedures if code in offered)
        if one.procedures and not titles:  # for procedures that are not offered here
            continue
        sections = (organisation.section(code) for code in one.offices)
        use = Use(one.purpose, titles, one.title, tuple(section.name for section in sections if section))
        if not one.facts:
            of_all.append(use)
        for key in one.facts:
            of_key.setdefault(key, []).append(use)
    forms = Counter(
        key
        for package in offered.values()
        for key in {one.fact for section in package.form.sections for one in section.fields if one.fact}
    )
    return Uses(of_key, of_all, forms)


def question(key: str) -> FormField:
    """How the vocabulary asks for a fact; a consent is named by its procedure, what nobody asks any more by its key."""
    if key in procedures.vocabulary():
        return field_of(FactField(fact=key), None, procedures.vocabulary())
    kind, _, code = key.partition(".")
    of, _, id_ = code.partition(".")
    told = company(id_) if of == "company" else None
    title = (told.name if told else _title(code)) if kind == "consent" else LocalText("代理人") if key == KEY else None
    type_ = "consent" if kind == "consent" and title is not None else "text"
    return FormField(
        name=key, type=type_, label=title or LocalText(key), help=None,
        required=False, when=None, options={}, max_length=200, digits=None, low=None, high=None, at_least=0, at_most=1,
        fact=key, again_because=None,
    )  # fmt: skip


def answer(one: Known) -> Cell:
    """A fact as the answer to its question."""
    asked, value = question(one.key), one.value
    if one.key == KEY:
        value = value["names"][1] if isinstance(value, dict) else "—"
    if not _fits(asked, value):  # as another source wrote it
        asked = replace(asked, type="text", options={})
    if asked.type == "text" and isinstance(value, dict):  # several values that were recorded at once, line by line
        value = "\n".join(f"{name}: {json.dumps(part, ensure_ascii=False)}" for name, part in value.items())
    return Cell(one.key, asked, value if asked.type != "text" else str(value), None, None)


def _fits(asked: FormField, value: Any) -> bool:
    """Whether a value is of the shape that the question's type shows."""
    if asked.type == "date":
        try:
            return isinstance(value, str) and len(value) == 10 and date.fromisoformat(value) is not None
        except ValueError:
            return False
    if asked.type in ("money", "integer"):
        return isinstance(value, int) and not isinstance(value, bool)
    if asked.type in ("yes_no", "consent"):
        return isinstance(value, bool)
    if asked.type in ("choice", "choices"):
        return isinstance(value, list) is (asked.type == "choices") and set(_list(value)) <= asked.options.keys()
    if asked.type in ("bank_account", "place"):
        return isinstance(value, dict)
    return isinstance(value, str)


def _list(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def _title(code: str) -> LocalText | None:
    row = procedures.current(code)
    return procedures.package(row).procedure.title if row is not None else None


def _offices(
    one: Reading, held: list[str], partners: dict[UUID, str]
) -> tuple[tuple[LocalText, LocalText | None], ...]:
    organisation = procedures.city().organisation
    if one.actor_kind == "partner" and one.actor_id in partners:
        return ((LocalText(partners[one.actor_id]), None),)
    if held:
        posts = organisation.posts()
        return tuple((posts[post][1].name, posts[post][0].title) for post in held if post in posts)
    section = organisation.section(one.office)
    return ((section.name, None),) if section is not None else ()
