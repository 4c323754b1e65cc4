"""The page of an execution: whole, harmless, and everything that the history says is on it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest

from domain.callables import SIGNATURES
from domain.program import outlines
from lodol.page import render
from lodol.page.words import duration
from tests.support.histories import (
    ASLEEP_NOW,
    EXECUTION,
    FAILED_NOW,
    REVIEW,
    UNDECIDED_NOW,
    after,
    asleep,
    call,
    failed,
    history,
    log,
    now,
    outline,
    retry,
    step,
    undecided,
    waiting,
)
from views.histories import History, OutlineLine

EVIL = "<script>alert('x')</script>\"'&amp; \x1b[31m\x85 \u202egnp.exe \u05e9\u05dc\u05d5\u05dd 👩‍👧 " + "x" * 300
SHOWN = "<script>alert('x')</script>\"'&amp; ␛[31m\ufffd [U+202E]gnp.exe \u05e9\u05dc\u05d5\u05dd 👩‍👧 " + "x" * 300

DAY = 86400


@dataclass
class Element:
    """An element of a page."""

    tag: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    def all(self, tag: str | None = None, class_: str | None = None) -> Iterator[Element]:
        """The elements in it, in their order: those with this tag, those of this class."""
        for child in self.children:
            if isinstance(child, Element):
                is_of_class = class_ is None or class_ in child.attributes.get("class", "").split()
                if tag in (None, child.tag) and is_of_class:
                    yield child
                yield from child.all(tag, class_)

    def one(self, tag: str | None = None, class_: str | None = None) -> Element:
        """The only one of them."""
        (found,) = self.all(tag, class_)
        return found

    @property
    def raw(self) -> str:
        """Its text, as it stands there."""
        return "".join(child if isinstance(child, str) else child.raw for child in self.children)

    @property
    def text(self) -> str:
        """Its text, every white space as one space."""
        return " ".join(self.raw.split())


class Page(HTMLParser):
    """Reads a page, and insists that every element ends where it should."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.root = Element("page", {})
        self._open = [self.root]
        self.feed(text)
        self.close()
        assert self._open == [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = self._add(tag, attrs)
        if tag != "meta":
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._add(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag

    def _add(self, tag: str, attrs: list[tuple[str, str | None]]) -> Element:
        assert len(attrs) == len({name for name, _ in attrs})
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(element)
        return element

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


def page_of(history: History, seconds: float = 60) -> Element:
    return Page(render(history, now(seconds))).root


def all_three() -> list[tuple[str, History, Any]]:
    return [
        ("asleep", asleep(), ASLEEP_NOW),
        ("failed", failed(), FAILED_NOW),
        ("undecided", undecided(), UNDECIDED_NOW),
    ]


@pytest.fixture(params=all_three(), ids=lambda case: case[0])
def page(request: pytest.FixtureRequest) -> Element:
    _, shown, moment = request.param
    return Page(render(shown, moment)).root


def rows(page: Element) -> list[Element]:
    return list(page.all("li", "row"))


def bars(page: Element) -> list[Element]:
    return [bar for row in rows(page) for bar in row.all("span", "bar")]


def kinds(page: Element) -> list[str]:
    return [bar.attributes["class"].split()[1] for bar in bars(page)]


def place(bar: Element) -> tuple[float, float]:
    start, length = re.findall(r"--[xw]:([\d.]+)%", bar.attributes["style"])
    return float(start), float(length)


def facts(page: Element) -> dict[str, str]:
    return {fact.one("dt").text: fact.one("dd").text for fact in page.one("dl", "facts").all("div")}


def marks(page: Element) -> dict[str, str]:
    return {line.one("code").text: line.one("span", "gutter").text.removesuffix(":") for line in page.all("li", "line")}


# What every page is


def test_a_page_has_landmarks_and_headings_in_order(page: Element) -> None:
    assert page.one("html").attributes["lang"] == "en"
    assert {"charset": "utf-8"} in [meta.attributes for meta in page.all("meta")]
    assert "width=device-width, initial-scale=1" in [meta.attributes.get("content") for meta in page.all("meta")]
    for landmark in ("header", "main", "footer"):
        page.one(landmark)
    levels = [int(e.tag[1]) for e in page.all() if re.fullmatch("h[1-6]", e.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


def test_ids_are_unique_and_every_reference_has_its_target(page: Element) -> None:
    ids = [e.attributes["id"] for e in page.all() if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    links = [e.attributes["href"] for e in page.all() if "href" in e.attributes]
    assert {link.removeprefix("#") for link in links} <= set(ids)
    assert {e.attributes["aria-labelledby"] for e in page.all() if "aria-labelledby" in e.attributes} <= set(ids)


def test_a_page_loads_nothing_and_runs_nothing(page: Element) -> None:
    policies = [e.attributes["content"] for e in page.all("meta") if "http-equiv" in e.attributes]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"]
    assert not {"script", "link", "img", "iframe", "object", "embed", "audio", "video", "form"} & {
        e.tag for e in page.all()
    }
    for element in page.all():
        assert not [name for name in element.attributes if name.startswith("on") or name in ("src", "srcset", "action")]
        assert element.attributes.get("href", "#").startswith("#")
        assert "url(" not in element.attributes.get("style", "")
    assert not re.search(r"url\(|@import|@font-face", page.one("style").text)


def test_symbols_are_hidden_from_a_screen_reader_and_bars_tell_what_they_are(page: Element) -> None:
    assert all(icon.attributes["aria-hidden"] == "true" for icon in page.all("svg"))
    assert bars(page)
    for bar in bars(page):
        assert bar.attributes["role"] == "img"
        assert re.match(r"Calls? \d", bar.attributes["aria-label"])


def test_the_story_says_in_words_what_the_bars_show(page: Element) -> None:
    story = page.one("section", "story")
    steps = [re.sub(r".*step-", "", row.one("a").attributes["href"]) for row in rows(page)]
    assert [article.attributes["id"] for article in story.all("article")] == [f"step-{n}" for n in steps]
    for article, row in zip(story.all("article"), rows(page), strict=True):
        said = {entry.one("span", "number").text for entry in article.all("li", "entry")}
        drawn = {number for bar in row.all("span", "bar") for number in re.findall(r"Call (\d+)", str(bar.attributes))}
        assert drawn <= said


# What the history says


def everything() -> History:
    """A history with a value of its own in every field."""
    return history(
        step(0, "let zero = 0", -DAY, 0.25, taken_from="aaaaaaaaaaaaaaaaaaaaaaaa", result='"taken result"'),
        step(1, "let one = 1", 1, 7.5, kind="TryStmt", status="failed", error="step error", result='"step result"'),
        call(
            1, 41, "body[1].init", "human.wait", 1.001, 7.25, status="failed", attempt=3, until=after(77),
            retries=[retry(1, "first error", 1.111, 2), retry(2, "second error", 2.222, 3)],
            result='"call result"', error="call error", review_id="bbbbbbbbbbbbbbbbbbbbbbbb",
        ),
        log(1, 42, "body[1].handler", "log message", 4.444, "error"),
        execution_id="cccccccccccccccccccccccc",
        workflow_id="dddddddddddddddddddddddd",
        workflow_name="workflow name",
        version=1234,
        status="success",
        completed_at="2026-01-15T10:30:59+00:00",
        error="execution error",
        input={"given": "input value"},
        output=["output value"],
        waiting_for=waiting("decisions", 99, attempt=5, error="wait error", review_ids=["e" * 24, "f" * 24]),
        rerun_of={"execution_id": "1" * 24, "from_step": 1},
        reruns=["2" * 24, "3" * 24],
        program=outline((0, "body[0]", "line zero"), (3, "body[1]", "line one")),
    )  # fmt: skip


def test_everything_that_a_history_says_is_on_its_page() -> None:
    page = page_of(everything())
    text = page.text
    for said in (
        *("aaaaaaaaaaaaaaaaaaaaaaaa", "taken result", "let one = 1", "TryStmt", "failed", "step error", "step result"),
        *("41", "human.wait", "attempt 3", "body[1].init", "7.25 s", "call result", "call error", "b" * 24),
        *("Attempt 1 failed", "first error", "Attempt 2 failed", "second error", "42", "log.error", "log message"),
        *("body[1].handler", "c" * 24, "d" * 24, "workflow name", "version 1234", "success", "execution error"),
        *("input value", "output value", "wait error", "e" * 24, "f" * 24, "1" * 24, "from step 1", "2" * 24, "3" * 24),
        *("line zero", "line one", "15 Jan 2026, 10:30:00 UTC", "15 Jan 2026, 10:30:59 UTC"),
    ):
        assert said in text, said
    moments = {time.attributes["datetime"] for time in page.all("time")}
    assert {after(n) for n in (1, 8.5, 1.001, 77, 1.111, 2.222, 4.444)} <= moments
    # The ends of waits are known to the second.
    assert after(99).replace(".000", "") in moments


@pytest.mark.parametrize("status", ["running", "success", "failed", "stopped"])
def test_a_status_is_a_word_with_a_symbol_of_its_own(status: str) -> None:
    ended = None if status == "running" else after(5)
    badge = page_of(history(status=status, completed_at=ended)).one("span", "badge")
    assert badge.text == status
    symbols = {"running": "#i-play", "success": "#i-check", "failed": "#i-cross", "stopped": "#i-square"}
    assert badge.one("use").attributes["href"] == symbols[status]
    assert f"is-{status}" in badge.attributes["class"]


@pytest.mark.parametrize(
    ("wait", "says"),
    [
        (waiting("time", 3660), "Sleeping Until 15 Jan 2026, 11:31:00 UTC, another 1 h."),
        (waiting("time", 30), "Sleeping Until 15 Jan 2026, 10:30:30 UTC, which is now."),
        (
            waiting("retry", 65, attempt=3, error="503 again"),
            "Waiting for attempt 3 Until 15 Jan 2026, 10:31:05 UTC, another 5 s. The attempt before failed: 503 again",
        ),
        (waiting("retry", 65), "Waiting for another attempt Until 15 Jan 2026, 10:31:05 UTC, another 5 s."),
        (
            waiting("decisions", None, review_ids=[REVIEW]),
            f"Waiting for a decision Nobody has set an end. Review {REVIEW}",
        ),
        (
            waiting("decisions", 60 + 2 * DAY, review_ids=[REVIEW, EXECUTION]),
            f"Waiting for decisions Until 17 Jan 2026, 10:31:00 UTC, another 2 d. Reviews {REVIEW}, {EXECUTION}",
        ),
    ],
)
def test_a_page_says_what_its_execution_waits_for(wait: Any, says: str) -> None:
    assert page_of(history(waiting_for=wait)).one("section", "notice").text == says


def test_an_execution_that_works_waits_for_nothing() -> None:
    assert not list(page_of(history()).all("section", "notice"))


def test_values_are_folded_and_on_lines_of_their_own() -> None:
    page = page_of(
        history(
            step(0, "a", 1, 1, result='{"a":[1,1.0,10000000000000000000001],"b":"ü"}'),
            step(1, "b", 2, 1, result='["cut'),
            input={"x": 1},
            output=None,
            status="success",
            completed_at=after(5),
        )
    )
    assert [value.one("pre").raw for value in page.all("details", "value")] == [
        '{\n  "x": 1\n}',
        '{\n  "a": [\n    1,\n    1.0,\n    10000000000000000000001\n  ],\n  "b": "ü"\n}',
        '["cut',
    ]
    assert not [details for details in page.all("details") if "open" in details.attributes]
    assert page.one("section", "values").text.endswith("No output")


def test_a_call_without_a_result_has_none_to_unfold() -> None:
    page = page_of(history(step(0, "a", 1, 1, result="null"), call(0, 1, None, "time.sleep", 1, 1, result="null")))
    assert not list(page.all("details"))


def test_a_call_says_which_attempt_it_is_at_and_when_the_next_one_comes() -> None:
    retries = [retry(1, "503", 2, 5), retry(2, "429", 6, 90)]
    page = page_of(
        history(step(0, "a", 1), call(0, 1, None, "http.request", 1, status="retrying", attempt=3, retries=retries))
    )
    assert page.one("span", "status").text == "retrying, attempt 3"
    assert [item.text for item in page.one("ul", "retries").all("li")] == [
        "Attempt 1 failed at 10:30:02.000, attempt 2 came at 10:30:05.000: 503",
        "Attempt 2 failed at 10:30:06.000, attempt 3 comes at 10:31:30.000: 429",
    ]


def test_a_long_value_shows_only_its_beginning_while_it_is_folded() -> None:
    text = json.dumps("y" * 1900)
    summary = page_of(history(step(0, "a", 1, 1, result=text))).one("details", "value").one("summary")
    assert summary.text == f"Result {text[:59]}…"


@pytest.mark.parametrize("ends", [20, DAY])
def test_moments_tell_their_day_where_there_are_several(ends: float) -> None:
    page = page_of(history(step(0, "a", 1.25)), ends)
    assert next(page.one("article").all("time")).text == ("10:30:01.250" if ends == 20 else "15 Jan, 10:30:01.250")


def test_a_wait_beyond_midnight_tells_its_day() -> None:
    sleep = call(0, 1, None, "time.sleep", 1, status="sleeping", until=after(DAY))
    times = page_of(history(step(0, "a", 1), sleep)).one("span", "times").text
    assert times == "10:30:01.000 until 16 Jan, 10:30:00.000"


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        (0, "0 ms"),
        (0.0314, "31 ms"),
        (0.9996, "1 s"),
        (3.25, "3.25 s"),
        (9.999, "10 s"),
        (40.04, "40 s"),
        (59.96, "1 min"),
        (200, "3 min 20 s"),
        (3599.7, "1 h"),
        (7500, "2 h 5 min"),
        (DAY + 59, "1 d"),
        (3 * DAY + 4 * 3600 + 59, "3 d 4 h"),
    ],
)
def test_durations_have_the_units_that_matter(seconds: float, says: str) -> None:
    assert " ".join(duration(seconds).split()) == says


# What others wrote


def test_what_others_wrote_stays_text() -> None:
    page = page_of(
        history(
            step(0, EVIL, 1, 5, kind=EVIL, status="failed", error=EVIL, result=EVIL),
            call(0, 1, EVIL, EVIL, 1, 2, status="failed", error=EVIL, result=EVIL, retries=[retry(1, EVIL, 1.5, 2)]),
            call(0, 2, "body[0]", EVIL, 3, 1),
            log(0, 3, "body[0]", EVIL, 4),
            workflow_name=EVIL,
            error=EVIL,
            input={EVIL: EVIL},
            waiting_for=waiting("retry", 70, attempt=2, error=EVIL),
            program=outline((0, "body[0]", EVIL)),
        )
    )
    assert not list(page.all("script"))
    assert page.one("title").raw.startswith(SHOWN)
    assert page.one("h1").raw == SHOWN
    assert {line.one("code").raw for line in page.all("li", "line")} == {SHOWN}
    assert [error.raw for error in page.all("p", "error")] == [SHOWN] * 4
    assert page.one("p", "message").raw == SHOWN
    assert page.one("ul", "retries").one("bdi").raw == SHOWN
    assert {value.one("pre").raw for value in page.all("details", "value")} >= {SHOWN}
    assert any(SHOWN in bar.attributes["title"] for bar in bars(page))


def test_what_cannot_be_stored_as_text_does_not_break_the_page() -> None:
    text = render(history(workflow_name="half \ud83d and NUL \x00"), now(1))
    assert Page(text.encode().decode()).root.one("h1").raw == "half \ufffd and NUL ␀"


def test_a_log_line_keeps_its_lines() -> None:
    page = page_of(history(step(0, "a", 1, 1), log(0, 1, None, "one\r\ntwo\n\tthree", 1.5)))
    assert page.one("p", "message").raw == "one\ntwo\n\tthree"


# The program


def test_the_path_that_ran_is_marked() -> None:
    assert list(marks(Page(render(asleep(), ASLEEP_NOW)).root).values()) == [
        *("ran", "ran", "ran", "ran", "ran", "ran", "no trace", "ran", "ran"),
        *("stands here", "no trace", "no trace", "no trace"),
    ]


PROGRAM = outline(
    (0, "body[0]", "zero"),
    (0, "body[1]", "one"),
    (1, "body[1].body.body[0]", "one-zero"),
    (1, "body[1].body.body[1]", "one-one"),
    (1, "body[1].body.body[10]", "one-ten"),
    (0, "body[10]", "ten"),
)


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("body[1].iterable", {"one"}),
        ("body[1].body.body[0].expr.args[2]", {"one", "one-zero"}),
        ("body[1].body.body[1].expr", {"one", "one-zero", "one-one"}),
    ],
)
def test_a_call_marks_its_line_and_those_around_and_before_it_in_its_block(path: str, lines: set[str]) -> None:
    entries = (step(0, "", 1, 1), step(1, "", 2, 5), call(1, 1, path, "time.now", 3, 1))
    found = marks(page_of(history(*entries, program=PROGRAM)))
    assert {line for line, mark in found.items() if mark == "ran"} == {"zero", *lines}
    assert set(found.values()) == {"ran", "no trace"}


@pytest.mark.parametrize(
    ("error", "line"),
    [
        ("Step 1 failed: body[1].body.body[10].expr: http.request: no answer", "one-ten"),
        ("Step 1 failed: body[1].cond: cannot compare", "one"),
        ("Step 1 failed: no stock", "one"),
        ("Step 1 failed: body[10]: a message of the program's own", "one"),
        ("The execution reached its limit of 60 seconds.", "one"),
    ],
)
def test_the_line_that_failed_is_marked(error: str, line: str) -> None:
    caught = call(1, 1, "body[1].body.body[0].expr", "http.request", 2, 1, status="failed", error="caught")
    entries = (step(0, "", 1, 1), step(1, "", 2, 5, status="failed"), caught)
    found = marks(page_of(history(*entries, status="failed", completed_at=after(7), error=error, program=PROGRAM)))
    assert [name for name, mark in found.items() if mark == "failed here"] == [line]
    assert found["one-one"] == ("ran" if line == "one-ten" else "no trace")


SOURCED = outline(
    (0, "body[0]", "zero"),
    (0, "body[1]", "if one"),
    (1, "body[1].thenBranch.body[0]", "one-zero"),
    (1, "body[1].thenBranch.body[1]", "one-one"),
    (0, "body[1].elseBranch", "else"),
    (1, "body[1].elseBranch", "one-two"),
    (0, "body[2]", "two"),
    numbers=[7, 9, 10, 12, None, 16, 18],
)


def test_a_program_of_a_source_has_the_numbers_of_its_lines() -> None:
    page = page_of(history(step(0, "zero", 1, 1, line=7), program=SOURCED))
    numbers = [line.one("span", "source-line").text for line in page.all("li", "line")]
    assert numbers == ["line 7", "line 9", "line 10", "line 12", "", "line 16", "line 18"]
    assert not list(page_of(history(step(0, "", 1), program=PROGRAM)).all("span", "source-line"))


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (9, "if one"),
        (10, "one-zero"),
        (12, "one-one"),
        (14, "one-one"),
        (16, "one-two"),
        (17, "one-two"),
        (7, "if one"),
    ],
)
def test_the_line_that_failed_is_marked_by_its_number(number: int, line: str) -> None:
    error = f"Step 1 failed: line {number}: http.request: no answer"
    entries = (step(0, "", 1, 1), step(1, "", 2, 5, status="failed"))
    found = marks(page_of(history(*entries, status="failed", completed_at=after(7), error=error, program=SOURCED)))
    assert [name for name, mark in found.items() if mark == "failed here"] == [line]


