from __future__ import annotations

from contextlib import suppress
from typing import Callable, Iterator, List, Optional, Sequence, Tuple, cast

from ._errors import TerroirError
from ._events import follow
from ._request import given, one_version, page, segment, version_path
from ._transport import Transport
from ._types import Build, Image, Page, Progress


class BuildCalls:
    _api: Transport

    def build(
        self,
        reference: str,
        platforms: Sequence[str] = (),
        *,
        rebuild: bool = False,
        priority: Optional[int] = None,
        on_progress: Optional[Callable[[Progress], None]] = None,
    ) -> List[Image]:
        """
        The images of a version, one a platform: built, or from a cache. `rebuild`: resolve anew, look at the base anew. `on_progress` gets what it
        reports. Whoever interrupts it ends the build, unless others had asked for it before.
        """
        is_ours, build = self._ask(reference, platforms, rebuild, priority)
        try:
            for progress in self.follow_build(build["id"]):
                if on_progress is not None:
                    on_progress(progress)
        except KeyboardInterrupt:
            if is_ours:
                # It may have ended meanwhile.
                with suppress(TerroirError):
                    self.cancel_build(build["id"])
            raise
        return self.images_of(build["id"])

    def submit_build(
        self,
        reference: str,
        platforms: Sequence[str] = (),
        *,
        rebuild: bool = False,
        priority: Optional[int] = None,
    ) -> Build:
        """Asks for images, and answers at once. Of what waits, the highest `priority` comes first; 0 if not given."""
        return self._ask(reference, platforms, rebuild, priority)[1]

    def follow_build(self, id: str) -> Iterator[Progress]:
        """What it reports, as it comes, until its end. A connection that breaks is gone on with where it was."""
        for event, content in follow(self._api, f"/builds/{segment(id)}/events"):
            if event == "progress":
                yield cast(Progress, content)

    def images_of(self, build: str) -> List[Image]:
        """What a build has brought; waits for its end. Raises TerroirError with what made it fail."""
        record = self.build_record(build)
        if record["endedAt"] is None:
            for _ in self.follow_build(build):
                pass
            record = self.build_record(build)
        error = record["error"]
        if error is not None:
            raise TerroirError(error["code"], error["message"], hint=error.get("hint"))
        version = one_version(record["environment"]["name"], record["environment"]["version"])
        images: List[Image] = []
        for built in record["images"] or []:
            query = {"platform": built["platform"], "revision": built["revision"]}
            image = cast(Image, self._api.json("GET", f"{version}/image", query=query))
            image["source"] = built["source"]
            images.append(image)
        return images

    def image(self, reference: str, platform: Optional[str] = None, *, revision: Optional[int] = None) -> Image:
        """The image that a version has, the newest if `revision` does not name one; nothing is built."""
        query = {"platform": platform, "revision": revision}
        return cast(Image, self._api.json("GET", f"{version_path(reference)}/image", query=query))

    def builds(
        self,
        *,
        status: Optional[str] = None,
        environment: Optional[str] = None,
        sort: Optional[str] = None,
        limit: Optional[int] = None,
        cursor: Optional[str] = None,
    ) -> Page[Build]:
        """`sort`: `-created`, the newest first, if not given, or `created`. `status`: `Queued`, `Running`, `Completed`, `Failed` or `Canceled`."""
        query = {"status": status, "environment": environment, "sort": sort, "limit": limit, "cursor": cursor}
        return page(self._api.json("GET", "/builds", query=query))

    def build_record(self, id: str) -> Build:
        return cast(Build, self._api.json("GET", f"/builds/{segment(id)}"))

    def cancel_build(self, id: str) -> Build:
        """Asks it to end; `build_record` shows when it has."""
        return cast(Build, self._api.json("POST", f"/builds/{segment(id)}/cancel"))

    def _ask(
        self, reference: str, platforms: Sequence[str], rebuild: bool, priority: Optional[int]
    ) -> Tuple[bool, Build]:
        body = given(environment=reference, platforms=list(platforms), rebuild=rebuild, priority=priority)
        # Whoever asks again for what goes on gets the same one.
        status, build = self._api.ask("POST", "/builds", body, repeatable=True)
        return status == 202, cast(Build, build)
