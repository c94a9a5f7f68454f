"""``python -m tools.jpki``: cards for the residents of the sample provider, made anew at each start.

Writes ``root.pem`` (for ``MADOGUCHI_JPKI_TEST_ROOTS``) and of each resident ``<id>.key.pem``, ``<id>.cert.der`` into a
folder that only its owner can read; tools/idp signs with them. The root's own key is not kept: nobody issues more.
"""

import argparse
import datetime as dt
import json
from pathlib import Path
from typing import Any

from madoguchi.ground import clock
from tools.jpki.authority import Authority, Holder


def holder_of(claims: dict[str, Any]) -> Holder:
    """What a certificate says of a resident of tools/idp (``residents.json``)."""
    address = claims["address"]
    text = address["formatted"] if isinstance(address, dict) else address
    return Holder(claims["name"], text, dt.date.fromisoformat(claims["birthdate"]), claims.get("gender", "unknown"))


def make_cards(folder: Path, residents: Path, *, since: dt.datetime | None = None) -> Path:
    """Make an authority and a card for each resident; returns the file of the root."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority = Authority(since=since or clock.now() - dt.timedelta(days=1))
    for one in json.loads(residents.read_text(encoding="utf-8"))["residents"]:
        card = authority.issue(holder_of(one["claims"]))
        _write(folder / f"{one['id']}.key.pem", card.key_pem())
        _write(folder / f"{one['id']}.cert.der", card.der)
    _write(folder / "root.pem", authority.pem())
    return folder / "root.pem"


def _write(file: Path, content: bytes) -> None:
    file.touch(mode=0o600)
    file.write_bytes(content)


def main() -> None:
    parser = argparse.ArgumentParser(description="Cards of a test authority for the residents of the sample provider.")
    parser.add_argument("--folder", type=Path, required=True, help="where to write")
    parser.add_argument("--residents", type=Path, default=Path(__file__).parents[1] / "idp" / "residents.json")
    options = parser.parse_args()
    print(make_cards(options.folder, options.residents))


if __name__ == "__main__":
    main()
