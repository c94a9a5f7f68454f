"""What is done once, before the first sign-in: our public key, and our entry at the sample provider."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings

from madoguchi.bridges.oidc.keys import own_key, public_jwks


def own_jwks() -> dict[str, list[dict[str, Any]]]:
    """The public key set to hand in when registering with デジタル認証アプリ. Makes the key where there is none."""
    return public_jwks(own_key(settings.VAR / "secrets" / "oidc.json"))


def register_with_sample_provider(redirect_uris: Iterable[str], *, name: str, file: Path | None = None) -> Path:
    """Write the file from which tools/idp knows us (``var/idp/clients.json``). Returns where it was written.

    ``redirect_uris`` are where visitors may come back to; ``name`` is what they read there (the city's).
    """
    path = file or settings.VAR / "idp" / "clients.json"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    client = {
        "client_id": settings.OIDC_CLIENT_ID,
        "client_name": name,
        "redirect_uris": list(redirect_uris),
        "jwks": own_jwks(),
    }
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps([client], ensure_ascii=False, indent=2), encoding="utf-8")
    draft.replace(path)
    return path
