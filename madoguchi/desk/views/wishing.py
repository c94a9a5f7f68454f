"""要望: what the city may not read, made into what it asks of those who can change the law. Nobody is named."""

import csv
import datetime as dt
import io
from uuid import UUID

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.actions.reasons import MAY_REQUEST
from madoguchi.desk.access import desk
from madoguchi.desk.presenting.wishes import new_wish, wish_page, wishes_page
from madoguchi.desk.views.exporting import cell
from madoguchi.events import Actor
from madoguchi.events.acting import refuse
from madoguchi.ground.errors import Invalid, NotAllowed, Stale
from madoguchi.procedures import queries as procedures

_FIELDS = ("title", "why", "law", "to")


@require_safe
@desk
def wishes(request: HttpRequest, by: Actor) -> HttpResponse:
    """The register, and the readings of the last year that no law permitted."""
    _door(by)
    return render(request, "desk/wishes.html", {"page": wishes_page()})


@require_safe
@desk
def wishes_csv(request: HttpRequest, by: Actor) -> HttpResponse:
    """The register as a table for the headquarters (UTF-8 with a mark, CRLF)."""
    _door(by)
    rows = cases.exported_wishes(cases.wishes())
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(rows[0].keys() if rows else ["title"])
    writer.writerows([cell(value) for value in row.values()] for row in rows)
    response = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="wishes.csv"'
    return response


@require_safe
@desk
def wishes_json(request: HttpRequest, by: Actor) -> HttpResponse:
    """The same as JSON."""
    _door(by)
    said = {"wishes": cases.exported_wishes(cases.wishes())}
    response = JsonResponse(said, json_dumps_params={"ensure_ascii": False})
    response.headers["Content-Disposition"] = 'attachment; filename="wishes.json"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def new(request: HttpRequest, by: Actor) -> HttpResponse:
    """A wish, begun from a refused reading (codes and keys stand in the address, and nothing about anybody)."""
    _door(by)
    if request.method != "POST":
        code, purpose = request.GET.get("procedure", ""), request.GET.get("purpose", "look_up")
        keys = [one for one in request.GET.get("keys", "").split(",") if one]
        if procedures.current(code) is None:
            notices.warning(request, gettext("どの手続の要望かを選んでください。"))
            return redirect("desk:wishes")
        return render(request, "desk/wish_new.html", {"page": new_wish(code, purpose, keys, {}, (), None)})
    given = {name: request.POST.get(name, "").replace("\0", "") for name in _FIELDS}
    code, purpose = request.POST.get("procedure", ""), request.POST.get("purpose", "")
    keys, attachments = request.POST.getlist("keys"), request.POST.getlist("attachments")
    try:
        made = actions.make_wish(
            given["title"], procedure=code, purpose=purpose, keys=keys, attachments=attachments, why=given["why"],
            law=given["law"], to=given["to"], by=by,
        )  # fmt: skip
    except Invalid as refusal:
        page = new_wish(code, purpose, keys, given, attachments, refusal)
        return render(request, "desk/wish_new.html", {"page": page}, status=refusal.status)
    notices.success(request, gettext("要望を作りました。"))
    return redirect("desk:wish", made.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def wish(request: HttpRequest, by: Actor, key: UUID) -> HttpResponse:
    """One wish; posted, that it was sent or answered."""
    _door(by)
    one = cases.wish(key)
    if request.method != "POST":
        return render(request, "desk/wish.html", {"page": wish_page(one)})
    given = {name: request.POST.get(name, "").replace("\0", "") for name in ("on", "number", "answer")}
    try:
        if request.POST.get("_do") == "answer":
            actions.answer_wish(one, on=_day(given["on"]), answer=given["answer"], by=by)
            notices.success(request, gettext("回答を記録しました。"))
        else:
            actions.send_wish(one, on=_day(given["on"]), number=given["number"], by=by)
            notices.success(
                request,
                gettext("出したことを記録しました。いまから市民も読めます。"),
            )
    except (Invalid, Stale) as refusal:
        page = wish_page(cases.wish(key), given, refusal)
        return render(request, "desk/wish.html", {"page": page}, status=refusal.status)
    return redirect("desk:wish", one.pk)


def _door(by: Actor) -> None:
    if not MAY_REQUEST.holds(by, None):
        refusal = NotAllowed("not-allowed", "この画面は、国などへの要望をまとめる職の人が使います。")
        refuse("wish.make", refusal, by=by)
        raise refusal


def _day(said: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(said)
    except ValueError:
        return None
