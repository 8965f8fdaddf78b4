"""The page in a real headless Chromium, from the command that a person types.

Needs what requirements-serve.txt installs. The server's own connections are noted: it
asks nobody but this machine.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

import pytest
import soundfile

from tests.inference.conftest import sound

playwright = pytest.importorskip(
    "playwright.sync_api", reason="Playwright is not installed: no browser test"
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("gradio") is None,
        reason="gradio is not installed: there is no page",
    ),
    pytest.mark.skipif(
        CHROMIUM is None, reason="there is no Chromium here: the page is not opened"
    ),
]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
    # A microphone that beeps, and that needs no leave.
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]
WAIT = 120_000  # ms; a busy machine takes its time
# Runs the command, and notes every address that it connects to or looks up.
NOTING = """
import sys
notes = open(sys.argv.pop(1), "a", buffering=1)
def note(event, arguments):
    if event == "socket.connect":
        print(event, arguments[1], file=notes)
    if event == "socket.getaddrinfo":
        print(event, arguments[0], file=notes)
sys.addaudithook(note)
from workflow_src.cli import main
main(sys.argv[1:])
"""
QUOTED = "it's <b>bold<b>.flac"


@pytest.fixture(scope="module")
def served(trained, tmp_path_factory):
    """The page's address, the folder searched, and the file of the server's notes."""
    root = tmp_path_factory.mktemp("served")
    shutil.copytree(trained.root / "runs", root / "runs")
    folder = shutil.copytree(trained.sounds, root / "my sounds")
    (folder / "noise.flac").rename(folder / QUOTED)
    report = root / "results" / "tiny" / "report.html"
    report.parent.mkdir(parents=True)
    report.write_text("<h1>The tables of tiny</h1>", encoding="utf-8")
    notes = root / "notes"
    words = ["serve", "all", "--sounds", "my sounds", "--port", "0", "--device", "cpu"]
    here = os.pathsep.join([os.getcwd(), *sys.path])
    process = subprocess.Popen(
        [sys.executable, "-c", NOTING, str(notes), *words],
        cwd=root,
        env=os.environ | {"PYTHONPATH": here},
        stdout=subprocess.PIPE,
        text=True,
    )
    address = process.stdout.readline().strip()
    yield address, folder, notes
    process.terminate()
    process.wait(timeout=30)
    process.stdout.close()


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def context(browser):
    """One for all tests: gradio's scripts are many, and fetched once."""
    made = browser.new_context(permissions=["microphone"])
    yield made
    made.close()


@pytest.fixture
def page(context, served):
    """The page, opened; at the end it has asked nobody else, and no script failed."""
    address, _, _ = served
    opened = context.new_page()
    opened.set_default_timeout(WAIT)
    complaints = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on(
        "request",
        lambda asked: (
            asked.url.startswith((address, "data:", "blob:"))
            or complaints.append(asked.url)
        ),
    )
    opened.goto(address)
    opened.wait_for_selector("#sound")
    yield opened
    opened.close()
    assert complaints == []


def put_in(page, path):
    page.set_input_files("#sound input[type=file]", str(path))


def rows(page, table):
    """The rows of a table that is shown."""
    found: dict[str, list[str]] = {}
    cells = page.locator(f"#{table} [role=gridcell]").evaluate_all(
        "cells => cells.map(cell => [cell.dataset.row, cell.innerText.trim()])"
    )
    for row, text in cells:
        found.setdefault(row, []).append(text)
    return list(found.values())


def wait_for_text(page, table, text):
    cell = page.locator(f"#{table} [role=gridcell]").filter(has_text=text)
    cell.first.wait_for()
    return cell.first


