"""One municipality as data: city.yaml, organisation.yaml, offers.yaml, services.yaml, towns.yaml, ordinances.yaml,
typed and checked.

Apart from the catalogue, because the catalogue holds for every municipality: here is what makes a procedure Daito's
(names, who decides, local amounts). A wrong file gives problems with file, line and what to write instead, as a
broken package does.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar, cast

from pydantic import Field, StringConstraints, model_validator

from madoguchi.ground.calendar import Calendar
from madoguchi.ground.expressions import Expression
from madoguchi.ground.languages import READ, LocalText
from madoguchi.places.rules.layer import JAPAN
from madoguchi.procedures.rules.document import BrokenPackage, Document, Problem, read
from madoguchi.procedures.rules.format import (
    AskField,
    BusinessDays,
    Checked,
    Condition,
    Fee,
    Gate,
    Kebab,
    Model,
    Procedure,
    ServiceKind,
    refuse,
    walk,
)
from madoguchi.procedures.rules.load import Package, load_ordinances, validated
from madoguchi.procedures.rules.tablecheck import verdict_names
from madoguchi.procedures.rules.vocabulary import Ordinances

AA_CONTRAST = 4.5
"""WCAG 2.2, 1.4.3: text of normal size against its background."""

T = TypeVar("T")
M = TypeVar("M", bound=Model)
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")]


# -- city.yaml --------------------------------------------------------------------------------------------------------


class Codes(Model):
    local_government: Annotated[str, StringConstraints(pattern=r"^\d{6}$")]
    """全国地方公共団体コード with its check digit."""
    municipality: Annotated[str, StringConstraints(pattern=r"^\d{5}$")]

    @model_validator(mode="after")
    def _agree(self) -> Self:
        # The check digit: 11 less the remainder of the weighted sum (6, 5, 4, 3, 2), last digit only.
        digit = (11 - sum(int(d) * w for d, w in zip(self.municipality, (6, 5, 4, 3, 2), strict=True)) % 11) % 10
        if self.local_government != f"{self.municipality}{digit}":
            raise refuse(
                "団体コードの検査数字が合いません",
                f"local_government: '{self.municipality}{digit}'",
                "local_government",
            )
        return self


class Authorities(Model):
    """Who is meant by {mayor} and {governor} in the texts of the catalogue."""

    mayor: LocalText
    governor: LocalText


class Contact(Model):
    postal_code: Annotated[str, StringConstraints(pattern=r"^\d{3}-\d{4}$")]
    address: LocalText
    phone: Annotated[str, StringConstraints(pattern=r"^[0-9-]{10,14}$")]
    url: Annotated[str, StringConstraints(pattern=r"^https://")]
    hours: LocalText
    checked: Checked
    note: str | None = None


class Theme(Model):
    accent: Colour
    """The one colour of the city: white text stands on it, and it stands on white."""

    @model_validator(mode="after")
    def _is_readable(self) -> Self:
        if (found := contrast(self.accent, "#ffffff")) < AA_CONTRAST:
            raise refuse(
                f"白とのコントラスト比が {found:.1f} しかありません（{AA_CONTRAST} 以上が必要）",
                "もっと濃い色にします",
                "accent",
            )
        return self


class Closed(Model):
    """A day on which this city hall is closed beyond weekends, holidays and 12/29–1/3."""

    date: date
    why: LocalText


class CityCalendar(Model):
    closed: tuple[Closed, ...] = ()


class CityMap(Model):
    """The map's own: where it opens and what lies below the layers."""

    centre: tuple[float, float]
    """Longitude and latitude (degrees, JGD2011) at which it opens."""
    zoom: Annotated[int, Field(ge=5, le=18)] = 14
    base: Annotated[str, StringConstraints(pattern=r"^[\w./-]+\.pmtiles$", max_length=200)] | None = None
    """The base map, below the data pack: one PMTiles file of vector tiles in the OpenMapTiles schema."""
    credit: Annotated[str, StringConstraints(max_length=200)] = ""
    """Printed wherever the base map is shown (出典)."""
    base_layers: tuple[str, ...] = ()
    """Layers that are drawn quietly below the others on paper, and on the screen where there is no base map."""
    shown: tuple[str, ...] = ()
    """The layers that are on it when it opens."""
    order: tuple[str, ...] = ()
    """In which order layers are listed and what they say is told; the others follow by name."""
    gsi: bool = False
    """Offer the tiles of 地理院タイル as a second base map: browsers then load them from the State's server."""

    @model_validator(mode="after")
    def _is_in_japan(self) -> Self:
        west, south, east, north = JAPAN
        if not (west <= self.centre[0] <= east and south <= self.centre[1] <= north):
            raise refuse("地図の中心が日本の外です", "centre: [経度, 緯度] の順に書きます", "centre")
        if self.base is not None and ".." in self.base.split("/"):
            raise refuse("データの置き場所の外は指せません", "base: daito/… のように書きます", "base")
        if self.base is not None and not self.credit:
            raise refuse("背景の地図の出典がありません", "credit: © … を書きます", "credit")
        return self


