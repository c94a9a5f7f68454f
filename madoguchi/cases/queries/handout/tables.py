"""Which rows and columns are handed out to their person: read off ``rules.keeping.LIVES``, never listed twice."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from django.apps import apps
from django.db.models import BinaryField, Field, ForeignKey, GeneratedField, Model, Q

from madoguchi.cases.models import Case
from madoguchi.cases.rules.keeping import ELSEWHERE, LIVES, Life
from madoguchi.ground.sensitivity import Sensitivity, sensitivity_of
from madoguchi.people.models import Account

#: The name of the shape of ``data.json``; a change that a program would stumble over gets a new number.
FORMAT: Final = "madoguchi-person/1"
#: Of these tables only these rows: what was drafted and not decided yet is deliberation (個人情報保護法78条1項6号).
_ONLY: Final[Mapping[str, Q]] = {"case_decision": Q(made_at__isnull=False)}


@cache
def models_by_table() -> Mapping[str, type[Model]]:
    return {model._meta.db_table: model for model in apps.get_models()}


def personal(model: type[Model]) -> set[str]:
    """The fields of a model that say something about a person."""
    return {name for name, kind in sensitivity_of(model).items() if kind.at_least(Sensitivity.PERSONAL)}


@cache
def tables() -> tuple[tuple[str, type[Model]], ...]:
    """Name in ``data.json`` and model of each table of which rows are handed out.

    Not those of which everything personal is withheld: what is left of them says nothing about the person, or stands
    in the ZIP as a file.
    """
    held = ((table, models_by_table()[table], life) for table, life in LIVES.items())
    return tuple((_name(table), model) for table, model, life in held if personal(model) - life.withheld.keys())


def life_of(model: type[Model]) -> Life:
    return LIVES[model._meta.db_table]


def _name(table: str) -> str:
    if table == "person_identity":
        return "identities"
    return table.removeprefix("case_") + "s"


@cache
def columns(model: type[Model]) -> "tuple[Field[Any, Any], ...]":
    """What of a row is handed out: all but what is withheld, and which member of staff it was."""
    return tuple(
        one
        for one in model._meta.concrete_fields
        if one.name not in life_of(model).withheld
        and not (isinstance(one, ForeignKey) and one.related_model is Account)
        and not isinstance(one, BinaryField)
    )


def rows(model: type[Model], of: Q) -> Iterator[dict[str, Any]]:
    """The rows that ``of`` lets through, with their columns by name, oldest first."""
    wanted = {one.attname: one.name for one in columns(model)}
    found = model._default_manager.filter(of).filter(_ONLY.get(model._meta.db_table, Q())).order_by("pk")
    for row in found.values(*wanted).iterator(chunk_size=200):
        yield {wanted[name]: value for name, value in row.items()}


def left_out() -> list[dict[str, str]]:
    """What is kept and not handed out, with the reason."""
    fields = [(f"{table}.{field}", why) for table, life in LIVES.items() for field, why in life.withheld.items()]
    return [{"what": what, "why": why} for what, why in [*fields, *ELSEWHERE.items()]]


# -- the schema --------------------------------------------------------------------------------------------------------

_TEXT: Final[Mapping[str, Any]] = {"type": "string"}
_TIME: Final[Mapping[str, Any]] = {"type": "string", "format": "date-time"}
_KINDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "DateTimeField": _TIME,
    "DateField": {"type": "string", "format": "date"},
    "UUIDField": {"type": "string", "format": "uuid"},
    "BooleanField": {"type": "boolean"},
    "PositiveIntegerField": {"type": "integer", "minimum": 0},
    "PositiveSmallIntegerField": {"type": "integer", "minimum": 0},
    "IntegerField": {"type": "integer"},
    "JSONField": {},
    "ArrayField": {"type": "array"},
}


def schema() -> dict[str, Any]:
    """What ``data.json`` looks like (JSON Schema 2020-12), made from the same tables."""
    event = _object(
        "what was done or refused, when, by whom (staff: by office and post), and why it was allowed",
        at=_TIME,
        verb=_TEXT,
        what=_TEXT,
        outcome={"enum": ["done", "refused"]},
        why=_TEXT,
        who={"enum": ["self", "resident", "staff", "partner", "system"]},
        office=_TEXT,
    )
    events = {"type": "array", "items": event}
    texts = {"type": "array", "items": _TEXT}
    reading = _object(
        "that somebody has seen or got something, or was refused: which facts (* is all) or what else, for what, "
        "by which law or consent, and to which company (receiver) it went",
        at=_TIME,
        done={"type": "boolean"},
        who=texts,
        kind=_TEXT,
        receiver=_TEXT,
        purpose=_TEXT,
        facts=texts,
        what=texts,
        procedure=_TEXT,
        laws=texts,
        consented_at={"type": ["string", "null"], "format": "date-time"},
    )
    own: dict[str, Any] = {}
    of_case: dict[str, Any] = {}
    for name, model in tables():
        more: dict[str, Any] = {}
        if name == "documents":
            more["file"] = {"type": ["string", "null"], "description": "path in the ZIP; null where it is not in it"}
        elif name == "facts":
            more["of"] = {"type": "string", "description": "the name of whom it is; empty for the person"}
        elif name == "remarks":
            more["by"] = {"enum": ["office", "self"]}
        elif name == "letters":
            more["file"] = {"type": ["string", "null"], "description": "path in the ZIP; null where its file is gone"}
        if model is not Case:
            to = own if life_of(model).of_person else of_case
            to[name] = {"type": "array", "items": _row(model, **more)}
    procedure = _object(
        "which procedure, in the version that the case runs under", code=_TEXT, version=_TEXT, title=_TEXT
    )
    case = _row(Case, **of_case, events=events, procedure=procedure)
    reason = _object("something that is kept and not handed out", what=_TEXT, why=_TEXT)
    whole = _object(
        "All that Madoguchi keeps about one person",
        format={"const": FORMAT},
        city=_TEXT,
        made_at=_TIME,
        left_out={"type": "array", "items": reason},
        **own,
        events=events,
        readings={"type": "array", "items": reading},
        cases={"type": "array", "items": case},
    )
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **whole}


def _object(says: str, **properties: Any) -> dict[str, Any]:
    named = {"properties": properties, "required": sorted(properties), "additionalProperties": False}
    return {"type": "object", "description": says, **named}


def _row(model: type[Model], **more: Any) -> dict[str, Any]:
    properties = {one.name: _shape(one) for one in columns(model)}
    return _object((model.__doc__ or "").strip().partition("\n\n")[0].replace("\n    ", " "), **{**properties, **more})


def _shape(one: "Field[Any, Any]") -> dict[str, Any]:
    target: Any = one.target_field if isinstance(one, ForeignKey) else getattr(one, "output_field", one)
    shape = dict(_KINDS.get(target.get_internal_type(), _TEXT))
    if (one.null or isinstance(one, GeneratedField)) and "type" in shape:
        shape["type"] = [shape["type"], "null"]
    return shape
