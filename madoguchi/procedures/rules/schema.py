"""The JSON Schema of every file of the catalogue and of a city, for editors that complete and explain while one writes.

Generated from the models, so that it says what the loader says; the files in ``procedures/schema/`` are what
``# yaml-language-server: $schema=…`` at the top of a YAML file points to.
"""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, RootModel, TypeAdapter

from madoguchi.ground.languages import LocalText
from madoguchi.procedures.rules.city import CityFile, Offers, Organisation, Services, Towns
from madoguchi.procedures.rules.format import Example, Procedure, Snake, Table
from madoguchi.procedures.rules.helping import HelpFile
from madoguchi.procedures.rules.layers import LayerFile
from madoguchi.procedures.rules.migration import MigrationMap
from madoguchi.procedures.rules.readings import ReadingsFile
from madoguchi.procedures.rules.registers import RegisterFile
from madoguchi.procedures.rules.search import SynonymsFile
from madoguchi.procedures.rules.vocabulary import FactsFile, LawsFile, OrdinancesFile


class RulesFile(RootModel[dict[Snake, Table]]):
    """rules.yaml: name → decision table."""


FILES: Mapping[str, type[BaseModel]] = {
    "procedure.schema.json": Procedure,
    "rules.schema.json": RulesFile,
    "example.schema.json": Example,
    "facts.schema.json": FactsFile,
    "laws.schema.json": LawsFile,
    "help.schema.json": HelpFile,
    "readings.schema.json": ReadingsFile,
    "synonyms.schema.json": SynonymsFile,
    "migration.schema.json": MigrationMap,
    "city.schema.json": CityFile,
    "organisation.schema.json": Organisation,
    "offers.schema.json": Offers,
    "services.schema.json": Services,
    "towns.schema.json": Towns,
    "register.schema.json": RegisterFile,
    "layer.schema.json": LayerFile,
    "ordinances.schema.json": OrdinancesFile,
}


def schemas() -> dict[str, str]:
    """File name → its text, as it is kept in ``procedures/schema/``."""
    return {name: json.dumps(_schema(model), ensure_ascii=False, indent=1) + "\n" for name, model in FILES.items()}


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    schema = _tidy(model.model_json_schema(by_alias=True))
    schema["$defs"] = {**schema.get("$defs", {}), "LocalText": {"anyOf": _TEXT}}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


_TEXT = TypeAdapter(LocalText).json_schema()["anyOf"]


def _tidy(data: Any) -> Any:
    """Texts in several languages by reference, and no null: a key that may be left out may not be left empty."""
    if isinstance(data, list):
        return [_tidy(one) for one in data]
    if not isinstance(data, dict):
        return data
    data = {key: _tidy(value) for key, value in data.items()}
    if data.get("default", "") is None:
        del data["default"]
    if "anyOf" not in data:
        return data
    kept = [one for one in data.pop("anyOf") if one != {"type": "null"}]
    if kept == _TEXT:
        return {"$ref": "#/$defs/LocalText"} | data
    return kept[0] | data if len(kept) == 1 else {"anyOf": kept} | data
