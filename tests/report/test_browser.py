"""The report of a real run in a real Chromium: nothing is asked from outside, nothing goes wrong, all can be read."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import pytest
from datagen_runs import ARMS, GRAMMAR, ODD, Desk
from places import Place
from playwright.sync_api import Browser, Page, sync_playwright

from loopwright.report.run import report
from loopwright.runs.folder import RunFolder

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
OUTSIDE = """
() => [...document.querySelectorAll('svg.chart')].flatMap(svg => {
  const box = svg.getBoundingClientRect();
  return [...svg.querySelectorAll('text')].filter(text => {
    const own = text.getBoundingClientRect();
    return own.left < box.left - 1 || own.right > box.right + 1 || own.top < box.top - 1 || own.bottom > box.bottom + 1;
  }).map(text => text.textContent);
})
"""
OVERLAPPING = """
() => [...document.querySelectorAll('svg.chart')].flatMap(svg => {
  const texts = [...svg.querySelectorAll('text')].map(text => [text.textContent, text.getBoundingClientRect()]);
  return texts.flatMap(([one, a], at) => texts.slice(at + 1)
    .filter(([, b]) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 4 && b.top < a.bottom - 4)
    .map(([other]) => `${one} / ${other}`));
})
"""


@pytest.fixture(scope="module")
def browser(address: str, others: dict[str, str]) -> Iterator[Browser]:
    """It has an event loop in this thread while it lives: the run must have been made before."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium: `make test` installs one")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def address(run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> str:
    file: Path = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(report(run, 10))
    return file.as_uri()


OTHERS = {
    "linear": ("rewards=measured", "policy={linucb: 0.25}", "fail_every=null"),
    "shared": ("rewards=measured", "policy={lin_ts: {shared: true}}", "fail_every=null"),
    "turning": ("rewards=turning", "steps=1", "policy=thompson", "items=600"),
    "twelve": (f"arms={{{', '.join(f'a number {arm}: {3**arm}' for arm in range(12))}}}", "policy=thompson"),
    "failed": ("fail_every=1", "items=20"),
}


DATASETS = {
    "arms": (ARMS,),
    "odd": (ODD,),
    "grammar": (GRAMMAR,),
    "nothing": (ARMS, "validators.length.min_words=300"),
    "at once": (ARMS, "budget.calls=1"),
}


@pytest.fixture(scope="module")
def others(place: Place, desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Pages of other runs, made before the browser is there."""
    pages = {}
    folders = {name: place.run(*sets, name=name) for name, sets in OTHERS.items()}
    for name, (recipe, *sets) in DATASETS.items():
        folders[name] = desk.run(name.replace(" ", "-"), recipe, *sets)
    for name, folder in folders.items():
        file: Path = tmp_path_factory.mktemp("page") / f"{name}.html"
        file.write_text(report(folder, 10))
        pages[name] = file.as_uri()
    return pages


class Visit(NamedTuple):
    """A page as it was opened, with what it asked for and what was complained of."""

    page: Page
    asked: list[str]
    complaints: list[str]


@pytest.fixture(
    params=[("light", 1200), ("dark", 1200), ("light", 360), ("dark", 360)], ids=lambda given: f"{given[0]}-{given[1]}"
)
def visit(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Visit]:
    scheme, width = request.param
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    visit = Visit(context.new_page(), [], [])
    visit.page.on("request", lambda asked: visit.asked.append(asked.url))
    visit.page.on("console", lambda said: visit.complaints.append(said.text))
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    visit.page.goto(address)
    yield visit
    context.close()


def test_it_asks_for_nothing_and_nothing_is_wrong(visit: Visit, address: str) -> None:
    shot = visit.page.screenshot(full_page=True)
    assert len(shot) > 50_000
    assert [url for url in visit.asked if not url.startswith("data:")] == [address]
    assert not visit.complaints


def test_all_words_of_all_charts_can_be_read(visit: Visit) -> None:
    assert visit.page.locator("svg.chart").count() == 7
    assert visit.page.evaluate(OUTSIDE) == []
    assert visit.page.evaluate(OVERLAPPING) == []


def test_the_page_is_no_wider_than_the_screen(visit: Visit) -> None:
    assert visit.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("width", [360, 1200])
def test_pages_of_other_runs_can_be_read_as_well(browser: Browser, others: dict[str, str], name: str, width: int) -> None:
    page = browser.new_page(color_scheme="dark", viewport={"width": width, "height": 900})
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.goto(others[name])
    assert page.evaluate(OUTSIDE) == page.evaluate(OVERLAPPING) == complaints == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert (page.locator(".notice[role=note]").count() == 1) == (name == "turning")
    assert (page.locator("desc", has_text="What features add").count() == 1) == (name in ("linear", "shared"))
    page.close()


CUT = """
() => [...document.querySelectorAll('main p, main dd, main li, main summary, main figcaption')].filter(each =>
  each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).display !== 'inline').map(each => each.textContent)
"""


@pytest.mark.parametrize("name", DATASETS)
@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1200, "dark")])
def test_pages_of_datasets_can_be_read_unfolded(
    browser: Browser, others: dict[str, str], name: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 900})
    complaints: list[str] = []
    asked: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(others[name])
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    assert page.evaluate(OUTSIDE) == page.evaluate(OVERLAPPING) == page.evaluate(CUT) == complaints == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert [url for url in asked if not url.startswith("data:")] == [others[name]]
    page.close()


def test_the_keyboard_turns_pages_and_unfolds_rows(browser: Browser, others: dict[str, str]) -> None:
    page = browser.new_page()
    page.goto(others["arms"])
    sheets, first = page.locator("details.sheet"), page.locator("details.row").first
    assert [sheet.get_attribute("open") is not None for sheet in sheets.all()[:2]] == [True, False]
    first.locator("summary").focus()
    page.keyboard.press("Enter")
    assert first.get_by_text("prompt digests").is_visible()
    sheets.nth(1).locator("> summary").focus()
    page.keyboard.press("Space")
    assert page.locator("details.row").nth(10).is_visible()
    assert "Rows 11 to 20 of 60" in sheets.nth(1).aria_snapshot()
    page.close()


def test_it_follows_the_readers_theme(browser: Browser, address: str) -> None:
    grounds = {}
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme)
        page.goto(address)
        grounds[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.close()
    assert grounds == {"light": "rgb(251, 251, 250)", "dark": "rgb(16, 18, 22)"}


def test_those_who_listen_hear_what_the_charts_say(visit: Visit) -> None:
    heard = visit.page.locator("body").aria_snapshot()
    for told in (
        'img "Mean reward so far, by arm',
        "navigation",
        "main",
        'heading "Policy" [level=2]',
        "table ",
        "contentinfo",
    ):
        assert told in heard


def test_the_keyboard_reaches_everything(visit: Visit) -> None:
    visit.page.keyboard.press("Tab")
    assert visit.page.evaluate("document.activeElement.textContent") == "To the content"
    reached = set()
    for _ in range(12):
        visit.page.keyboard.press("Tab")
        reached.add(visit.page.evaluate("document.activeElement.getAttribute('role') || document.activeElement.tagName"))
    assert {"A", "region"} <= reached


def test_it_prints(browser: Browser, address: str) -> None:
    page = browser.new_page(color_scheme="dark")
    page.goto(address)
    assert len(page.pdf()) > 20_000
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(251, 251, 250)"
    page.close()
