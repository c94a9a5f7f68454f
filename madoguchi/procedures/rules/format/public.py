"""What everybody may see of a case: the few answers that name nobody, where, and until when."""

from typing import Annotated

from pydantic import Field

from madoguchi.ground.languages import LocalText
from madoguchi.procedures.rules.format.model import AnswerPath, Kebab, Model, Snake
from madoguchi.procedures.rules.format.who import Basis


class Public(Model):
    """What is made public of a case, and nothing else of it. A layer of the city's map (`shows:`) says it in words and
    draws it; from there lists, exports and other programs have it. Whoever is under 支援措置 is in none of them."""

    why: LocalText
    """Why it is made public and what is not. The applicant reads it before sending."""
    basis: Annotated[tuple[Basis, ...], Field(min_length=1)]
    """By what law it may be."""
    after: Kebab
    """The id of the step with which it becomes public: the issue of the permit."""
    until: Snake
    """A day that is asked: the last on which it is public."""
    place: Snake
    """The question where it is."""
    within: Annotated[int, Field(ge=1, le=500)]
    """How exactly: the point is moved to the middle of a square with sides of so many metres."""
    says: Annotated[tuple[AnswerPath, ...], Field(min_length=1)]
    """The answers that are said: choices, numbers and days. What somebody wrote freely may name somebody."""
