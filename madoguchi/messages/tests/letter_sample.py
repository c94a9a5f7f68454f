"""The sample of the catalogue as data for tests, with values of one's own."""

import copy
import json
from pathlib import Path
from typing import Any

from django.conf import settings

CATALOGUE: Path = settings.CATALOGUE
SAMPLE = json.loads((CATALOGUE / "letters" / "sample.json").read_text(encoding="utf-8"))


def sample(**paths: Any) -> dict[str, Any]:
    """The sample; ``to__name="…"`` replaces the value at ``to.name``."""
    data: dict[str, Any] = copy.deepcopy(SAMPLE)
    for path, value in paths.items():
        *folders, last = path.split("__")
        place = data
        for folder in folders:
            place = place[folder]
        place[last] = value
    return data
