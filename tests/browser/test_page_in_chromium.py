"""The page of an execution in a browser: it asks for nothing, fits a phone, and can be read in the light and dark."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lodol.page import render
from tests.support.chromium import Chromium
from tests.support.histories import ASLEEP_NOW, FAILED_NOW, UNDECIDED_NOW, asleep, failed, undecided

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here (Debian: apt-get install chromium)")

PAGES = {
    "asleep": render(asleep(), ASLEEP_NOW),
    "failed": render(failed(), FAILED_NOW),
    "undecided": render(undecided(), UNDECIDED_NOW),
}

CONTRASTS = """
(() => {
  const channels = text => text.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = element => {
    for (; element; element = element.parentElement) {
      const color = channels(getComputedStyle(element).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
  };
  const found = [];
  for (const element of document.body.querySelectorAll("*")) {
    const text = [...element.childNodes].filter(node => node.nodeType === 3).map(node => node.data).join("").trim();
    if (!text || !element.checkVisibility()) continue;
    const [one, other] = [luminance(channels(getComputedStyle(element).color)), luminance(behind(element))];
    found.push([(Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05), text.slice(0, 40)]);
  }
  return found;
})()
"""
"""The contrast of every piece of text with what is behind it, by the formula of WCAG 2."""

OVERFLOWING = """
[...document.body.querySelectorAll("*")]
  .filter(element => element.getBoundingClientRect().right > innerWidth + 0.5 && !element.closest(".unseen, .track"))
  .map(element => element.outerHTML.slice(0, 200))
"""


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    assert CHROMIUM
    browser = Chromium(CHROMIUM, tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture(params=PAGES)
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    written = tmp_path / "execution.html"
    written.write_text(PAGES[request.param])
    return written


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_fits_and_can_be_read(chromium: Chromium, file: Path, width: int, scheme: str) -> None:
    chromium.show(file, width=width, scheme=scheme)
    chromium.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    assert chromium.evaluate("document.documentElement.scrollWidth") <= width
    assert chromium.evaluate(OVERFLOWING) == []
    contrasts: list[tuple[float, str]] = chromium.evaluate(CONTRASTS)
    assert len(contrasts) > 40
    assert [text for contrast, text in contrasts if contrast < 4.5] == []
    background: Any = chromium.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(250, 249, 247)", "dark": "rgb(20, 23, 26)"}[scheme]
    assert chromium.requests() == [file.as_uri()]
    assert chromium.complaints() == []


def test_bars_are_seen_where_they_belong(chromium: Chromium, tmp_path: Path) -> None:
    file = tmp_path / "execution.html"
    file.write_text(PAGES["asleep"])
    chromium.show(file, width=1280)
    boxes = chromium.evaluate("""
      [...document.querySelectorAll(".track")].map(track => [track, ...track.children].map(element => {
        const {left, right, height} = element.getBoundingClientRect();
        return [left, right, height];
      }))
    """)
    assert len(boxes) == 3
    for (left, right, _), *bars in boxes:
        for bar_left, bar_right, height in bars:
            assert left - 0.1 <= bar_left <= bar_right - 2.9
            assert bar_right <= right + 0.1
            assert height >= 2
    # The last sleep reaches to now, which the right edge is.
    assert boxes[2][-1][1] == pytest.approx(boxes[2][0][1], abs=2.1)


def test_a_page_that_is_not_so_would_be_noticed(chromium: Chromium, tmp_path: Path) -> None:
    file = tmp_path / "execution.html"
    asking = PAGES["asleep"].replace(
        "</main>", "<img src='http://127.0.0.1:9/x.png'><p style='width: 2000px; color: #999'>wide and pale</p></main>"
    )
    file.write_text(asking)
    chromium.show(file, width=360)
    assert "Content Security Policy" in "".join(chromium.complaints())
    assert chromium.evaluate("document.documentElement.scrollWidth") > 360
    assert any("wide and pale" in element for element in chromium.evaluate(OVERFLOWING))
    assert [text for contrast, text in chromium.evaluate(CONTRASTS) if contrast < 4.5] == ["wide and pale"]
    file.write_text(asking.replace("Content-Security-Policy", "X-Nothing"))
    chromium.show(file, width=360)
    assert chromium.requests() == [file.as_uri(), "http://127.0.0.1:9/x.png"]
