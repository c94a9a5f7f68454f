"""Who is here: from the visitor's session to the :class:`Actor` that acts, and what an expired session had in hand.

A resident's sign-in is ours and not Django's: Django's users are the staff. The session holds the person's id and the
assurance of the sign-in, nothing about the person.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from madoguchi.cases.models import Kiosk
from madoguchi.events import Actor
from madoguchi.people.actions import note_end, note_use
from madoguchi.people.queries import actor_of_person

RESIDENT: Final = "resident"
KEPT: Final = "kept"
LINKED: Final = "linked"
#: What the provider is shown at the sign-out (``people.ports.Claims.proof``).
PROOF: Final = "proof"
#: Characters that a form may hold when it is kept for after the sign-in.
KEPT_MOST: Final = 200_000


def kiosk(request: HttpRequest) -> Kiosk | None:
    """The shared device on which this visitor is (``web.kiosk``), or None: then it is somebody's own."""
    found: Kiosk | None = getattr(request, "kiosk", None)
    return found


def resident(request: HttpRequest) -> Actor | None:
    """The resident who is signed in, or None."""
    held = request.session.get(RESIDENT)
    if not isinstance(held, dict):
        return None
    return actor_of_person(UUID(held["person"]), held["level"])


def actor(request: HttpRequest) -> Actor:
    """Whoever is here: the resident who is signed in, else a visitor."""
    return resident(request) or Actor("visitor", channel="web")


def welcome(request: HttpRequest, person: UUID, level: str, *, provider_session: str = "", proof: str = "") -> None:
    """The visitor is this person from now on. The session gets a new key; what a form had in hand stays.

    ``provider_session``: the mark of the provider's own session. Another one is another sign-in.
    """
    before = request.session.get(RESIDENT)
    if isinstance(before, dict) and before.get("person") != str(person):
        request.session.flush()
    request.session.cycle_key()
    held = {"person": str(person), "level": level}
    if provider_session:
        held["provider_session"] = provider_session
    if isinstance(before, dict) and before.get("person") == str(person) and "sign_in" in before:
        if before.get("provider_session", "") == provider_session:
            held["sign_in"] = before["sign_in"]
        else:
            note_end(str(before["sign_in"]))
    request.session[RESIDENT] = held
    request.session.pop(PROOF, None)
    if proof:
        request.session[PROOF] = proof


def goodbye(request: HttpRequest) -> None:
    """Nobody is signed in any more, and nothing stays behind for the next person at this screen."""
    note_end(sign_in_of(request))
    request.session.flush()
    request.left = True  # type: ignore[attr-defined]  # web.kiosk takes the rest out of the browser


def sign_in_of(request: HttpRequest) -> str:
    """The row of ``people.models.SignIn`` that the session names; empty where it names none."""
    held = request.session.get(RESIDENT)
    return str(held.get("sign_in", "")) if isinstance(held, dict) else ""


def note_visit(request: HttpRequest) -> bool:
    """Note that the sign-in is used. False where it was ended from elsewhere: the visitor is nobody from here on."""
    held = request.session.get(RESIDENT)
    if not isinstance(held, dict):
        return True
    before = sign_in_of(request)
    known = note_use(
        before,
        request.headers.get("User-Agent", ""),
        person=UUID(held["person"]),
        provider_session=held.get("provider_session", ""),
    )
    if not known:
        request.session.flush()
    elif known != before:
        request.session[RESIDENT] = {**held, "sign_in": known}
    return bool(known)


def keep_typed(request: HttpRequest, raw: Mapping[str, Sequence[str]]) -> None:
    """Keep what was typed into the form of this address until the sign-in brings its writer back. On a shared device
    that is somebody else: there nothing is kept."""
    if kiosk(request) is None and sum(len(one) for values in raw.values() for one in values) <= KEPT_MOST:
        request.session[KEPT] = {
            "path": request.path,
            "raw": {name: list(values) for name, values in raw.items()},
        }


def kept_typed(request: HttpRequest) -> dict[str, list[str]] | None:
    """What was kept for this address, once."""
    held: Any = request.session.get(KEPT)
    if not isinstance(held, dict) or held.get("path") != request.path:
        return None
    del request.session[KEPT]
    raw: dict[str, list[str]] = held["raw"]
    return raw


def keep_link(request: HttpRequest, code: str, raw: Mapping[str, Sequence[str]], case: str = "") -> None:
    """Keep what a link chose for this procedure: until the sign-in brings its reader back, then for the draft ``case``,
    in which it is shown beside the questions. A press without any link forgets it."""
    if raw:
        request.session[LINKED] = {
            "code": code,
            "raw": {name: list(values) for name, values in raw.items()},
            "case": case,
        }
    else:
        request.session.pop(LINKED, None)


def kept_link(request: HttpRequest, code: str, case: str = "") -> dict[str, list[str]]:
    """What was kept for this procedure and draft (empty: for the one that will be opened); empty where nothing was."""
    held: Any = request.session.get(LINKED)
    mine = isinstance(held, dict) and (held.get("code"), held.get("case")) == (code, case)
    raw: dict[str, list[str]] = held["raw"] if mine else {}
    return raw


def safe_next(request: HttpRequest, otherwise: str) -> str:
    """Where to go after a sign-in: an address of this site, else ``otherwise``."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return wanted
    return otherwise
