"""What is done beside the sign-ins: our public keys and their renewal, a look at the provider, and our entry at the
sample provider (``madoguchi identity``)."""

import json
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from joserfc.jwk import ECKey

from madoguchi.bridges.oidc.documents import read_object
from madoguchi.bridges.oidc.keys import coming_key, own_encryption_key, own_key, public_jwks
from madoguchi.bridges.oidc.party import TIMEOUT, Registration, RelyingParty
from madoguchi.bridges.oidc.tokens import LEEWAY
from madoguchi.ground import clock
from madoguchi.ground.errors import Refused
from madoguchi.people.ports import ENDED_PATH, LEFT_PATH, RETURN_PATH, SIGNED_PATH


def key_path() -> Path:
    """Where our key is kept."""
    return Path(settings.VAR) / "secrets" / "oidc.json"


def answers_key() -> ECKey:
    """The key for which the provider encrypts what a card has signed."""
    return own_encryption_key(key_path().with_name("oidc-answers.json"))


def registration() -> Registration:
    """How we are known to the provider of this node. Raises ValueError where the file of its metadata is none."""
    metadata = read_object(Path(settings.OIDC_METADATA).read_bytes()) if settings.OIDC_METADATA else None
    return Registration(settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, own_key(key_path()), metadata=metadata)


def own_jwks() -> dict[str, list[dict[str, Any]]]:
    """The public keys to hand in at registration: ours (made here where there are none), and the coming one."""
    coming = coming_key(key_path())
    return public_jwks(own_key(key_path()), *([coming] if coming is not None else []), answers_key())


def return_address() -> str:
    """Where the provider sends visitors back to: to be handed in at registration, and given to ``begin``."""
    return f"{settings.BASE_URL}{RETURN_PATH}"


def addresses() -> dict[str, str]:
    """All addresses of ours that a provider is told at registration, by their names in OpenID Connect."""
    return {
        "redirect_uri": return_address(),
        "redirect_uri after signing": f"{settings.BASE_URL}{SIGNED_PATH}",
        "post_logout_redirect_uri": f"{settings.BASE_URL}{LEFT_PATH}",
        "backchannel_logout_uri": f"{settings.BASE_URL}{ENDED_PATH}",
    }


def look() -> Iterator[tuple[bool, str]]:
    """The provider as this machine reaches it: what is in order and what is not, in the words of an operator."""
    party = RelyingParty(registration())
    try:
        party.begin(redirect_uri=return_address())
        yield True, f"{settings.OIDC_ISSUER} is reached, and offers code flow, PKCE S256, ES256 and private_key_jwt"
        keys = party.usable_keys()
        yield bool(keys), f"{keys} of its keys can sign for ES256"
        leaves = party.leave(return_to=addresses()["post_logout_redirect_uri"], state="-") is not None
        yield True, "it takes sign-outs" if leaves else "it takes no sign-outs: whoever signs out does so here only"
    except Refused as refusal:
        yield False, f"refused: {refusal.code}"
        return
    finally:
        party.close()
    if not settings.OIDC_METADATA:
        try:
            said = httpx.get(f"{settings.OIDC_ISSUER}/.well-known/openid-configuration", timeout=TIMEOUT).headers
            off = abs((parsedate_to_datetime(said["Date"]) - clock.now()).total_seconds())
            yield off < LEEWAY, f"the clocks differ by {off:.0f} seconds; {LEEWAY} are allowed"
        except (httpx.HTTPError, KeyError, ValueError):
            yield True, "it does not say what time it is"


def register_with_sample_provider(*, name: str) -> Path:
    """Write the file from which tools/idp knows us (``var/idp/clients.json``). Returns where it was written.

    ``name`` is what visitors read there: the city's.
    """
    path: Path = settings.VAR / "idp" / "clients.json"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    ours = addresses()
    client = {
        "client_id": settings.OIDC_CLIENT_ID,
        "client_name": name,
        "redirect_uris": [ours["redirect_uri"], ours["redirect_uri after signing"]],
        "post_logout_redirect_uris": [ours["post_logout_redirect_uri"]],
        "backchannel_logout_uri": ours["backchannel_logout_uri"],
        "backchannel_logout_session_required": True,
        "jwks": own_jwks(),
    }
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps([client], ensure_ascii=False, indent=2), encoding="utf-8")
    draft.replace(path)
    return path
