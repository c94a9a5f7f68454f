"""A list as a file: asked for with its purpose, then streamed row by row while it is read."""

import csv
import datetime as dt
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.desk.access import desk, words
from madoguchi.desk.presenting.exports import export_page
from madoguchi.desk.presenting.worklist import asked_of, named
from madoguchi.events import Actor
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid

#: A spreadsheet takes a cell that begins so for a formula (CWE-1236).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def export(request: HttpRequest, by: Actor) -> HttpResponse:
    """What would be taken out; posted with a purpose, the file. Words of a search are posted, never in the address."""
    given = request.POST if request.method == "POST" else request.GET
    said = {name: given.get(name, "") for name in given if name != "q" or request.method == "POST"}
    view, filters = asked_of(said)
    form = "jsonl" if said.get("form") == "jsonl" else "csv"
    if request.method == "POST" and "purpose" in request.POST:
        narrowed = (*named(view, filters), *(["words"] if filters.words else []))
        try:
            taken = actions.export_list(
                request.POST["purpose"], by=by, view=view, form=form, filters=filters, narrowed=narrowed
            )
        except Invalid as refusal:
            page = export_page(view, filters, by, words(refusal))
            return render(request, "desk/export.html", {"page": page}, status=refusal.status)
        rows = cases.exported(taken, view, by, filters)
        return _file(rows, form)
    return render(request, "desk/export.html", {"page": export_page(view, filters, by)})


def _file(rows: Iterable[dict[str, Any]], form: str) -> HttpResponse:
    lines, kind = (json_lines(rows), "application/jsonl") if form == "jsonl" else (csv_lines(rows), "text/csv")
    response = StreamingHttpResponse(lines, content_type=f"{kind}; charset=utf-8")
    name = f"cases-{clock.today():%Y%m%d}.{form}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Accel-Buffering"] = "no"  # a proxy passes on what comes, instead of waiting for the end
    return response  # type: ignore[return-value]  # a response, but not of the class that the door names


def csv_lines(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """CSV as Excel of a city hall opens it: UTF-8 with a mark, lines by CRLF, no cell that is a formula."""
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\r\n")
    writer.writerow(cases.COLUMNS.values())
    yield b"\xef\xbb\xbf" + held.getvalue().encode()
    for row in rows:
        held.seek(0)
        held.truncate()
        writer.writerow([cell(row[name]) for name in cases.COLUMNS])
        yield held.getvalue().encode()


def json_lines(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """One JSON object a line, dates as ISO 8601."""
    for row in rows:
        yield json.dumps(row, ensure_ascii=False, default=dt.date.isoformat).encode() + b"\n"


def cell(value: Any) -> str:
    """A value as a spreadsheet takes it: no formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "はい" if value else "いいえ"
    if isinstance(value, dt.date):
        return value.isoformat()
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
