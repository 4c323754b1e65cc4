"""What a section of the bench is: how it is measured, and what is written and drawn of what was found."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

type Figures = dict[str, Any]
"""What a section has found: JSON, from which its text and its charts are made, and nothing else."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to measure: `quick` for whether all still works, `install` to fetch peers that are not there yet.

    `rounds` is how often what is compared is measured, one after the other, so that what changes meanwhile meets all.
    """

    quick: bool = False
    install: bool = True
    rounds: int = 1


@dataclass(frozen=True, slots=True)
class Bars:
    """Horizontal bars, one for each label: the median, and from where to where the measurements went."""

    name: str
    title: str
    unit: str
    rows: list[tuple[str, float, float, float]]
    is_logarithmic: bool = False


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines over one axis, each of them points of x and y."""

    name: str
    title: str
    x_label: str
    y_label: str
    lines: dict[str, list[tuple[float, float]]]
    is_logarithmic: bool = False


type Chart = Bars | Lines


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the document: `text` is Markdown below the heading `title`, and refers to charts as NAME.svg."""

    title: str
    measure: Callable[[Options], Figures]
    text: Callable[[Figures], str]
    charts: Callable[[Figures], list[Chart]] = field(default=lambda _: [])
