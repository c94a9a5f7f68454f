"""``python -m tools.screenshots``: the pictures of the README, taken from a running ``make demo``."""

import argparse
import io
import subprocess
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from conftest import CHROMIUM_FLAGS, chromium

ROOT = Path(__file__).resolve().parents[1]
PHONE = ViewportSize(width=390, height=844)
DESK = ViewportSize(width=1366, height=820)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", default="http://localhost:8000", help="address of the demo (%(default)s)")
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "screenshots")
    options = parser.parse_args()
    options.to.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(CHROMIUM_FLAGS))
        keep(options.to / "resident.png", resident(browser, options.base))
        keep(options.to / "desk.png", desk(browser, options.base))
        browser.close()


def resident(browser: Browser, base: str) -> list[bytes]:
    """First page, a section of the form and a decision, on a phone."""
    page = browser.new_page(viewport=PHONE, locale="ja-JP")
    page.goto(base)
    shots = [page.screenshot()]
    page.goto(f"{base}/sign-in/card/?next=/cases/")
    page.get_by_text("見本　花子").first.click()
    page.wait_for_url("**/cases/")
    draft = page.locator("main a[href*='/cases/']").filter(has_text="犬の登録").get_attribute("href")
    decided = page.locator("main a[href*='/cases/']").filter(has_text="児童手当").first.get_attribute("href")
    page.goto(f"{base}{draft}sections/owner/")
    shots.append(page.screenshot())
    page.goto(f"{base}{decided}")
    shots.append(page.screenshot())
    return shots


def desk(browser: Browser, base: str) -> list[bytes]:
    """The work list and a case, at the desk."""
    page = browser.new_page(viewport=DESK, locale="ja-JP")
    page.goto(f"{base}/desk/")
    page.fill("input[name=login]", "taxation-clerk")
    page.fill("input[name=password]", "madoguchi-mihon-2026")
    page.press("input[name=password]", "Enter")
    page.wait_for_url("**authenticate**")
    page.fill("input[name=code]", code_of("taxation-clerk"))
    page.press("input[name=code]", "Enter")
    page.wait_for_url("**/desk/")
    page.locator("main a[href*='/desk/cases/']").first.click()
    return [settled(page)]


def settled(page: Page) -> bytes:
    """The page once everything that it loads is there."""
    page.wait_for_load_state("networkidle")
    return page.screenshot()


def code_of(username: str) -> str:
    """The confirmation code of a demo account at this moment."""
    command = [sys.executable, "-m", "madoguchi.site.cli", "totp", username]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def keep(path: Path, shots: list[bytes]) -> None:
    """Side by side on white, with few colours, so that the file is small."""
    pictures = [Image.open(io.BytesIO(shot)).convert("RGB") for shot in shots]
    width = sum(one.width for one in pictures) + 24 * (len(pictures) - 1)
    sheet = Image.new("RGB", (width, max(one.height for one in pictures)), "white")
    at = 0
    for one in pictures:
        sheet.paste(one, (at, 0))
        at += one.width + 24
    sheet.quantize(128).save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
