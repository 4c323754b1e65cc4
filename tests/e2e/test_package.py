"""The packages that `sam build` makes: what a worker has that is started, and can add nothing to."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

from scripts.package import SERVICES
from tests.support.template import ROOT, functions

MAX_BYTES = 25_000_000
_NEVER_COMPARED = b"\x01\x00\x00\x00"
"""The flags of bytecode that is valid by a hash which is not checked (PEP 552)."""


def packages(built: Path) -> list[Path]:
    return [built / function for function in functions()]


def test_every_module_is_shipped_compiled_and_its_source_is_never_looked_at(built: Path) -> None:
    for package in packages(built):
        modules = list(package.rglob("*.py"))
        assert len(modules) > 500
        for module in modules:
            compiled = Path(importlib.util.cache_from_source(str(module)))
            assert compiled.read_bytes()[:8] == importlib.util.MAGIC_NUMBER + _NEVER_COMPARED, module


def test_a_package_is_small(built: Path) -> None:
    for package in packages(built):
        assert sum(file.stat().st_size for file in package.rglob("*") if file.is_file()) <= MAX_BYTES


def test_a_package_runs_on_either_processor(built: Path) -> None:
    for package in packages(built):
        native = {file.name.split(".cpython-313-")[1] for file in package.rglob("*.so")}
        assert native == {"aarch64-linux-gnu.so", "x86_64-linux-gnu.so"}


def test_a_package_has_every_service_that_the_code_calls() -> None:
    sources = "".join(source.read_text() for source in (ROOT / "src").rglob("*.py"))

    assert set(re.findall(r'\.client\("(\w+)"', sources)) == set(SERVICES)


def test_every_function_starts_from_its_package_alone_and_makes_its_clients(built: Path) -> None:
    clients = f"""
for service in {list(SERVICES)}:
    client = boto3.client(service, "eu-central-1")
    assert client.meta.endpoint_url.startswith("https://{{0}}.".format({SERVICES}[service])), service
"""
    for name, properties in functions().items():
        module, function = properties["Handler"].rsplit(".", 1)
        starts = f"""
import sys
sys.path[:] = [path for path in sys.path if "site-packages" not in path] + [{str(built / name)!r}]
import boto3, {module}
assert callable({module}.{function})
"""
        # All packages are of the same content.
        starts += clients if name == "RunStepsFunction" else ""
        done = subprocess.run([sys.executable, "-I", "-S", "-c", starts], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
