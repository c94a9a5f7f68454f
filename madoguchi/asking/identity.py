"""Who sits at the counter: the four attributes as they are shown to be confirmed."""

import datetime as dt
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext

from madoguchi.asking.words import language
from madoguchi.facts.rules.matching import ATTRIBUTES
from madoguchi.ground.dates import format_date


def told_lines(told: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    """The four attributes (and the reading of the name, where it was said), label and value."""
    sexes = {"male": gettext("男性"), "female": gettext("女性")}
    labels = {
        "name": gettext("氏名"),
        "kana": gettext("ふりがな"),
        "address": gettext("住所"),
        "born": gettext("生年月日"),
        "sex": gettext("性別"),
    }
    lines = []
    for name, label in labels.items():
        value = told.get(ATTRIBUTES[name], "")
        if name == "born" and value:
            value = format_date(dt.date.fromisoformat(value), language())
        if value:
            lines.append((label, sexes.get(value, value) if name == "sex" else value))
    return lines
