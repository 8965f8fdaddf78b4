"""The page in a real headless Chromium, opened from the disk as a reader opens it."""

import time
from dataclasses import replace
from importlib import import_module

import pytest

from tests.report.page.conftest import ATTACK, RECIPES, write_csv, write_table
from workflow_src.report.page.command import write_page
from workflow_src.report.page.screenshots import FLAGS, chromium, lacking

MISSING = lacking()
if MISSING is not None:
    pytest.skip(f"no browser test: {MISSING}", allow_module_level=True)
playwright = import_module("playwright.sync_api")
CHROMIUM = chromium()
PLAYING = [*FLAGS, "--autoplay-policy=no-user-gesture-required"]
QUOTED = """it's "quoted" <b>.flac"""


@pytest.fixture(scope="module")
def address(finished, page_settings, tmp_path_factory):
    output = tmp_path_factory.mktemp("page") / "report.html"
    write_page(page_settings, **finished, output=output)
    return output.as_uri()


@pytest.fixture(scope="module")
def bare(finished, page_settings, tmp_path_factory):
    """A page of clips of YouTube's without sounds, pictures and what was found."""
    output = tmp_path_factory.mktemp("bare") / "report.html"
    settings = replace(page_settings, audio=False, youtube=True)
    found = finished | {"retrieved": [], "views": None, "logs": None}
    write_page(settings, **found, output=output)
    full = output.stat().st_size
    pictures = output.read_text(encoding="utf-8").split('"picture":"')[1:]
    least = full - sum(own.index('"') for own in pictures)
    write_page(replace(settings, megabytes=least / 1e6), **found, output=output)
    return output.as_uri()


@pytest.fixture(scope="module")
def several(finished, page_settings, tmp_path_factory):
    """A page of two seeds, with the sweep and with what the captions are like."""
    root = tmp_path_factory.mktemp("several")
    scores = [*finished["scores"]]
    for recipe in RECIPES:
        first = next(
            path
            for path in scores
            if path.parts[-3:] == ("captioning", recipe, "scores.json")
        )
        folder = root / recipe
        folder.mkdir()
        text = first.read_text().replace('"seed": 20', '"seed": 21')
        scores.append(folder / "scores.json")
        scores[-1].write_text(text)
        write_csv(
            folder / "history.csv", [("epoch", "loss"), (0, 5.5), (1, 1.5), (2, 1)]
        )
    cells = [(0.25, "Beta(alpha, alpha)", "a"), (0.5, "Beta(alpha, alpha)", "b")]
    cells += [(0.25, 0.5, "c"), (0.5, 0.5, "d")]
    described = [("table", "method", "recipe", "clips", "seeds", "Mean length (words)")]
    described += [("table3", ATTACK, "none", 8, 2, 4.5)]
    output = root / "report.html"
    extra = {
        "sweep": write_table(
            root / "sweep.csv", ["K", "lambda", "recipe"], cells, ["CIDEr", "T2A R@10"]
        ),
        "caption_statistics": write_csv(root / "caption_statistics.csv", described),
    }
    settings = replace(page_settings, seeds=(20, 21))
    write_page(settings, **finished | {"scores": scores} | extra, output=output)
    return output.as_uri()


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=PLAYING)
        yield opened
        opened.close()


@pytest.fixture
def open_page(browser, address):
    """Opens the page; at the end nothing was said, asked or fetched."""
    contexts, complaints = [], []

    def opener(width=1280, scheme="light", address=address):
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("console", lambda said: complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda asked: complaints.append(asked.message))
        page.on(
            "request",
            lambda asked: (
                asked.url == address
                or asked.url.startswith("data:")
                or complaints.append(asked.url)
            ),
        )
        page.goto(address)
        return page

    yield opener
    for context in contexts:
        context.close()
    assert complaints == []


def listed(page):
    return page.locator("#clip-list button .score").all_inner_texts()


def wait_until(page, condition):
    """Asks again and again; the page's policy forbids Playwright's own waiting."""
    last = time.monotonic() + 30
    while not page.evaluate(condition):
        assert time.monotonic() < last, condition
        page.wait_for_timeout(20)


def numbers(texts):
    return [float(text.replace("−", "-")) for text in texts]


def test_it_shows_a_sample_first_then_sorts_and_filters(open_page):
    page = open_page()
    assert len(listed(page)) == 3
    page.select_option("#clip-a", label="pairmix")
    page.select_option("#clip-b", label="none")
    page.select_option("#clip-order", "a-better")
    assert numbers(listed(page)) == pytest.approx([30.0] * 8)
    page.select_option("#clip-order", "worst")
    worst = numbers(listed(page))
    assert worst == sorted(worst)
    page.select_option("#clip-order", "best")
    assert numbers(listed(page)) == worst[::-1]
    page.fill("#clip-words", "BARKS clip3")
    assert page.locator("#clip h3").inner_text() == "clip3.flac"
    assert page.locator("#clip-count").inner_text().startswith("1 of 8 clips")
    page.fill("#clip-words", "no such word")
    assert "No clip has these words" in page.locator("#clip-list").inner_text()
    page.fill("#clip-words", "")
    page.check("#clip-new")
    assert page.locator("#clip h3").inner_text() == "clip0.flac"


