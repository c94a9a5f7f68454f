"""The first view of the portal, of a form and of the map on a telephone with a bad line: bytes, requests, seconds.

Against a running demo (``make demo``), in Chromium with an empty cache, on a processor four times slower, throttled by
its own network emulation: a slow line (400 kbit/s, 400 ms a round trip) and a usual 3G one (1.6 Mbit/s, 150 ms).
``words`` is when the first words stand on the screen, ``whole`` when all has loaded (of the map: when all of it is
drawn), ``again`` the bytes of a second visit. Nothing here is a test.

    python tests/bench/first_view.py [http://localhost:8000]
"""

import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, BrowserContext, ViewportSize, sync_playwright  # noqa: E402  # after the path

from conftest import CHROMIUM_FLAGS, chromium  # noqa: E402

#: Bytes a second and milliseconds a round trip.
LINES: Final = {"slow 3G": (400_000 / 8, 400), "3G": (1_600_000 / 8, 150)}
PHONE: Final = ViewportSize(width=390, height=844)
SLOWER: Final = 4


@dataclass(slots=True)
class View:
    """One page on one line. ``sent`` in bytes as they came over the line, times in seconds."""

    sent: int
    requests: int
    words: float
    whole: float
    again: int


def is_there(base: str) -> bool:
    """Whether a demo answers."""
    try:
        with urllib.request.urlopen(base, timeout=5):
            return True
    except OSError:
        return False


@contextmanager
def counted(context: BrowserContext, line: str) -> Iterator[tuple[Any, list[int]]]:
    """A throttled page, and the bytes of each answer that it gets."""
    page, sent = context.new_page(), []
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    down, latency = LINES[line]
    throttle = {"offline": False, "downloadThroughput": down, "uploadThroughput": down, "latency": latency}
    session.send("Network.emulateNetworkConditions", throttle)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    session.on("Network.loadingFinished", lambda event: sent.append(int(event["encodedDataLength"])))
    yield page, sent
    page.close()


#: Once words stand there. Asked in the page, whose policy lets nothing be evaluated (``wait_for_function`` would).
_TIMES: Final = """async () => {
    const painted = () => performance.getEntriesByName("first-contentful-paint")[0];
    while (!painted()) await new Promise((then) => setTimeout(then, 50));
    return [painted().startTime, performance.getEntriesByType("navigation")[0].loadEventEnd];
}"""

#: What the worker of a map loads, of which the page's own network tells no end: bytes over the line.
_WORKER: Final = """() => performance.getEntriesByType("resource").filter((one) => one.name.includes("-worker."))
    .reduce((sum, one) => sum + one.transferSize, 0)"""


def view(context: BrowserContext, url: str, line: str) -> View:
    """Open a page with nothing kept, and then once more."""
    with counted(context, line) as (page, sent):
        page.goto(url, wait_until="load")
        words, whole = page.evaluate(_TIMES)
        if page.locator("#map-page").count():
            drawn = page.locator("#map[data-drawn]")
            drawn.wait_for(state="attached", timeout=120_000)
            whole = float(drawn.get_attribute("data-drawn") or 0)
        first, requests = sum(sent) + page.evaluate(_WORKER), len(sent)
        sent.clear()
        page.goto(url, wait_until="load")
        return View(first, requests, words / 1000, whole / 1000, sum(sent))


def form(browser: Browser, base: str) -> tuple[Any, str]:
    """The sign-in of the first sample resident, kept, and the address of the form of her draft."""
    context = browser.new_context(viewport=PHONE, locale="ja-JP")
    page = context.new_page()
    page.goto(f"{base}/sign-in/card/?next=/cases/")
    page.get_by_text("見本　花子").first.click()
    page.wait_for_url("**/cases/")
    draft = page.locator("main a[href*='/cases/']").filter(has_text="犬の登録").first.get_attribute("href")
    page.goto(f"{base}{draft}")
    state, url = context.storage_state(), page.url
    context.close()
    return state, url


def main() -> None:
    base = (sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8000").rstrip("/")
    if not is_there(base):
        print(f"no demo answers at {base}: start one with `make demo`, then run this again")
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(CHROMIUM_FLAGS))
        state, draft = form(browser, base)
        pages = {
            "portal": f"{base}/",
            "procedure": f"{base}/procedures/dog-registration/",
            "form": draft,
            "map": f"{base}/map/",
        }
        print(f"{'page':10} {'line':8} {'kB':>7} {'requests':>9} {'words s':>8} {'whole s':>8} {'again kB':>9}")
        for name, url in pages.items():
            for line in LINES:
                context = browser.new_context(viewport=PHONE, locale="ja-JP", storage_state=state)
                seen = view(context, url, line)
                context.close()
                size, again = seen.sent / 1000, seen.again / 1000
                print(
                    f"{name:10} {line:8} {size:7.1f} {seen.requests:9} {seen.words:8.2f} {seen.whole:8.2f} {again:9.1f}"
                )
        browser.close()


if __name__ == "__main__":
    main()
