"""A client of a Terroir server's API, of the standard library alone."""

from ._client import Client
from ._errors import TerroirError
from ._types import (
    Build,
    BuiltPlatform,
    Caller,
    Environment,
    Image,
    Layer,
    Lock,
    Model,
    NamedVersion,
    Page,
    Problem,
    Progress,
    Run,
    ShownModel,
    Version,
)

__all__ = [
    "Build",
    "BuiltPlatform",
    "Caller",
    "Client",
    "Environment",
    "Image",
    "Layer",
    "Lock",
    "Model",
    "NamedVersion",
    "Page",
    "Problem",
    "Progress",
    "Run",
    "ShownModel",
    "TerroirError",
    "Version",
]
