"""Pictures of the page in a real browser, for docs/.

They need Playwright (requirements-browser.txt) and the system's Chromium.
"""

from __future__ import annotations

import shutil
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from workflow_src.errors import InputError
from workflow_src.progress import say

PACKAGE = "playwright"
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# It opens files of ours alone, and fetches nothing.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
]
# Name -> width and height in CSS pixels, and pixels of the picture for each of them.
SCREENS = {"desktop": (1280, 1500, 1.0), "phone": (390, 1500, 1.5)}
SCHEMES = ("light", "dark")
PATIENCE = 300_000  # milliseconds: beside trainings, a page opens slowly


def chromium() -> str | None:
    """The system's Chromium; None where there is none."""
    found = (shutil.which(name) for name in CHROMIUMS)
    return next(filter(None, found), None)


def lacking() -> str | None:
    """What is missing for a browser, in words; None: nothing is."""
    if find_spec(PACKAGE) is None:
        return "Playwright is not installed: pip install -r requirements-browser.txt"
    if chromium() is None:
        return "there is no Chromium here: on Debian, apt-get install chromium"
    return None


def write_screenshots(*, page: Path, output: Path) -> None:
    """Take pictures of the page's top, on a desktop and on a phone, light and dark.

    Args:
        page: the HTML file.
        output: folder that gets `desktop-light.png` and the like.

    Raises:
        InputError: there is no browser or no page.
    """
    missing = lacking()
    if missing is not None:
        raise InputError(missing)
    if not page.is_file():
        raise InputError(f"{page} is not there")
    output.mkdir(parents=True, exist_ok=True)
    playwright: Any = import_module(f"{PACKAGE}.sync_api")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=chromium(), args=FLAGS, timeout=PATIENCE
        )
        for screen in SCREENS:
            for scheme in SCHEMES:
                _take(browser, page, screen, scheme, output)
        browser.close()


def _take(browser: Any, page: Path, screen: str, scheme: str, output: Path) -> None:
    width, height, scale = SCREENS[screen]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=scale,
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE)
    opened.goto(page.resolve().as_uri())
    file = output / f"{screen}-{scheme}.png"
    # The new name appears when the picture is whole.
    partial = file.with_suffix(".partial.png")
    opened.screenshot(path=partial)
    partial.replace(file)
    context.close()
    say(f"{file}: {file.stat().st_size / 1000:.0f} kB")