def test_a_call_of_a_source_names_its_line() -> None:
    calls = (
        call(1, 1, "body[1].thenBranch.body[1].expr.args[0]", "a", 1, 1, line=13),
        call(1, 2, "body[9].expr", "b", 2, 1, line=30),
    )
    page = page_of(history(step(1, "", 1), *calls, program=SOURCED))
    assert [(place.text, place.attributes["href"]) for place in page.all("a", "at")] == [("line 13", "#line-3")]
    assert [place.text for place in page.all("span", "at")] == ["line 30"]


@pytest.mark.parametrize("status", ["sleeping", "retrying", "waiting"])
def test_the_line_where_it_stands_is_marked(status: str) -> None:
    open_call = call(1, 2, "body[1].body.body[1].expr", "human.wait", 4, status=status)
    done = call(1, 1, "body[1].body.body[0].expr", "time.now", 2, 1)
    page = page_of(history(step(1, "", 2), done, open_call, program=PROGRAM))
    assert [name for name, mark in marks(page).items() if mark == "stands here"] == ["one-one"]
    assert [line.one("code").text for line in page.all("li") if "aria-current" in line.attributes] == ["one-one"]


def test_a_step_without_an_open_call_stands_at_its_own_line() -> None:
    assert marks(page_of(history(step(1, "", 2), program=PROGRAM)))["one"] == "stands here"


