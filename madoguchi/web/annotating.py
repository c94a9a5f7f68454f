"""The finished page once more, text by text: furigana, and ``lang`` where a text is in another language than its page.

Done on the HTML and not in templates, because a page is put together from templates, translations and the catalogue,
and one forgotten filter would be one unreadable word. Only text nodes are touched: never attributes, inputs, titles,
programs, drawings, and nothing under ``translate="no"`` (what people typed) or another ``lang``.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from madoguchi.asking.words import CLOSE, NAMED, OPEN

#: A text of another language; in attributes and titles the marks are taken out again.
MARK: Final = OPEN.encode()
_MARKED: Final = re.compile(f"{OPEN}([A-Za-z-]+){NAMED}(.*?){CLOSE}", re.DOTALL)
_KANJI: Final = re.compile("[\u3400-\u9fff\uf900-\ufaff々〆〇\U00020000-\U0003ffff]")
_PARTS: Final = re.compile(r"""<!--.*?-->|<(/?)([a-zA-Z][a-zA-Z0-9-]*)((?:"[^"]*"|'[^']*'|[^'">])*)>""", re.DOTALL)
_LANG: Final = re.compile(r"""\blang="([^"]*)\"""")
_VOID: Final = frozenset(
    {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "path", "rect", "source", "track", "use", "wbr"}
)
#: Whose text is no text to read, or may hold no other element.
_CLOSED: Final = frozenset(
    {"head", "script", "style", "title", "textarea", "select", "option", "svg", "ruby", "template"}
)


def annotated(html: str, ruby: Callable[[str], str] | None) -> str:
    """The page with ``lang`` around marked texts and, where given, ``ruby`` applied to every text that is read."""
    return "".join(_walk(html, ruby))


def _walk(html: str, ruby: Callable[[str], str] | None) -> Iterator[str]:
    closed, depth, at = "", 0, 0  # the element under which nothing is touched, and how many of its name are open in it
    for found in _PARTS.finditer(html):
        if found.start() > at:
            yield _text(html[at : found.start()], ruby, closed)
        at = found.end()
        ending, name, attributes = found[1], (found[2] or "").lower(), found[3] or ""
        yield _plain(found[0])
        if not name:
            continue
        if closed:
            if name == closed and not attributes.endswith("/"):
                depth += -1 if ending else 1
                closed = closed if depth else ""
        elif not ending and name not in _VOID and not attributes.endswith("/") and _is_closed(name, attributes):
            closed, depth = name, 1
    yield _text(html[at:], ruby, closed)


def _is_closed(name: str, attributes: str) -> bool:
    if name in _CLOSED or 'translate="no"' in attributes:
        return True
    language = _LANG.search(attributes) if name != "html" else None
    return language is not None and not language[1].startswith("ja")


def _text(text: str, ruby: Callable[[str], str] | None, closed: str) -> str:
    if closed in ("title", "textarea", "select", "option", "script", "style", "svg", "head", "template"):
        return _plain(text)
    if OPEN in text:
        return _MARKED.sub(r'<span lang="\1">\2</span>', text)
    if ruby is None or closed or not _KANJI.search(text):
        return text
    # One element, so that a row of icon and words (a flex box) still sees one piece of text.
    return f"<span>{ruby(text)}</span>"


def _plain(text: str) -> str:
    return _MARKED.sub(r"\2", text) if OPEN in text else text
