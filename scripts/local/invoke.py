"""`make invoke FUNCTION=… EVENT=events/….json`: invokes one function of the running stack by `sam remote invoke`."""

import os
import subprocess
import sys
from pathlib import Path

from scripts.local import home
from scripts.local.cloud import Cloud
from scripts.local.deployment import ROOT
from scripts.local.events import render_with_live_ids


def main() -> int:
    """Fill the event with a fresh execution's id, and invoke."""
    function, event = os.environ.get("FUNCTION", ""), Path(os.environ.get("EVENT", ""))
    running, stack = home.processes(), home.stack()
    functions = sorted(path.stem for path in (ROOT / "events").glob("*.json"))
    if not function or event.name not in {f"{name}.json" for name in functions}:
        print("Say which: make invoke FUNCTION=GetExecution EVENT=events/get_execution.json", file=sys.stderr)
        print(f"Events: {', '.join(functions)}", file=sys.stderr)
        return 1
    if running is None or stack is None:
        print("The local stack is not running; start it: make up", file=sys.stderr)
        return 1
    render_with_live_ids(stack)
    return subprocess.run(
        [
            str(Path(sys.executable).parent / "sam"),
            "remote",
            "invoke",
            f"{function}Function",
            "--stack-name",
            stack.stack_name,
            "--region",
            stack.region,
            "--event-file",
            str(home.HOME / "events" / event.name),
        ],
        env=Cloud(running.cloud, running.port).environment(),
        cwd=ROOT,
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
