"""The server of browser tests serves static files by itself; collected ones need not be there."""

from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Locator, expect

#: Milliseconds in which what is awaited must be there, on a build server that has other things to do.
PATIENCE = 15_000


@pytest.fixture(autouse=True, scope="session")
def static_root() -> None:
    """WhiteNoise warns of a folder that is not there, and warnings are errors."""
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


@pytest.fixture(autouse=True, scope="session")
def whole_pages() -> None:
    """A click that leads to another page ends when that page is whole, its scripts included.

    Playwright itself waits until the new page begins: what is asked of it then, and each key pressed, would depend on
    how fast the machine is.
    """
    expect.set_options(timeout=PATIENCE)
    click = Locator.click

    def click_and_arrive(self: Locator, **how: Any) -> None:
        click(self, **how)
        self.page.wait_for_load_state()

    Locator.click = click_and_arrive  # type: ignore[method-assign]
