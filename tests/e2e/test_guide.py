"""The guide: every block of it runs as it stands, in its order, in one shell, against the deployed stack."""

import json
import re
import subprocess
import sys
from pathlib import Path

from domain.moments import utc_now
from lodol.cli.files import read_workflow
from scripts.local.deployment import Deployment
from tests.e2e.conftest import Team
from tests.support.documents import ROOT
from tests.support.operations import publish
from tests.support.samples import SAMPLES

_BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_block_of_the_guide_runs(team: Team, deployed: Deployment, tmp_path: Path) -> None:
    for sample in SAMPLES:
        file = read_workflow(sample)
        whole = {"name": file.name, "description": file.description, "program": file.program}
        publish(team.table, utc_now(), team.workspace.id, **whole)
    (tmp_path / ".local").mkdir()
    local = {"api_url": deployed.api_url, "api_key": team.client.api_key}
    (tmp_path / ".local" / "stack.json").write_text(json.dumps(local))
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parents[1])
    blocks = _BLOCK.findall((ROOT / "docs" / "guide.md").read_text())
    script = "\n".join(
        f"{code}\necho '=== {number}'" if kind == "sh" else f"python - <<'PYTHON'\n{code}PYTHON\necho '=== {number}'"
        for number, (kind, code) in enumerate(blocks)
    )

    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert done.stderr == "There are no executions.\n"
    said = re.split(r"^=== \d+\n", done.stdout, flags=re.MULTILINE)
    assert len(said) == len(blocks) + 1 == 8
    _, started, polled, waited, seen, repeated, refused, _ = said
    assert re.search(r"^output  108$", started, re.MULTILINE)
    assert re.search(r"^✓ success", started, re.MULTILINE)
    assert '"status":"running"' in polled
    assert waited.startswith("success {'message_id': ")
    assert "✓ 1   time.sleep(seconds)" in seen
    assert re.search(r"^✓ success", repeated, re.MULTILINE)
    assert repeated.endswith("running  0\n")
    assert refused.startswith("404 execution_not_found ")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".local", ".venv"]
