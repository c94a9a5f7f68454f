"""Translations: every .po that is newer than its .mo is compiled."""

from tools.setup.console import ROOT, run, say


def compile_all() -> None:
    """Compile what changed; an error names file and line."""
    stale = [
        source
        for source in sorted(ROOT.glob("locale/*/LC_MESSAGES/*.po"))
        if not (target := source.with_suffix(".mo")).exists() or target.stat().st_mtime < source.stat().st_mtime
    ]
    if stale:
        say(f"compiling {len(stale)} translation file(s)")
    for source in stale:
        target = source.with_suffix(".mo")
        run(["msgfmt", "--check-format", "-o", target, source], f"{source.relative_to(ROOT)} has an error")
