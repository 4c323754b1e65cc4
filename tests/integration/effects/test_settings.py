"""The settings of the effects: from the environment, which the template gives to the function that performs them."""

from collections.abc import Iterator
from dataclasses import fields

import pytest

from domain.callables.settings import Settings, the_settings
from tests.support.template import functions

NAMES = ("ALLOWED_HOSTS", "SENDER_ADDRESS", "API_BASE_URL", "API_CREDENTIAL_SECRET_ARN")


@pytest.fixture(autouse=True)
def cold() -> Iterator[None]:
    """A process that has read no settings yet."""
    the_settings.cache_clear()
    yield
    the_settings.cache_clear()


def test_without_any_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)

    assert the_settings() == Settings(frozenset(), "", "", "")


def test_hosts_are_a_list_in_either_case(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in zip(NAMES, [" A.org:80,, b.org ,", "a@b.c", "https://a.org", "arn:x"], strict=True):
        monkeypatch.setenv(name, value)

    assert the_settings() == Settings(frozenset({"a.org:80", "b.org"}), "a@b.c", "https://a.org", "arn:x")


def test_the_template_gives_every_setting_to_the_function_that_performs_effects() -> None:
    given = functions()["RunStepsFunction"]["Environment"]["Variables"]

    assert set(NAMES) <= set(given)
    assert [name.lower() for name in NAMES] == [field.name for field in fields(Settings)]
