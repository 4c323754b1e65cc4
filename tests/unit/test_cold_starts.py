"""What a function loads when it is started: what must not grow, since each cold start waits for it."""

import json
import os
import subprocess
import sys

import pytest

from tests.support.template import ROOT, functions

_COUNT = """
import gc, json, sys, boto3, handlers
before, collected = set(sys.modules), gc.get_stats()[0]["collections"]
import {module}
print(json.dumps([sorted(set(sys.modules) - before), gc.get_stats()[0]["collections"] - collected]))
"""
_HEAVY = {"pydantic", "aws_lambda_powertools.event_handler", "aws_lambda_powertools.utilities.data_classes", "asyncio"}
MODULES = {"deliver_webhooks": 165, "get_history": 175, "record_outcome": 125, "run_steps": 185}
"""How many modules beyond boto3's a function may load that reads or runs programs, sends to addresses, or looks at
what it is handed."""
USUAL = 81
"""How many every other may load."""


@pytest.mark.parametrize("name", sorted(properties["Handler"].split(".")[1] for properties in functions().values()))
def test_a_function_loads_little_beyond_boto3_and_looks_for_no_garbage_meanwhile(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _COUNT.format(module=f"handlers.{name}")],
        env={**os.environ, "PYTHONPATH": "src", "POWERTOOLS_SERVICE_NAME": "counted"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded, collections = json.loads(done.stdout)

    assert collections == 0
    assert len(loaded) <= MODULES.get(name, USUAL)
    if name not in MODULES:
        assert not _HEAVY & set(loaded)
        assert "domain.program.nodes" not in loaded