def test_the_line_where_it_was_stopped_is_marked() -> None:
    stopped = call(1, 1, "body[1].body.body[0].expr", "time.sleep", 2, status="stopped")
    entries = (step(1, "", 2, status="stopped"), stopped)
    found = marks(page_of(history(*entries, status="stopped", completed_at=after(9), program=PROGRAM)))
    assert [name for name, mark in found.items() if mark == "stopped here"] == ["one-zero"]


def test_a_line_says_how_often_its_calls_were_made() -> None:
    calls = [call(1, n, "body[1].body.body[0].expr", "time.now", n, 1) for n in (2, 3)]
    entries: list[Any] = [
        step(1, "", 1),
        *calls,
        log(1, 4, "body[1].body.body[0].expr", "x", 4),
        call(1, 5, "body[1].x", "y", 5, 1),
    ]
    page = page_of(history(*entries, program=PROGRAM))
    counts = {line.one("code").text: [c.text for c in line.all("span", "calls")] for line in page.all("li", "line")}
    assert {line: count for line, count in counts.items() if count} == {"one-zero": ["\u00d73"]}


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("body[0].elseBranch.expr", {"if input", "else", "time.now()"}),
        ("body[0].thenBranch.body.body[0].expr", {"if input", "try", "random.uuid()"}),
        ("body[0].thenBranch.handler.expr", {"if input", "try", "except Failure as e", "random.number()"}),
    ],
)
def test_a_branch_that_ran_is_marked_with_its_line(path: str, lines: set[str]) -> None:
    def of(callee: str) -> Any:
        return {"kind": "ExprStmt", "expr": {"kind": "CallExpr", "callee": callee}}

    block = {"kind": "BlockStmt", "body": [of("random.uuid")]}
    attempt = {"kind": "TryStmt", "body": block, "name": "e", "handler": of("random.number")}
    branch = {
        "kind": "IfStmt",
        "cond": {"kind": "VarRef", "name": "input"},
        "thenBranch": attempt,
        "elseBranch": of("time.now"),
    }
    program = [
        OutlineLine(at=line.at, depth=line.depth, text=line.text, line=None)
        for line in outlines.outline({"kind": "Program", "body": [branch]}, SIGNATURES)
    ]
    calls = [call(0, n, path, "time.now", n, 0.1) for n in (1, 2)]
    page = page_of(history(step(0, "if input", 1, 2), *calls, program=program))
    assert {line for line, mark in marks(page).items() if mark == "ran"} == lines
    (counted,) = (line.one("code").text for line in page.all("li", "line") if list(line.all("span", "calls")))
    assert counted.endswith("()")


