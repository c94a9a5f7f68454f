"""Rounds of procedures that rank applications: what there is to give, the ranking, and the one act that decides."""

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.queries.rounds import Standing
from madoguchi.desk.access import desk, words
from madoguchi.desk.presenting.rounds import round_lines, round_page
from madoguchi.events import Actor
from madoguchi.ground.errors import Invalid, NotFound, Refused

#: What the form calls a number of places: places.<place>.<group>.
PREFIX = "places."


@require_safe
@desk
def rounds(request: HttpRequest, by: Actor) -> HttpResponse:
    """All that this member of staff runs; every figure leads to the round."""
    return render(request, "desk/rounds.html", {"lines": round_lines(by)})


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def one_round(request: HttpRequest, by: Actor, code: str, name: str) -> HttpResponse:
    """``?group=`` the class whose ranking is shown. A post keeps the places, or gives them out."""
    standing = cases.round_standing(code, name, by)
    group = request.GET.get("group", "").replace("\0", "")[:60]
    if request.method != "POST":
        return render(request, "desk/round.html", {"page": round_page(standing, group=group)})
    typed = {key: str(value).strip() for key, value in request.POST.items() if key.startswith(PREFIX)}
    try:
        said = _do(request.POST, standing, typed, by)
    except NotFound:
        raise
    except Refused as refusal:
        page = round_page(cases.round_standing(code, name, by), group=group, problem=words(refusal), typed=typed)
        return render(request, "desk/round.html", {"page": page}, status=refusal.status)
    notices.success(request, said)
    return redirect("desk:round", code, name)


def _do(post: QueryDict, standing: Standing, typed: dict[str, str], by: Actor) -> str:
    if post.get("_act") == "allot":
        shown = post.get("expected", "")
        expected = int(shown) if shown.isascii() and shown.isdigit() else -1
        actions.allot(standing.round, by=by, expected=expected, leave_out=post.get("leave_out") == "yes")
        return gettext("選考の結果を%(count)s件の申込みに書き込みました。決裁へ進みます。") % {"count": expected}
    places: dict[str, dict[str, int]] = {}
    for key, value in typed.items():
        place, _, group = key.removeprefix(PREFIX).rpartition(".")
        value = value or "0"
        if not (value.isascii() and value.isdigit() and len(value) <= 4):
            raise Invalid("places-number", "募集人数は0から999までの整数で入力してください。")
        places.setdefault(place, {})[group] = int(value)
    actions.set_places(standing.round, places, by=by)
    return gettext("募集人数を保存し、試算し直しました。")
