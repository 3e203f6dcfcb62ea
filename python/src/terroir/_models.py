from __future__ import annotations

from typing import Mapping, Optional, cast

from ._request import given, page, segment
from ._transport import Transport
from ._types import Model, Page, ShownModel


class ModelCalls:
    _api: Transport

    def register_model(
        self,
        run: str,
        name: str,
        path: str,
        *,
        version: Optional[str] = None,
        description: Optional[str] = None,
        tags: Optional[Mapping[str, str]] = None,
    ) -> Model:
        """Keeps an output of a run, such as `outputs/model`."""
        header = given(version=version, description=description, tags=tags)
        return cast(Model, self._api.json("POST", "/models", {"run": run, "name": name, "path": path, **header}))

    def models(
        self,
        *,
        name: Optional[str] = None,
        run: Optional[str] = None,
        sort: Optional[str] = None,
        limit: Optional[int] = None,
        cursor: Optional[str] = None,
    ) -> Page[Model]:
        """`run`: only what that run made. `sort`: `-created`, the newest first, if not given, or `created`."""
        query = {"name": name, "run": run, "sort": sort, "limit": limit, "cursor": cursor}
        return page(self._api.json("GET", "/models", query=query))

    def model(self, reference: str) -> ShownModel:
        """With the environment that trained it."""
        name, _, version = reference.partition(":")
        path = f"/models/{segment(name)}"
        return cast(ShownModel, self._api.json("GET", f"{path}/versions/{segment(version)}" if version else path))
