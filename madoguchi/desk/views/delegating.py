"""代理権の登録: a post that may finds both persons by what their papers say, and records who may speak for whom.

Names stay in posts and never reach an address. Whoever was found is named to the next post by a token that only the
same member of staff can use, for half an hour.
"""

import datetime as dt
import hashlib
from typing import Final
from uuid import UUID

from django.contrib import messages as notices
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.actions.reasons import MAY_DELEGATE
from madoguchi.cases.queries.persons import FoundPerson, Sought, of_id
from madoguchi.cases.rules import uploads
from madoguchi.desk.access import desk
from madoguchi.desk.presenting.delegating import (
    DelegatingPage,
    DelegationLine,
    chosen,
    delegating_page,
    line,
    office_page,
)
from madoguchi.desk.presenting.disclosing import PersonLine, person_line
from madoguchi.events import Actor
from madoguchi.events.acting import refuse
from madoguchi.facts.queries import NoBasis
from madoguchi.facts.rules.delegating import Delegation
from madoguchi.ground import wareki
from madoguchi.ground.errors import Invalid, NotAllowed, NotFound, Problem, Refused
from madoguchi.people.models import Person

_SALT: Final = "madoguchi.desk.delegations"
_VALID: Final = dt.timedelta(minutes=30)
_SOUGHT: Final = ("principal_name", "principal_born", "agent_name", "agent_born")
_TOLD: Final = ("kind", "office", "number", "months", "until", "proof", "shows", "letters")
_OF_OFFICE: Final = ("number", "office", "months", "member_name", "member_born")


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def delegations(request: HttpRequest, by: Actor) -> HttpResponse:
    """Look for both; posted with their tokens, record it; or end one that stands."""
    if not MAY_DELEGATE.holds(by, None):
        refusal = NotAllowed("not-allowed", "この画面は、代理権を窓口で登録する職の人が使います。")
        refuse("delegation.record", refusal, by=by)
        raise refusal
    if request.method != "POST":
        return _shown(request, delegating_page())
    todo, _, what = request.POST.get("_do", "").partition("|")
    if todo == "record":
        return _record(request, by)
    if todo == "end":
        return _end(request, by, what)
    given = {name: request.POST.get(name, "").strip()[:200] for name in _SOUGHT}
    try:
        principals = _find(given, "principal", by)
        agents = _find(given, "agent", by) if given["agent_name"] or given["agent_born"] else []
    except Invalid as refusal:
        return _shown(request, delegating_page(given=given, refusal=refusal), refusal.status)
    there = _standing(principals[0].id, by) if len(principals) == 1 else []
    return _shown(request, delegating_page(_lines(principals, by), _lines(agents, by), there, given))


def _record(request: HttpRequest, by: Actor) -> HttpResponse:
    told = {name: request.POST.get(name, "").replace("\0", "").strip()[:200] for name in _TOLD}
    scope = [one[:100] for one in request.POST.getlist("scope")[:200]]
    principal, agent = (_meant(request.POST.get(name, ""), by) for name in ("principal", "agent"))
    months = told["months"]
    wish = actions.Wish(
        kind=told["kind"], procedures=chosen(scope), shows=told["shows"] == "1", letters=told["letters"] == "1",
        months=int(months) if months.isascii() and months.isdigit() else 0, office=told["office"],
        number=told["number"],
    )  # fmt: skip
    try:
        if principal is None or (agent is None and not told["number"]):
            problem = Problem("person-unknown", "本人と代理人を、さがした結果から一人ずつ選んでください。")
            refusal = Invalid(problem.code, problem.message)
            refuse("delegation.record", refusal, by=by)
            raise refusal
        until = _day(told["until"], by) if told["until"] else None
        actions.record_at_counter(
            principal, agent, wish, by=by, proof=told["proof"], until=until, evidence=_evidence(request, by)
        )
    except Refused as refusal:
        lines = [
            _lines(of_id(one.pk, by=by, purpose="delegate"), by) if one is not None else []
            for one in (principal, agent)
        ]
        page = delegating_page(lines[0], lines[1], (), told, scope, refusal)
        return _shown(request, page, refusal.status)
    notices.success(request, gettext("代理権を登録しました。本人と代理人の画面に出ます。"))
    return redirect("desk:delegations")


