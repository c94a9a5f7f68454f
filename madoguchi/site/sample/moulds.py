"""Moulds: the rows that one played case left in the database, taken apart into what every cast shares and what varies.

What varies are the ids, the person with name, reading and address, the 受付番号 and the numbers of letters, and the
days. Days keep their distance in business days from the day of receipt, so that a cast of a case that was examined on
the third day is examined on a third open day, too. Rows are found along foreign keys and by the fields that point
softly (``about``, ``case_id``), so a new table that belongs to cases is cast without a word here.
"""

import datetime as dt
import hashlib
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.apps import apps
from django.db import connection, models
from PIL import Image, ImageDraw

from madoguchi.cases.models import Case, Document, DocumentContent, Signature, Timer
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.ground.dates import format_day
from madoguchi.ground.kana import search_key
from madoguchi.messages.models import Letter, LetterFile
from madoguchi.places.models import Place

_ISO_DAY: Final = re.compile(r"(?<![\d-])(?:19|20)\d\d-[01]\d-[0-3]\d(?![\d-])")
_DIGEST: Final = re.compile("[0-9a-f]{64}")
_SOFT: Final = ("about", "case_id")


class Slots:
    """The values that vary, each with its place in the tuple that a cast fills in."""

    def __init__(self) -> None:
        self.places: dict[tuple[str, object], int] = {}

    def place(self, kind: str, what: object) -> int:
        """The place of this value: ``kind`` is id, time, day, shift or the name of something about the person."""
        return self.places.setdefault((kind, what), len(self.places))


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one table: a template for all of them together, and which values it wants in order."""

    table: str
    columns: tuple[str, ...]
    template: str
    wants: tuple[int, ...]
    count: int


@dataclass(slots=True)
class Mould:
    """One played case, ready to be cast. ``last`` is the business day on which it ended or stands, from receipt."""

    code: str
    state: str
    case: Case
    rows: list[Rows] = field(default_factory=list)
    slots: Slots = field(default_factory=Slots)
    events: int = 0
    last: int = 0
    #: Serial numbers of letters by their series, as (slot of the number, series).
    letters: list[tuple[int, str]] = field(default_factory=list)


def moulds(cases: Iterable[Case], between: Callable[[dt.date, dt.date], int]) -> Iterator[Mould]:
    """A mould of each case; ``between`` counts business days."""
    for case in cases:
        yield _Maker(case, between).make()


def mould_models(made: Iterable[Mould]) -> list[type[models.Model]]:
    """The models of all rows that casts of these will have."""
    tables = {rows.table for one in made for rows in one.rows}
    return [model for model in apps.get_models() if model._meta.db_table in tables]


class _Maker:
    def __init__(self, case: Case, between: Callable[[dt.date, dt.date], int]) -> None:
        self.case = case
        self.between = between
        self.mould = Mould(case.procedure.code, case.state, case)
        self.start = clock.in_tokyo(case.received_at or case.opened_at)
        self.found: dict[type[models.Model], list[Any]] = {}
        self.words: dict[str, tuple[str, object]] = {}
        #: The moment that was written last: of a timer, when it is due.
        self.latest = (0, 0)

    def make(self) -> Mould:
        self._gather()
        self._name_what_varies()
        pattern = re.compile("|".join(re.escape(one) for one in sorted(self.words, key=len, reverse=True)))
        for model, keys in self.found.items():
            if keys:
                self.mould.rows.append(self._rows(model, keys, pattern))
        return self.mould

    # -- which rows -----------------------------------------------------------------------------------------------

    def _gather(self) -> None:
        place = [self.case.place_id] if self.case.place_id else []
        self.found = {Place: place, Case: [self.case.pk]}
        letters = list(Letter.objects.filter(about=self.case.pk).values_list("pk", flat=True))
        self.found[Letter] = letters
        queue: list[type[models.Model]] = [Case]
        while queue:
            target = queue.pop(0)
            for model, name in _pointing(target):
                if model in self.found:
                    continue
                keys = list(
                    model._base_manager.filter(**{f"{name}__in": self.found[target]}).values_list("pk", flat=True)
                )
                self.found[model] = keys
                queue.append(model)
        for model in apps.get_models():
            soft = [one.name for one in model._meta.concrete_fields if one.name in _SOFT and not one.is_relation]
            if soft and model not in self.found and _is_ours(model):
                self.found[model] = list(
                    model._base_manager.filter(**{soft[0]: self.case.pk}).values_list("pk", flat=True)
                )
        known = [key for keys in self.found.values() for key in keys]
        events = set(Event.objects.filter(subject_id__in=known).values_list("pk", flat=True))
        while more := set(Event.objects.filter(cause_id__in=events).values_list("pk", flat=True)) - events:
            events |= more
        self.found[Event] = list(Event.objects.filter(pk__in=events).order_by("at", "id").values_list("pk", flat=True))
        self.mould.events = len(events)

    # -- what varies ----------------------------------------------------------------------------------------------

    def _name_what_varies(self) -> None:
        words = self.words
        for keys in self.found.values():
            words.update({str(key): ("id", str(key)) for key in keys})
        words[str(self.case.person_id)] = ("person", "key")
        answers = self.case.answers
        person = answers.get("person") or {}
        said = {"name": person.get("full_name") or answers.get("applicant_name"), "kana": person.get("full_name_kana")}
        said["address"] = person.get("registered_address")
        said["born"] = person.get("date_of_birth")
        for what, text in said.items():
            if text:
                words[text] = ("person", what)
                if what in ("name", "kana", "address"):
                    words.setdefault(search_key(text), ("person", f"sought-{what}"))
        # The children bear the name of the family, in both scripts, before a space of either width.
        for what in ("name", "kana"):
            family, space, _ = (said[what] or "").replace(" ", "　").partition("　")
            if space:
                words[f"{family} "] = words[f"{family}　"] = ("person", f"family-{what}")
        if self.case.number:
            words[self.case.number] = ("person", "number")
            words[self.case.number.replace("-", "")] = ("person", "plain-number")
        if self.case.town:
            words[self.case.town] = ("person", "town")
        if self.case.email:
            words[self.case.email] = ("person", "email")
        if self.case.due_on:
            words[self.case.due_on.isoformat()] = ("day", self.case.due_on)
            for language in ("ja", "en"):
                words[format_day(self.case.due_on, language)] = (f"due-{language}", self.case.due_on)
        for letter in Letter.objects.filter(pk__in=self.found[Letter]):
            words[letter.number] = ("letter", letter.number)
            words[letter.code] = ("code", letter.code)
            series, _, _ = letter.number.partition("第")
            self.mould.letters.append((self.mould.slots.place("letter", letter.number), series))

    # -- the rows as templates ------------------------------------------------------------------------------------

    def _rows(self, model: type[models.Model], keys: Sequence[Any], pattern: re.Pattern[str]) -> Rows:
        fields = [one for one in model._meta.concrete_fields if not one.generated]
        columns = tuple(str(one.column) for one in fields)
        quoted = ", ".join(f'"{one}"::text' for one in columns)
        table, pk = model._meta.db_table, model._meta.pk.column
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT {quoted} FROM "{table}" WHERE "{pk}" = ANY(%s)', [list(keys)])  # noqa: S608 -- our own names
            lines = cursor.fetchall()
        wants: list[int] = []
        template = "".join(
            "\t".join(self._value(model, one, text, pattern, wants) for one, text in zip(fields, line, strict=True))
            + "\n"
            for line in lines
        )
        return Rows(table, columns, template, tuple(wants), len(lines))

    def _value(
        self, model: type[models.Model], one: Any, text: str | None, pattern: re.Pattern[str], wants: list[int]
    ) -> str:
        """One value as COPY takes it, with %s where it varies."""
        slots = self.mould.slots
        if model is Event and one.name == "xid":
            wants.append(slots.place("xid", ""))
            return "%s"
        if model is Letter and one.name == "fiscal_year":
            wants.append(slots.place("fiscal", ""))
            return "%s"
        if text is None:
            if model is Timer and one.name == "fired_at":
                wants.append(slots.place("fired", self.latest))
                return "%s"
            return r"\N"
        override = _INSTEAD.get((model, one.name))
        if override is not None:
            return override
        if isinstance(one, models.DateTimeField):
            self.latest = self._distance(dt.datetime.fromisoformat(text))
            wants.append(slots.place("time", self.latest))
            return "%s"
        if isinstance(one, models.DateField):
            wants.append(slots.place("day", dt.date.fromisoformat(text)))
            return "%s"
        parts: list[str] = []
        at = 0
        for match in _merged(pattern, text, isinstance(one, models.JSONField)):
            parts.append(_literal(text[at : match.start()]))
            word = match.group()
            kind = self.words.get(word) or ("shift", dt.date.fromisoformat(word))
            wants.append(slots.place(*kind))
            parts.append("%s")
            at = match.end()
        parts.append(_literal(text[at:]))
        if one.unique and len(parts) == 1:
            # Nothing of the case itself, but no two may be alike: another digest, or the cast's number behind it.
            if _DIGEST.fullmatch(text):
                wants.append(slots.place("digest", text))
                return "%s"
            wants.append(slots.place("person", "serial"))
            return f"{parts[0]}-%s"
        return "".join(parts)

    def _distance(self, at: dt.datetime) -> tuple[int, int]:
        """Business days after the day of receipt (0: that day, or before), and the second of the day."""
        at = clock.in_tokyo(at)
        days = self.between(self.start.date(), at.date()) if at.date() > self.start.date() else 0
        self.mould.last = max(self.mould.last, days if at <= clock.now() else 0)
        if days == 0:
            seconds = int((at - self.start).total_seconds())
            return 0, max(min(seconds, 3600), -3600)
        return days, at.hour * 3600 + at.minute * 60 + at.second


def _pointing(target: type[models.Model]) -> Iterator[tuple[type[models.Model], str]]:
    """The models whose rows belong to a row of ``target``, with the field that says so."""
    for relation in target._meta.related_objects:
        if not relation.many_to_many and _is_ours(relation.related_model):
            yield relation.related_model, relation.field.name


def _is_ours(model: type[models.Model]) -> bool:
    """Not what cannot be cast: a file of a letter, and a signature, are over the very words of their case."""
    return model.__module__.startswith("madoguchi.") and model not in (LetterFile, Event, Signature)


def _merged(pattern: re.Pattern[str], text: str, days: bool) -> Iterator[re.Match[str]]:
    """What varies in a text, from left to right; in JSON the days of the answers, too."""
    found = [*pattern.finditer(text), *(_ISO_DAY.finditer(text) if days else ())]
    end = 0
    for match in sorted(found, key=lambda one: (one.start(), -one.end())):
        if match.start() >= end:
            yield match
            end = match.end()


def _literal(text: str) -> str:
    """Text for COPY's text format, and for a template of ``%``."""
    escaped = text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return escaped.replace("%", "%%")


def _picture() -> bytes:
    """A very small JPEG that says what it is: every cast shows it in the place of its mould's photographs."""
    picture = Image.new("L", (96, 72), 235)
    ImageDraw.Draw(picture).text((22, 28), "SAMPLE", fill=90)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=40)
    return out.getvalue()


def _instead() -> dict[tuple[type[models.Model], str], str]:
    picture = _picture()
    return {
        (DocumentContent, "content"): "\\\\x" + picture.hex(),
        (Document, "size"): str(len(picture)),
        (Document, "sha256"): hashlib.sha256(picture).hexdigest(),
        (Document, "width"): "96",
        (Document, "height"): "72",
        (Document, "media_type"): "image/jpeg",
    }


_INSTEAD: Final = _instead()