def test_a_path_leads_to_its_line() -> None:
    calls = (call(1, 1, "body[1].body.body[10].expr", "a", 1, 1), call(1, 2, "body[7].expr", "b", 2, 1))
    page = page_of(history(step(1, "", 1), *calls, program=PROGRAM))
    links = {link.text: link.attributes["href"].removeprefix("#") for link in page.all("a", "at")}
    (line,) = (line for line in page.all("li", "line") if line.one("code").text == "one-ten")
    assert links == {"body[1].body.body[10].expr": line.attributes["id"]}
    assert "body[7].expr" in page.text


# The timeline


def test_bars_are_to_scale() -> None:
    page = page_of(
        history(
            step(0, "", 0, 100),
            call(0, 1, None, "http.request", 0, 25),
            call(0, 2, None, "time.sleep", 25, 50),
            status="success",
            completed_at=after(100),
        )
    )
    assert kinds(page) == ["work", "sleep"]
    assert [place(bar) for bar in bars(page)] == [(0, 25), (25, 50)]
    assert place(page.one("span", "step")) == (0, 100)
    assert rows(page)[0].one("span", "took").text == "1 min 40 s"


def test_attempts_and_pauses_are_drawn_apart() -> None:
    retries = [retry(1, "no answer", 10, 30), retry(2, "503", 40, 60)]
    page = page_of(history(step(0, "", 0), call(0, 1, None, "http.request", 0, 80, retries=retries)), 100)
    assert kinds(page) == ["failed", "pause", "failed", "pause", "work"]
    assert [place(bar) for bar in bars(page)] == [(0, 10), (10, 20), (30, 10), (40, 20), (60, 20)]
    assert bars(page)[0].attributes["title"] == (
        "Call 1, http.request: attempt 1 failed: no answer; 10:30:00.000 to 10:30:10.000, 10\u00a0s"
    )


