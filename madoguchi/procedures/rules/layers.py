"""layers/<code>.yaml of a city: a layer of the map, from its source to what it answers. The file's name is its code."""

import datetime as dt
import string
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Final, Self

from pydantic import Field, StringConstraints, model_validator

from madoguchi.ground.expressions import Expression, ExpressionError
from madoguchi.ground.languages import LocalText
from madoguchi.places.rules.counted import Counted
from madoguchi.places.rules.layer import (
    AUDIENCES,
    DISTANCE,
    Attribute,
    Audience,
    Editing,
    Follows,
    Kind,
    Layer,
    Sentences,
    Shape,
    Source,
    Style,
    Terms,
    Topology,
)
from madoguchi.procedures.rules.city import City, Colour
from madoguchi.procedures.rules.counting import COUNTED, LayerCounted, counted_twice
from madoguchi.procedures.rules.document import BrokenPackage, Document, Path_, Problem, read
from madoguchi.procedures.rules.format import Kebab, Model, Snake, refuse
from madoguchi.procedures.rules.load import validated

Column = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class LayerAttribute(Model):
    """An attribute of the features."""

    title: LocalText
    type: Kind
    column: Column | None = None
    """Its name in the file; without it the key."""
    unit: LocalText | None = None
    codes: dict[str, LocalText] = {}
    """Of type code: what the file writes → what it means."""
    see: Audience = "public"
    required: bool = False
    digits: Annotated[int, Field(ge=0, le=6)] = 0
    """Of a number: how many are printed behind the point."""
    unknown: list[str] = []
    """What the file writes where it has no value."""

    @model_validator(mode="after")
    def _has_its_codes(self) -> Self:
        if (self.type == "code") != bool(self.codes):
            raise refuse("codes は type: code のときに書きます", "type: code と codes: をそろえます", "codes")
        if self.unit is not None and self.type not in ("number", "integer"):
            raise refuse("unit は数のときに書きます", "type: number にするか、unit: を消します", "unit")
        return self


class LayerSource(Model):
    """Where the features come from."""

    file: Annotated[
        str, StringConstraints(pattern=r"^((sample|counted|public):[a-z_]+|(city:)?[\w./-]+)$", max_length=200)
    ]
    """Below the data pack (daito/landform_gsi.geojson), city:<file> beside this one, sample:<what> for what the sample
    city draws, counted:cases for what is counted (counted:), or public:cases for what is shown of cases (shows:)."""
    name: Line
    licence: Line
    credit: Line
    """Printed wherever the layer is shown (出典)."""
    as_of: Day
    """The day on which things were as the file says; of what is counted, the day from which on it is."""
    terms: Terms
    where: dict[Column, list[str]] = {}
    encoding: Annotated[str, StringConstraints(pattern=r"^(utf-8|cp932)$")] | None = None
    crs: Annotated[int, Field(ge=1024, le=32767)] | None = None
    """EPSG code, where the file does not say it."""
    lon_lat: Annotated[list[Column], Field(min_length=2, max_length=2)] | None = None
    """Of a CSV: the columns of longitude and latitude."""
    address: list[Column] = []
    """Of a CSV without coordinates: the columns in which the address stands; what is found no more exactly than
    accuracy allows is refused."""
    part: Line | None = None
    """Of a file with several (GeoPackage, zip): which."""
    refresh: Annotated[int, Field(ge=1, le=120)] | None = None
    """After how many months the source has a newer state."""
    url: Annotated[str, StringConstraints(pattern=r"^https://", max_length=300)] | None = None

    @model_validator(mode="after")
    def _stays_below(self) -> Self:
        if ".." in self.file.split("/"):
            raise refuse("データの置き場所の外は指せません", "file: daito/… のように書きます", "file")
        if self.address and self.lon_lat:
            raise refuse("address と lon_lat の両方は使えません", "どちらかを消します", "address")
        if self.lon_lat and self.crs is None:
            hint = "経度・緯度なら crs: 6668（JGD2011）を加えます"
            raise refuse("表は座標系を書いていないので、crs が要ります", hint, "lon_lat")
        try:
            dt.date.fromisoformat(self.as_of)
        except ValueError:
            raise refuse("as_of が日付ではありません", "as_of: 2021-08-31 のように書きます", "as_of") from None
        return self