def test_a_dropped_sound_is_seen_captioned_and_compared(page, served):
    _, folder, _ = served
    put_in(page, folder / "low.flac")
    page.wait_for_selector("#log-mels img")
    width = "document.querySelector('#log-mels img').naturalWidth"
    assert page.evaluate(width) > 50
    assert "0.0-2.0 s; 64 mel bins" in page.inner_text("#log-mels")
    wait_for_text(page, "captions", "hum")
    wait_for_text(page, "nearest", "low.flac")
    [first] = [row for row in rows(page, "captions") if "none" in row]
    assert first[:4] == ["all", "none", "0.0-2.0", "a low hum goes on"]
    nearest = rows(page, "nearest")
    assert nearest[0] == ["low.flac", "0.0-2.0", "1.000"]
    assert QUOTED in [row[0] for row in nearest]
    assert page.locator("#nearest b").count() == 0


def test_views_are_chosen_by_tau(page, served):
    _, folder, _ = served
    put_in(page, folder / "low.flac")
    wait_for_text(page, "captions", "hum")
    page.get_by_label("multi-10", exact=True).check()
    wait_for_text(page, "captions", "multi-10")
    assert [row[1] for row in rows(page, "captions")] == ["none", "multi-10"]
    page.get_by_label("none", exact=True).uncheck()
    none = page.locator("#captions [role=gridcell]").filter(has_text="none")
    none.first.wait_for(state="detached")
    assert [row[1] for row in rows(page, "captions")] == ["multi-10"]


def test_what_was_found_is_played(page):
    page.get_by_role("tab", name="Search by a sentence").click()
    page.locator("#sentence textarea").press_sequentially("rain falls")
    page.locator("#sentence textarea").press("Enter")
    wait_for_text(page, "found", QUOTED).click()
    # The browser's own player is hidden behind the drawn one.
    page.wait_for_selector("#found-player audio", state="attached")
    # The waveform of the window that fits: two seconds.
    page.locator("#found-player").get_by_text("0:02").first.wait_for()


def test_a_bad_sound_is_one_sentence_and_the_next_goes_on(page, served, tmp_path):
    _, folder, _ = served
    (tmp_path / "broken.wav").write_bytes(b"RIFF" + bytes(50))
    put_in(page, tmp_path / "broken.wav")
    page.get_by_text("not readable").first.wait_for()
    page.reload()
    put_in(page, folder / "high.flac")
    wait_for_text(page, "captions", "high tone")


def test_a_sound_is_recorded(page):
    page.locator("#sound").get_by_label("Record audio").click()
    page.locator("#sound .record-button").first.click()
    page.wait_for_timeout(1500)
    page.locator("#sound .stop-button").first.click()
    page.wait_for_selector("#log-mels img")
    wait_for_text(page, "captions", "none")
    start, end = rows(page, "captions")[0][2].split("-")
    assert (float(start), float(end) > 0.5) == (0, True)


def test_the_report_is_beside_it(page, served):
    address, _, _ = served
    page.get_by_role("link", name="The report of this run").wait_for()
    page.goto(f"{address}report")
    assert page.inner_text("h1") == "The tables of tiny"


def status(address, host=None):
    asked = urllib.request.Request(address, headers={"Host": host} if host else {})
    try:
        return urllib.request.urlopen(asked).status
    except urllib.error.HTTPError as error:
        return error.code


def test_files_of_the_machine_and_other_names_are_refused(served, tmp_path):
    address, folder, _ = served
    assert status(address) == 200
    soundfile.write(tmp_path / "other.wav", sound(150, 0), 32_000)
    for file in (folder / "low.flac", tmp_path / "other.wav", "/etc/hostname"):
        quoted = urllib.parse.quote(str(file))
        assert status(f"{address}gradio_api/file={quoted}") == 403
    # A page elsewhere whose name was made to mean this machine.
    assert status(address, host="elsewhere.example") == 400


def test_the_server_has_asked_nobody(served):
    _, _, notes = served
    strange = [
        line
        for line in notes.read_text().splitlines()
        if "127.0.0.1" not in line and "localhost" not in line
    ]
    assert strange == []
