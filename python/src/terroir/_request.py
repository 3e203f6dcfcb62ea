"""What requests are made of, and what is made of answers."""

from __future__ import annotations

import os
from typing import Any, Dict, Optional, Union
from urllib.parse import quote

from ._types import Page

PathLike = Union[str, "os.PathLike[str]"]


def given(**values: Any) -> Dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def page(answer: Dict[str, Any]) -> Page[Any]:
    made: Page[Any] = Page(answer["items"])
    made.next = answer["next"]
    return made


def segment(name: str) -> str:
    return quote(name, safe="")


def version_path(reference: str) -> str:
    plain = reference[len("azureml:") :] if reference.startswith("azureml:") else reference
    if plain.endswith("@latest"):
        plain = plain[: -len("@latest")]
    name, _, version = plain.partition(":")
    return one_version(name, version or None)


def one_version(name: str, version: Optional[str]) -> str:
    return f"/environments/{segment(name)}/versions/{'@latest' if version is None else segment(version)}"
