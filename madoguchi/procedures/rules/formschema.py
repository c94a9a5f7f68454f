"""The form of a package for machines: as JSON Schema (2020-12), and from JSON answers to what a browser would post.

One form reads both. The schema says what can be said in JSON Schema; conditions stand beside it as ``x-when``, and what
it cannot say is answered field by field when the form reads the answers.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from madoguchi.ground.errors import Problem
from madoguchi.ground.languages import LocalText
from madoguchi.procedures.rules.form import FOUND, MAX_ERROR, PARTS, UPLOADED, Form, FormField, FormSection

#: Deeper than any answer of any form.
_DEEPEST: Final = 6
_TYPES: Final[Mapping[str, Mapping[str, Any]]] = {
    "date": {"type": "string", "format": "date"},
    "integer": {"type": "integer"},
    "money": {"type": "integer", "x-unit": "JPY"},
    "yes_no": {"type": "boolean"},
    "consent": {"const": True},
    "email": {"type": "string", "format": "email", "maxLength": 254},
    "phone": {"type": "string", "maxLength": 40},
    "postal_code": {"type": "string", "pattern": "^[0-9]{3}-?[0-9]{4}$"},
    "bank_account": {
        "type": "object",
        "properties": {
            "bank": {"type": "string"},
            "branch": {"type": "string"},
            "kind": {"enum": ["ordinary", "current"]},
            "number": {"type": "string", "pattern": "^[0-9]{1,7}$"},
            "holder": {"type": "string"},
        },
        "required": ["bank", "branch", "kind", "number", "holder"],
        "additionalProperties": False,
    },
    "place": {
        "type": "object",
        "properties": {
            "text": {"type": "string", "maxLength": 200},
            "town": {"type": "string", "maxLength": 40},
            "lat": {"type": "number"},
            "lon": {"type": "number"},
            "error": {"type": "number", "minimum": 0, "maximum": MAX_ERROR, "x-unit": "m"},
            "pick": {"type": "string", "maxLength": 200},
            **{part: {"readOnly": True} for part in FOUND},
        },
        "anyOf": [{"required": ["text"]}, {"required": ["lat", "lon"]}],
        "additionalProperties": False,
    },
}


def schema_of(form: Form, title: str) -> dict[str, Any]:
    """The JSON Schema of the answers. Fields that are asked only under a condition are never required here."""
    root: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **_object(),
    }
    for section in form.sections:
        if section.each is None:
            for one in section.fields:
                _place(root, one.name.split("."), one, section)
            continue
        row = _object()
        for one in section.fields:
            _place(row, one.name.split("."), one, section)
        rows = {"type": "array", "title": section.title.get_for("ja"), "items": row, "maxItems": section.at_most}
        if section.when is None:
            rows["minItems"] = section.at_least
        root["properties"][section.each] = rows
    return root


def _object() -> dict[str, Any]:
    return {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


def _place(holder: dict[str, Any], path: list[str], one: FormField, section: FormSection) -> None:
    asked_always = one.required and one.when is None and section.when is None and one.type not in UPLOADED
    name, *rest = path
    if rest:
        inner = holder["properties"].setdefault(name, _object())
        _place(inner, rest, one, section)
        asked_always = asked_always and bool(inner["required"])
    else:
        holder["properties"][name] = field_schema(one)
    if asked_always and name not in holder["required"]:
        holder["required"].append(name)


def field_schema(one: FormField) -> dict[str, Any]:
    """The JSON Schema of one field."""
    said: dict[str, Any] = {"title": one.label.get_for("ja"), **_type(one)}
    if one.help is not None:
        said["description"] = one.help.get_for("ja")
    if one.when is not None:
        said["x-when"] = one.when.text
    if one.fact is not None:
        said["x-fact"] = one.fact
    return said


def _type(one: FormField) -> dict[str, Any]:
    if one.type in UPLOADED:
        return {
            "type": "array",
            "items": {"type": "string", "format": "uuid"},
            "readOnly": True,
            "x-upload": one.type,
            "x-at-least": one.at_least,
            "maxItems": one.at_most,
        }
    if one.type == "choice":
        return {"enum": list(one.options), "x-labels": {name: text.get_for("ja") for name, text in one.options.items()}}
    if one.type == "choices":
        return {
            "type": "array",
            "items": {"enum": list(one.options)},
            "uniqueItems": True,
            "x-labels": {name: text.get_for("ja") for name, text in one.options.items()},
        }
    said = dict(_TYPES.get(one.type, {"type": "string", "maxLength": one.max_length}))
    if one.type in ("integer", "money"):
        said |= {"minimum": one.low} if isinstance(one.low, int) else {}
        said |= {"maximum": one.high} if isinstance(one.high, int) else {}
    if one.digits is not None:
        said["pattern"] = f"^[0-9]{{{one.digits}}}$"
    return said


# -- from JSON to what a browser posts --------------------------------------------------------------------------------


def raw_of(form: Form, answers: Mapping[str, Any]) -> tuple[dict[str, list[str]], dict[str, Problem]]:
    """The answers as posted inputs, and what has no place in the form or is given in another way, by path."""
    raw: dict[str, list[str]] = {}
    problems: dict[str, Problem] = {}
    _walk(form, answers, "", 0, raw, problems)
    return raw, problems


def raw_of_fields(
    fields: Sequence[FormField], given: Mapping[str, Any]
) -> tuple[dict[str, list[str]], dict[str, Problem]]:
    """The same for a flat list of fields: what the office finds out at a step."""
    section = FormSection("", LocalText("—"), None, None, 0, 0, None, tuple(fields))
    return raw_of(Form((section,)), given)


def _walk(form: Form, value: Any, at: str, depth: int, raw: dict[str, list[str]], problems: dict[str, Problem]) -> None:
    found = form.field_at(at) if at else None
    if found is not None:
        one = found[1]
        if one.type == "place" and isinstance(value, Mapping):  # what was read here may be sent back
            value = {part: given for part, given in value.items() if part not in FOUND}
        if one.type in UPLOADED:
            problems[at] = Problem("file-apart", "ファイルは、添付書類のアドレスに送ってください。")
        elif isinstance(value, Mapping) and set(map(str, value)) <= set(PARTS.get(one.type, ())):
            raw |= {f"{at}.{part}": [_text(given)] for part, given in value.items() if not _is_nested(given)}
        elif isinstance(value, list) and one.type == "choices" and not any(map(_is_nested, value)):
            raw[at] = [_text(given) for given in value]
        elif _is_nested(value):
            problems[at] = Problem("value-shape", "この項目の値の形が違います。様式（JSON Schema）をお確かめください。")
        else:
            raw[at] = [_text(value)]
    elif depth < _DEEPEST and isinstance(value, Mapping) and value and _is_way(form, at):
        for name, given in value.items():
            _walk(form, given, f"{at}.{name}" if at else str(name), depth + 1, raw, problems)
    elif isinstance(value, list) and any(one.each == at for one in form.sections):
        for number, row in enumerate(value[:200]):
            if isinstance(row, Mapping):
                for name, given in row.items():
                    _walk(form, given, f"{at}.{number}.{name}", depth + 1, raw, problems)
            else:
                problems[f"{at}.{number}"] = Problem(
                    "value-shape", "この項目の値の形が違います。様式（JSON Schema）をお確かめください。"
                )
    elif at:
        problems[_shown(at)] = Problem("field-unknown", "この手続にその項目はありません。")


def _is_way(form: Form, at: str) -> bool:
    """Whether some field lies below this path."""
    if not at:
        return True
    for section in form.sections:
        names = [one.name for one in section.fields]
        if section.each is not None:
            group, _, inner = at.partition(".")
            number, _, rest = inner.partition(".")
            if group == section.each and number.isdigit() and any(name.startswith(f"{rest}.") for name in names):
                return True
        elif any(name.startswith(f"{at}.") for name in names):
            return True
    return False


def _is_nested(value: Any) -> bool:
    return isinstance(value, Mapping | list)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _shown(path: str) -> str:
    """A path that somebody made up is not repeated at any length."""
    return path if re.fullmatch(r"[A-Za-z0-9_.-]{1,80}", path) else "(unknown)"
