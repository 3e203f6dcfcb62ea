"""A client of a Terroir server's API, of the standard library alone."""

from ._client import Client
from ._errors import TerroirError
from ._types import Environment, Image, Lock, Model, Page, Run, ShownModel, Version

__all__ = ["Client", "Environment", "Image", "Lock", "Model", "Page", "Run", "ShownModel", "TerroirError", "Version"]
