"""文例 of the section: seen, added, changed, taken out."""

from uuid import UUID

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.desk.access import desk
from madoguchi.desk.presenting.phrases import phrase_section, phrases_page
from madoguchi.events import Actor
from madoguchi.ground.errors import Invalid, Stale
from madoguchi.ground.languages import READ


@require_safe
@desk
def first(request: HttpRequest, by: Actor) -> HttpResponse:
    """The section of the reader; of several the first."""
    return redirect("desk:phrases-of", phrase_section(by).id)


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def phrases(request: HttpRequest, by: Actor, section: str) -> HttpResponse:
    """The list, and a form for a new one. What is refused comes back as it was typed."""
    if request.method != "POST":
        return render(request, "desk/phrases.html", {"page": phrases_page(phrase_section(by, section), by)})
    typed = _typed(request)
    try:
        actions.add_phrase(
            section, use=typed["use"], title=typed["title"], words=_words(typed), code=typed["code"], by=by
        )
    except (Invalid, Stale) as refusal:
        page = phrases_page(phrase_section(by, section), by, typed=typed, refusal=refusal)
        return render(request, "desk/phrases.html", {"page": page}, status=refusal.status)
    notices.success(request, gettext("文例を足しました。案件の画面で選べます。"))
    return redirect("desk:phrases-of", section)


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def phrase(request: HttpRequest, by: Actor, section: str, key: UUID) -> HttpResponse:
    """Change one, or take it out (``_do`` = retire)."""
    at = phrase_section(by, section)
    one = cases.phrase(key, section)
    if request.method != "POST":
        return render(request, "desk/phrases.html", {"page": phrases_page(at, by, changed=one)})
    if request.POST.get("_do") == "retire":
        actions.retire_phrase(one, by=by)
        notices.success(request, gettext("文例を外しました。書いた文はそのままです。"))
        return redirect("desk:phrases-of", section)
    typed = _typed(request)
    try:
        actions.change_phrase(
            one, use=typed["use"], title=typed["title"], words=_words(typed), code=typed["code"], by=by
        )
    except (Invalid, Stale) as refusal:
        page = phrases_page(at, by, changed=one, typed=typed, refusal=refusal)
        return render(request, "desk/phrases.html", {"page": page}, status=refusal.status)
    notices.success(request, gettext("文例を書き直しました。"))
    return redirect("desk:phrases-of", section)


def _typed(request: HttpRequest) -> dict[str, str]:
    names = ("use", "title", "code", *(f"words.{language}" for language in READ))
    return {name: request.POST.get(name, "").replace("\0", "") for name in names}


def _words(typed: dict[str, str]) -> dict[str, str]:
    return {language: typed[f"words.{language}"] for language in READ}
