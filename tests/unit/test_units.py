"""Capacity units by DynamoDB's published rules, on the examples that the rules themselves give."""

from typing import Any

import pytest

from scripts.bench import results
from scripts.bench.assumptions import assumptions, processor_milliseconds
from scripts.bench.parts import seconds
from scripts.bench.results import Result
from scripts.bench.units import (
    IndexRules,
    indexes,
    item_bytes,
    read_units,
    stored_bytes,
    value_bytes,
    write_units,
)

RULE = IndexRules("by-status", ("by_status", "id"), frozenset({"pk", "sk", "id", "by_status", "name"}))
ITEM = {"pk": {"S": "p"}, "sk": {"S": "s"}, "id": {"S": "1"}, "by_status": {"S": "running"}, "name": {"S": "A"}}


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "Zürich"}, 7),
        ({"N": "0"}, 1),
        ({"N": "27"}, 2),
        ({"N": "-27"}, 3),
        ({"N": "1000"}, 2),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"SS": ["ab", "c"]}, 3),
        ({"L": []}, 3),
        ({"M": {"a": {"S": "bc"}}}, 3 + 1 + 1 + 2),
        ({"L": [{"S": "ab"}, {"BOOL": True}]}, 3 + 2 + 2 + 1),
    ],
)
def test_a_value_has_its_size(value: Any, size: int) -> None:
    assert value_bytes(value) == size


def test_an_item_counts_the_names_of_its_attributes() -> None:
    assert item_bytes({"pk": {"S": "abc"}, "n": {"N": "1"}}) == 2 + 3 + 1 + 2


def test_what_no_item_of_ours_has_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="B"):
        value_bytes({"B": b""})


@pytest.mark.parametrize(("size", "units"), [(0, 1), (4096, 1), (4097, 2), (8192, 2)])
def test_a_consistent_read_takes_a_unit_for_each_four_kilobytes_and_another_one_half(size: int, units: int) -> None:
    assert read_units(size, is_consistent=True) == units
    assert read_units(size, is_consistent=False) == units / 2


@pytest.mark.parametrize(("kilobytes", "units"), [(0.5, 1), (1, 1), (1.001, 2), (3, 3)])
def test_a_write_takes_a_unit_for_each_kilobyte_and_twice_that_in_a_transaction(kilobytes: float, units: int) -> None:
    item = {"a": {"S": "x" * (round(kilobytes * 1024) - 1)}}

    assert write_units({}, item, [], is_transactional=False) == units
    assert write_units({}, item, [], is_transactional=True) == 2 * units
    # Of the item before and after, the larger is billed.
    assert write_units(item, {}, [], is_transactional=False) == units


@pytest.mark.parametrize(
    ("before", "after", "units"),
    [
        ({}, ITEM, 1),
        (ITEM, {}, 1),
        (ITEM, {**ITEM, "name": {"S": "B"}}, 1),
        (ITEM, {**ITEM, "by_status": {"S": "failed"}}, 2),
        (ITEM, {name: value for name, value in ITEM.items() if name != "by_status"}, 1),
        (ITEM, {**ITEM, "not": {"S": "in it"}}, 0),
        ({"pk": {"S": "p"}}, {"pk": {"S": "q"}}, 0),
    ],
)
def test_an_index_takes_units_for_what_changes_in_it(before: Any, after: Any, units: int) -> None:
    assert RULE.write_units(before, after) == units
    assert write_units(before, after, [RULE], is_transactional=True) == 2 + units


def test_storage_is_billed_in_every_index_with_what_it_holds() -> None:
    assert stored_bytes(ITEM, [RULE]) == 2 * (100 + item_bytes(ITEM))
    assert stored_bytes({"pk": {"S": "p"}}, [RULE]) == 100 + 3
    assert stored_bytes({}, [RULE]) == 0


def test_the_indexes_are_those_of_the_template() -> None:
    by_name = {rule.name: rule for rule in indexes()}

    assert set(by_name) == {"by-workflow", "by-status", "by-workflow-and-status", "due"}
    assert by_name["due"].holds == {"pk", "sk", "open_shard", "due_at"}
    assert "status" in by_name["by-workflow"].holds


def test_processor_times_are_those_measured_and_assumed_only_without(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"cold": 0.3, "warm": 0.004}, {"cold": 0.2, "warm": 0.006}, {"cold": 0.9, "warm": 0.005}]
    measured = Result("", "", "", 0, {"functions": {"slice of 3 steps": rows}})
    monkeypatch.setattr(results, "read", lambda *_: measured)

    assert processor_milliseconds("run_steps", "cold") == 300
    assert processor_milliseconds("run_steps", "warm") == 5
    assert processor_milliseconds("get_execution", "cold") == assumptions()["lambda"]["cold_milliseconds"]
    monkeypatch.setattr(results, "read", lambda *_: None)
    assert processor_milliseconds("run_steps", "warm") == assumptions()["lambda"]["warm_milliseconds"]


def test_a_function_with_less_than_a_processor_takes_longer() -> None:
    assert seconds(100, 2) == 0.1
    assert seconds(100, 0.5) == pytest.approx(0.1 * 1769 / 512)