class CityFile(Model):
    """city.yaml: names, codes, contact, colour, calendar."""

    name: LocalText
    prefecture: LocalText
    codes: Codes
    authorities: Authorities
    contact: Contact
    languages: Annotated[tuple[str, ...], Field(min_length=1)]
    theme: Theme
    plane: Annotated[int, Field(ge=6669, le=6687)]
    """The plane in which metres are measured: EPSG code of its JGD2011 plane rectangular system (平面直角座標系)."""
    map: CityMap | None = None
    calendar: CityCalendar = CityCalendar()

    @model_validator(mode="after")
    def _knows_its_languages(self) -> Self:
        if unknown := [one for one in self.languages if one not in READ]:
            raise refuse(f"言語 {unknown[0]} はありません", f"languages: [{', '.join(READ)}]", "languages")
        return self


# -- organisation.yaml ------------------------------------------------------------------------------------------------


class Post(Model):
    """A post (職). Accounts of staff hold posts; nothing here names a person."""

    id: Kebab
    title: LocalText
    head: bool = False
    may: tuple[Literal["texts", "hold", "export", "register", "request", "counter", "delegations", "notify"], ...] = ()
    """What its holder may do beside the steps of cases: word the section's mails, hold its records back from
    deletion, hand out all that is kept about one person, say who is who in the register that the section keeps, make
    wishes to the State of what a law keeps from the city (要望), type for residents who sit before them, record at the
    counter who may speak for whom, send notices to those who live in an area."""


class Unit(Model):
    id: Kebab
    name: LocalText
    assumed: bool = False
    """The city has yet to confirm it."""
    note: str | None = None
    posts: tuple[Post, ...] = ()

    @property
    def head(self) -> Post | None:
        return next((post for post in self.posts if post.head), None)


class Section(Unit):
    """課・室: what a case is assigned to."""

    phone: str | None = None


class Department(Unit):
    """部・局."""

    sections: tuple[Section, ...] = ()


class RoleHolder(Model):
    """Who holds a role of the catalogue: a section (everyone in it) or one post."""

    section: Kebab | None = None
    post: Kebab | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.section is None) == (self.post is None):
            raise refuse("役割は課か職のどちらか一つに割り当てます", "{section: environment}")
        return self


class Decides(Model):
    """専決 of one procedure: the way of its approval (決裁の回議), and 代決 in absence.

    Where the post depends on the decision itself (a refusal, an amount), a procedure has several of these: the first
    whose ``when`` holds is taken, and the last has none.
    """

    procedure: Kebab
    when: Condition | None = None
    """A condition as in the flow of a package: `not decision.granted`, `verdict.monthly >= 30000`."""
    route: tuple[Kebab, ...] = ()
    """The posts that see it before, in order: 係長, 課長補佐."""
    post: Kebab
    """Who decides."""
    in_absence: tuple[Kebab, ...] = ()
    """Who decides instead, in order, while nobody who holds the post is there."""
    basis: str
    assumed: bool = False
    note: str | None = None

    @model_validator(mode="after")
    def _seals_once(self) -> Self:
        for posts, where in (((*self.route, self.post), "route"), ((self.post, *self.in_absence), "in_absence")):
            if twice := [one for one in posts if posts.count(one) > 1]:
                raise refuse(f"職 {twice[0]} が二度出てきます", f"{where}: から {twice[0]} を除きます", where)
        return self

    def posts(self) -> tuple[str, ...]:
        """Everybody who may have a part in it."""
        return (*self.route, self.post, *self.in_absence)


