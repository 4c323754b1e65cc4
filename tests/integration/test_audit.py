"""What `make check` looks for besides our own rules: secrets, and what is known of the distributions we depend on."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.entities.api_keys import new_text
from scripts import audit
from tests.support.site import Said, Site

HASH = "0" * 64


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the settings of ours, and nothing in it."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / "scripts").mkdir()
    for name in (".secrets.baseline", "scripts/key_detector.py"):
        shutil.copy(audit.ROOT / name, tmp_path / name)
    monkeypatch.setattr(audit, "ROOT", tmp_path)
    return tmp_path


# Put together here, so that none stands in this file.
SECRETS = {
    # As long as one is, with what the detectors of others do not expect in theirs.
    "key of ours": "sk_live_" + ("a-B_3" * 9)[: len(new_text()) - len("sk_live_")],
    "key of AWS": "AKIA" + "Q7W4E2R5T6Y3U6I7",
    "private key": "-----BEGIN " + "RSA PRIVATE KEY-----",
    "token of GitHub": "ghp_" + "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5",
    "password": 'password = "' + 'hunter2hunter2"',
    "address": "https://ada:" + "hunter2@example.com/",
}


def test_a_secret_in_a_file_is_found_before_it_is_committed(
    repository: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (repository / "notés.txt").write_text("\n".join(SECRETS.values()))

    assert not audit.secrets()

    said = capfd.readouterr().out
    assert {*re.findall(r"notés\.txt:(\d+)", said)} == {str(line) for line in range(1, len(SECRETS) + 1)}
    assert not [kind for kind, secret in SECRETS.items() if secret in said]


def test_where_there_is_none_nothing_is_found(repository: Path) -> None:
    (repository / "notes.txt").write_text("nothing\n")
    (repository / "gone.txt").write_text("nothing\n")
    subprocess.run(["git", "add", "."], cwd=repository, check=True)
    (repository / "gone.txt").unlink()

    assert audit.secrets()


def test_what_is_no_repository_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit, "ROOT", tmp_path)

    assert audit.secrets()

    assert capsys.readouterr().out == "· this is no repository of git: no secrets were looked for\n"


class TestVulnerabilities:
    """A database on this machine says what is known."""

    @pytest.fixture
    def requirements(self, tmp_path: Path) -> Path:
        path = tmp_path / "requirements.txt"
        path.write_text(f"first==1.0 --hash=sha256:{HASH}\nsecond==2.0 --hash=sha256:{HASH}\n")
        return path

    @pytest.fixture
    def database(self) -> Iterator[Site]:
        site = Site()
        yield site
        site.close()

    def test_what_is_known_of_a_distribution_is_told(
        self, requirements: Path, database: Site, capfd: pytest.CaptureFixture[str]
    ) -> None:
        package = {"name": "second", "ecosystem": "PyPI"}
        ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.1"}]}]
        known = {"id": "PYSEC-2026-1", "summary": "It breaks.", "affected": [{"package": package, "ranges": ranges}]}
        database.answers["/v1/query"] = [
            Said(),
            Said(200, {}, b"{}"),
            Said(200, {}, json.dumps({"vulns": [known]}).encode()),
        ]

        assert not audit.vulnerabilities(requirements, f"{database.url}/v1/query")

        said = capfd.readouterr().out
        assert "PYSEC-2026-1" in said
        assert "second" in said
        assert "first" not in said
        _, *asked = [json.loads(seen.body) for seen in database.seen]
        assert [(each["package"]["name"], each["version"]) for each in asked] == [("first", "1.0"), ("second", "2.0")]

    def test_where_nothing_is_known_it_passes(self, requirements: Path, database: Site) -> None:
        database.answers["/v1/query"] = [Said(200, {}, b"{}")]

        assert audit.vulnerabilities(requirements, f"{database.url}/v1/query")
        assert len(database.seen) == 3

    @pytest.mark.parametrize("is_there", [False, True])
    def test_a_database_that_cannot_be_asked_is_told_and_nothing_else(
        self, requirements: Path, database: Site, capsys: pytest.CaptureFixture[str], is_there: bool
    ) -> None:
        """Nothing is there, or something on the way that lets nobody through."""
        url = f"{database.url}/v1/query"
        database.answers["/v1/query"] = [Said(403)]
        if not is_there:
            database.close()

        assert audit.vulnerabilities(requirements, url)

        assert capsys.readouterr().out == f"· {url} cannot be reached: known vulnerabilities were not looked up\n"


@pytest.mark.parametrize("whole", [False, True])
def test_whatever_one_look_finds_the_others_are_taken_too(whole: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []

    def look(name: str) -> bool:
        taken.append(name)
        return name != "secrets"

    names = ["secrets", "all_vulnerabilities", "bandit", "checkov"] if whole else ["secrets", "vulnerabilities"]
    for name in names:
        monkeypatch.setattr(audit, name, lambda *_, name=name: look(name))
    monkeypatch.setattr("sys.argv", ["audit", "--whole"] if whole else ["audit"])

    assert audit.main() == 1
    assert taken == names
