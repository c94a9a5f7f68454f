"""開示請求: a post that answers it finds the person by what stands on the request and hands out what is kept.

Names stay in posts and never reach an address. Who was found is named to the next post by a token that only the same
member of staff can use, for half an hour: nobody hands out what they have not looked for.
"""

import datetime as dt
from typing import Final
from uuid import UUID

from django.core import signing
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from madoguchi.cases import actions
from madoguchi.cases.actions.reasons import MAY_EXPORT
from madoguchi.cases.queries import handout
from madoguchi.cases.queries.persons import Sought, of_id
from madoguchi.desk.access import desk, words
from madoguchi.desk.presenting.disclosing import PersonLine, disclosing_page, person_line
from madoguchi.events import Actor
from madoguchi.events.acting import refuse
from madoguchi.ground import clock, wareki
from madoguchi.ground.errors import Invalid, NotAllowed, NotFound, Refused
from madoguchi.people.models import Person

_SALT: Final = "madoguchi.desk.disclosure"
_VALID: Final = dt.timedelta(minutes=30)
_FIELDS: Final = ("name", "born_on", "number", "email")


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def disclosure(request: HttpRequest, by: Actor) -> HttpResponse:
    """Look for the person; posted, who it may be."""
    _door(by)
    if request.method != "POST":
        return render(request, "desk/disclosure.html", {"page": disclosing_page()})
    given = {name: request.POST.get(name, "").strip()[:200] for name in _FIELDS}
    try:
        found = actions.find_person(_sought(given, by), by=by)
    except Invalid as refusal:
        page = disclosing_page(given=given, problem=words(refusal), refusal=refusal)
        return render(request, "desk/disclosure.html", {"page": page}, status=refusal.status)
    lines = [person_line(one, _token(one.id, by)) for one in found]
    return render(request, "desk/disclosure.html", {"page": disclosing_page(lines, given)})


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def hand_out(request: HttpRequest, by: Actor) -> HttpResponse:
    """The file of one who was found. An act and its event come before the first byte."""
    _door(by)
    if request.method != "POST":
        return redirect("desk:disclosure")
    person = _meant(request.POST.get("person", ""), by)
    try:
        actions.export_person(person, by=by, basis=request.POST.get("basis", ""), proof=request.POST.get("proof", ""))
    except Refused as refusal:
        lines: list[PersonLine] = [person_line(one, _token(one.id, by)) for one in of_id(person.pk, by=by)]
        page = disclosing_page(lines, problem=words(refusal), refusal=refusal)
        return render(request, "desk/disclosure.html", {"page": page}, status=refusal.status)
    at = clock.now()
    chunks = handout.handed_out(person, by=by, at=at, language=handout.language_of(person))
    response = StreamingHttpResponse(chunks, content_type="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="disclosure-{clock.day_of(at):%Y%m%d}.zip"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Accel-Buffering"] = "no"
    return response  # type: ignore[return-value]  # a response, but not of the class that the door names


def _door(by: Actor) -> None:
    if not MAY_EXPORT.holds(by, None):
        refusal = NotAllowed("not-allowed", "この画面は、保有個人情報の開示を担当する職の人が使います。")
        refuse("person.find", refusal, by=by)
        raise refusal


def _sought(given: dict[str, str], by: Actor) -> Sought:
    """The day as people write it, 西暦 or 和暦."""
    try:
        born_on = wareki.parse_date(given["born_on"]) if given["born_on"] else None
    except Invalid as unread:
        refuse("person.find", unread, by=by)
        raise Invalid(unread.code, unread.message, unread.params, fields={"born_on": unread.as_problem()}) from None
    return Sought(given["name"], born_on, given["number"], given["email"])


def _token(person: UUID, by: Actor) -> str:
    return signing.dumps([str(person), str(by.who)], salt=_SALT)


def _meant(token: str, by: Actor) -> Person:
    try:
        person, account = signing.loads(token, salt=_SALT, max_age=_VALID)
    except signing.BadSignature:
        person = account = ""
    found = Person.objects.filter(pk=person).first() if person and account == str(by.who) else None
    if found is None:
        refusal = NotFound("person-unknown", "さがした結果が古くなりました。もう一度さがしてください。")
        refuse("person.export", refusal, by=by)
        raise refusal
    return found