@pytest.mark.parametrize("following", [60, 900])
def test_what_goes_on_reaches_to_now(following: float) -> None:
    retries = [retry(1, "429", 50, following)]
    retrying = call(0, 1, None, "api.request", 0, status="retrying", retries=retries, attempt=2)
    page = page_of(history(step(0, "", 0), retrying), 100)
    assert kinds(page) == ["failed", "pause"]
    assert place(bars(page)[-1]) == (50, 50)
    assert place(page.one("span", "step")) == (0, 100)
    assert " to now, " in bars(page)[-1].attributes["aria-label"]
    assert page.one("span", "now").text == "now"


def test_what_was_stopped_reaches_to_the_end() -> None:
    stopped = call(0, 1, None, "human.wait", 50, status="stopped")
    entries = (step(0, "", 0, status="stopped"), stopped)
    page = page_of(history(*entries, status="stopped", completed_at=after(100)), 5000)
    assert kinds(page) == ["people"]
    assert place(bars(page)[0]) == (50, 50)
    assert not list(page.all("span", "now"))


def test_the_next_attempt_is_known_to_the_second_and_comes_after_the_one_before() -> None:
    short = retry(1, "429", 10.7, 10)
    page = page_of(history(step(0, "", 0), call(0, 1, None, "http.request", 0, 50, retries=[short])), 100)
    assert [place(bar) for bar in bars(page)][-1] == (10.7, 39.3)


