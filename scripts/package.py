"""The package that every function is deployed from; `sam build` has it made, by the Makefile's target `build-%`.

It is what SAM's own builder for Python makes, and differs from that in three things:

- **It is compiled.** Lambda's file system is read-only: what has no bytecode is compiled anew at each cold start. The
  bytecode is not compared with its source, whose time changes as it is packed and unpacked.
- **Of botocore's 400 services it has those that we call**, without their documentation, which is read and thrown away
  whenever a client is made.
- **It runs on both processors** that Lambda has: SAM does not tell a Makefile for which it builds, and the parameter
  Architecture may change without a new build.

It needs nothing but Python 3.13 and its pip. All functions get the same package, so it is made once and then copied.
"""

import compileall
import gzip
import hashlib
import json
import os
import py_compile
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src"
REQUIREMENTS = SOURCE / "requirements.txt"
_KEPT = ROOT / ".aws-sam" / "packages"
"""What was made is kept here, under a name that says of what it was made."""

SERVICES = {
    "dynamodb": "dynamodb",
    "events": "events",
    "secretsmanager": "secretsmanager",
    "sesv2": "email",
    "sqs": "sqs",
    "stepfunctions": "states",
}
"""The services that our functions call, by their name in boto3, and the host name that each has."""

_PLATFORMS = ("manylinux2014_aarch64", "manylinux2014_x86_64")
_NOT_SHIPPED = (
    "aws_lambda_powertools/event_handler/",
    "aws_lambda_powertools/utilities/parser/",
    "boto3/data/",
    "boto3/examples/",
    "botocore/data/",
    "pydantic/v1/",
)
"""What is large and nobody imports; of botocore's data what we need is added again."""


def package_into(directory: Path) -> None:
    """Copy the package into a directory, having made it if it was not made yet."""
    sources = [REQUIREMENTS, Path(__file__), *sorted(SOURCE.rglob("*.py"))]
    shutil.copytree(_kept("functions", sources, _make_package), directory, dirs_exist_ok=True, copy_function=_link)


def _make_package(directory: Path) -> None:
    libraries = _kept("libraries", [REQUIREMENTS, Path(__file__)], _make_libraries)
    shutil.copytree(libraries, directory, dirs_exist_ok=True, copy_function=_link)
    for room in ("domain", "handlers", "views"):
        shutil.copytree(SOURCE / room, directory / room, ignore=shutil.ignore_patterns("__pycache__"))
        _compile(directory / room)


def _make_libraries(directory: Path) -> None:
    with tempfile.TemporaryDirectory() as downloaded:
        for platform in _PLATFORMS:
            _download(platform, Path(downloaded))
        for wheel in sorted(Path(downloaded).iterdir()):
            with ZipFile(wheel) as files:
                names = files.namelist()
                files.extractall(directory, [name for name in names if _is_shipped(name)])
                for name in names:
                    if name.startswith("botocore/data/"):
                        _ship_data(name.removeprefix("botocore/data/"), files.read(name), directory / name)
    _compile(directory)


def _download(platform: str, directory: Path) -> None:
    """Get the wheels of what the requirements name; they name all that is needed, each with its version and its hashes.

    A file that has another hash is not taken.
    """
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    wanted = ["--require-hashes", "--only-binary=:all:", "--python-version", "3.13", "--platform", platform]
    subprocess.run([*command, *wanted, "--requirement", REQUIREMENTS, "--dest", directory], check=True)


def _is_shipped(name: str) -> bool:
    """Neither what we leave out nor scripts, nor the list of all that a wheel had before."""
    return not name.startswith(_NOT_SHIPPED) and ".data/" not in name and not name.endswith(".dist-info/RECORD")


def _ship_data(name: str, content: bytes, path: Path) -> None:
    """Write what botocore knows of a service, or of all, if our functions need it, as they need it."""
    service, _, rest = name.partition("/")
    if rest and (service not in SERVICES or rest.endswith("examples-1.json")):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if name == "endpoints.json":
        content = _written(_with_our_endpoints(json.loads(content)))
    elif rest.endswith("service-2.json.gz"):
        path, content = path.with_suffix(""), _written(_without_documentation(json.loads(gzip.decompress(content))))
    path.write_bytes(content)


def _with_our_endpoints(endpoints: dict[str, Any]) -> dict[str, Any]:
    for partition in endpoints["partitions"]:
        partition["services"] = {
            host: known for host, known in partition["services"].items() if host in SERVICES.values()
        }
    return endpoints


def _without_documentation(described: Any) -> Any:
    """A description without its sentences. A field of the service with that name is no sentence, and stays."""
    if isinstance(described, dict):
        return {
            name: _without_documentation(inner)
            for name, inner in described.items()
            if not (name == "documentation" and isinstance(inner, str))
        }
    return [_without_documentation(inner) for inner in described] if isinstance(described, list) else described


def _written(described: Any) -> bytes:
    return json.dumps(described, separators=(",", ":")).encode()


def _compile(directory: Path) -> None:
    """Compile every module; the paths that a traceback shows are those within the package."""
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(directory, quiet=1, force=True, stripdir=directory, invalidation_mode=mode)


def _kept(kind: str, sources: list[Path], make: Callable[[Path], None]) -> Path:
    """What is made of these files, made if it was not; an older one of its kind is no longer needed then."""
    content = hashlib.sha256(repr([(str(path), path.read_bytes()) for path in sources]).encode()).hexdigest()
    kept = _KEPT / f"{kind}-{content[:16]}"
    if not kept.exists():
        _KEPT.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix="making-", dir=_KEPT))
        make(making)
        making.chmod(0o755)
        for older in _KEPT.glob(f"{kind}-*"):
            shutil.rmtree(older)
        making.rename(kept)
    return kept


def _link(source: str, target: str) -> None:
    """Give the file a second name where the file system lets it: the packages of all functions take the room of one."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


if __name__ == "__main__":
    if sys.version_info[:2] != (3, 13):
        sys.exit(f"The functions run on Python 3.13 and are compiled with it; this is {sys.version.split()[0]}.")
    package_into(Path(sys.argv[1]))
