"""What is done once, before the first sign-in: our public key, and our entry at the sample provider."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings

from madoguchi.bridges.oidc.keys import own_key, public_jwks
from madoguchi.people.ports import RETURN_PATH


def own_jwks() -> dict[str, list[dict[str, Any]]]:
    """The public key set to hand in when registering with デジタル認証アプリ. Makes the key where there is none."""
    return public_jwks(own_key(settings.VAR / "secrets" / "oidc.json"))


def return_address() -> str:
    """Where the provider sends visitors back to: to be handed in at registration, and given to ``begin``."""
    return f"{settings.BASE_URL}{RETURN_PATH}"


def register_with_sample_provider(*, name: str) -> Path:
    """Write the file from which tools/idp knows us (``var/idp/clients.json``). Returns where it was written.

    ``name`` is what visitors read there: the city's.
    """
    path: Path = settings.VAR / "idp" / "clients.json"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    client = {
        "client_id": settings.OIDC_CLIENT_ID,
        "client_name": name,
        "redirect_uris": [return_address()],
        "jwks": own_jwks(),
    }
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps([client], ensure_ascii=False, indent=2), encoding="utf-8")
    draft.replace(path)
    return path