def _end(request: HttpRequest, by: Actor, token: str, back: str = "desk:delegations") -> HttpResponse:
    try:
        row, person, account = signing.loads(token, salt=_SALT, max_age=_VALID)
    except (signing.BadSignature, ValueError):
        row = person = account = ""
    standing = cases.given_by_found(UUID(person), by) if account == str(by.who) else []
    one = next((one for one in standing if str(one.id) == row), None)
    if one is None:
        refusal = NotFound("delegation-unknown", "この代理権は、すでに終わっているか、さがした結果が古くなりました。")
        refuse("delegation.end", refusal, by=by)
        raise refusal
    actions.end_delegation(one, by=by)
    notices.success(request, gettext("代理権を取り消しました。すでに提出された手続は、そのまま進みます。"))
    return redirect(back)


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def office_members(request: HttpRequest, by: Actor) -> HttpResponse:
    """事業所の人: who acts for an office, found by its number; looked for, recorded by a paper of the office, ended."""
    if not MAY_DELEGATE.holds(by, None):
        refusal = NotAllowed("not-allowed", "この画面は、代理権を窓口で登録する職の人が使います。")
        refuse("delegation.record-member", refusal, by=by)
        raise refusal
    if request.method != "POST":
        return render(request, "desk/office_members.html", {"page": office_page()})
    given = {name: request.POST.get(name, "").replace("\0", "").strip()[:200] for name in _OF_OFFICE}
    todo, _, what = request.POST.get("_do", "").partition("|")
    if todo == "end":
        return _end(request, by, what, "desk:office-members")
    member, found, refused = _meant(request.POST.get("member", ""), by), None, None
    try:
        if todo == "record":
            return _record_member(request, by, given, member)
        if given["member_name"] or given["member_born"]:
            born = _day(given["member_born"], by, "member_born") if given["member_born"] else None
            found = _lines(actions.find_for_delegation(Sought(given["member_name"], born), by=by), by)
    except NotAllowed:
        raise
    except Refused as refusal:
        refused = refusal
        found = _lines(of_id(member.pk, by=by, purpose="delegate"), by) if member is not None else None
    name, there = cases.office_by(given["number"], by)
    members = [line(one, _token(one, by)) for one in there]
    page = office_page(given, members, name, found, refused)
    return render(request, "desk/office_members.html", {"page": page}, status=refused.status if refused else 200)


def _record_member(request: HttpRequest, by: Actor, given: dict[str, str], member: Person | None) -> HttpResponse:
    months = given["months"]
    if member is None:
        problem = Problem("person-unknown", "登録する方を、さがした結果から選んでください。")
        refusal = Invalid(problem.code, problem.message)
        refuse("delegation.record-member", refusal, by=by)
        raise refusal
    actions.record_member(
        given["number"], given["office"], member, by=by, evidence=_evidence(request, by),
        months=int(months) if months.isascii() and months.isdigit() else 0,
    )  # fmt: skip
    notices.success(request, gettext("事業所の人として登録しました。この方の画面に出ます。"))
    return redirect("desk:office-members")


def _find(given: dict[str, str], who: str, by: Actor) -> list[FoundPerson]:
    """By name and day of birth, as an identity paper says them."""
    born = given[f"{who}_born"]
    sought = Sought(given[f"{who}_name"], _day(born, by, f"{who}_born") if born else None)
    return actions.find_for_delegation(sought, by=by)


def _day(typed: str, by: Actor, name: str = "until") -> dt.date:
    """A day as people write it, 西暦 or 和暦."""
    try:
        return wareki.parse_date(typed)
    except Invalid as unread:
        refuse("delegation.find" if name != "until" else "delegation.record", unread, by=by)
        raise Invalid(unread.code, unread.message, unread.params, fields={name: unread.as_problem()}) from None


def _evidence(request: HttpRequest, by: Actor) -> str:
    """The SHA-256 (hex) of the document that was shown, as scanned; empty where none was sent. It is not kept."""
    sent = request.FILES.get("document")
    if sent is None:
        return ""
    try:
        if sent.size and sent.size > uploads.MAX_BYTES:
            raise uploads.too_large()
        content = sent.read()
        uploads.check(sent.name or "", content, images_only=False)
    except Invalid as refusal:
        refuse("delegation.record", refusal, by=by)
        raise Invalid(
            refusal.code, refusal.message, refusal.params, fields={"evidence": refusal.as_problem()}
        ) from None
    return hashlib.sha256(content).hexdigest()


def _standing(person: UUID, by: Actor) -> list[DelegationLine]:
    try:
        found = cases.given_by_found(person, by)
    except NoBasis:
        return []
    return [line(one, _token(one, by)) for one in found]


def _token(one: Delegation, by: Actor) -> str:
    return signing.dumps([str(one.id), str(one.principal), str(by.who)], salt=_SALT)


def _lines(found: list[FoundPerson], by: Actor) -> list[PersonLine]:
    return [person_line(one, signing.dumps([str(one.id), str(by.who)], salt=_SALT)) for one in found]


def _meant(token: str, by: Actor) -> Person | None:
    try:
        person, account = signing.loads(token, salt=_SALT, max_age=_VALID)
    except (signing.BadSignature, ValueError):
        return None
    return Person.objects.filter(pk=person).first() if account == str(by.who) else None


def _shown(request: HttpRequest, page: DelegatingPage, status: int = 200) -> HttpResponse:
    return render(request, "desk/delegations.html", {"page": page}, status=status)
