"""The style sheets of all pages as one file: on a slow line, seventeen small ones cost as many round trips.

They stay apart in the source, one for each component; here they are joined in the order of the cascade, compressed
once, and named by their content, so that a browser keeps them for ever and never shows yesterday's.
"""

import gzip
import hashlib
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from django.contrib.staticfiles import finders
from django.core.exceptions import ImproperlyConfigured

#: The order is the cascade.
SHEETS: Final = (
    "design-tokens/tokens.css",
    "web/css/theme.css",
    "web/css/base.css",
    "web/css/page.css",
    "web/css/button.css",
    "web/css/field.css",
    "web/css/choice.css",
    "web/css/known.css",
    "web/css/steps.css",
    "web/css/banner.css",
    "web/css/table.css",
    "web/css/card.css",
    "web/css/upload.css",
    "web/css/timeline.css",
    "web/css/thread.css",
    "web/css/flow.css",
    "web/css/kiosk.css",
    "web/css/print.css",
)


class Joined(NamedTuple):
    """All sheets as one, as it is, compressed, and its mark."""

    plain: bytes
    packed: bytes
    mark: str


@cache
def joined() -> Joined:
    """Read once per process. Raises ImproperlyConfigured where one is missing: no page would have colours."""
    found = {name: finders.find(name) for name in SHEETS}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        raise ImproperlyConfigured(f"the style sheets {', '.join(missing)} are not here: set up with `make setup`")
    plain = b"\n".join(Path(str(path)).read_bytes() for path in found.values())
    return Joined(plain, gzip.compress(plain, 9, mtime=0), hashlib.sha256(plain).hexdigest()[:16])
