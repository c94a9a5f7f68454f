"""Open data: what is offered, and what was measured. Public, cacheable, for anybody's page; nothing about persons."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from madoguchi.cases.queries.opendata import HIDDEN_BELOW, measured
from madoguchi.feeds import presenting
from madoguchi.ground import clock
from madoguchi.procedures import queries as procedures

LICENCE: Final = "https://creativecommons.org/licenses/by/4.0/deed.ja"


@require_safe
def procedures_json(request: HttpRequest) -> HttpResponse:
    """The procedures that the city offers today."""
    return _json({"procedures": [_procedure(row) for row in procedures.offered()]})


@require_safe
def procedures_csv(request: HttpRequest) -> HttpResponse:
    """The same as a table (UTF-8 with BOM: spreadsheets of offices open it)."""
    return _csv([_procedure(row) for row in procedures.offered()], "procedures.csv")


@require_safe
def figures_json(request: HttpRequest) -> HttpResponse:
    """By procedure: how many were received and ended, how many digitally from end to end, in how many business days."""
    return _json({"hidden_below": HIDDEN_BELOW, "figures": [one.as_dict() for one in measured()]})


@require_safe
def figures_csv(request: HttpRequest) -> HttpResponse:
    """The same as a table. An empty cell is a number too small to be published."""
    return _csv([one.as_dict() for one in measured()], "figures.csv")


def _procedure(row: Any) -> dict[str, Any]:
    line = presenting.procedure_line(row)
    return {
        "code": line["code"],
        "version": line["version"].isoformat(),
        "title_ja": line["title"].ja,
        "title_en": line["title"].en,
        "kind": line["kind"],
        "office": line["office"],
        "identity": line["identity"],
        "business_days": line["business_days"],
        "apply_url": line["apply_url"],
    }


def _json(said: Mapping[str, Any]) -> HttpResponse:
    whole = {"as_of": clock.today().isoformat(), "licence": LICENCE, **said}
    return _public(JsonResponse(whole, json_dumps_params={"ensure_ascii": False}))


def _csv(rows: Sequence[Mapping[str, Any]], name: str) -> HttpResponse:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]) if rows else [])
    writer.writeheader()
    writer.writerows(rows)
    response = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return _public(response)


def _public(response: HttpResponse) -> HttpResponse:
    response.headers["Cache-Control"] = "public, max-age=3600"
    response.headers["Access-Control-Allow-Origin"] = "*"  # it is public: any page may show it
    return response
