"""The form of a package: its sections with every field resolved, and the reading of what people type into them.

One definition for every face and for the API: what is visible, what a typed value means, what is wrong with it and
what to write instead. Reading is generous (width, kana, era, hyphens, 円) and keeps names as typed.
"""

import datetime as dt
import itertools
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from madoguchi.ground import clock, wareki
from madoguchi.ground.errors import Invalid, Problem
from madoguchi.ground.expressions import Expression
from madoguchi.ground.kana import is_katakana_name, to_fullwidth, to_katakana
from madoguchi.ground.languages import LocalText
from madoguchi.ground.numbers import WRONG_CORPORATE_NUMBER, is_corporate_number
from madoguchi.ground.text import clean
from madoguchi.places.rules import recording
from madoguchi.places.rules.layer import JAPAN
from madoguchi.procedures.rules import speaking
from madoguchi.procedures.rules.format import AnyField, AskField, FactField, Procedure, Section
from madoguchi.procedures.rules.vocabulary import Fact

#: What one field posts besides its own path: ``<path>.<part>``.
PARTS: Mapping[str, tuple[str, ...]] = {
    "date": ("year", "month", "day"),
    "place": ("text", "pick", "town", "lat", "lon", "error"),
    "bank_account": ("bank", "branch", "kind", "number", "holder"),
}
#: What the city has found of a place, beside what was given: readable, never taken from outside.
FOUND: tuple[str, ...] = ("name", "level", "among", "apart", "on", "map")
#: Of whom somebody has several: asked in rows (``each``), or of one of them.
GROUPS: tuple[str, ...] = ("child", "member")
#: Fields whose answer is a list of document ids; they are filled by uploads, never by text.
UPLOADED = frozenset({"photo", "file"})
DEFAULT_LENGTH = {"text": 200, "lines": 2000, "kana": 100}
#: Metres within which a device may say that it is; beyond, it does not know.
MAX_ERROR = 20_000.0

Raw = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class FormField:
    """One question. ``name`` is its place in the answers (``person.full_name``; in a row only ``full_name``)."""

    name: str
    type: str
    label: LocalText
    help: LocalText | None
    required: bool
    when: Expression | None
    options: Mapping[str, LocalText]
    max_length: int
    digits: int | None
    low: int | dt.date | str | None
    high: int | dt.date | str | None
    at_least: int
    at_most: int
    fact: str | None
    again_because: LocalText | None
    may_be_linked: bool = False
    """A link may choose it beforehand (``rules.linking``)."""
    is_corporate_number: bool = False
    business: tuple[str, str] = ("", "")
    """Of what is known of a business: the fact, and the field that holds its number."""
    layers: tuple[str, ...] = ()
    """Of a place: of which layers it is shown what applies there, and conditions may ask."""

    def parts(self) -> tuple[str, ...]:
        """The names of the inputs of which this field consists; empty where it is one input."""
        return PARTS.get(self.type, ())


@dataclass(frozen=True, slots=True)
class FormSection:
    """One page of the form; with ``each`` it is answered once for every row of that name."""

    id: str
    title: LocalText
    intro: LocalText | None
    each: str | None
    at_least: int
    at_most: int
    when: Expression | None
    fields: tuple[FormField, ...]

    @property
    def one_of(self) -> str:
        """The group of which this section asks about one (お子さん一人につき一つの申込み); empty where it does not."""
        groups = (one.fact.partition(".")[0] for one in self.fields if one.fact and self.each is None)
        return next((one for one in groups if one in GROUPS), "")

    def of_one(self) -> dict[str, str]:
        """The fields of that one: name of the field → fact."""
        group = self.one_of
        return {one.name: one.fact for one in self.fields if group and one.fact and one.fact.startswith(f"{group}.")}

    def answers(self, condition: Expression) -> bool:
        """Whether the condition depends on what is asked here."""
        asked = [self.each] if self.each else [one.name for one in self.fields]
        return any(name == one or name.startswith(f"{one}.") for name in condition.names for one in asked)


