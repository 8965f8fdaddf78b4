"""Screenshots, and what is said where there is no browser."""

import struct

import pytest

from workflow_src.errors import InputError
from workflow_src.report.page import screenshots

PAGE = """<!doctype html><meta charset="utf-8">
<style>:root { color-scheme: light dark } body { background: light-dark(#fff, #000) }
</style><p>A page."""


@pytest.mark.skipif(
    screenshots.lacking() is not None, reason=f"no browser: {screenshots.lacking()}"
)
def test_pictures_are_of_both_screens_and_schemes(tmp_path):
    page, output = tmp_path / "it's a page.html", tmp_path / "shots"
    page.write_text(PAGE, encoding="utf-8")
    screenshots.write_screenshots(page=page, output=output)
    pictures = {path.name: path.read_bytes() for path in output.iterdir()}
    assert len(pictures) == len(screenshots.SCREENS) * len(screenshots.SCHEMES)
    for screen, (width, height, scale) in screenshots.SCREENS.items():
        light, dark = (pictures[f"{screen}-{own}.png"] for own in screenshots.SCHEMES)
        assert struct.unpack(">II", light[16:24]) == (width * scale, height * scale)
        assert light != dark
    with pytest.raises(InputError, match=r"gone\.html is not there"):
        screenshots.write_screenshots(page=tmp_path / "gone.html", output=output)


@pytest.mark.parametrize(
    ("package", "browser", "said"),
    [
        (None, "/bin/chromium", "pip install -r requirements-browser.txt"),
        ("there", None, "apt-get install chromium"),
    ],
)
def test_what_is_missing_is_named(tmp_path, monkeypatch, package, browser, said):
    monkeypatch.setattr(screenshots, "find_spec", lambda name: package)
    monkeypatch.setattr(screenshots.shutil, "which", lambda name: browser)
    with pytest.raises(InputError, match=said):
        screenshots.write_screenshots(page=tmp_path / "p.html", output=tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_nothing_is_missing_where_both_are(monkeypatch):
    monkeypatch.setattr(screenshots, "find_spec", lambda name: "there")
    monkeypatch.setattr(
        screenshots.shutil,
        "which",
        lambda name: "/x/google-chrome" if name == "google-chrome" else None,
    )
    assert screenshots.lacking() is None
    assert screenshots.chromium() == "/x/google-chrome"