class Organisation(Model):
    """organisation.yaml: departments, sections, posts, roles, who may decide what."""

    source: str
    departments: Annotated[tuple[Department, ...], Field(min_length=1)]
    roles: dict[Kebab, RoleHolder]
    decides: tuple[Decides, ...] = ()

    @model_validator(mode="after")
    def _names_what_exists(self) -> Self:
        posts = [post.id for unit in self.units() for post in unit.posts]
        units = [unit.id for unit in self.units()]
        for ids, what in ((posts, "職"), (units, "部・課")):
            if twice := [one for one in ids if ids.count(one) > 1]:
                raise refuse(f"{what} {twice[0]} が二度あります", "id を別の名前にします", "departments")
        sections = {section.id for section in self.sections()}
        for role, holder in self.roles.items():
            if holder.section is not None and holder.section not in sections:
                raise refuse(
                    f"課 {holder.section} がありません",
                    f"{'、'.join(sorted(sections))} のどれかにします",
                    "roles",
                    role,
                )
            if holder.post is not None and holder.post not in posts:
                raise refuse(f"職 {holder.post} がありません", "departments にある職の id にします", "roles", role)
        for index, one in enumerate(self.decides):
            for post in one.posts():
                if post not in posts:
                    raise refuse(f"職 {post} がありません", "departments にある職の id にします", "decides", index)
            later = any(other.procedure == one.procedure for other in self.decides[index + 1 :])
            if one.when is None and later:
                instead = "when: のない行を、その手続きの最後に置きます"
                raise refuse(f"{one.procedure} のこの行より後の行は使われません", instead, "decides", index)
            if one.when is not None and not later:
                instead = "when: のない行を、その手続きの最後に加えます"
                raise refuse(
                    f"{one.procedure} の、どの when にも当たらないときの職がありません", instead, "decides", index
                )
        return self

    def decided_by(self, procedure: str) -> tuple[Decides, ...]:
        """What is said of this procedure, in order; the last holds where no other does."""
        return tuple(one for one in self.decides if one.procedure == procedure)

    def units(self) -> Iterator[Unit]:
        """Departments and sections, in the order written."""
        for department in self.departments:
            yield department
            yield from department.sections

    def sections(self) -> Iterator[Section]:
        for department in self.departments:
            yield from department.sections

    def section(self, id_: str) -> Section | None:
        return self._by_id.get(id_)

    @cached_property
    def _by_id(self) -> dict[str, Section]:
        return {section.id: section for section in self.sections()}

    def leaders(self, section_id: str) -> frozenset[str]:
        """The posts that give out a section's work: its head, who stands in (代決), the department's head."""
        for department in self.departments:
            for section in department.sections:
                if section.id == section_id:
                    heads = {post.id for post in (section.head, department.head) if post}
                    own = {post.id for post in section.posts}
                    stand_in = {one for said in self.decides if said.post in own for one in said.in_absence}
                    return frozenset(heads | stand_in)
        return frozenset()

    def keepers(self, section_id: str) -> frozenset[str]:
        """The posts that say who is who in the register that a section keeps."""
        section = self.section(section_id)
        return frozenset(post.id for post in section.posts if "register" in post.may) if section else frozenset()

    def posts(self) -> Mapping[str, tuple[Post, Unit]]:
        """Every post with the unit it belongs to."""
        return {post.id: (post, unit) for unit in self.units() for post in unit.posts}