@dataclass(slots=True)
class Read:
    """What was made of typed input: answers by path, what cannot be accepted as typed, and why not."""

    values: dict[str, Any] = field(default_factory=dict)
    typed: dict[str, Any] = field(default_factory=dict)
    problems: dict[str, Problem] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cell:
    """One field at one place, ready to be shown: concrete ``path`` (``child.0.full_name``), value, what was typed."""

    path: str
    field: FormField
    value: Any
    typed: Any
    problem: Problem | None
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """All sections of a package, resolved against the vocabulary of facts."""

    sections: tuple[FormSection, ...]

    def section(self, id_: str) -> FormSection | None:
        """The section with this id, or None."""
        return next((one for one in self.sections if one.id == id_), None)

    def field_at(self, path: str) -> tuple[FormSection, FormField] | None:
        """Section and field of a concrete path, or None where the form has no such place."""
        for section in self.sections:
            name = path
            if section.each is not None:
                match = re.fullmatch(rf"{re.escape(section.each)}\.([0-9]{{1,3}})\.(.+)", path)
                if match is None:
                    continue
                name = match[2]
            for one in section.fields:
                if one.name == name:
                    return section, one
        return None

    def visible_sections(self, answers: Mapping[str, Any]) -> list[FormSection]:
        """The sections that are asked, given these answers."""
        return self._visible(self.scope(answers))

    def _visible(self, scope: Mapping[str, Any]) -> list[FormSection]:
        return [one for one in self.sections if one.when is None or one.when.holds(scope)]

    def shown(
        self, answers: Mapping[str, Any], typed: Mapping[str, Any] | None = None
    ) -> Iterator[tuple[FormSection, Cell]]:
        """Every question that is asked, given these answers, with its section; they must not change meanwhile."""
        scope = self.scope(answers)
        for section in self._visible(scope):
            for cell in self._cells(section, answers, scope, typed or {}):
                yield section, cell

    def scope(self, answers: Mapping[str, Any]) -> dict[str, Any]:
        """The answers as expressions see them: dates as dates, and ``today`` (Asia/Tokyo)."""
        scope: dict[str, Any] = {"today": clock.today()}
        for name, value in answers.items():
            scope[name] = [_own(one) for one in value] if isinstance(value, list) else value
            if isinstance(value, Mapping):
                scope[name] = dict(value)
        for section in self.sections:
            for one in section.fields:
                if one.layers and isinstance(scope.get(one.name), Mapping):
                    scope[one.name] = recording.seen(scope[one.name], one.layers)
                if one.type != "date":
                    continue
                holders = scope.get(section.each, []) if section.each else [scope]
                for holder in holders if isinstance(holders, list) else []:
                    _make_date(holder, one.name)
        return scope

    def row_scope(self, section: FormSection, scope: Mapping[str, Any], row: Mapping[str, Any]) -> Mapping[str, Any]:
        """``scope`` seen from one row: ``child.x`` is this child's."""
        return {**scope, section.each: row} if section.each else scope

    def cells(
        self,
        section: FormSection,
        answers: Mapping[str, Any],
        typed: Mapping[str, Any] | None = None,
        problems: Mapping[str, Problem] | None = None,
        *,
        hidden: bool = False,
        supposing: Mapping[str, Any] | None = None,
    ) -> Iterator[Cell]:
        """The visible fields of a section in order, row by row (``hidden``: also those whose ``when`` fails).

        ``supposing``: answers that the conditions see instead, where what is offered as known counts as said.
        """
        scope = self.scope(answers if supposing is None else supposing)
        yield from self._cells(section, answers, scope, typed or {}, problems or {}, hidden=hidden)

    def _cells(
        self,
        section: FormSection,
        answers: Mapping[str, Any],
        scope: Mapping[str, Any],
        typed: Mapping[str, Any],
        problems: Mapping[str, Problem] = MappingProxyType({}),
        *,
        hidden: bool = False,
    ) -> Iterator[Cell]:
        for number, row, at in _rows(section, answers):
            shown = scope[section.each][number] if section.each and number is not None else row
            here = self.row_scope(section, scope, shown)
            for one in section.fields:
                if one.when is not None and not hidden and not one.when.holds(here):
                    continue
                path = f"{at}{one.name}"
                yield Cell(path, one, get(row, one.name), typed.get(path), problems.get(path), number)

    def read(self, section: FormSection, raw: Raw) -> Read:
        """Make answers of what was typed into a section. Fields that were not posted are left alone.

        Empty input is an answer too: it removes the value. Whether something required is missing is not asked
        here (a draft may be incomplete) but by :meth:`missing`.
        """
        result = Read()
        for at in _posted_rows(section, raw):
            for one in section.fields:
                path = f"{at}{one.name}"
                if one.type in UPLOADED or not _was_posted(one, path, raw):
                    continue
                as_typed = _as_typed(one, path, raw)
                try:
                    result.values[path] = read_value(one, as_typed)
                except Invalid as refusal:
                    result.typed[path] = _keepable(as_typed)
                    result.problems[path] = refusal.as_problem()
        return result

    def missing(self, answers: Mapping[str, Any], typed: Mapping[str, Any] | None = None) -> dict[str, Problem]:
        """What stands between these answers and a submission: required but empty, too few, not yet readable."""
        problems: dict[str, Problem] = {}
        scope = self.scope(answers)
        for section in self._visible(scope):
            problems |= self._missing_in(section, answers, scope, typed or {})
        return problems

    def missing_in(
        self, section: FormSection, answers: Mapping[str, Any], typed: Mapping[str, Any] | None = None
    ) -> dict[str, Problem]:
        """The same for one section."""
        return self._missing_in(section, answers, self.scope(answers), typed or {})

    def _missing_in(
        self, section: FormSection, answers: Mapping[str, Any], scope: Mapping[str, Any], typed: Mapping[str, Any]
    ) -> dict[str, Problem]:
        problems: dict[str, Problem] = {}
        if section.each is not None:
            count = len(answers.get(section.each) or [])
            if count < section.at_least:
                problems[section.each] = Problem(
                    "rows-too-few", "%(count)s人（件）以上を入力してください。", {"count": section.at_least}
                )
        for cell in self._cells(section, answers, scope, typed):
            if cell.typed is not None:
                # What is kept may have become readable (NUL taken out, a day that has come): nobody has seen that.
                problems[cell.path] = Problem("check-again", "内容を確かめて、もう一度保存してください。")
                try:
                    read_value(cell.field, cell.typed)
                except Invalid as refusal:
                    problems[cell.path] = refusal.as_problem()
                continue
            problem = _missing(cell)
            if problem is not None:
                problems[cell.path] = problem
        return problems


