from __future__ import annotations

from pathlib import Path
from typing import Iterable, Mapping, Optional, cast

from ._pack import pack_definition
from ._request import PathLike, given, page, segment, version_path
from ._transport import Transport
from ._types import Environment, Lock, Page, Version
from ._upload import upload


class EnvironmentCalls:
    _api: Transport

    def register(
        self,
        definition: PathLike,
        *,
        name: Optional[str] = None,
        version: Optional[str] = None,
        description: Optional[str] = None,
        tags: Optional[Mapping[str, str]] = None,
        files: Iterable[str] = (),
    ) -> Version:
        """Registers the definition in a file. The same again is the same version. `files`: what it refers to besides."""
        path = Path(definition)
        text, packed = pack_definition(path, files)
        upload(self._api, packed)
        sent = {"text": text, "path": path.name, "files": packed.entries}
        header = given(name=name, version=version, description=description, tags=tags)
        return cast(Version, self._api.json("POST", "/environments", {"definition": sent, **header}))

    def environments(
        self,
        *,
        search: Optional[str] = None,
        category: Optional[str] = None,
        tags: Iterable[str] = (),
        archived: Optional[str] = None,
        sort: Optional[str] = None,
        limit: Optional[int] = None,
        cursor: Optional[str] = None,
    ) -> Page[Environment]:
        """
        `archived`: `active` (if not given), `archived` or `all`. `tags`: `key` or `key=value`. `category`: also `custom`, all that are not curated.
        `sort`: `name` (if not given), `-name`, `created` or `-created`.
        """
        chosen = {"search": search, "category": category, "tag": list(tags), "archived": archived, "sort": sort}
        query = {**chosen, "limit": limit, "cursor": cursor}
        return page(self._api.json("GET", "/environments", query=query))

    def versions(
        self,
        name: str,
        *,
        tags: Iterable[str] = (),
        archived: Optional[str] = None,
        sort: Optional[str] = None,
        limit: Optional[int] = None,
        cursor: Optional[str] = None,
    ) -> Page[Version]:
        """Of an environment. `sort`: `-created`, the newest first, if not given, or `created`. `tags` and `archived` as of `environments`."""
        query = {"tag": list(tags), "archived": archived, "sort": sort, "limit": limit, "cursor": cursor}
        return page(self._api.json("GET", f"/environments/{segment(name)}/versions", query=query))

    def environment(self, reference: str) -> Version:
        return cast(Version, self._api.json("GET", version_path(reference)))

    def lock(self, reference: str, platform: str = "linux-64", *, relock: bool = False) -> Lock:
        """The exact packages; found out now if nobody did yet. `relock`: find them out anew."""
        path = f"{version_path(reference)}/locks/{segment(platform)}"
        return cast(Lock, self._api.json("POST", path, {"relock": relock}))

    def archive(self, reference: str) -> None:
        """Hides a version from lists."""
        self._api.json("POST", f"{version_path(reference)}/archive")

    def restore(self, reference: str) -> None:
        self._api.json("POST", f"{version_path(reference)}/restore")