class LayerSentences(Model):
    """What the layer says about a point; {key} is the value of an attribute, {distance} how far away it is."""

    applies: LocalText
    absent: LocalText | None = None
    means: dict[Snake, dict[str, LocalText]] = {}
    """Attribute → its value → what follows from that for people, said after what applies."""


class LayerTopology(Model):
    """What must hold of the shapes; a change that breaks it is refused, with the feature that is in its way."""

    no_overlap: bool = False
    """No two features of the layer lie on each other."""
    within_city: bool = False
    """Nothing reaches beyond the city's boundary by more than the stated error."""
    ends_meet: Annotated[float, Field(gt=0, le=20)] | None = None
    """Of lines: within so many metres an end is brought to a point of another line."""


class LayerEditing(Model):
    """Who edits the features at the desk."""

    by: list[Kebab] = []
    """Sections of organisation.yaml; none: the owner's."""
    approve: bool = False
    """A change waits until another person with a deciding post of the owner (its head, who stands in, the department's
    head) has approved it."""
    topology: LayerTopology = LayerTopology()


class LayerProcedure(Model):
    """A procedure that may be needed where the layer applies."""

    code: Kebab
    when: Line | None = None
    """A condition over the attributes: depth_max >= 0.5; without it, wherever the layer applies."""


class LayerStyle(Model):
    """How the features are drawn, on the screen and on paper."""

    colour: Colour
    by: Snake | None = None
    """The attribute (a text or a code) whose value chooses among colours."""
    colours: dict[str, Colour] = {}
    """Value of that attribute → colour; any other has colour."""
    width: Annotated[float, Field(gt=0, le=20)] = 1.5
    """Of a line or a border, in pixels."""
    radius: Annotated[float, Field(gt=0, le=20)] = 5
    """Of the circle of a point, in pixels."""
    opacity: Annotated[float, Field(ge=0, le=1)] = 0.3
    """Of the inside of an area."""
    label: Snake | None = None
    """The attribute that is written beside a feature."""
    from_zoom: Annotated[int, Field(ge=5, le=18)] = 9
    """Nothing is drawn further out than that: 15 for parcels, 9 for what is seen of the whole city."""
    label_from: Annotated[int, Field(ge=5, le=19)] | None = None
    """Names are written from there on (17 for parcels), where that is not from_zoom."""

    @model_validator(mode="after")
    def _has_its_colours(self) -> Self:
        if (self.by is None) != (not self.colours):
            raise refuse("colours は by と一緒に書きます", "by: と colours: をそろえます", "colours")
        return self