def _own(value: Any) -> Any:
    """A row of its own, so that its dates can be read; a document's id or a choice as it is."""
    return dict(value) if isinstance(value, Mapping) else value


def form_of(procedure: Procedure, facts: Mapping[str, Fact]) -> Form:
    """The form of a checked package; every fact key it names is in ``facts``."""
    first = len(procedure.asks) - len(speaking.asked(procedure)) + 1  # a section without an id is numbered as written
    return Form(tuple(_section(number, one, facts) for number, one in enumerate(speaking.asked(procedure), first)))


def _section(number: int, section: Section, facts: Mapping[str, Fact]) -> FormSection:
    return FormSection(
        id=section.id or f"section-{number}",
        title=section.section,
        intro=section.intro,
        each=section.each,
        at_least=section.at_least if section.at_least is not None else (1 if section.each else 0),
        at_most=section.at_most or 20,
        when=Expression.parse(section.when) if section.when else None,
        fields=tuple(field_of(one, section, facts) for one in section.ask),
    )


def field_of(one: AnyField, section: Section | None, facts: Mapping[str, Fact]) -> FormField:
    """One field resolved: a fact brings what the vocabulary says of it; ``section`` says whether it stands in rows."""
    if isinstance(one, FactField):
        known = facts[one.fact]
        type_, label = known.type, one.label or known.label
        name = one.fact.removeprefix(f"{section.each}.") if section is not None and section.each else one.fact
    else:
        known, type_, label, name = None, one.type, one.label, one.ask

    def said(attribute: str) -> Any:
        """What the field says, else what the vocabulary says of its fact."""
        own = getattr(one, attribute)
        return getattr(known, attribute) if own is None and known is not None else own

    at_least, at_most, many = said("at_least"), said("at_most"), type_ in UPLOADED
    return FormField(
        name=name,
        type=type_,
        label=label,
        help=said("help"),
        required=one.required,
        when=Expression.parse(one.when) if one.when else None,
        options=said("options") or {},
        max_length=said("max_length") or DEFAULT_LENGTH.get(type_, 200),
        digits=13 if said("corporate_number") else said("digits"),
        is_corporate_number=bool(said("corporate_number")),
        low=said("min"),
        high=said("max"),
        at_least=at_least if at_least is not None else (1 if many and one.required else 0),
        at_most=at_most or (5 if many else 100),
        fact=one.fact if isinstance(one, FactField) else None,
        again_because=one.again_because,
        may_be_linked=one.prefill == "link" and (section is None or section.each is None),
        business=(one.business.fact, one.business.number) if isinstance(one, AskField) and one.business else ("", ""),
        layers=one.layers if isinstance(one, AskField) else (),
    )


