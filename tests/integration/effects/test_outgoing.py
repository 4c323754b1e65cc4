"""Outgoing requests: bounded in time and size, on one checked connection, and failures that say what happened."""

import math
import socket
import time
from collections.abc import Iterator
from functools import partial

import pytest
from urllib3.connection import HTTPConnection

from domain.callables import EFFECTS, outgoing
from domain.callables.effect import CallContext, Outcome, TryAgain
from domain.program.limits import VALUE_BYTES
from domain.program.values import Value
from tests.support.site import Raw, Said, Site

MANY = 60
LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def get(context: CallContext, url: str, **options: Value) -> Outcome:
    return EFFECTS["http.request"].perform(context, "GET", url, dict(options))


@pytest.mark.parametrize(
    "pieces",
    [
        [LENGTH, *[b"x"] * MANY],
        [b"HTTP/1.1 200 OK\r\n\r\n", *[b"x"] * MANY],
        [CHUNKED, *[b"1\r\nx\r\n"] * MANY, b"0\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nX: ", *[b"x"] * MANY, b"\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\n", *(b"X-%d: x\r\n" % number for number in range(MANY)), b"\r\n"],
        [*[b"HTTP/1.1 100 Continue\r\n\r\n"] * MANY, b"HTTP/1.1 204 No Content\r\n\r\n"],
    ],
    ids=["body", "body without a length", "chunks", "header", "headers", "provisional answers"],
)
def test_an_answer_that_trickles_in_is_not_waited_for(context: CallContext, site: Site, pieces: list[bytes]) -> None:
    sent = []

    def slowly() -> Iterator[bytes]:
        """Each piece well within the timeout, all of them together not."""
        for piece in pieces:
            sent.append(piece)
            yield piece
            time.sleep(0.05)

    url = site.at(Raw(slowly()))

    assert get(context, url, timeout=0.3) == TryAgain(f"GET {url}: no answer in time")
    assert len(sent) < MANY


def test_who_refuses_a_body_before_all_of_it_is_sent_is_heard(
    context: CallContext, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = (socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    monkeypatch.setattr(outgoing, "HTTPConnection", partial(HTTPConnection, socket_options=[small]))
    url = site.at(Raw([b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"]))

    answer = EFFECTS["http.request"].perform(context, "POST", url, {"body": "x" * VALUE_BYTES})

    assert answer == {"status": 413, "headers": {"content-length": "0"}, "body": ""}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        (" 120 ", 120),
        ("9" * 400, math.inf),
        ("Thu, 15 Jan 2026 10:31:30 GMT", 90),
        ("Thursday, 15-Jan-26 10:31:30 GMT", 90),
        ("Thu Jan 15 10:31:30 2026", 90),
        ("Thu, 15 Jan 2026 10:31:30 -0000", 90),
        ("Thu, 15 Jan 2026 11:31:30 +0100", 90),
        ("Thu, 15 Jan 2026 10:29:00 GMT", 0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        ("Thu, 99 Jan 2026 10:31:30 GMT", None),
        ("Thu, 15 Jan 99999999999999999999 10:31:30 GMT", None),
    ],
)
def test_how_long_the_other_side_asks_to_wait(
    context: CallContext, site: Site, text: str, seconds: float | None
) -> None:
    outcome = get(context, site.at(Said(503, {"Retry-After": text})))

    assert isinstance(outcome, TryAgain)
    assert outcome.after == seconds


def test_who_asks_for_no_wait_is_given_none(context: CallContext, site: Site) -> None:
    outcome = get(context, site.at(Said(503)))

    assert isinstance(outcome, TryAgain)
    assert outcome.after is None


def test_what_another_attempt_may_change_is_tried_again_whatever_it_says_about_its_body(
    context: CallContext, site: Site
) -> None:
    url = site.at(Said(503, {"Content-Type": "application/json"}, b"<html>"))

    outcome = get(context, url)

    headers: Value = {"content-type": "application/json", "content-length": "6"}
    last: Value = {"status": 503, "headers": headers, "body": "<html>"}
    assert outcome == TryAgain("the answer was 503", None, last, has_last=True)