def test_ranks_sort_the_other_way(open_page):
    page = open_page()
    page.select_option("#clip-task", "retrieval")
    page.select_option("#clip-order", "best")
    ranks = numbers(listed(page))
    assert ranks == sorted(ranks)
    assert len(ranks) == 8


def test_what_was_found_has_the_true_one_marked_and_can_be_played(open_page):
    page = open_page()
    page.select_option("#clip-task", "retrieval")
    page.select_option("#clip-a", label="pairmix")
    own = page.locator(".answers li.true")
    # Of its captions both are found; of the clips, only others are.
    assert own.count() == 2
    page.locator(".answers button.play").first.click()
    wait_until(page, "player.audio.currentTime > 0")


def test_it_plays_with_a_playhead_and_stops(open_page):
    page = open_page()
    page.locator("#clip-play").click()
    wait_until(page, "player.audio.currentTime > 0.05")
    head = page.locator("#clip .playhead")
    assert head.is_visible()
    assert page.locator("#clip-play").inner_text() == "Stop"
    page.locator("#clip-play").click()
    assert head.is_hidden()
    assert page.evaluate("player.audio.paused")
    page.locator("#pairmix .play").last.click()
    wait_until(page, "player.audio.duration > 1.4")


def test_keys_change_the_clip_play_it_and_search(open_page):
    page = open_page()
    page.locator("#clips").scroll_into_view_if_needed()
    wait_until(page, "inView")
    name = page.locator("#clip h3")
    first = name.inner_text()
    page.keyboard.press("ArrowRight")
    assert name.inner_text() != first
    page.keyboard.press("ArrowLeft")
    assert name.inner_text() == first
    page.keyboard.press("Space")
    wait_until(page, "player.audio.currentTime > 0")
    page.keyboard.press("/")
    page.keyboard.type("clip5")
    assert name.inner_text() == "clip5.flac"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement === document.body")


def test_an_attack_in_a_caption_or_a_name_stays_text(open_page):
    page = open_page()
    page.fill("#clip-words", "alert(1)")
    assert page.locator("#clip h3").inner_text() == QUOTED
    assert "<script>alert(1)</script>" in page.locator("#clip table").inner_text()
    assert page.locator("#clip script, #clip b, img[src=x]").count() == 0
    assert "<script>alert(1)</script>" in page.locator("#views").inner_text()


def test_figures_follow_their_choices(open_page):
    page = open_page()
    chart = page.locator("#grid-chart svg")
    before = chart.inner_html()
    page.select_option("#grid-metric", "A2T R@10")
    assert chart.get_attribute("aria-label") == "A2T R@10 over the number of views"
    assert before != chart.inner_html()
    curves = page.locator("#curve-chart svg .line")
    assert curves.count() == 2
    page.locator("#curve-chart .legend button").first.click()
    assert curves.count() == 1


def test_several_seeds_are_one_line_with_their_range_or_each_its_own(
    open_page, several
):
    page = open_page(address=several)
    page.select_option("#curve-task", "captioning")
    curves = page.locator("#curve-chart svg .line")
    assert curves.count() == 2
    assert page.locator("#curve-chart svg .band").count() == 2
    # The mean of 3.5 and 5.5, of 2.5 and 1.5; one seed alone has a third epoch.
    series = page.evaluate("overSeeds(data.histories.slice(0, 0), 'loss')")
    assert series == []
    own = "data.histories.filter((run) => run.recipe === 'none')"
    assert page.evaluate(f"overSeeds({own}, 'loss')") == [
        [1, 4.5, 3.5, 5.5],
        [2, 2, 1.5, 2.5],
        [3, 1],
    ]
    page.select_option("#curve-seeds", "each")
    assert curves.count() == 4
    assert page.locator("#curve-chart svg .band").count() == 0


def test_the_sweep_has_a_line_a_lambda(open_page, several):
    page = open_page(address=several)
    chart = page.locator("#sweep-chart svg")
    assert chart.locator(".line").count() == 2
    page.select_option("#sweep-metric", "T2A R@10")
    name = "T2A R@10 over the share of generated samples"
    assert chart.get_attribute("aria-label") == name
    page.locator("#sweep summary").click()
    assert page.locator("#sweep figure.table tbody tr").count() == 4
    words = page.locator("#caption_statistics").inner_text()
    assert ATTACK in words
    assert page.locator("#caption_statistics script").count() == 0


def test_without_a_sweep_there_is_no_section_of_it(open_page):
    page = open_page()
    assert page.locator("#sweep, #caption_statistics, a[href='#sweep']").count() == 0
    assert page.locator("#curve-seeds-box").is_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_in_both_schemes(open_page, scheme):
    page = open_page(width=360, scheme=scheme)
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) == 0
    colour = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(colour)
    page.locator("#theme").click()
    assert page.evaluate(colour) != before


def test_a_page_without_sounds_and_pictures_says_so(open_page, bare):
    page = open_page(address=bare)
    assert page.locator("#clip img").count() == 0
    shown = page.locator("#clip").inner_text()
    assert "null" not in shown
    assert "its sound is not in this page" in shown
    assert "only the rank of the true clip" in page.locator("#clips").inner_text()
    assert page.locator("button.play").count() == 0
