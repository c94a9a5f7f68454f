"""Translations: every .po newer than its .mo is compiled. What the four further languages lack is English there."""

from pathlib import Path
from tempfile import TemporaryDirectory

from tools.setup.console import ROOT, run, say

#: These have the common parts only; ja-simple falls back to its source, which is Japanese.
PARTLY = frozenset({"zh_Hans", "ko", "vi", "pt"})
ENGLISH = ROOT / "locale" / "en" / "LC_MESSAGES" / "django.po"


def compile_all() -> None:
    """Compile what changed; an error names file and line."""
    stale = [one for one in sorted(ROOT.glob("locale/*/LC_MESSAGES/*.po")) if _is_stale(one)]
    if stale:
        say(f"compiling {len(stale)} translation file(s)")
    for source in stale:
        failure = f"{source.relative_to(ROOT)} has an error"
        with TemporaryDirectory() as folder:
            whole = source
            if source.parts[-3] in PARTLY:
                run(["msgfmt", "--check-format", "-o", "/dev/null", source], failure)
                whole = Path(folder) / source.name
                run(["msgcat", "--use-first", "-o", whole, source, ENGLISH], failure)
            run(["msgfmt", "--check-format", "-o", source.with_suffix(".mo"), whole], failure)


def _is_stale(source: Path) -> bool:
    target = source.with_suffix(".mo")
    if not target.exists():
        return True
    made_of = [source, ENGLISH] if source.parts[-3] in PARTLY else [source]
    return target.stat().st_mtime < max(one.stat().st_mtime for one in made_of)
