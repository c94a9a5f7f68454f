"""axe-core on a page, as npm brought it at set-up: what it finds wrong, in words."""

from collections.abc import Sequence
from functools import cache
from typing import Final

from django.conf import settings
from playwright.sync_api import Page

#: WCAG 2.2, levels A and AA.
WCAG: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
BEST_PRACTICE: Final = (*WCAG, "best-practice")

#: How a page is built, for one size and colour scheme: elements, attributes and states, whether there is text, but not
#: what the words, numbers and addresses are. Pages that are built alike have the same faults.
_BUILD: Final = r"""
() => {
  const said = new Set(["value", "href", "src", "srcset", "content", "nonce", "title", "action", "datetime"]);
  const built = (one) => [
    one.tagName,
    ...one.getAttributeNames().sort().map((name) => {
      const value = one.getAttribute(name);
      return `${name}=${said.has(name) ? value !== "" : value.replace(/[0-9a-f]{8}-[0-9a-f-]{27}|\d+/g, "#")}`;
    }),
    one.checked, one.disabled,
    ["SCRIPT", "STYLE"].includes(one.tagName) || [...one.childNodes].some((x) => x.nodeType === 3 && x.data.trim()),
  ].join(" ");
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  return [innerWidth, dark, ...[...document.querySelectorAll("*")].map(built)].join("\n");
}
"""
#: Of what a page loads, axe reads only sound and film that begin by themselves again: style sheets are wanted by one
#: experimental rule, which is not among ours, and cost a quarter of the time.
_RUN: Final = """
tags => axe.run(document, {
  runOnly: {type: 'tag', values: tags}, resultTypes: ['violations'], preload: {assets: ['media']},
})
"""
_sound: set[tuple[Sequence[str], str]] = set()


def faults(page: Page, tags: Sequence[str] = WCAG) -> list[str]:
    """What is wrong with the page, and where. A page that is built like one that had no fault is not asked again."""
    build = page.evaluate(_BUILD)
    if (tags, build) in _sound:
        return []
    page.evaluate(_source())
    found = page.evaluate(_RUN, tags)["violations"]
    if not found:
        _sound.add((tags, build))
    return [f"{one['id']}: {one['help']} {[node['html'][:160] for node in one['nodes'][:3]]}" for one in found]


@cache
def _source() -> str:
    return (settings.ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