class LayerFile(Model):
    """layers/<code>.yaml"""

    title: LocalText
    owner: Kebab
    """The section (or department) of organisation.yaml that answers for it."""
    legal_basis: Line
    source: LayerSource
    shape: Shape
    accuracy: Annotated[float, Field(gt=0, le=500)]
    """Stated error in metres: nearer to a border than that, the answer is unknown."""
    see: Audience = "public"
    attributes: dict[Snake, LayerAttribute] = {}
    key: list[Snake] = []
    """The attributes by which a feature is known from one file to the next; none: by shape and all it says."""
    complete: bool = False
    counted: LayerCounted | None = None
    """It is counted from cases, and has no file, no attributes and no key of its own."""
    shows: list[Kebab] = []
    """Procedures of which it shows what their packages make public of cases (public:). An attribute's column is a field
    of the form, and its codes are the options there."""
    near: Annotated[float, Field(gt=0, le=5_000)] | None = None
    """Of points and lines: up to how many metres away they are told of."""
    most: Annotated[int, Field(ge=1, le=20)] = 3
    """Of points and lines: how many are told of, the nearest first."""
    told: bool = True
    """Whether it is among what applies at a point; a base map is not."""
    refer: bool = False
    """Of a layer that is not public: everybody is told that its owner knows."""
    landmark: Line | None = None
    """What people call the thing when they look for it, with one {attribute}: {name}駅."""
    hazards: list[Snake] = []
    """The attributes (type: yes_no) that each say whether it is a shelter from that hazard."""
    words: dict[Annotated[str, StringConstraints(min_length=1, max_length=40)], dict[Snake, list[str]]] = {}
    """What people call the layer's things when they look for one near by (避難所: {}), or those of which an attribute
    has one of these values (公園: {subclass: [park]})."""
    style: LayerStyle | None = None
    answers: LayerSentences
    edit: LayerEditing | None = None
    """Without it nobody edits the features by hand: they come from the file alone."""
    procedures: list[LayerProcedure] = []
    """What may follow where it applies; told where the city offers it."""
    assumed: bool = False
    note: str | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.source.terms != "open" and self.see == "public":
            raise refuse(
                "利用条件を読んでいない（または条件付きの）データは公開できません",
                "see: staff にするか、条件を読んで terms: open にします",
                "see",
            )
        if (self.shape == "polygon") == (self.near is not None):
            raise refuse("near は点と線のレイヤーに書きます", "near: 500 のように書くか、消します", "near")
        if self.complete != (self.answers.absent is not None):
            raise refuse(
                "すべてそろっているレイヤーだけが「ない」と言えます",
                "complete: true と answers.absent をそろえます",
                "complete",
            )
        if self.landmark is not None and len(_names(self.landmark)) != 1:
            raise refuse("landmark には属性を一つ書きます", "'{name}駅' のように書きます", "landmark")
        if (self.counted is not None) != self.source.file.startswith("counted:") or (
            self.counted is not None
            and (self.attributes or self.key or self.complete or self.edit or self.shape != "polygon")
        ):
            raise refuse(
                "集計するレイヤーは形が町の面で、属性・key・complete・edit を書きません",
                "file: counted:cases と counted: をそろえ、shape: polygon にします",
                "counted",
            )
        if bool(self.shows) != self.source.file.startswith("public:") or (
            self.shows and (self.shape != "point" or self.key or self.edit or self.words or self.landmark)
        ):
            raise refuse(
                "案件を見せるレイヤーは点で、key・edit・words・landmark を書きません",
                "file: public:cases と shows: をそろえ、shape: point にします",
                "shows",
            )
        chosen = [key for where in self.words.values() for key in where]
        for key in (*self.key, *(_names(self.landmark) if self.landmark else []), *chosen):
            if key not in self.attributes:
                raise refuse(f"{key} という属性はありません", "attributes: にある名前を書きます", "key")
        if self.edit is not None and self.edit.topology.ends_meet is not None and self.shape != "line":
            raise refuse("ends_meet は線のレイヤーに書きます", "ends_meet: を消します", "edit", "topology")
        if self.edit is not None and self.see == "section" and set(self.edit.by) - {self.owner}:
            raise refuse("課の中だけのレイヤーは、ほかの課は編集できません", "see: staff にします", "edit", "by")
        for key in self.hazards:
            if key not in self.attributes or self.attributes[key].type != "yes_no":
                raise refuse(
                    f"hazards の {key} は、はい・いいえの属性ではありません", "type: yes_no の属性を書きます", "hazards"
                )
        for number, follows in enumerate(self.procedures):
            _condition(follows, self.attributes, number)
        for key, attribute in self.attributes.items():
            if AUDIENCES.index(attribute.see) > AUDIENCES.index(self.see) and attribute.see != "public":
                raise refuse(f"{key} はレイヤーより広くは見せられません", "see: を消します", "attributes", key)
        if self.refer and self.see == "public":
            raise refuse("公開のレイヤーは、そのまま答えます", "refer: を消します", "refer")
        self._drawn()
        self._means()
        for language in self.answers.applies:
            for name in _names(self.answers.applies[language]):
                if name not in self.attributes and name != DISTANCE and not (self.counted and name in _COUNTED):
                    raise refuse(f"{{{name}}} という属性はありません", "attributes: にある名前を書きます", "answers")
        return self

    def _means(self) -> None:
        for key, words in self.answers.means.items():
            if key not in self.attributes:
                raise refuse(f"{key} という属性はありません", "attributes: にある名前を書きます", "answers", "means")
            codes = self.attributes[key].codes
            if codes and (unknown := sorted(words.keys() - codes.keys())):
                raise refuse(
                    f"{unknown[0]} という値は codes にありません", "codes: にある値を書きます", "answers", "means", key
                )

    def _drawn(self) -> None:
        style = self.style or LayerStyle(colour="#000000")
        for where, key in (("by", style.by), ("label", style.label)):
            if key is not None and key not in self.attributes:
                raise refuse(f"{key} という属性はありません", "attributes: にある名前を書きます", "style", where)
        if style.by is None:
            return
        by = self.attributes[style.by]
        if by.type not in ("text", "code"):
            raise refuse("色を分けるのは text か code の属性です", "by: を消します", "style", "by")
        if by.type == "code" and (unknown := sorted(style.colours.keys() - by.codes.keys())):
            raise refuse(f"{unknown[0]} という値は codes にありません", "codes: にある値を書きます", "style", "colours")


