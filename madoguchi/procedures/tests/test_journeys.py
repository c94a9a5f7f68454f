"""Life events: what one part tells the others."""

from typing import Any

import pytest

from madoguchi.procedures.rules import journeys
from madoguchi.procedures.rules.examples import answers_of
from madoguchi.procedures.rules.form import form_of
from madoguchi.procedures.rules.format import Apply
from madoguchi.procedures.tests.shipped import catalogue

PARTS = {
    f"{code}:{part.procedure}": part
    for code, package in catalogue().packages.items()
    for part in package.procedure.parts
    if part.procedure in catalogue().packages
}


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_what_has_changed_is_what_is_told_otherwise(part: Apply) -> None:
    """Each answer of an example taken away and given again: also where another question is no longer asked by it."""
    package = catalogue().packages[part.procedure]
    form = form_of(package.procedure, catalogue().facts)
    for example in package.examples.values():
        whole: dict[str, Any] = answers_of(example, form)
        for name in whole:
            less = {other: value for other, value in whole.items() if other != name}
            for before, after in ((whole, less), (less, whole)):
                old, new = journeys.told(form, before, part), journeys.told(form, after, part)
                expected = {key: new.get(key) for key in {**old, **new} if old.get(key) != new.get(key)}
                assert journeys.changed(form, before, after, part) == expected
