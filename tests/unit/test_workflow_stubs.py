"""What workflows import: types that a checker knows, a module that can be imported, and the sample in both forms."""

import importlib.util
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mypy import api

from domain.callables import SIGNATURES
from domain.ids import is_id
from domain.program.python.names import HELPERS
from domain.program.python.printing import namespaces
from domain.program.python.reading import read
from lodol.cli.files import read_workflow
from scripts.stubs import _FIELDS, _NAMED
from tests.support.samples import SAMPLES, TREE

ROOT = Path(__file__).parents[2]
HEAD = (
    "from lodol.workflow import Failure, Input, block, coalesce, email, fail, http, human, number, string, time\n"
    "from lodol.workflow import workflow\n"
    '@workflow(name="W")\ndef w(input: Input) -> None:\n'
)


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the stub as it is installed, without the rest of the package."""
    folder = tmp_path_factory.mktemp("typed")
    (folder / "lodol").mkdir()
    (folder / "lodol/__init__.py").touch()
    shutil.copytree(ROOT / "lodol/workflow", folder / "lodol/workflow")
    return folder


def errors(typed: Path, *files: Path) -> list[str]:
    """What mypy says of files, strictly, line by line."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(typed)
        patch.setenv("MYPYPATH", str(typed))
        out, failed, _ = api.run(["--strict", "--no-error-summary", "--config-file=", *map(str, files)])
    assert not failed, failed
    return [said for line in out.splitlines() if (said := line.partition("error: ")[2])]


def test_every_sample_passes_a_strict_type_checker(typed: Path) -> None:
    assert errors(typed, *SAMPLES) == []


def test_a_wrong_argument_is_caught_by_a_type_checker(typed: Path) -> None:
    lines = {
        'time.sleep("ten")': (
            'Argument 1 to "sleep" of "_Time" has incompatible type "str"; expected "float"  [arg-type]'
        ),
        "email.send()": 'All overload variants of "send" of "_Email" require at least one argument  [call-overload]',
        "string.uper(1)": '"_String" has no attribute "uper"; maybe "upper"?  [attr-defined]',
        'http.request("GET", "https://a", timeout="5")': (
            'Argument "timeout" to "request" of "_Http" has incompatible type "str"; expected "float"  [arg-type]'
        ),
        "number.format(1, 2, 3)": (
            'Argument 3 to "format" of "_Number" has incompatible type "int"; expected "str"  [arg-type]'
        ),
    }
    file = typed / "wrong.py"
    file.write_text(HEAD + "".join(f"    {line}\n" for line in lines))

    assert errors(typed, file) == list(lines.values())


def test_what_is_right_passes(typed: Path) -> None:
    file = typed / "right.py"
    file.write_text(
        HEAD
        + "    total: float = 0\n    for item in input.items:\n        total += item.price\n"
        + "    try:\n        raise Failure('a')\n    except Failure as error:\n        fail(error.message)\n"
        + "    with block():\n        email.send(to=['a@b'], subject='s', text=number.format(total, 2))\n"
        + "    human.create(coalesce(input, {}), timeout_seconds=60, default_decision='rejected')\n"
        + "    string.upper(input['x'][0].y)\n"
    )

    assert errors(typed, file) == []


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_says_what_it_shows_and_has_an_id_and_cases(path: Path) -> None:
    assert path.read_text().startswith("# ")
    found = read(path.read_text(), SIGNATURES)
    assert (found.findings, is_id(found.id or ""), bool(found.description)) == ([], True, True)
    assert path.with_suffix(".test.yaml").is_file()


def test_the_tree_is_the_program_of_its_sample() -> None:
    [sample] = [path for path in SAMPLES if path.stem == TREE.stem]

    assert replace(read_workflow(sample), source=None) == read_workflow(TREE)


def _imported(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_file_of_a_workflow_can_be_imported_and_does_not_run() -> None:
    module = _imported(ROOT / "workflows/reminder.py")

    with pytest.raises(RuntimeError, match=r"time\.sleep runs in an execution"):
        module.reminder(None)


def test_the_module_has_every_name_that_a_workflow_imports() -> None:
    import lodol.workflow

    assert all(hasattr(lodol.workflow, name) for name in (*HELPERS, *namespaces(SIGNATURES)))
    assert not hasattr(lodol.workflow, "_private")


def test_the_helpers_do_what_they_say() -> None:
    import lodol.workflow as helpers

    assert (helpers.coalesce(None, 1), helpers.coalesce(0, 1)) == (1, 0)
    with pytest.raises(SystemExit, match="enough"):
        helpers.fail("enough")
    with helpers.block():
        pass


def test_every_type_that_is_written_down_is_used() -> None:
    parameters = [parameter for signature in SIGNATURES.values() for parameter in signature.parameters]

    assert set(_NAMED) <= {parameter.name for parameter in parameters}
    assert set(_FIELDS) == {field for parameter in parameters for field in parameter.fields}
