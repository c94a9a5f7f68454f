"""The key with which this city hall proves itself to the provider (private_key_jwt), and the one for which the provider
encrypts what a card has signed: made once, kept at home.

The first is renewed in two steps, because the provider must know the new one before it is used: the coming key stands
beside ours (``oidc.next.json``), both are handed in, then they change places.
"""

import json
import os
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey, KeyParameters


def own_key(path: Path) -> ECKey:
    """The ES256 key kept at ``path`` (JWK, readable by its owner only); made at the first call.

    Two processes that start at once end up with the same key.
    """
    return _kept(path, {"use": "sig", "alg": "ES256"})


def own_encryption_key(path: Path) -> ECKey:
    """The key kept at ``path`` for which answers are encrypted; made at the first call, as :func:`own_key`."""
    return _kept(path, {"use": "enc", "alg": "ECDH-ES+A256KW"})


def _kept(path: Path, use: KeyParameters) -> ECKey:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = ECKey.generate_key("P-256", use, private=True, auto_kid=True)
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


def coming_key(path: Path, *, make: bool = False) -> ECKey | None:
    """The key that will follow the one at ``path``; None where none is made, unless ``make`` makes it."""
    coming = _beside(path, "next")
    return own_key(coming) if make or coming.exists() else None


def switch_keys(path: Path) -> ECKey:
    """The coming key is ours from now on; the one until now is kept beside it (``oidc.earlier.json``), to go back to.
    Raises FileNotFoundError where no key is coming."""
    coming, earlier = _beside(path, "next"), _beside(path, "earlier")
    coming.stat()
    earlier.unlink(missing_ok=True)
    os.link(path, earlier)  # there is one of ours at every moment: a process that starts now must not make a third
    coming.replace(path)
    return own_key(path)


def public_jwks(*keys: ECKey) -> dict[str, list[dict[str, Any]]]:
    """What the provider is given at registration: the public halves of the keys, as a JWK set."""
    return {"keys": [dict(key.as_dict(private=False)) for key in keys]}


def _beside(path: Path, which: str) -> Path:
    return path.with_name(f"{path.stem}.{which}{path.suffix}")