def test_the_end_of_an_execution_is_known_to_the_second_and_comes_after_its_steps() -> None:
    page = page_of(history(step(0, "", 0.2, 4.5), status="success", completed_at=after(4)))
    assert place(page.one("span", "step")) == (0, 100)
    assert facts(page)["Took"] == "4.5 s"


def test_how_long_a_running_execution_has_run_is_said() -> None:
    page = page_of(history(step(0, "", 0)), 100)
    assert facts(page)["Ended"] == "still running"
    assert facts(page)["Running for"] == "1 min 40 s"
    # The last tick would stand where now does.
    assert [tick.text for tick in page.one("span", "ticks").all("span")] == ["0", "20 s", "40 s", "60 s", "80 s", "now"]


def test_an_attempt_that_never_came_is_not_drawn() -> None:
    broken = call(
        0, 1, None, "api.request", 0, 100, status="failed", attempt=2, retries=[retry(1, "429", 50, 900)], error=None
    )
    page = page_of(history(step(0, "", 0, status="failed"), broken, status="failed", completed_at=after(100)), 5000)
    assert kinds(page) == ["failed", "pause"]
    assert place(bars(page)[-1]) == (50, 50)
    assert bars(page)[-1].attributes["title"].endswith("10:30:50.000 to 10:31:40.000, 50\u00a0s")


