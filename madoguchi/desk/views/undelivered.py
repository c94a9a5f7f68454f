"""届かなかった通知: what other systems and companies could not be told; sent again, or given up with a reason."""

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from madoguchi.desk.access import desk, words
from madoguchi.desk.presenting.undelivered import MOST, undelivered_page
from madoguchi.desk.views.listing import key_of
from madoguchi.events import Actor
from madoguchi.events.acting import refuse
from madoguchi.ground.errors import Invalid, NotAllowed, NotFound, Refused, Stale
from madoguchi.people.actions import webhooks as acts
from madoguchi.people.models import Delivery
from madoguchi.people.queries import webhooks


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def undelivered(request: HttpRequest, by: Actor) -> HttpResponse:
    """The list; posted with ``again`` = an id, ``again_all`` = a system, or ``drop`` = an id and ``because``."""
    if not webhooks.answers_for_partners(by):
        raise NotAllowed("not-answering", "この画面は、連携先のシステムを所管する課が使います。")
    if request.method != "POST":
        return render(request, "desk/undelivered.html", {"page": undelivered_page(by)})
    if "again_all" in request.POST:
        return _all_again(request, by)
    verb = "webhook.drop" if "drop" in request.POST else "webhook.redeliver"
    one = _letter(request.POST.get("drop") or request.POST.get("again", ""), verb, by)
    because = request.POST.get("because", "")[:2000]
    try:
        if verb == "webhook.drop":
            acts.drop(one, because, by=by)
            notices.success(request, gettext("取りやめました。"))
        else:
            acts.redeliver(one, by=by)
            notices.success(request, gettext("もう一度送ります。届かなければ、またここに出ます。"))
    except (Invalid, Stale) as refusal:
        page = undelivered_page(by, refused=one, typed=because, refusal=refusal)
        return render(request, "desk/undelivered.html", {"page": page}, status=refusal.status)
    return redirect("desk:undelivered")


def _letter(said: str, verb: str, by: Actor) -> Delivery:
    key = key_of(said)
    try:
        if key is None:
            raise NotFound("delivery-unknown", "この通知は見つかりません。")
        return webhooks.dead_letter(key, by)
    except NotFound as refusal:
        refuse(verb, refusal, by=by)
        raise


def _all_again(request: HttpRequest, by: Actor) -> HttpResponse:
    """Everything of one system, each an act of its own; what somebody else has dealt with meanwhile is left."""
    key, sent = key_of(request.POST["again_all"]), 0
    for one in webhooks.dead_letters_of(by).filter(subscription__partner=key)[:MOST]:
        try:
            acts.redeliver(one, by=by)
            sent += 1
        except Refused as refusal:
            notices.warning(request, words(refusal))
            break
    if sent:
        notices.success(request, gettext("%(n)s件をもう一度送ります。届かなければ、またここに出ます。") % {"n": sent})
    return redirect("desk:undelivered")
