"""What a letter is filled with: the same lines for a letter that goes out, for its draft and for an example."""

from collections.abc import Mapping
from typing import Any

from madoguchi.procedures.rules.city import fill_text
from madoguchi.procedures.rules.course import Course
from madoguchi.procedures.rules.format import Procedure


def letter_data(
    procedure: Procedure,
    course: Course,
    answers: Mapping[str, Any],
    head: Mapping[str, Any],
    *,
    paid: int = 0,
    names: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """All that a letter may name (catalogue/letters/README.md) but what messages add: number, date, verification.

    ``head`` is what every paper begins with: ``to``, ``from``, ``contact``, ``case``. ``paid`` is in yen. ``names``
    fill the places of a package that no city has made its own yet (``City.names``).
    """
    remedy = procedure.remedy
    reasons = [reason["ja"] for reason in course.why()]
    remedies = [remedy.text["ja"]] if remedy is not None and remedy.kind != "none" else []
    return {
        **head,
        "decision": {"granted": course.granted},
        "answers": answers,
        "paid": paid,
        "verdict": course.values,
        "finding": course.finding,
        "reasons": [fill_text(one, names) for one in reasons] if names is not None else reasons,
        "remedies": [fill_text(one, names) for one in remedies] if names is not None else remedies,
    }
