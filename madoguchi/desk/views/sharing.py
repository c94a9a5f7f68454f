"""Taking a step on, giving it away, putting it back, handing a case over; who is away and who covers."""

import datetime as dt
from uuid import UUID

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.desk.access import desk, seen_by, words
from madoguchi.desk.presenting.absences import absence_page
from madoguchi.desk.presenting.words import day_words
from madoguchi.desk.views.listing import day_of, key_of
from madoguchi.events import Actor
from madoguchi.events.acting import refuse
from madoguchi.ground.errors import Invalid, Refused
from madoguchi.people import actions as people
from madoguchi.people.models import Account
from madoguchi.people.queries import coverers


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def share(request: HttpRequest, by: Actor, number: str, step_id: UUID) -> HttpResponse:
    """``_do``: claim, release, or assign to the account ``to``. A refusal is said where the reader was."""
    case = seen_by(number, by)
    if request.method != "POST":
        return redirect("desk:case", case.number)
    step = cases.staff_step(case, step_id)
    deed = request.POST.get("_do")
    try:
        if deed == "claim":
            actions.claim(step, by=by)
            notices.success(request, gettext("あなたの担当になりました。"))
        elif deed == "release":
            actions.release(step, by=by)
            notices.success(request, gettext("担当を外しました。課のだれでも処理できます。"))
        else:
            to = _account(request.POST.get("to", ""))
            if to is None:
                missing = Invalid("assignee-missing", "担当する職員を選んでください。")
                refuse("step.assign", missing, by=by, subject=step)
                raise missing
            actions.assign(step, to, by=by)
            notices.success(request, gettext("%(who)sさんの担当になりました。") % {"who": to.display_name})
    except Refused as refusal:
        notices.warning(request, words(refusal))
    return redirect("desk:case", case.number)


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def ask_cosigner(request: HttpRequest, by: Actor, number: str, cosigner_id: UUID) -> HttpResponse:
    """連署のお願い is sent again, or to another address. A refusal is said where the reader was."""
    case = seen_by(number, by)
    one = next((one for one in cases.cosigners(case) if one.pk == cosigner_id), None)
    if request.method != "POST" or one is None:
        return redirect("desk:case", case.number)
    try:
        typed = request.POST.get("address", "").replace("\0", "").strip()[:254]
        actions.ask_cosigner(one, by=by, address=typed)
        notices.success(request, gettext("連署のお願いを送りました。"))
    except Refused as refusal:
        notices.warning(request, words(refusal))
    return redirect("desk:case", case.number)


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def hand_over(request: HttpRequest, by: Actor, number: str) -> HttpResponse:
    """The case goes to another section; the reader is back at the list, because it may be out of sight now."""
    case = seen_by(number, by)
    if request.method != "POST":
        return redirect("desk:case", case.number)
    try:
        actions.hand_over(case, request.POST.get("to", ""), request.POST.get("why", ""), by=by)
    except Refused as refusal:
        notices.warning(request, words(refusal))
        return redirect("desk:case", case.number)
    notices.success(request, gettext("%(number)sを引き継ぎました。") % {"number": case.number})
    return redirect("desk:work")


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def posted(request: HttpRequest, by: Actor, number: str, letter_id: UUID) -> HttpResponse:
    """On which day a letter of the case went to the post; said again, the other day counts."""
    case = seen_by(number, by)
    step = case.steps.filter(letter_id=letter_id).first()
    if request.method != "POST" or step is None:
        return redirect("desk:case", case.number)
    try:
        if (day := day_of(request.POST.get("day", ""))) is None:
            missing = Invalid("posted-day", "発送した日を選んでください。")
            refuse("letter.post", missing, by=by, subject=step)
            raise missing
        actions.post_letter(step, day, by=by)
        notices.success(request, gettext("%(day)sに発送したと記録しました。") % {"day": day_words(day)})
    except Refused as refusal:
        notices.warning(request, words(refusal))
    return redirect("desk:case", case.number)


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def absence(request: HttpRequest, by: Actor) -> HttpResponse:
    """Who is away when, and who covers: one's own, and those of the sections that one leads."""
    if request.method != "POST":
        return render(request, "desk/absence.html", {"page": absence_page(by)})
    account = _account(request.POST.get("account", "")) or Account.objects.get(pk=by.who)
    try:
        ended = key_of(request.POST.get("end", ""))
        if ended is not None:
            people.end_absence(account, ended, by=by)
            notices.success(request, gettext("不在を取り消しました。"))
        else:
            _set(account, request, by)
            notices.success(request, gettext("不在を登録しました。"))
    except Refused as refusal:
        given = {name: request.POST.get(name, "") for name in ("account", "cover", "since", "until")}
        page = absence_page(by, words(refusal), given)
        return render(request, "desk/absence.html", {"page": page}, status=refusal.status)
    return redirect("desk:absence")


def _set(account: Account, request: HttpRequest, by: Actor) -> None:
    cover = _account(request.POST.get("cover", ""))
    try:
        days = [dt.date.fromisoformat(request.POST.get(name, "")) for name in ("since", "until")]
    except ValueError:
        days = []
    if not days or (cover is None and coverers(account)):
        missing = Invalid("absence-missing", "代わりの職員と、不在の最初の日・最後の日を入力してください。")
        refuse("account.set_absence", missing, by=by, subject=account)
        raise missing
    people.set_absence(account, cover, *days, by=by)


def _account(said: str) -> Account | None:
    key = key_of(said)
    return Account.objects.filter(pk=key, is_active=True).first() if key else None
