"""Notices to those who live in an area: written, looked at with how many it reaches, sent. Nobody is ever listed."""

from uuid import UUID

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from madoguchi.desk.access import desk
from madoguchi.desk.presenting.notices import NewNotice, audience_of, new_notice, notice_page, notices_page
from madoguchi.desk.views.files import streamed
from madoguchi.events import Actor
from madoguchi.events.acting import refuse
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotAllowed
from madoguchi.mapping.serving import with_policy
from madoguchi.messages import actions, queries
from madoguchi.messages.rules.binding import bind

_FIELDS = ("office", "subject", "body", "how", "area", "condition", "least", "shape")


@require_safe
@desk
def all_notices(request: HttpRequest, by: Actor) -> HttpResponse:
    """What was sent, and what is being written."""
    _door(by)
    return render(request, "desk/notices.html", {"page": notices_page(by)})


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def new(request: HttpRequest, by: Actor) -> HttpResponse:
    """Write one. What was typed stays where something is wrong."""
    _door(by)
    if request.method != "POST":
        return _form(request, new_notice(by, {}))
    given = {name: request.POST.get(name, "").replace("\0", "") for name in _FIELDS}
    towns = request.POST.getlist("towns")
    try:
        made = actions.write_notice(
            given["office"], given["subject"], given["body"], audience_of(given, towns), by=by
        )  # fmt: skip
    except Invalid as refusal:
        page = new_notice(by, given, towns, refusal)
        return _form(request, page, refusal.status)
    return redirect("desk:notice", made.pk)


def _form(request: HttpRequest, page: NewNotice, status: int = 200) -> HttpResponse:
    """The form, on which an area may be drawn on a map."""
    return with_policy(render(request, "desk/notice_new.html", {"page": page}, status=status))


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def notice(request: HttpRequest, by: Actor, key: UUID) -> HttpResponse:
    """One as it would be read, with how many it reaches; posted, that it is sent, or will not be."""
    _door(by)
    one = queries.notice(key, by)
    if request.method != "POST":
        return render(request, "desk/notice.html", {"page": notice_page(one, by)})
    if request.POST.get("_do") == "drop":
        actions.drop_notice(one, by=by)
        notices.success(request, gettext("取りやめました。だれにも送られません。"))
    else:
        actions.send_notice(one, by=by)
        notices.success(request, gettext("送りました。電子メールと文書は、これから順に出ます。"))
    return redirect("desk:notice", one.pk)


@require_http_methods(["POST"])
@desk
def letters(request: HttpRequest, by: Actor, key: UUID) -> HttpResponse:
    """The letters of a notice that are made, as one PDF for the printer."""
    _door(by)
    one = actions.print_notice(queries.notice(key, by), by=by)
    papers = (queries.file_of(letter) for letter in queries.papers(one))
    return streamed(bind(papers, duplex=True), f"notice-{clock.today():%Y%m%d}.pdf")


def _door(by: Actor) -> None:
    if not queries.offices_of(by):
        refusal = NotAllowed("not-allowed", "この画面は、区域の方にお知らせを出す職の人が使います。")
        refuse("notice.write", refusal, by=by)
        raise refusal
