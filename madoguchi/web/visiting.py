"""Who is here: from the visitor's session to the :class:`Actor` that acts, and what an expired session had in hand.

A resident's sign-in is ours and not Django's: Django's users are the staff. The session holds the person's id and the
assurance of the sign-in, nothing about the person.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from madoguchi.events import Actor
from madoguchi.people.queries import actor_of_person

RESIDENT: Final = "resident"
KEPT: Final = "kept"
#: Characters that a form may hold when it is kept for after the sign-in.
KEPT_MOST: Final = 200_000


def resident(request: HttpRequest) -> Actor | None:
    """The resident who is signed in, or None."""
    held = request.session.get(RESIDENT)
    if not isinstance(held, dict):
        return None
    return actor_of_person(UUID(held["person"]), held["level"])


def actor(request: HttpRequest) -> Actor:
    """Whoever is here: the resident who is signed in, else a visitor."""
    return resident(request) or Actor("visitor", channel="web")


def welcome(request: HttpRequest, person: UUID, level: str) -> None:
    """The visitor is this person from now on. The session gets a new key; what a form had in hand stays."""
    before = request.session.get(RESIDENT)
    if isinstance(before, dict) and before.get("person") != str(person):
        request.session.flush()
    request.session.cycle_key()
    request.session[RESIDENT] = {"person": str(person), "level": level}


def goodbye(request: HttpRequest) -> None:
    """Nobody is signed in any more, and nothing stays behind for the next person at this screen."""
    request.session.flush()


def keep_typed(request: HttpRequest, raw: Mapping[str, Sequence[str]]) -> None:
    """Keep what was typed into the form of this address until the sign-in brings its writer back."""
    if sum(len(one) for values in raw.values() for one in values) <= KEPT_MOST:
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


def safe_next(request: HttpRequest, otherwise: str) -> str:
    """Where to go after a sign-in: an address of this site, else ``otherwise``."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return wanted
    return otherwise
