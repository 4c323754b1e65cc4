"""The pieces of the bench: figures as they are shown, tables, environments, results."""

from pathlib import Path
from typing import Any

import pytest

from scripts.bench import handlers, numbers, peers, results
from scripts.bench.environments import Environment, Missing
from scripts.bench.tables import table


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.04125, "0.0413"), (0.4, "0.400"), (41.25, "41.2"), (999.6, "1,000"), (4123.4, "4,120")],
)
def test_a_number_has_three_digits_that_count(value: float, text: str) -> None:
    assert numbers.shown(value) == text


def test_rounds_are_shown_by_their_median_and_how_far_they_went() -> None:
    assert numbers.with_spread([30, 10, 20]) == "20.0 (10.0–30.0)"
    assert numbers.with_spread([10, 20]) == "15.0 (10.0–20.0)"
    assert numbers.with_spread([7]) == "7.00"


def test_a_table_has_a_line_for_each_row() -> None:
    assert table(["a", "b"], [["x", "1"]]) == "| a | b |\n| --- | ---: |\n| x | 1 |"


def turn(**own: float) -> dict[str, float]:
    return dict.fromkeys((*peers.MANY, *peers.ALONE, *peers.AFTER), 1.0) | {"beside_ms": 0.0} | own


def figures(**systems: list[dict[str, float]]) -> dict[str, Any]:
    names = {"ours": peers.HANDLERS, "stack": peers.STACK, "floor": peers.FLOOR}
    found = {names.get(name, name): {"what": f"{name}'s processes", "turns": turns} for name, turns in systems.items()}
    return {"rounds": 2, "clients": 8, "systems": found, "skipped": {"n8n": "nobody sells it"}}


def test_peers_are_compared_by_the_medians_of_their_rounds() -> None:
    found = figures(
        ours=[turn(processor_ms=12.0, beside_ms=3.0), turn(processor_ms=16.0, beside_ms=3.0)],
        Other=[turn(processor_ms=6.0, a_second=3.0), turn(processor_ms=8.0, a_second=5.0)],
    )

    said = peers.text(found)

    assert "| Other | 4.00 (3.00–5.00) | 7.00 (6.00–8.00) |" in said
    assert f"| CPU ms an execution, 8 clients | Other | 7.00 | {numbers.shown(14)} |" in said
    assert "| executions a second, 8 clients | Other | 4.00 | 1.00 |" in said
    assert "- **Other**: Other's processes." in said
    assert f"- **{peers.HANDLERS}**: ours's processes and used 3.00 CPU ms an execution." in said
    assert "- **n8n** was left out: nobody sells it." in said


def test_the_local_stack_is_held_against_its_emulator_in_the_same_round() -> None:
    stack, floor = [turn(done_ms=300.0), turn(done_ms=150.0)], [turn(done_ms=200.0), turn(done_ms=100.0)]

    assert "1.50 (1.50–1.50) times as long as ministack alone" in peers.text(figures(stack=stack, floor=floor))
    assert "times as long" not in peers.text(figures(stack=stack))


def test_the_emulator_alone_is_nobodys_rival() -> None:
    said = peers.text(figures(floor=[turn(processor_ms=0.1)], Other=[turn(processor_ms=6.0)]))

    assert "| CPU ms an execution, 8 clients | Other | 6.00 |" in said


def test_functions_are_held_against_processes_that_make_the_clients_and_against_their_own_calls() -> None:
    def clients(cold: float) -> list[dict[str, float]]:
        return [{"cold": cold, "modules": 10.0}]

    run = {"cold": 0.3, "modules": 20.0, "warm": 0.003, "alone": 0.002, "own": 0.0005, "calls": 4.0}
    found = {"clients, boto3 as it is installed": clients(0.2), "clients, boto3 as it is packaged": clients(0.15)}

    said = handlers.text({"functions": found | {"run": [run]}})

    assert "| run | 300 | 1.50 | 2.00 | 20 | 3.00 | 2.00 | 1.50 | 4 | 0.500 |" in said
    assert "| clients, boto3 as it is packaged | 150 | 0.750 | 1.00 | 10 |  |  |  |  |  |" in said


def test_other_versions_of_a_peer_are_another_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LODOL_BENCH_CACHE", str(tmp_path))
    one, other = Environment("peer", python=("peer==1",)), Environment("peer", python=("peer==2",))

    assert one.folder.parent == other.folder.parent == tmp_path
    assert one.folder != other.folder
    with pytest.raises(Missing, match="make bench SECTIONS=peers"):
        one.ensure(install=False)


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    result = results.result_of({"one": [1.5, 2]}, seconds=3.2)

    results.write(tmp_path, "section", result)

    assert results.read(tmp_path, "section") == result
    assert results.read(tmp_path, "another") is None
    assert result.digest != results.result_of({"one": [1.5, 3]}, seconds=3.2).digest