# -- one value ------------------------------------------------------------------------------------------------------


def read_value(one: FormField, typed: Any) -> Any:
    """The answer (JSON) that ``typed`` means for this field; None for nothing. Raises :class:`Invalid`.

    ``typed`` is a string, a list of strings for choices, or a mapping of the field's parts.
    """
    if typed is None or typed == "" or typed == [] or (isinstance(typed, Mapping) and not any(typed.values())):
        return None
    return _READERS[one.type](one, typed)


def fits(one: FormField, value: Any) -> bool:
    """Whether a stored answer of another form can be the answer here: of the type, an option, within the bounds."""
    try:
        return (
            read_value(one, str(value) if isinstance(value, int) and not isinstance(value, bool) else value) is not None
        )
    except (Invalid, TypeError, AttributeError, KeyError):
        return False


def _text(one: FormField, typed: Any) -> str | None:
    if one.digits is None:
        return clean(typed, max_length=one.max_length) or None
    plain = re.sub(r"[-ー−‐–—―\s]", "", unicodedata.normalize("NFKC", clean(typed, max_length=80)))
    if one.is_corporate_number:
        plain = plain.removeprefix("T").removeprefix("t")  # 登録番号 of an invoice
    if not re.fullmatch(rf"[0-9]{{{one.digits}}}", plain):
        raise Invalid("digits", "数字%(count)s桁で入力してください。", {"count": one.digits})
    if one.is_corporate_number and not is_corporate_number(plain):
        raise Invalid("corporate-number", WRONG_CORPORATE_NUMBER)
    return plain


def _lines(one: FormField, typed: Any) -> str | None:
    return clean(typed, multiline=True, max_length=one.max_length, emoji=True) or None


def _kana(one: FormField, typed: Any) -> str | None:
    text = to_katakana(to_fullwidth(clean(typed, max_length=one.max_length)))
    if text and not is_katakana_name(text):
        raise Invalid("kana", "カタカナで入力してください。例：ミホン　ハナコ")
    return text or None


def _date(one: FormField, typed: Any) -> str | None:
    if isinstance(typed, Mapping):
        year, month, day = (str(typed.get(part) or "").strip() for part in PARTS["date"])
        if not (year and month and day):
            raise Invalid("date-partial", "年・月・日をすべて入力してください。")
        text = f"{year}年{month}月{day}日"
    else:
        text = str(typed)
    value = wareki.parse_date(clean(text, max_length=40))
    low, high = _day(one.low), _day(one.high)
    if low is not None and value < low:
        raise Invalid("date-range", "%(day)sより前の日は入力できません。", {"day": wareki.format_both(low)})
    if high is not None and value > high:
        raise Invalid("date-range", "%(day)sより後の日は入力できません。", {"day": wareki.format_both(high)})
    return value.isoformat()


def _day(bound: object) -> dt.date | None:
    if bound == "today":
        return clock.today()
    return bound if isinstance(bound, dt.date) else None


def _integer(one: FormField, typed: Any) -> int | None:
    text = re.sub(r"[,\s円]", "", unicodedata.normalize("NFKC", clean(typed, max_length=40)))
    if not re.fullmatch(r"[-+]?[0-9]{1,15}", text):
        raise Invalid("integer", "数字で入力してください。例：3")
    value = int(text)
    if isinstance(one.low, int) and value < one.low:
        raise Invalid("integer-low", "%(low)s以上の数字を入力してください。", {"low": one.low})
    if isinstance(one.high, int) and value > one.high:
        raise Invalid("integer-high", "%(high)s以下の数字を入力してください。", {"high": one.high})
    return value


def _choice(one: FormField, typed: Any) -> str:
    if not isinstance(typed, str) or typed not in one.options:
        raise Invalid("choice", "選択肢の中から選んでください。")
    return typed


def _choices(one: FormField, typed: Any) -> list[str]:
    given = [typed] if isinstance(typed, str) else list(typed)
    if any(value not in one.options for value in given):
        raise Invalid("choice", "選択肢の中から選んでください。")
    return [value for value in one.options if value in given]