def _condition(follows: LayerProcedure, attributes: dict[str, LayerAttribute], number: int) -> None:
    """That ``when`` is a condition over attributes; it is tried with a value of each one's type."""
    if follows.when is None:
        return
    place = ("procedures", number, "when")
    try:
        condition = Expression.parse(follows.when)
        if unknown := sorted(condition.names - attributes.keys()):
            raise refuse(f"{unknown[0]} という属性はありません", "attributes: にある名前を書きます", *place)
        condition.holds({name: _SOME.get(attributes[name].type, "x") for name in condition.names})
    except ExpressionError as error:
        raise refuse(f"when が条件として読めません（{error.problem}）", error.instead, *place) from None


_SOME: Final[Mapping[Kind, object]] = {
    "number": Decimal(1),
    "integer": 1,
    "yes_no": True,
    "date": dt.date(2026, 4, 1),
}


def _names(template: str) -> list[str]:
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError:
        raise refuse("文の波かっこが閉じていません", "{use} のように書きます", "answers") from None
    for _, name, spec, conversion in parts:
        if name is not None and (not name.isidentifier() or spec or conversion):
            raise refuse("波かっこの中は属性の名前だけです", "{use} のように書きます", "answers")
    return [name for _, name, _, _ in parts if name is not None]


def load_layers(city: City, codes: Collection[str] | None = None) -> dict[str, Layer]:
    """Every layer of a city by code, in the city's order. Raises BrokenPackage with every problem of the files.

    ``codes`` are those of the procedures that the catalogue holds, where the check asks whether they are there.
    """
    found: dict[str, Layer] = {}
    problems: list[Problem] = []
    documents: dict[str, Document] = {}
    for path in sorted((city.folder / "layers").glob("*.yaml")):
        try:
            document = read(path)
            file = validated(LayerFile, document)
        except BrokenPackage as broken:
            problems += broken.problems
        else:
            problems += _unknown_units(file, document, city)
            problems += _unknown_procedures(file, document, codes)
            found[path.stem] = _layer(path.stem, file, city)
            documents[path.stem] = document
    problems += counted_twice(found, documents)
    if problems:
        raise BrokenPackage(sorted(problems))
    first = city.file.map.order if city.file.map is not None else ()
    return {code: found[code] for code in dict.fromkeys((*(one for one in first if one in found), *found))}


_COUNTED: Final = frozenset(one.key for one in COUNTED)


def check_layers(city: City, codes: Collection[str] | None = None) -> list[Problem]:
    """What is wrong with the files of the layers (rules M01, M02, M05 and those of every file)."""
    try:
        load_layers(city, codes)
    except BrokenPackage as broken:
        return broken.problems
    return []


def check_map(city: City) -> list[Problem]:
    """Layers that city.yaml puts onto the map, and that there are not (rule M03)."""
    of_city = city.file.map
    if of_city is None:
        return []
    there = {path.stem for path in (city.folder / "layers").glob("*.yaml")}
    named = {"base_layers": of_city.base_layers, "shown": of_city.shown, "order": of_city.order}
    unknown = [(field, code) for field, ones in named.items() for code in ones if code not in there]
    document = read(city.folder / "city.yaml") if unknown else None
    return [
        document.problem(
            ("map", field), "M03", f"{code} というレイヤーはありません", "layers/ にあるファイルの名前を書きます"
        )
        for field, code in unknown
        if document is not None
    ]


def _unknown_units(file: LayerFile, document: Document, city: City) -> Iterator[Problem]:
    known = {unit.id for unit in city.organisation.units()}
    if file.owner not in known:
        yield document.problem(
            ("owner",), "M01", f"{file.owner} という課や部はありません", "organisation.yaml の id を書きます"
        )
    if file.edit is None:
        return
    for index, one in enumerate(file.edit.by):
        if one not in known:
            yield document.problem(
                ("edit", "by", index), "M01", f"{one} という課や部はありません", "organisation.yaml の id を書きます"
            )
    if file.edit.approve and file.owner in known and not _deciders(file.owner, city):
        yield document.problem(
            ("edit", "approve"),
            "M01",
            f"{file.owner} に承認する職がありません",
            "organisation.yaml の職に head: true を書きます",
        )


