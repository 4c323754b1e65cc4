"""What `make mutations` takes away: found by the structure of code, named without quoting it."""

import ast
from pathlib import Path

import pytest

from scripts.mutations.__main__ import all_mutations, equivalent, misnamed
from scripts.mutations.operators import Mutation, mutations_of


def found(tmp_path: Path, source: str) -> list[Mutation]:
    file = tmp_path / "module.py"
    file.write_text(source)
    return list(mutations_of(file, "module"))


def changed(tmp_path: Path, source: str, operator: str) -> list[str]:
    """What a module becomes under each mutation of an operator."""
    return [ast.unparse(one.tree()) for one in found(tmp_path, source) if one.name.startswith(f"{operator} ")]


@pytest.mark.parametrize(
    ("operator", "source", "become"),
    [
        ("guard", "x = a if b else c", ["x = a if b or True else c", "x = a if b and False else c"]),
        ("guard", "x = [a for a in b if a.c]", ["x = [a for a in b]"]),
        ("operand", "x = a and b", ["x = b", "x = a"]),
        ("boundary", "x = a < b", ["x = a <= b"]),
        ("boundary", "x = 1 <= a < b", ["x = 1 < a < b", "x = 1 <= a <= b"]),
        ("negation", "x = a == b", ["x = a != b"]),
        ("negation", "x = not a", ["x = bool(a)"]),
        ("limit", "LIMIT = 5", ["LIMIT = 5 * 10"]),
        ("limit", "LIMIT = MOST - 4", ["LIMIT = (MOST - 4) * 10"]),
        ("member", "SEEN = {'a', 'b'}", ["SEEN = {'b'}", "SEEN = {'a'}"]),
        ("member", "x = a in (1, 2)", ["x = a in (2,)", "x = a in (1,)"]),
        ("wrapper", "x = min(a, b)", ["x = a", "x = b"]),
        ("offset", "x = a + 1", ["x = a"]),
        ("bound", "x = Field(ge=1, title='t')", ["x = Field(title='t')"]),
    ],
)
def test_an_expression_loses_its_guard(tmp_path: Path, operator: str, source: str, become: list[str]) -> None:
    assert changed(tmp_path, source, operator) == become


@pytest.mark.parametrize(
    ("operator", "body", "become"),
    [
        ("raise", "raise ValueError", ["pass"]),
        ("call", "first()\n    second()", ["pass\n    second()", "second()\n    first()", "first()\n    pass"]),
        ("jump", "for a in b:\n        break", ["for a in b:\n        pass"]),
    ],
)
def test_a_statement_is_left_out(tmp_path: Path, operator: str, body: str, become: list[str]) -> None:
    assert changed(tmp_path, f"def f():\n    {body}\n", operator) == [f"def f():\n    {one}" for one in become]


def test_an_exception_is_not_caught_and_of_several_each(tmp_path: Path) -> None:
    source = "try:\n    a()\nexcept (B, C):\n    pass\nexcept D:\n    pass\n"

    kinds = [
        [ast.unparse(one) for one in ast.walk(ast.parse(text)) if isinstance(one, ast.ExceptHandler)]
        for text in changed(tmp_path, source, "except")
    ]

    assert [[handler.split("\n")[0] for handler in handlers] for handlers in kinds] == [
        ["except (C,):", "except D:"],
        ["except (B,):", "except D:"],
        ["except (B, C):", "except ():"],
    ]


def test_each_part_of_a_condition_holds_always_and_each_alternative_never(tmp_path: Path) -> None:
    both = changed(tmp_path, "f(condition='a >= :b AND size(c) < :d')", "condition")
    either = changed(tmp_path, "f(condition='attribute_not_exists(pk) OR a <= :b')", "condition")

    always, never = (
        "attribute_exists(pk) OR attribute_not_exists(pk)",
        "attribute_exists(pk) AND attribute_not_exists(pk)",
    )
    assert both == [
        f"f(condition='(a >= :b OR {always}) AND size(c) < :d')",
        f"f(condition='a >= :b AND (size(c) < :d OR {always})')",
    ]
    assert either[1:] == [
        f"f(condition='(attribute_not_exists(pk) AND {never}) OR a <= :b')",
        f"f(condition='attribute_not_exists(pk) OR (a <= :b AND {never})')",
    ]


@pytest.mark.parametrize(
    "source",
    [
        "if TYPE_CHECKING:\n    import a\n",
        "x: Literal['a', 'b']\n",
        "logger.info('said')\n",
        "def f():\n    raise ValueError('a' if b else 'c') from None\n",
        '"""A sentence with size(a) < :b."""\n',
        "x = f'{a if b else c}'\n",
    ],
)
def test_what_no_program_can_see_is_left_alone(tmp_path: Path, source: str) -> None:
    assert [one.name for one in found(tmp_path, source) if not one.name.startswith("raise ")] == []


def test_a_name_says_where_and_what_and_quotes_nothing(tmp_path: Path) -> None:
    source = "class A:\n    def f(self):\n        if secret:\n            return 1\n"

    [as_true, as_false] = found(tmp_path, source)

    assert (as_true.name, as_false.name) == ("guard module.A.f 1", "guard module.A.f 2")
    assert (as_true.function, as_true.lines) == ("A.f", (3, 4))


def test_what_is_argued_to_be_equivalent_is_there_and_is_what_was_argued() -> None:
    everything = all_mutations()

    assert len({mutation.name for mutation in everything}) == len(everything)
    assert misnamed(everything) == []
    assert set(misnamed(mutation for mutation in everything if "Meter" not in mutation.name)) == {
        name for name in equivalent() if "Meter" in name
    }


def test_a_mutation_says_what_it_makes(tmp_path: Path) -> None:
    assert [one.becomes() for one in found(tmp_path, "a = b\nif a and b:\n    c()")[:2]] == [
        "if a and b or True:",
        "if (a and b) and False:",
    ]


def test_what_only_decides_about_the_log_is_left_alone(tmp_path: Path) -> None:
    assert found(tmp_path, "if a and b not in {c, d}:\n    logger.warning('x')") == []
    assert len(found(tmp_path, "if a:\n    logger.warning('x')\nelse:\n    b = 1")) == 2
