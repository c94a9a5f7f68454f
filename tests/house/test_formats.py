"""The format holds nothing that nobody uses: every kind of step and every type of answer is in a package that ships."""

from collections.abc import Iterator
from typing import get_args

from madoguchi.procedures.rules.format import FactField, Step, type_of_answer, walk
from madoguchi.procedures.tests.shipped import catalogue

CATALOGUE = catalogue()


def kinds_used() -> set[str]:
    return {step.kind for package in CATALOGUE.packages.values() for _, step in walk(package.procedure.flow)}


def types_used() -> Iterator[str]:
    for package in CATALOGUE.packages.values():
        for section in package.procedure.asks:
            for one in section.ask:
                yield CATALOGUE.facts[one.fact].type if isinstance(one, FactField) else one.type
        for _, step in walk(package.procedure.flow):
            yield from (one.type for one in (step.examine.findings if step.examine else ()))


def test_every_kind_of_step_is_in_real_use() -> None:
    unused = set(Step.model_fields) - kinds_used()
    assert unused == set(), f"no package uses {', '.join(sorted(unused))}"


def test_every_type_of_answer_is_in_real_use() -> None:
    unused = set(get_args(type_of_answer)) - set(types_used())
    assert unused == set(), f"no package asks for {', '.join(sorted(unused))}"
