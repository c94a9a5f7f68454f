"""What becomes of a section that was posted, wherever it is filled in: what is still missing and whether it was asked
before, the files that came along, and what another window has saved meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from madoguchi.asking.kinds import KINDS
from madoguchi.asking.pages import Draft
from madoguchi.asking.words import language
from madoguchi.cases import actions
from madoguchi.cases.actions.drafting import section_digest
from madoguchi.cases.rules import uploads
from madoguchi.events import Actor
from madoguchi.ground.errors import Invalid, Problem, Stale
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules import form as forms
from madoguchi.procedures.rules.form import FormSection


@dataclass(frozen=True, slots=True)
class PlaceMap:
    """The map under a question for a place: where it opens (degrees), and the address of what draws it."""

    lon: float
    lat: float
    style: str


def place_map(one: FormSection, style: str) -> PlaceMap | None:
    """The map of a section that asks for a place; None where there is no place, or the city has no map."""
    of_city = procedures.city().file.map
    if of_city is None or not any(field.type == "place" for field in one.fields):
        return None
    return PlaceMap(*of_city.centre, style)


def base(draft: Draft, one: FormSection) -> dict[str, Any]:
    """What every page of a section says of its draft: as it was seen, when it was saved, how large a file may be."""
    return {
        "seen": section_digest(draft.case, one),
        "saved_at": draft.case.saved_at if draft.case.revision else None,
        "takes_files": any(field.type in forms.UPLOADED for field in one.fields),
        "megabytes": uploads.MAX_BYTES // 1024 // 1024,
    }


def missing(draft: Draft, one: FormSection, unread: Mapping[str, Problem]) -> dict[str, Problem]:
    """What keeps a section from being done; of a correction only what was asked for. ``unread`` could not be read."""
    problems = draft.form.missing_in(one, draft.case.answers, draft.case.typed) | dict(unread)
    return {path: problem for path, problem in problems.items() if not draft.correcting or path in draft.asked}


def of_places(draft: Draft, unread: Mapping[str, Problem]) -> dict[str, Problem]:
    """What is wrong with the places of a section, where somebody wants to see where they are and asks for no more."""
    found = {path: draft.form.field_at(path) for path in unread}
    return {path: unread[path] for path, one in found.items() if one is not None and one[1].type == "place"}


def is_new(request: HttpRequest, draft: Draft, problems: Mapping[str, Problem]) -> bool:
    """Whether all that is missing are questions that the answers have only now brought up: nobody has done wrong."""
    # An open choice posts nothing: the page itself says what it had asked.
    asked = {name.rpartition(".")[0] for name in request.POST} | set(request.POST)
    asked |= set(request.POST.get("_asked", "").split())
    found = {path: draft.form.field_at(path) for path in problems if path not in asked}
    fresh = {path: one[1] for path, one in found.items() if one is not None}
    return fresh.keys() == problems.keys() and not any(one.type in forms.UPLOADED for one in fresh.values())


def add_documents(request: HttpRequest, draft: Draft, *, by: Actor) -> dict[str, Problem]:
    """Keep what was sent along; what cannot be kept is said beside its question, the others stay."""
    refusals: dict[str, Problem] = {}
    for path in request.FILES:
        found, sent_here = draft.form.field_at(path), request.FILES.getlist(path)
        most = found[1].at_most if found else 1
        if len(sent_here) > most:  # no more is decoded than could be kept
            refusals[path] = Problem("files-too-many", "%(count)s枚（件）までにしてください。", {"count": most})
        for sent in sent_here[:most]:
            try:
                if sent.size and sent.size > uploads.MAX_BYTES:
                    raise uploads.too_large()
                actions.add_document(draft.case, path, sent.name or "", sent.read(), by=by)
            except Invalid as refusal:
                refusals[path] = refusal.as_problem()
    return refusals


def elsewhere(fresh: Draft, refusal: Stale) -> dict[str, str]:
    """What another window has saved in the fields that this one would have overwritten, in words."""
    said = {}
    for path in refusal.fields:
        found = fresh.form.field_at(path)
        if found is not None:
            value = forms.get(fresh.case.answers, path)
            said[path] = KINDS.get(found[1].type).show(value, found[1], language())
    return said