@dataclass(frozen=True, slots=True)
class Holders:
    """Who may do a step: everyone of these sections, or whoever holds one of these posts."""

    sections: frozenset[str] = frozenset()
    posts: frozenset[str] = frozenset()

    def include(self, *, sections: frozenset[str], posts: frozenset[str]) -> bool:
        """Whether someone of these sections and posts is among them."""
        return bool(self.sections & sections or self.posts & posts)


@dataclass(frozen=True, slots=True)
class Route:
    """The way of one approval: the posts that seal it in order, the last of which decides, and who decides in its
    absence, in order."""

    posts: tuple[str, ...] = ()
    in_absence: tuple[str, ...] = ()


# -- offers.yaml, towns.yaml ------------------------------------------------------------------------------------------


class Round(Model):
    """募集の回: applications that are ranked together. `name` is its option in the form: the day on which it begins."""

    name: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    label: LocalText
    opens: date
    closes: date
    """The last day on which one can apply."""

    @model_validator(mode="after")
    def _closes_after_it_opens(self) -> Self:
        if self.closes < self.opens:
            raise refuse("締切が受付の始まりより前です", f"closes: {self.opens} か、それより後にします", "closes")
        return self


class Offer(Model):
    """A procedure this city offers."""

    procedure: Kebab
    from_: Annotated[date, Field(alias="from")]
    until: date | None = None
    fee_yen: Annotated[int, Field(ge=0)] | None = None
    """The local amount of the fee, in yen; 0 where this city takes none."""
    rounds: tuple[Round, ...] = ()
    """Of a procedure that ranks its applications (`allot`): the rounds, and when each can be applied for."""
    wishes: dict[Kebab, LocalText] = {}
    """Of the same: what can be wished for here."""

    def round(self, name: str) -> Round | None:
        return next((one for one in self.rounds if one.name == name), None)

    note: str | None = None


class Offers(Model):
    """offers.yaml"""

    offers: tuple[Offer, ...]


class Company(Model):
    """A company (or an office of its own) that supplies something here and takes what residents hand over (`tell`)."""

    id: Kebab
    """Under this name its system is let in: `madoguchi partner open … --company <id>`."""
    service: ServiceKind
    name: LocalText
    uses: LocalText
    """What it does with what it gets, in one sentence, as the person reads it before consenting."""
    privacy: LocalText
    """Its privacy notice, or the part of it that says what holds here; as text, because a link may say another thing
    tomorrow."""
    telephone: Annotated[str, StringConstraints(pattern=r"^[0-9-]{10,14}$")]
    site: Annotated[str, StringConstraints(pattern=r"^([a-z0-9-]+\.)+[a-z]{2,}$")]
    """The host of its own pages: a link that it answers with leads there, or is not shown."""
    area: tuple[str, ...] = ()
    """Municipalities that it supplies, as they stand in addresses: it is offered where the address before or after the
    move names one of them. Empty: everywhere."""
    answers_within: BusinessDays = 3
    """Business days after which the status page says that it is late."""
    note: str | None = None


class Services(Model):
    """services.yaml: who is told of a life event here, beside the city's own sections."""

    companies: tuple[Company, ...]

    @model_validator(mode="after")
    def _are_told_apart(self) -> Self:
        ids = [one.id for one in self.companies]
        if twice := [one for one in ids if ids.count(one) > 1]:
            raise refuse(f"会社 {twice[0]} が二度あります", "id を別の名前にします", "companies")
        return self


class TownLine(Model):
    """One 町・字; `chome` says how many 丁目 it has."""

    id: Annotated[str, StringConstraints(pattern=r"^\d{4}$")]
    name: str
    kana: Annotated[str, StringConstraints(pattern=r"^[ァ-ヴー]+$")] | None = None
    """How it is read, without 大字; people look for it in kana and in Latin letters, too."""
    chome: Annotated[int, Field(ge=1, le=99)] | None = None


