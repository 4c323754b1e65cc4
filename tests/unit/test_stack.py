"""The parts of a stack: what a queue does not take, and a part that nobody has given."""

from typing import Any

import pytest

from domain.aws.queue import Queue
from domain.aws.stack import Stack
from domain.refusals import Unavailable
from tests.support.scripted import Client

MESSAGES = [("group", str(number), "body") for number in range(11)]


def test_messages_are_left_ten_at_once_and_one_that_is_not_taken_is_told() -> None:
    taking = Client()
    Queue(taking, "url").send_in_groups(MESSAGES)  # type: ignore[arg-type]

    assert [len(asked["Entries"]) for asked in taking.asked] == [10, 1]
    with pytest.raises(Unavailable):
        Queue(Client({"Failed": [{"Id": "0"}]}), "url").send_in_groups(MESSAGES)  # type: ignore[arg-type]


@pytest.mark.parametrize("part", ["bus", "event_dead_letters", "deliveries", "webhook_key"])
def test_a_part_that_nobody_has_given_is_not_there(part: str) -> None:
    nothing: Any = None

    with pytest.raises(NotImplementedError):
        getattr(Stack(lambda: nothing, lambda: nothing), part)
