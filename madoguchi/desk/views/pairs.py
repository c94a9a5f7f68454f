"""台帳との照合: the section that keeps a register says whether an entry and somebody who signs in are the same."""

from uuid import UUID

from django.contrib import messages as notices
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from madoguchi.desk.access import desk
from madoguchi.desk.presenting.pairs import decided_line, decided_page, pair_line, pair_page
from madoguchi.events import Actor
from madoguchi.events.acting import refuse
from madoguchi.facts import actions, queries
from madoguchi.facts.models import Pair
from madoguchi.ground.errors import Invalid, NotAllowed, NotFound, Problem, Stale

A_PAGE = 50


@require_safe
@desk
def pairs(request: HttpRequest, by: Actor) -> HttpResponse:
    """What waits, oldest first. Nobody is named here: who opens one reads, and it is in both logs."""
    _door(by)
    page = Paginator(queries.open_pairs(by), A_PAGE).get_page(request.GET.get("page"))
    return render(request, "desk/pairs.html", {"list": page, "lines": [pair_line(one) for one in page]})


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def pair(request: HttpRequest, by: Actor, pair_id: UUID) -> HttpResponse:
    """One pair side by side; posted, what the member of staff says of it."""
    _door(by)
    one = _open(pair_id, by)
    if request.method != "POST":
        return render(request, "desk/pair.html", {"page": pair_page(one, queries.sides(one, by))})
    choice, reason = request.POST.get("same", ""), request.POST.get("reason", "")[:2000]
    try:
        if "part" in request.POST:
            link = queries.link_in_doubt(one)
            if link is None:
                raise Stale("entry-of-nobody", "この記載には、サインインする方が結びついていません。")
            actions.part(link.pk, _tied(request), reason=reason, by=by)
            notices.success(request, gettext("結びつきを取り消しました。続けて、この組を決めてください。"))
            return redirect("desk:pair", one.pk)
        if choice not in ("yes", "no"):
            problem = Problem("choice-missing", "同じ人か、別の人かを選んでください。")
            refusal = Invalid(problem.code, problem.message, fields={"same": problem})
            refuse("register.decide", refusal, by=by, subject=one)
            raise refusal
        actions.decide(one, same=choice == "yes", reason=reason, by=by)
    except (Invalid, Stale) as refusal:
        page = pair_page(one, queries.sides(one, by), refusal, reason, choice)
        return render(request, "desk/pair.html", {"page": page}, status=refusal.status)
    notices.success(request, gettext("同じ人と決めました。") if choice == "yes" else gettext("別の人と決めました。"))
    return redirect("desk:pairs")


@require_safe
@desk
def decided(request: HttpRequest, by: Actor) -> HttpResponse:
    """What was decided, newest first. Nobody is named."""
    _door(by)
    page = Paginator(queries.decided_pairs(by), A_PAGE).get_page(request.GET.get("page"))
    return render(request, "desk/pairs_decided.html", {"list": page, "lines": [decided_line(one) for one in page]})


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def decided_pair(request: HttpRequest, by: Actor, pair_id: UUID) -> HttpResponse:
    """One of them: who was wrongly the same is parted, whoever was wrongly another is asked about again."""
    _door(by)
    try:
        one = queries.decided_pair(pair_id, by)
    except NotFound as refusal:
        refuse("register.part", refusal, by=by)
        raise
    if request.method != "POST":
        return render(request, "desk/pair_decided.html", {"page": decided_page(one)})
    reason = request.POST.get("reason", "")[:2000]
    try:
        if one.is_same:
            actions.part(one.entry_id, one.person_id, reason=reason, by=by)
            notices.success(request, gettext("結びつきを取り消しました。"))
            return redirect("desk:pairs-decided")
        actions.ask_again(one, by=by)
        notices.success(request, gettext("もう一度見比べる組に加えました。"))
        return redirect("desk:pairs")
    except (Invalid, Stale) as refusal:
        page = decided_page(one, refusal, reason)
        return render(request, "desk/pair_decided.html", {"page": page}, status=refusal.status)


def _tied(request: HttpRequest) -> UUID:
    """Who was tied to the entry when the page was made. Raises Stale for what it did not say."""
    try:
        return UUID(request.POST["part"])
    except ValueError:
        raise Stale(
            "entry-of-another", "この間に、結びつきが変わりました。もう一度開いて、お確かめください。"
        ) from None


def _door(by: Actor) -> None:
    if not queries.keeps(by):
        refusal = NotAllowed("not-allowed", "この画面は、台帳を受け持つ課の職の人が使います。")
        refuse("register.decide", refusal, by=by)
        raise refusal


def _open(pair_id: UUID, by: Actor) -> Pair:
    try:
        return queries.open_pair(pair_id, by)
    except NotFound as refusal:
        refuse("register.decide", refusal, by=by)
        raise