class Towns(Model):
    """towns.yaml"""

    source: str
    towns: Annotated[tuple[TownLine, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Town:
    """A town as people write it, with its 町字ID (seven digits, Address Base Registry) and, without 丁目, how the name
    is read (katakana; empty where nobody wrote it down)."""

    id: str
    name: str
    kana: str = ""


_NUMERALS = "〇一二三四五六七八九"


def _kanji(number: int) -> str:
    tens, ones = divmod(number, 10)
    return ("" if tens == 0 else "十" if tens == 1 else f"{_NUMERALS[tens]}十") + (
        _NUMERALS[ones] if ones or not tens else ""
    )


def _expand(line: TownLine) -> Iterator[Town]:
    if line.chome is None:
        yield Town(f"{line.id}000", line.name, line.kana or "")
    for number in range(1, (line.chome or 0) + 1):
        yield Town(f"{line.id}{number:03}", f"{line.name}{_kanji(number)}丁目", line.kana or "")


# -- the city, whole --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class City:
    """Everything this municipality says about itself."""

    folder: Path
    file: CityFile
    organisation: Organisation
    offers: tuple[Offer, ...]
    towns: tuple[Town, ...]
    documents: Mapping[str, Document] = field(repr=False)
    ordinances: Ordinances = field(default_factory=dict)
    """条例・規則 by which facts may be read here; a city that has none written down has no file."""
    companies: tuple[Company, ...] = ()

    @property
    def name(self) -> LocalText:
        return self.file.name

    def calendar(self) -> Calendar:
        """The business days of this city hall."""
        return Calendar(frozenset(one.date for one in self.file.calendar.closed))

    def offer(self, code: str, on: date) -> Offer | None:
        """The offer of this procedure on a day (Asia/Tokyo), None where the city does not offer it."""
        return next(
            (
                one
                for one in self.offers
                if one.procedure == code and one.from_ <= on and (one.until is None or on <= one.until)
            ),
            None,
        )

    def section_of(self, procedure: Procedure) -> Section | None:
        """The section that holds the procedure's office."""
        holder = self.organisation.roles.get(procedure.office)
        return self.organisation.section(holder.section) if holder and holder.section else None

    def full_name(self, section: Section, language: str = "ja") -> str:
        """Department and section as a letter names them: 福祉・子ども部 子ども室."""
        for department in self.organisation.departments:
            if section in department.sections:
                return f"{department.name.get_for(language)} {section.name.get_for(language)}"
        return section.name.get_for(language)

    def holders(self, role: str, procedure: Procedure) -> Holders:
        """Who may do what the catalogue gives to a role. Nobody, where the organisation does not say."""
        if role == "office":
            role = procedure.office
        if role == "head-of-office":
            if said := self.organisation.decided_by(procedure.code):
                return Holders(posts=frozenset(post for one in said for post in one.posts()))
            section = self.section_of(procedure)
            return Holders(posts=frozenset((section.head.id,))) if section and section.head else Holders()
        holder = self.organisation.roles.get(role)
        if holder is None:
            return Holders()
        return Holders(
            sections=frozenset((holder.section,) if holder.section else ()),
            posts=frozenset((holder.post,) if holder.post else ()),
        )

    def route(
        self, role: str, procedure: Procedure, scope: Mapping[str, object] | None = None, section: str = ""
    ) -> Route:
        """The way of an approval that the catalogue gives to ``role``, for a decision that ``scope`` tells of.

        Without a scope the way that holds where no condition does. No posts where a whole section may approve. Where
        ``decides`` says nothing of the procedure, the head of the ``section`` that has the case decides.
        """
        said = self.organisation.decided_by(procedure.code) if role == "head-of-office" else ()
        for one in said:
            if one.when is None or (scope is not None and Expression.parse(one.when).holds(scope)):
                return Route((*one.route, one.post), one.in_absence)
        has_it = self.organisation.section(section) if role == "head-of-office" and not said else None
        if has_it is not None and has_it.head is not None:
            return Route((has_it.head.id,))
        return Route(tuple(sorted(self.holders(role, procedure).posts)))

    def role_names(self, procedure: Procedure) -> dict[str, LocalText]:
        """Role → the section that holds it here, for the lanes of a diagram; two never have the same name."""
        found: dict[str, LocalText] = {}
        for role in _roles(procedure):
            for section in filter(None, map(self.organisation.section, sorted(self.holders(role, procedure).sections))):
                name = section.name
                if name in found.values():
                    name = LocalText({language: f"{text}（{role}）" for language, text in name.items()})
                found[role] = name
        return found

    def names(self, language: str) -> dict[str, str]:
        """What stands for {city}, {mayor}, {governor} in a text of the catalogue."""
        return {
            "city": self.name.get_for(language),
            "mayor": self.file.authorities.mayor.get_for(language),
            "governor": self.file.authorities.governor.get_for(language),
        }

    def localise(self, package: Package, offer: Offer | None = None) -> Package:
        """The package as this city offers it: {city}, {mayor}, {governor} filled in, and the local fee."""
        procedure = _filled(package.procedure, self)
        fee = procedure.fee
        if offer is not None and offer.fee_yen is not None and isinstance(fee, Fee):
            local = fee.model_copy(update={"yen": offer.fee_yen}) if offer.fee_yen else "none"
            procedure = procedure.model_copy(update={"fee": local})
        if offer is not None:
            procedure = _with_rounds(procedure, offer)
        tables = {name: _filled(table, self) for name, table in package.tables.items()}
        return replace(package, procedure=procedure, tables=tables)


_PLACEHOLDER = re.compile(r"\{(city|mayor|governor)\}")


def fill(text: LocalText, city: City) -> LocalText:
    """The text with {city}, {mayor} and {governor} replaced by this city's names, language by language."""
    return LocalText({language: fill_text(one, city.names(language)) for language, one in text.items()})


def fill_text(text: str, names: Mapping[str, str]) -> str:
    """The same for one text, with the names of :meth:`City.names`; other braces stay."""
    return _PLACEHOLDER.sub(lambda found: names[found[1]], text)


def _filled(value: T, city: City) -> T:
    made: object = value
    if isinstance(value, LocalText):
        made = fill(value, city)
    elif isinstance(value, str):
        made = fill_text(value, city.names("ja"))
    elif isinstance(value, Model):
        made = value.model_copy(update={name: _filled(getattr(value, name), city) for name in value.model_fields_set})
    elif isinstance(value, tuple):
        made = tuple(_filled(one, city) for one in value)
    elif isinstance(value, dict):
        made = {key: _filled(one, city) for key, one in value.items()}
    return cast(T, made)


def _with_rounds(procedure: Procedure, offer: Offer) -> Procedure:
    """The city's rounds and wishes as options of the form; out of its time a round is a closed gate."""
    for _, step in walk(procedure.flow):
        if (body := step.allot) is None:
            continue
        options = {wish: dict(offer.wishes) for wish in body.wishes}
        if offer.rounds:
            options[body.round] = {one.name: one.label for one in offer.rounds}
        gates = tuple(_gate(body.round, one) for one in offer.rounds)
        asks = tuple(
            section.model_copy(
                update={
                    "ask": tuple(
                        one.model_copy(update={"options": options[one.ask]})
                        if isinstance(one, AskField) and options.get(one.ask)
                        else one
                        for one in section.ask
                    )
                }
            )
            for section in procedure.asks
        )
        procedure = procedure.model_copy(update={"asks": asks, "gates": (*procedure.gates, *gates)})
    return procedure


def _gate(ask: str, one: Round) -> Gate:
    day = "coalesce(received_on, today)"
    opens, closes = (f"{date.year}年{date.month}月{date.day}日" for date in (one.opens, one.closes))
    return Gate(
        when=f"{ask} = '{one.name}' and ({day} < '{one.opens}' or {day} > '{one.closes}')",
        title=LocalText({"ja": "募集の期間ではありません", "ja-simple": "今は 申し込めません", "en": "Not open now"}),
        text=LocalText(
            {
                "ja": f"{one.label['ja']}の募集は、{opens}から{closes}までです。ほかの回を選んでください。",
                "ja-simple": f"{one.label.get_for('ja-simple')}は、{opens}から {closes}まで 申し込めます。"
                "ほかを えらんでください。",
                "en": f"{one.label.get_for('en')} is open from {one.opens} to {one.closes}. "
                "Please choose another round.",
            }
        ),
    )


def load_city(folder: Path) -> City:
    """Load a city. Raises BrokenPackage with every problem of its files."""
    problems: list[Problem] = []
    documents: dict[str, Document] = {}

    def load(name: str, model: type[M]) -> M | None:
        try:
            documents[name] = read(folder / name)
            return validated(model, documents[name])
        except BrokenPackage as broken:
            problems.extend(broken.problems)
            return None

    file = load("city.yaml", CityFile)
    organisation = load("organisation.yaml", Organisation)
    offers = load("offers.yaml", Offers)
    towns = load("towns.yaml", Towns)
    told = (folder / "services.yaml").exists()
    services = load("services.yaml", Services) if told else Services(companies=())
    ordinances: Ordinances = {}
    try:
        if (folder / "ordinances.yaml").exists():
            ordinances = load_ordinances(folder / "ordinances.yaml")
    except BrokenPackage as broken:
        problems += broken.problems
    if problems or file is None or organisation is None or offers is None or towns is None or services is None:
        raise BrokenPackage(sorted(problems))
    expanded = tuple(town for line in towns.towns for town in _expand(line))
    return City(folder, file, organisation, offers.offers, expanded, documents, ordinances, services.companies)


def check_offers(city: City, packages: Mapping[str, Package]) -> Iterator[Problem]:
    """What the city promises but cannot keep: no such package, or a step nobody here may do (rule C01, C02)."""
    offers = city.documents["offers.yaml"]
    for index, offer in enumerate(city.offers):
        package = packages.get(offer.procedure)
        if package is None:
            yield offers.problem(
                ("offers", index, "procedure"),
                "C01",
                f"手続き {offer.procedure} は読み込めたカタログにありません",
                f"{'、'.join(sorted(packages)) or 'なし'} のどれかにするか、手続きの問題を先に直します",
            )
            continue
        yield from _check_conditions(city, package)
        if any(step.allot for _, step in walk(package.procedure.flow)) and not (offer.rounds and offer.wishes):
            yield offers.problem(
                ("offers", index, "procedure"),
                "C03",
                f"{offer.procedure} は募集の回ごとに選考しますが、回か希望先がありません",
                "rounds: [{name: 2027-04-01, label: …, opens: …, closes: …}] と wishes: {nursery-1: …} を書きます",
            )
        for role in _roles(package.procedure):
            holders = city.holders(role, package.procedure)
            if not (holders.sections or holders.posts):
                named = package.procedure.office if role in ("office", "head-of-office") else role
                yield city.documents["organisation.yaml"].problem(
                    ("roles",),
                    "C02",
                    f"{offer.procedure} の役割 {role} を持つ課も職もありません",
                    f"roles: に {named}: {{section: …}} を加えます",
                )


def _check_conditions(city: City, package: Package) -> Iterator[Problem]:
    """`when:` of decides may name what is decided: granted or not, and the values of the tables (rule C04)."""
    known = {
        "decision.granted",
        *(f"verdict.{name}" for table in package.tables.values() for name in verdict_names(table)),
    }
    for index, one in enumerate(city.organisation.decides):
        if one.procedure == package.procedure.code and one.when is not None:
            for name in sorted(Expression.parse(one.when).names - known):
                yield city.documents["organisation.yaml"].problem(
                    ("decides", index, "when"),
                    "C04",
                    f"式の {name} は、この手続きで決まるものではありません",
                    f"{'、'.join(sorted(known))} のどれかを使います",
                )


def _roles(procedure: Procedure) -> tuple[str, ...]:
    found = {"office"}
    for _, step in walk(procedure.flow):
        if step.kind != "parallel" and step.body.by is not None:
            found.add(step.body.by)
    return tuple(sorted(found))


# -- colour -----------------------------------------------------------------------------------------------------------


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours `#rrggbb` (WCAG 2.2): from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
