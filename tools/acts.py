"""`python -m tools.acts` writes docs/acts.md: the list of all that the system can do, from the registry of acts.

Apart from the command line, because it writes for readers of the repository; tests/house compares the file with it.
"""

import importlib
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "docs" / "acts.md"

HEAD = """\
# All that the system can do

Everything that changes anything is an act, and each that is done or refused leaves one event with its verb, its reason
and ids, never with personal values. This list is made from the registry (`madoguchi.events.rules.ACTS`) by
`.venv/bin/python -m tools.acts`; a test compares them. How an act is written: [where does it go](where-does-it-go.md).

| verb | what it means | because (one of) | where |
|---|---|---|---|
"""


def text() -> str:
    """The file as it must be. Needs Django to be set up, so that every act has registered itself."""
    from madoguchi.events.rules import ACTS

    for pattern in ("madoguchi/*/actions.py", "madoguchi/*/actions/*.py"):
        for file in sorted(ROOT.glob(pattern)):
            importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
    rows = []
    for verb, spec in sorted(ACTS.items()):
        if ".tests." in spec.where:
            continue
        reasons = "<br>".join(f"`{one.code}` {one.title}" for one in spec.allow)
        where = spec.where.removeprefix("madoguchi.").rpartition(".")[0]
        rows.append(f"| `{verb}` | {spec.title.replace('``', '`')} | {reasons} | `{where}` |\n")
    return HEAD + "".join(rows)


def main() -> None:
    """Write the file."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "madoguchi.site.settings")
    import django

    django.setup()
    FILE.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
