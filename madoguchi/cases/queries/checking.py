"""What of a case can be ticked as looked at, and what has been."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from madoguchi.cases.models import Case, Check
from madoguchi.cases.queries.documents import documents
from madoguchi.events.composing import composed_once
from madoguchi.procedures.rules.form import UPLOADED
from madoguchi.procedures.rules.published import Published


@dataclass(frozen=True, slots=True)
class Checkable:
    """One thing to look at. ``check`` is the tick that holds now, if there is one.

    ``digest`` is of what stands there: whoever ticks says what they saw.
    """

    subject: str
    digest: str
    check: Check | None


def checkables(case: Case, package: Published) -> dict[str, Checkable]:
    """Every answer that was given, every document and, at an open examination, every line of the package's checks."""
    held = {} if "checks" in case.lacks else {one.subject: one for one in _checks(case.pk)}
    found = {}
    for subject, digest in _subjects(case, package).items():
        check = held.get(subject)
        found[subject] = Checkable(subject, digest, check if check and check.digest == digest else None)
    return found


@composed_once
def _checks(case: UUID) -> QuerySet[Check]:
    return Check.objects.filter(case=case).select_related("account")


def unchecked(case: Case, package: Published) -> list[str]:
    """The subjects that nobody has ticked yet, or whose tick a correction has taken away."""
    return [one.subject for one in checkables(case, package).values() if one.check is None]


def line_subject(node: str, number: int) -> str:
    """A line of the checks of an examination."""
    return f"line:{node}:{number}"


def _subjects(case: Case, package: Published) -> dict[str, str]:
    found: dict[str, str] = {}
    files = {str(one.pk): one for given in documents(case).values() for one in given}
    for section in package.form.visible_sections(case.answers):
        for cell in package.form.cells(section, case.answers):
            if cell.field.type in UPLOADED:
                there = [files[one] for one in cell.value or [] if one in files]
                found |= {f"document:{one.pk}": one.sha256[:16] for one in there}
            elif cell.value not in (None, "", []):
                found[cell.path] = _digest(cell.value)
    whole = _digest(case.answers)
    for step in (one for one in case.steps.all() if one.kind == "examine" and one.done_at is None):
        lines = package.graph[step.node].arguments.get("checks", ())
        found |= {line_subject(step.node, number): whole for number, _ in enumerate(lines)}
    return found


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]
