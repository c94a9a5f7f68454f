"""Furigana with the city's table of readings (``catalogue/readings.yaml``), read once per process."""

from functools import cache

from django.conf import settings

from madoguchi.ground.ruby import Furigana
from madoguchi.procedures.rules.readings import load_readings


@cache
def _reader() -> Furigana:
    return Furigana(load_readings(settings.CATALOGUE / "readings.yaml"))


def ruby(text: str) -> str:
    """A text node of a page with the reading over its kanji."""
    return _reader().over(text)
