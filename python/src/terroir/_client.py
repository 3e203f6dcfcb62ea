from __future__ import annotations

import os
from typing import Optional, cast

from ._builds import BuildCalls
from ._environments import EnvironmentCalls
from ._models import ModelCalls
from ._runs import RunCalls
from ._transport import Transport
from ._types import Caller


class Client(EnvironmentCalls, BuildCalls, RunCalls, ModelCalls):
    """A workspace behind a server. References are `name`, `name:version` and `name@latest`."""

    def __init__(
        self,
        url: Optional[str] = None,
        token: Optional[str] = None,
        *,
        cafile: Optional[str] = None,
        timeout: float = 60,
    ) -> None:
        """Without `url` and `token`, TERROIR_URL and TERROIR_TOKEN say them. `cafile`: further certificate authorities."""
        url = url or os.environ.get("TERROIR_URL")
        if not url:
            raise ValueError("give the server's URL, or set TERROIR_URL")
        self._api = Transport(url, token or os.environ.get("TERROIR_TOKEN"), cafile=cafile, timeout=timeout)

    def me(self) -> Caller:
        """Who asks, and with which role."""
        return cast(Caller, self._api.json("GET", "/me"))