def test_what_ended_with_its_execution_does_not_end_before_it_began() -> None:
    stopped = call(0, 1, None, "time.sleep", 0.75, -0.75, status="stopped")
    entries = (step(0, "", 0.75, -0.75, status="stopped"), stopped)
    page = page_of(history(*entries, status="stopped", completed_at=after(0)), 5)
    assert rows(page)[0].one("span", "took").text == "0 ms"
    assert bars(page)[0].attributes["title"].endswith("10:30:00.750 to 10:30:00.750, 0\u00a0ms")


def test_a_call_whose_step_was_not_there_yet_is_left_out() -> None:
    page = page_of(history(step(0, "", 1, 1), call(1, 1, None, "time.now", 3, 1)))
    assert [article.attributes["id"] for article in page.all("article")] == ["step-0"]


def test_next_to_a_very_long_wait_everything_can_still_be_seen() -> None:
    entries = (step(0, "", 0, 0.01), call(0, 1, None, "http.request", 0, 0.01), step(1, "", 0.01, 30 * DAY))
    page = page_of(history(*entries, status="success", completed_at=after(30 * DAY)))
    assert place(bars(page)[0]) == (0, 0)
    assert [row.one("span", "took").text for row in rows(page)] == ["10 ms", "30 d"]
    assert "width: max(var(--w), 3px)" in page.one("style").text


def test_a_step_that_was_taken_over_is_older_than_the_axis() -> None:
    page = page_of(history(step(0, "", -DAY, 5, taken_from=REVIEW), step(1, "", 0.5)), 100.5)
    assert [row.text.endswith("taken over") for row in rows(page)] == [True, False]
    assert place(page.one("span", "step")) == (0, 100)


def test_an_execution_that_took_no_time_has_a_page() -> None:
    page = page_of(history(step(0, "", 0, 0), status="success", completed_at=after(0)), 0)
    assert place(page.one("span", "step")) == (0, 0)


def test_an_execution_that_has_not_begun_says_so() -> None:
    page = page_of(history())
    assert page.one("section", "timeline").text == "Timeline No step has begun."


