"""How long records are kept: a hold on one, its release, and what of the sections ends soon or has been deleted."""

import datetime as dt

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from madoguchi.cases import actions
from madoguchi.cases.models import Case
from madoguchi.desk.access import desk, opened_by, seen_by, words
from madoguchi.desk.presenting.casepage import case_page
from madoguchi.desk.presenting.keeping import keeping_block, keeping_page
from madoguchi.desk.views.listing import key_of
from madoguchi.events import Actor
from madoguchi.events.acting import refuse
from madoguchi.ground.errors import Invalid, NotFound, Problem, Refused


@require_safe
@desk
def keeping(request: HttpRequest, by: Actor) -> HttpResponse:
    """What of the reader's sections ends within half a year, held back or not, and what has been deleted."""
    return render(request, "desk/keeping.html", {"page": keeping_page(by)})


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def hold(request: HttpRequest, by: Actor, number: str) -> HttpResponse:
    """Hold a record back from deletion, or release it (``release`` is the hold). What is refused is shown as typed."""
    case = seen_by(number, by)
    if request.method != "POST":
        return redirect(_place(case))
    reason, day = request.POST.get("reason", ""), request.POST.get("until", "")
    try:
        if "release" in request.POST:
            _release(case, request.POST["release"], by)
            notices.success(request, gettext("廃棄の保留を解除しました。"))
        else:
            actions.hold(case, reason, _day(case, day, by), by=by)
            notices.success(request, gettext("廃棄を保留しました。"))
    except NotFound:
        raise
    except Refused as refusal:
        page = case_page(opened_by(number, by), by)
        page.refuse(words(refusal), refusal.status, anchor="keeping", label=gettext("保存と廃棄"))
        page.keeping = keeping_block(case, by, refusal, reason, day)
        return render(request, "desk/case.html", {"page": page}, status=refusal.status)
    return redirect(_place(case))


def _place(case: Case) -> str:
    return reverse("desk:case", args=(case.number,)) + "#keeping"


def _day(case: Case, said: str, by: Actor) -> dt.date:
    try:
        return dt.date.fromisoformat(said)
    except ValueError:
        wrong = Problem("hold-until", "明日から5年のうちの日を書いてください。")
        problem = Invalid("hold-incomplete", "保留の理由と期限を確かめてください。", fields={"until": wrong})
        refuse("case.hold", problem, by=by, subject=case)
        raise problem from None


def _release(case: Case, said: str, by: Actor) -> None:
    key = key_of(said)
    if key is None:
        problem = NotFound("hold-unknown", "この保留は見つかりません。画面を読み込み直してください。")
        refuse("case.release", problem, by=by, subject=case)
        raise problem
    actions.release_hold(case, key, by=by)
