"""What we depend on is what the lock file names, file by file, and nothing else is installed or shipped."""

import base64
import hashlib
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from scripts import dependencies, package

LOCK = tomllib.loads((dependencies.ROOT / "uv.lock").read_text())
LOCKED = {entry["name"]: entry for entry in LOCK["package"]}
REQUIREMENTS = package.REQUIREMENTS.read_text()
SHIPPED = dict(re.findall(r"^([\w-]+)==(\S+)", REQUIREMENTS, re.MULTILINE))


def files_of(name: str) -> set[str]:
    """The hashes of the files that the lock file has of a distribution."""
    entry = LOCKED[name]
    return {file["hash"] for file in [*entry.get("wheels", []), *filter(None, [entry.get("sdist")])]}


def test_every_file_in_the_lock_has_its_hash() -> None:
    """uv takes none that has another; what has no files is this project itself."""
    without = [name for name, entry in LOCKED.items() if "registry" not in entry["source"]]

    assert without == ["lodol"]
    for name in set(LOCKED) - {"lodol"}:
        assert files_of(name)
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", file) for file in files_of(name))


def test_what_is_shipped_is_named_with_the_hashes_of_the_lock() -> None:
    lines = REQUIREMENTS.replace("\\\n", " ").splitlines()

    assert len(lines) == len(SHIPPED)
    for line in lines:
        name = line.partition("==")[0]
        hashes = set(re.findall(r"--hash=(\S+)", line))
        assert hashes
        assert hashes <= files_of(name)


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel of a distribution that is found on this machine, and nowhere else."""
    found = tmp_path / "found"
    found.mkdir()
    path = found / "tiny-1.0-py3-none-any.whl"
    with ZipFile(path, "w") as files:
        files.writestr("tiny.py", "")
        files.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        files.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        empty = base64.urlsafe_b64encode(hashlib.sha256(b"").digest()).decode().rstrip("=")
        files.writestr("tiny-1.0.dist-info/RECORD", f"tiny.py,sha256={empty},0\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(found))
    monkeypatch.setattr(package, "REQUIREMENTS", tmp_path / "requirements.txt")
    return path


@pytest.mark.parametrize(
    ("hashed", "is_taken"), [("{hash}", True), ("0" * 64, False), ("", False)], ids=["its own", "another", "none"]
)
def test_the_package_is_made_of_nothing_that_has_another_hash(
    wheel: Path, tmp_path: Path, hashed: str, is_taken: bool
) -> None:
    own = hashlib.sha256(wheel.read_bytes()).hexdigest()
    option = f" --hash=sha256:{hashed.format(hash=own)}" if hashed else ""
    package.REQUIREMENTS.write_text(f"tiny==1.0{option}\n")
    taken = tmp_path / "taken"

    if is_taken:
        package._download("manylinux2014_x86_64", taken)
        assert [file.name for file in taken.iterdir()] == [wheel.name]
    else:
        with pytest.raises(subprocess.CalledProcessError):
            package._download("manylinux2014_x86_64", taken)


def test_the_sbom_names_what_is_shipped_with_its_hashes_and_licences() -> None:
    command = [sys.executable, "-m", "scripts.dependencies"]
    text = subprocess.run(command, cwd=dependencies.ROOT, capture_output=True, text=True, check=True).stdout
    described: Any = json.loads(text)

    assert JsonStrictValidator(SchemaVersion.V1_5).validate_str(text) is None
    components = {component["name"]: component for component in described["components"]}
    assert {name: component["version"] for name, component in components.items()} == SHIPPED
    for name, component in components.items():
        hashes = {f"sha256:{each['content']}" for file in component["externalReferences"] for each in file["hashes"]}
        assert hashes == files_of(name)
        assert component["licenses"] == [{"license": {"name": dependencies.licence_of(name)}}]
    assert {entry["ref"] for entry in described["dependencies"]} >= {each["bom-ref"] for each in components.values()}


def test_a_licence_that_is_not_stated_is_no_licence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, stated in (
        ("mute", ""),
        ("vague", "License: Dual\nClassifier: License :: OSI Approved :: BSD License\n"),
    ):
        (tmp_path / f"{name}-1.dist-info").mkdir()
        head = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n"
        (tmp_path / f"{name}-1.dist-info" / "METADATA").write_text(head + stated)
    monkeypatch.syspath_prepend(tmp_path)

    assert dependencies.licence_of("vague") == "BSD License"
    assert dependencies.licence_of("urllib3") == "MIT"
    with pytest.raises(ValueError, match="mute states no licence"):
        dependencies.licence_of("mute")
    with pytest.raises(PackageNotFoundError):
        dependencies.licence_of("not-installed")
