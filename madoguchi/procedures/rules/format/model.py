"""What all models of the format share: strictness, errors that say what to write instead, names, conditions."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from madoguchi.ground.expressions import Expression, ExpressionError

DIGITAL_CHANNELS = ("screen",)
BREAKING_CHANNELS = ("paper", "post", "fax", "counter", "phone", "seal", "visit", "medium")


type_of_answer = Literal[
    "text", "lines", "kana", "date", "integer", "money", "choice", "choices", "yes_no", "email", "phone",
    "postal_code", "place", "photo", "file", "consent", "bank_account",
]  # fmt: skip


class Model(BaseModel):
    """What every model of the format has in common: nothing is guessed, nothing unknown is accepted."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, use_attribute_docstrings=True, arbitrary_types_allowed=True
    )


def refuse(message: str, instead: str, *keys: str | int) -> PydanticCustomError:
    """An error of the format that says what to write ``instead``; ``keys`` lead to the culprit below the model."""
    return PydanticCustomError("format", "{message}", {"message": message, "instead": instead, "keys": keys})


def _is_expression(text: str) -> str:
    try:
        Expression.parse(text)
    except ExpressionError as error:
        raise refuse(f"式の{error.column}文字目: {error.problem}", error.instead) from None
    return text


Kebab = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]
LayerCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*([-_][a-z0-9]+)*$", max_length=60)]
"""A layer of the city's map: the name of its file."""
Snake = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=60)]


FactKey = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*(\.[a-z][a-z0-9]*(_[a-z0-9]+)*)+$", max_length=120)
]
AnswerPath = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*(\.[a-z][a-z0-9]*(_[a-z0-9]+)*)*$", max_length=120)
]
"""A field of the form as conditions name it: partner_email, spouse.full_name, and in rows mover.full_name."""
Role = Kebab


Condition = Annotated[str, StringConstraints(min_length=1, max_length=2000), AfterValidator(_is_expression)]
Checked = Annotated[str, StringConstraints(pattern=r"^(unverified|\d{4}-\d{2}-\d{2})$")]


BusinessDays = Annotated[int, Field(ge=1, le=1000)]
Channel = Literal["screen", "paper", "post", "fax", "counter", "phone", "seal", "visit", "medium"]