def _deciders(owner: str, city: City) -> tuple[str, ...]:
    """The posts that decide for a unit: of a section as for its work (専決), of a department its head."""
    if city.organisation.section(owner) is not None:
        return tuple(sorted(city.organisation.leaders(owner)))
    return tuple(post.id for unit in city.organisation.units() if unit.id == owner for post in unit.posts if post.head)


def _editing(file: LayerFile, city: City) -> Editing | None:
    if file.edit is None:
        return None
    said = file.edit.topology
    return Editing(
        sections=tuple(file.edit.by) or (file.owner,),
        deciders=_deciders(file.owner, city) if file.edit.approve else (),
        topology=Topology(said.no_overlap, said.within_city, said.ends_meet or 0.0),
    )


def _unknown_procedures(file: LayerFile, document: Document, codes: Collection[str] | None) -> Iterator[Problem]:
    named: list[tuple[Path_, str]] = [
        (("procedures", number, "code"), follows.code) for number, follows in enumerate(file.procedures)
    ]
    named += [(("shows", number), code) for number, code in enumerate(file.shows)]
    for path, code in named:
        if codes is not None and code not in codes:
            yield document.problem(
                path,
                "M02",
                f"手続き {code} は読み込めたカタログにありません",
                "catalogue/procedures のフォルダーの名前を書きます",
            )


def _layer(code: str, file: LayerFile, city: City) -> Layer:
    source = file.source
    return Layer(
        code=code,
        title=file.title,
        owner=file.owner,
        legal_basis=file.legal_basis,
        source=Source(
            file=source.file,
            name=source.name,
            licence=source.licence,
            credit=source.credit,
            as_of=dt.date.fromisoformat(source.as_of),
            terms=source.terms,
            where={column: tuple(values) for column, values in source.where.items()},
            encoding=source.encoding or "",
            crs=source.crs,
            url=source.url or "",
            sample=source.file.startswith("sample:"),
            lon_lat=(source.lon_lat[0], source.lon_lat[1]) if source.lon_lat else None,
            address=tuple(source.address),
            part=source.part or "",
            refresh=source.refresh or 0,
        ),
        shape=file.shape,
        accuracy=file.accuracy,
        attributes=COUNTED if file.counted else tuple(_attribute(*one, file.see) for one in file.attributes.items()),
        sentences=Sentences(
            file.answers.applies,
            file.answers.absent,
            {key: dict(words) for key, words in file.answers.means.items()},
        ),
        see=file.see,
        key=("town",) if file.counted else tuple(file.key),
        complete=file.complete,
        counted=Counted(
            file.counted.measure,
            tuple(file.counted.procedures),
            file.counted.period,
            dt.date.fromisoformat(source.as_of),
            file.counted.threshold,
        )
        if file.counted
        else None,
        shows=tuple(file.shows),
        near=file.near or 0.0,
        most=file.most,
        told=file.told,
        refer=file.refer,
        landmark=file.landmark or "",
        edit=_editing(file, city),
        hazards=tuple(file.hazards),
        procedures=tuple(Follows(one.code, one.when or "") for one in file.procedures),
        words={word: {key: tuple(values) for key, values in where.items()} for word, where in file.words.items()},
        style=_style(file.style) if file.style is not None else Style(),
    )


def _style(file: LayerStyle) -> Style:
    return Style(
        colour=file.colour,
        by=file.by or "",
        colours=dict(file.colours),
        width=file.width,
        radius=file.radius,
        opacity=file.opacity,
        label=file.label or "",
        from_zoom=file.from_zoom,
        label_from=max(file.label_from or 0, file.from_zoom),
    )


def _attribute(key: str, file: LayerAttribute, see: Audience) -> Attribute:
    narrower = min(file.see, see, key=AUDIENCES.index)
    return Attribute(
        key=key,
        title=file.title,
        kind=file.type,
        column=file.column or key,
        unit=file.unit,
        codes=dict(file.codes),
        see=narrower,
        required=file.required,
        digits=file.digits,
        unknown=tuple(file.unknown),
    )
