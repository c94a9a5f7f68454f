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
    "web/css/print.css",
)


class Joined(NamedTuple):
    """All sheets as one, as it is, compressed, and its mark."""

    plain: bytes
    packed: bytes
    mark: str


@cache
def joined() -> Joined:
    """Read once per process. A sheet that is not there (a checkout that was not set up) is left out."""
    found = [Path(str(path)).read_bytes() for name in SHEETS if (path := finders.find(name))]
    plain = b"\n".join(found)
    return Joined(plain, gzip.compress(plain, 9, mtime=0), hashlib.sha256(plain).hexdigest()[:16])