@pytest.mark.parametrize(
    ("seconds", "labels"),
    [
        (0.009, ["0", "2 ms", "4 ms", "6 ms", "8 ms"]),
        (0.8, ["0", "200 ms", "400 ms", "600 ms", "800 ms"]),
        (3, ["0", "1 s", "2 s", "3 s"]),
        (200, ["0", "1 min", "2 min", "3 min"]),
        (7200, ["0", "30 min", "60 min", "90 min", "120 min"]),
        (10 * 3600, ["0", "2 h", "4 h", "6 h", "8 h", "10 h"]),
        (60 * DAY, ["0", "20 d", "40 d", "60 d"]),
    ],
)
def test_ticks_are_round_and_few(seconds: float, labels: list[str]) -> None:
    entries = step(0, "", 0, seconds)
    page = page_of(history(entries, status="success", completed_at=after(seconds)), seconds)
    ticks = list(page.one("span", "ticks").all("span"))
    assert [tick.text for tick in ticks] == labels
    places = [float(re.findall(r"--x:([\d.]+)%", tick.attributes["style"])[0]) for tick in ticks]
    apart = float(re.findall(r"--apart:([\d.]+)%", page.one("section", "timeline").attributes["style"])[0])
    assert places == [pytest.approx(i * apart, abs=0.001) for i in range(len(labels))]


# Many rounds


def rounds(number: int) -> list[Any]:
    entries: list[Any] = [step(0, "for i in list", 0)]
    for i in range(number):
        since = 30.5 * i
        entries += [
            call(0, 2 * i + 1, "body[0].body.body[0].expr", "http.request", since, 0.5, result='{"status":200}'),
            call(0, 2 * i + 2, "body[0].body.body[1].expr", "time.sleep", since + 0.5, 30, until=after(since + 30.5)),
        ]
    return entries


def test_a_loop_of_500_rounds_stays_usable() -> None:
    entries = rounds(500)
    entries[111] = call(0, 111, "body[0].body.body[0].expr", "http.request", 55 * 30.5, 0.5, status="failed", error="x")
    since = 100 * 30.5
    retries = [retry(1, "429", since + 0.1, since + 0.2)]
    entries[201] = call(0, 201, "body[0].body.body[0].expr", "http.request", since, 0.5, retries=retries)
    text = render(history(*entries, program=PROGRAM), now(500 * 30.5))
    page = Page(text).root
    assert len(text) < 700_000
    assert len(bars(page)) < 300
    assert len(list(page.all("li", "entry"))) == 1000
    folds = list(page.all("details", "fold"))
    assert sum(len(list(fold.all("li", "entry"))) for fold in folds) == 980
    assert next(page.one("div", "folds").all("p")).text == "980 more calls and log lines, 1 failed, 1 tried again:"
    summaries = [next(fold.all("summary")).text for fold in folds]
    assert summaries[:3] == ["11 to 110", "111 to 210, 1 failed, 1 tried again", "211 to 310"]
    assert page.one("span", "calls").text == "\u00d71000"


def test_what_is_short_and_apart_has_bars_of_its_own() -> None:
    calls = [call(0, n, None, "http.request", 40 * n, 0.1) for n in (1, 2)]
    assert kinds(page_of(history(step(0, "", 0), *calls), 100)) == ["work", "work"]


def test_a_few_rounds_are_not_folded() -> None:
    page = page_of(history(*rounds(12)), 400)
    assert not list(page.all("details", "fold"))
    assert [entry.one("span", "number").text for entry in page.all("li", "entry")] == [str(n + 1) for n in range(24)]


def test_calls_too_close_to_tell_apart_are_one_bar_that_says_which() -> None:
    calls = [call(0, n, None, "http.request", n / 100, 0.005) for n in range(1, 6)]
    broken = call(0, 6, None, "http.request", 0.06, 0.005, status="failed", error="x")
    page = page_of(history(step(0, "", 0), *calls, broken, call(0, 7, None, "http.request", 50, 20)), 100)
    assert kinds(page) == ["many", "work"]
    assert bars(page)[0].attributes["aria-label"] == ("Calls 1 to 6; 10:30:00.010 to 10:30:00.065; 1 failed attempt")
    assert "has-failed" in bars(page)[0].attributes["class"]
    assert [item.text for item in page.one("ul", "legend").all("li")] == [
        "step",
        "call",
        "failed attempt",
        "several, too close to tell apart",
    ]
