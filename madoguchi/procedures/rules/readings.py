"""catalogue/readings.yaml: how words are read that a dictionary misreads, for the furigana."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, RootModel, StringConstraints

from madoguchi.procedures.rules.document import read
from madoguchi.procedures.rules.load import validated

Reading = Annotated[str, StringConstraints(pattern=r"^[ぁ-ゖー]+$", max_length=60)]


class ReadingsFile(RootModel[dict[str, Reading]]):
    """readings.yaml: word → its reading in hiragana; `#日` is 日 after a number."""

    model_config = ConfigDict(title="readings.yaml", strict=True)


def load_readings(path: Path) -> Mapping[str, str]:
    """Load readings.yaml. Raises BrokenPackage."""
    return validated(ReadingsFile, read(path)).root
