"""How to use it: a page for each difficulty, from ``catalogue/help.yaml``."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from madoguchi.ground.languages import LocalText
from madoguchi.procedures import queries as procedures
from madoguchi.web.words import language, said


@require_safe
def pages(request: HttpRequest) -> HttpResponse:
    """All help pages."""
    listed = [(one.code, said(one.title), _filled(one.lead)) for one in procedures.help_pages()]
    return render(request, "web/help.html", {"pages": listed})


@require_safe
def page(request: HttpRequest, code: str) -> HttpResponse:
    """One of them."""
    found = next((one for one in procedures.help_pages() if one.code == code), None)
    if found is None:
        raise Http404
    shown = {
        "title": said(found.title),
        "lead": _filled(found.lead),
        "parts": [(said(part.title), [_filled(step) for step in part.steps]) for part in found.parts],
    }
    others = [(one.code, said(one.title)) for one in procedures.help_pages() if one is not found]
    return render(request, "web/help_page.html", {"page": shown, "others": others})


def _filled(text: LocalText) -> str:
    city = procedures.city()
    names = {"{city}": city.name.get_for(language()), "{phone}": city.file.contact.phone}
    texts = dict(text)
    for place, name in names.items():
        texts = {one: words.replace(place, name) for one, words in texts.items()}
    return said(LocalText(texts))
