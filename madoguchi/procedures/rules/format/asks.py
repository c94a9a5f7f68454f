"""What is asked: sections of fields, bound to facts or of the procedure's own."""

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from madoguchi.ground.languages import LocalText
from madoguchi.procedures.rules.format.model import (
    Condition,
    FactKey,
    Kebab,
    LayerCode,
    Model,
    Snake,
    refuse,
    type_of_answer,
)


class Question(Model):
    """What a fact and an ask have in common as a field of the form."""

    label: LocalText | None = None
    help: LocalText | None = None
    required: bool = True
    when: Condition | None = None
    """Asked only where this holds."""
    again_because: LocalText | None = None
    """Why it is asked although the city knows it."""
    options: dict[str, LocalText] | None = None
    """Of choice and choices: value → label, in the order shown."""
    max_length: Annotated[int, Field(ge=1, le=20_000)] | None = None
    """Of text, lines and kana: in characters."""
    digits: Annotated[int, Field(ge=1, le=40)] | None = None
    """Of text: exactly so many digits (a microchip has 15); typed full width or with hyphens they count as well."""
    corporate_number: bool | None = None
    """Of text: a 法人番号, whose check digit is checked; a 登録番号 (T and the same digits) counts as well."""
    min: int | Literal["today"] | date | None = None
    max: int | Literal["today"] | date | None = None
    """Of integer, money and date (`today` or YYYY-MM-DD); both ends belong to it."""
    at_least: Annotated[int, Field(ge=0)] | None = None
    at_most: Annotated[int, Field(ge=1)] | None = None
    """Of choices, photo and file: how many."""
    accept: tuple[Literal["pdf", "jpeg", "png", "heic", "webp", "docx", "xlsx", "csv", "txt"], ...] | None = None
    """Of file: which types of content."""
    proves: tuple[FactKey, ...] = ()
    """Of photo and file: the facts it is evidence for."""


_ONLY_FOR: dict[str, tuple[str, ...]] = {
    "options": ("choice", "choices"),
    "max_length": ("text", "lines", "kana"),
    "digits": ("text",),
    "corporate_number": ("text",),
    "min": ("integer", "money", "date"),
    "max": ("integer", "money", "date"),
    "at_least": ("choices", "photo", "file"),
    "at_most": ("choices", "photo", "file"),
    "accept": ("file",),
    "prefill": ("choice", "choices", "yes_no"),
    "proves": ("photo", "file"),
}


def check_attributes(type_: str, question: Question) -> None:
    """Raise the error of the format if ``question`` has an attribute that its type of answer does not know."""
    for key, types in _ONLY_FOR.items():
        if key in question.model_fields_set and type_ not in types:
            instead = f"行ごと消します（{key} を使える型: {', '.join(types)}）"
            raise refuse(f"{key} は {type_} 型では使えません", instead, key)
    for key in ("min", "max"):
        bound = getattr(question, key)
        if bound is not None and (type_ == "date") != (not isinstance(bound, int)):
            wanted = "today か YYYY-MM-DD" if type_ == "date" else "整数"
            example = "today" if type_ == "date" else 1
            raise refuse(f"{type_} 型の {key} は {wanted} で書きます", f"{key}: {example}", key)
    for low, high in (("min", "max"), ("at_least", "at_most")):
        a, b = getattr(question, low), getattr(question, high)
        if a is not None and b is not None and type(a) is type(b) and a > b:
            raise refuse(f"{low} が {high} より大きくなっています", f"{low} を {high} 以下にします", low)


class Asked(Question):
    """What only a field of a form has, and no fact of the vocabulary."""

    prefill: Literal["link"] | None = None
    """A link on another page may choose it beforehand: of choice, choices and yes_no, outside rows, and only what says
    nothing about a person. What stands in a link stands in histories and logs."""


class FactField(Asked):
    """A field that is bound to a fact: shown with source and date where it is known, and confirmed with one tap."""

    fact: FactKey


class OfBusiness(Model):
    """What is asked of a business that has a number: known from there once an office has recorded it."""

    fact: FactKey
    number: Snake
    """The field, asked before, that holds the ten digits (介護保険の事業所番号) or the 法人番号."""


class AskField(Asked):
    """A field of this procedure's own, for what no fact covers."""

    ask: Snake
    type: type_of_answer
    label: LocalText
    business: OfBusiness | None = None
    """Offered as known where the city has recorded it of the business with that number."""
    layers: tuple[LayerCode, ...] = ()
    """Of place: the layers of the city's map (layers/<code>.yaml) of which is shown at once what applies there.
    Conditions see `<ask>.<layer>.verdict` (applies, does_not, unknown) and `<ask>.<layer>.<attribute>`."""

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        check_attributes(self.type, self)
        if self.layers and self.type != "place":
            raise refuse(f"layers は {self.type} 型では使えません", "type: place にするか、行ごと消します", "layers")
        if self.type in ("choice", "choices") and not self.options:
            raise refuse("選択式なのに選択肢がありません", "options: {together: 同居, apart: 別居}")
        return self


def _field_kind(value: Any) -> str:
    held = value if isinstance(value, dict) else getattr(value, "__dict__", {})
    return "a field bound to a fact" if "fact" in held else "a field of its own"


AnyField = Annotated[
    Annotated[FactField, Tag("a field bound to a fact")] | Annotated[AskField, Tag("a field of its own")],
    Discriminator(_field_kind),
]


class Section(Model):
    """One page of the form: about seven questions at most."""

    section: LocalText
    id: Kebab | None = None
    intro: LocalText | None = None
    each: Snake | None = None
    """The section is answered once for each row of this name (child)."""
    at_least: Annotated[int, Field(ge=0)] | None = None
    at_most: Annotated[int, Field(ge=1)] | None = None
    when: Condition | None = None
    ask: Annotated[tuple[AnyField, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _counts_only_rows(self) -> Self:
        for key in ("at_least", "at_most"):
            if getattr(self, key) is not None and self.each is None:
                instead = "each: child のように行の名前を書くか、行ごと消します"
                raise refuse(f"{key} は each のある節でだけ使えます", instead, key)
        for index, one in enumerate(self.ask):
            if self.each is not None and isinstance(one, AskField) and one.layers:
                raise refuse("layers は each のない節で使います", "場所を別の節でたずねます", "ask", index, "layers")
        return self
