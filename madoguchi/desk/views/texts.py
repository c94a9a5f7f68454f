"""The words of the section's mails: seen, tried on a sample case, changed, given back to the standard."""

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from madoguchi.cases import actions
from madoguchi.desk.access import desk
from madoguchi.desk.presenting.texts import may_word, text_page, texts_page
from madoguchi.events import Actor
from madoguchi.ground.errors import NotAllowed, NotFound, Refused
from madoguchi.ground.languages import READ


@require_safe
@desk
def texts(request: HttpRequest, by: Actor, section: str = "") -> HttpResponse:
    """The list of a section; without one, of the first that this member of staff may word."""
    return render(request, "desk/texts.html", {"page": texts_page(may_word(by, section), by)})


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def text(request: HttpRequest, by: Actor, section: str, template: str) -> HttpResponse:
    """One template. ``_do``: try (changes nothing), save or restore. What is refused comes back as it was typed."""
    if request.method != "POST":
        return render(request, "desk/text.html", {"page": text_page(may_word(by, section), template)})
    deed, typed = request.POST.get("_do"), _typed(request.POST)
    if deed not in ("save", "restore"):
        return render(request, "desk/text.html", {"page": text_page(may_word(by, section), template, typed)})
    said = request.POST.get("seen", "")
    seen = int(said) if said.isascii() and said.isdigit() and len(said) < 9 else -1
    try:
        if deed == "restore":
            actions.restore_text(section, template, by=by, seen=seen)
            notices.success(request, gettext("標準の文に戻しました。次に送るお知らせから使われます。"))
        else:
            actions.word_text(section, template, typed, by=by, seen=seen)
            notices.success(request, gettext("文を保存しました。次に送るお知らせから使われます。"))
    except (NotAllowed, NotFound):
        raise
    except Refused as refusal:
        page = text_page(may_word(by, section), template, typed, refusal)
        return render(request, "desk/text.html", {"page": page}, status=refusal.status)
    return redirect("desk:text", section, template)


def _typed(post: QueryDict) -> dict[str, dict[str, str]]:
    parts = ("subject", "body")
    return {
        part: {one: str(post[f"{part}.{one}"]).replace("\0", "") for one in READ if f"{part}.{one}" in post}
        for part in parts
    }
