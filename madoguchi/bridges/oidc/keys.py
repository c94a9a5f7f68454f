"""The key with which this city hall proves itself to the provider (private_key_jwt): made once, kept at home."""

import json
import os
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey


def own_key(path: Path) -> ECKey:
    """The ES256 key kept at ``path`` (JWK, readable by its owner only); made at the first call.

    Two processes that start at once end up with the same key.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, private=True, auto_kid=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(fresh.as_dict(private=True), file)
        try:
            os.link(draft, path)  # unlike a rename, fails where another process was faster
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return ECKey.import_key(json.loads(path.read_text()))


def public_jwks(key: ECKey) -> dict[str, list[dict[str, Any]]]:
    """What the provider is given at registration: the public half of the key, as a JWK set."""
    return {"keys": [dict(key.as_dict(private=False))]}