def _yes_no(one: FormField, typed: Any) -> bool:
    if typed not in ("yes", "no", True, False):
        raise Invalid("choice", "「はい」か「いいえ」を選んでください。")
    return typed in ("yes", True)


def _consent(one: FormField, typed: Any) -> bool | None:
    return True if typed in ("yes", "on", True) else None


def _email(one: FormField, typed: Any) -> str:
    text = unicodedata.normalize("NFKC", clean(typed, max_length=254))
    if not re.fullmatch(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", text):
        raise Invalid("email", "メールアドレスの形になっていません。例：hanako@example.jp")
    local, _, domain = text.rpartition("@")
    return f"{local}@{domain.lower()}"


def _phone(one: FormField, typed: Any) -> str:
    text = re.sub(r"[ー−‐–—―()（）\s]", "-", unicodedata.normalize("NFKC", clean(typed, max_length=40)))
    text = re.sub(r"-+", "-", text).strip("-")
    digits = re.sub(r"[^0-9]", "", text)
    if not re.fullmatch(r"\+?[0-9-]+", text) or not (10 <= len(digits) <= 15):
        raise Invalid("phone", "電話番号は10桁か11桁の数字です。例：072-872-2181")
    return text


def _postal_code(one: FormField, typed: Any) -> str:
    digits = re.sub(r"[^0-9]", "", unicodedata.normalize("NFKC", clean(typed, max_length=20)))
    if len(digits) != 7:
        raise Invalid("postal-code", "郵便番号は7桁の数字です。例：574-8555")
    return f"{digits[:3]}-{digits[3:]}"


def _place(one: FormField, typed: Any) -> dict[str, Any] | None:
    """The words, and the point that a device, a map or a partner gave; a point may have none.

    Where on the map the words are is found later (``cases.queries.locating``), and never taken from outside.
    """
    given: Mapping[str, Any] = typed if isinstance(typed, Mapping) else {"text": typed}
    place: dict[str, Any] = {"text": clean(given.get("text") or "", max_length=200)}
    for part in ("town", "pick"):
        if given.get(part):
            place[part] = clean(given[part], max_length=200)
    if given.get("lat") not in (None, "") and given.get("lon") not in (None, ""):
        place |= _point(given)
    if not place["text"] and "lat" not in place:
        raise Invalid("place-text", "場所を、町名と番地がわかるように入力してください。")
    return place


def _point(given: Mapping[str, Any]) -> dict[str, float]:
    """Degrees of JGD2011, and how many metres from there it may be. Raises Invalid out of Japan."""
    try:
        lon, lat, error = (float(given.get(part) or 0) for part in ("lon", "lat", "error"))
    except (TypeError, ValueError):
        raise Invalid("place-point", "地図の位置を読み取れませんでした。もう一度選んでください。") from None
    west, south, east, north = JAPAN
    if west <= lat <= east and south <= lon <= north:
        raise Invalid("place-swapped", "緯度と経度が入れかわっています。")
    if not (west <= lon <= east and south <= lat <= north and 0 <= error <= MAX_ERROR):
        raise Invalid("place-point", "地図の位置を読み取れませんでした。もう一度選んでください。")
    return {"lat": round(lat, 6), "lon": round(lon, 6), "error": round(error, 1)}


def _bank_account(one: FormField, typed: Any) -> dict[str, str]:
    given: Mapping[str, Any] = typed if isinstance(typed, Mapping) else {}
    text = {part: clean(given.get(part) or "", max_length=100) for part in PARTS["bank_account"]}
    number = re.sub(r"[^0-9]", "", unicodedata.normalize("NFKC", text["number"]))
    holder = to_katakana(to_fullwidth(text["holder"]))
    if not all(text.values()):
        raise Invalid("bank-partial", "金融機関・支店・種別・口座番号・名義をすべて入力してください。")
    if text["kind"] not in ("ordinary", "current"):
        raise Invalid("bank-kind", "口座の種別を選んでください。")
    if not 1 <= len(number) <= 7:
        raise Invalid("bank-number", "口座番号は7桁までの数字です。ゆうちょ銀行は振込用の番号を入力してください。")
    if not is_katakana_name(holder):
        raise Invalid("bank-holder", "口座名義はカタカナで入力してください。例：ミホン　ハナコ")
    return {**text, "number": number.zfill(7), "holder": holder}


_READERS = {
    "text": _text,
    "lines": _lines,
    "kana": _kana,
    "date": _date,
    "integer": _integer,
    "money": _integer,
    "choice": _choice,
    "choices": _choices,
    "yes_no": _yes_no,
    "consent": _consent,
    "email": _email,
    "phone": _phone,
    "postal_code": _postal_code,
    "place": _place,
    "bank_account": _bank_account,
}


# -- places in the answers --------------------------------------------------------------------------------------------


def get(answers: Any, path: str) -> Any:
    """The value at a dotted path (digits index rows), None where there is nothing."""
    here = answers
    for part in path.split("."):
        if isinstance(here, Mapping):
            here = here.get(part)
        elif isinstance(here, list) and part.isdigit() and int(part) < len(here):
            here = here[int(part)]
        else:
            return None
    return here


def put(answers: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a dotted path, making what is missing on the way; None removes it."""
    parts = path.split(".")
    here: Any = answers
    for part, following in itertools.pairwise(parts):
        if isinstance(here, list):
            while len(here) <= int(part):
                here.append({})
            here = here[int(part)]
        else:
            here = here.setdefault(part, [] if following.isdigit() else {})
    if value is None:
        here.pop(parts[-1], None)
    else:
        here[parts[-1]] = value


def _rows(section: FormSection, answers: Mapping[str, Any]) -> Iterator[tuple[int | None, Mapping[str, Any], str]]:
    if section.each is None:
        yield None, answers, ""
        return
    rows = answers.get(section.each)
    for number, row in enumerate(rows if isinstance(rows, list) else []):
        yield number, row, f"{section.each}.{number}."


def _posted_rows(section: FormSection, raw: Raw) -> list[str]:
    if section.each is None:
        return [""]
    found = re.compile(rf"{re.escape(section.each)}\.([0-9]{{1,3}})\.")
    numbers = sorted({int(match[1]) for name in raw if (match := found.match(name))})
    if numbers and numbers[-1] >= section.at_most:
        raise Invalid("rows-too-many", "%(count)s人（件）まで入力できます。", {"count": section.at_most})
    return [f"{section.each}.{number}." for number in numbers]


def _was_posted(one: FormField, path: str, raw: Raw) -> bool:
    return path in raw or any(f"{path}.{part}" in raw for part in one.parts())


def _as_typed(one: FormField, path: str, raw: Raw) -> Any:
    if any(f"{path}.{part}" in raw for part in one.parts()):
        return {part: _last(raw.get(f"{path}.{part}", ())) for part in one.parts()}
    if one.type == "choices":
        return [value for value in raw[path] if value]
    return _last(raw[path])


def _last(values: Sequence[str]) -> str:
    return values[-1] if values else ""


def _keepable(typed: Any) -> Any:
    """What was typed, without the characters that no database takes (NUL, lone surrogates), and not without end."""
    if isinstance(typed, Mapping):
        return {part: _keepable(value) for part, value in typed.items()}
    if isinstance(typed, list):
        return [_keepable(value) for value in typed[:100]]
    return "".join(c for c in str(typed) if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))[:5000]


def _make_date(holder: Any, name: str) -> None:
    parts = name.split(".")
    for part in parts[:-1]:
        holder = holder.get(part) if isinstance(holder, dict) else None
    if isinstance(holder, dict) and isinstance(holder.get(parts[-1]), str):
        try:
            holder[parts[-1]] = dt.date.fromisoformat(holder[parts[-1]])
        except ValueError:
            holder[parts[-1]] = None


def _missing(cell: Cell) -> Problem | None:
    value, one = cell.value, cell.field
    if one.layers and isinstance(value, Mapping) and value.get("among"):
        return Problem("place-which", "どの場所か、下から選んでください。")
    if one.type in UPLOADED or one.type == "choices":
        count = len(value or [])
        if one.required and count < max(one.at_least, 1):
            if one.type == "choices":
                return Problem("choices-too-few", "1つ以上選んでください。")
            return Problem("files-too-few", "%(count)s枚（件）以上を選んでください。", {"count": max(one.at_least, 1)})
        if count > one.at_most:
            return Problem("files-too-many", "%(count)s枚（件）までにしてください。", {"count": one.at_most})
        return None
    if value in (None, "") and one.required:
        if one.type in ("choice", "yes_no"):
            return Problem("required-choice", "どれか1つを選んでください。")
        if one.type == "consent":
            return Problem("required-consent", "内容を確かめて、チェックを入れてください。")
        return Problem("required", "入力してください。")
    return None
