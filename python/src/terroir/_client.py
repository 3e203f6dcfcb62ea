from __future__ import annotations

import json
import os
import time
import uuid
from pathlib import Path
from typing import Any, Dict, IO, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple, Union, cast
from urllib.parse import quote

from ._errors import TerroirError
from ._pack import Files, pack_code, pack_definition
from ._transport import Transport
from ._types import Environment, Image, Lock, Model, Page, Run, ShownModel, Version

PathLike = Union[str, "os.PathLike[str]"]
_ENDED = ("Completed", "Failed", "Canceled")


class Client:
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

    # Environments

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
        self._upload(packed)
        sent = {"text": text, "path": path.name, "files": packed.entries}
        header = _given(name=name, version=version, description=description, tags=tags)
        return cast(Version, self._api.json("POST", "/environments", {"definition": sent, **header}))

    def environments(
        self,
        *,
        search: Optional[str] = None,
        archived: Optional[str] = None,
        limit: Optional[int] = None,
        cursor: Optional[str] = None,
    ) -> "Page[Environment]":
        query = {"search": search, "archived": archived, "limit": limit, "cursor": cursor}
        return _page(self._api.json("GET", "/environments", query=query))

    def versions(self, name: str, *, limit: Optional[int] = None, cursor: Optional[str] = None) -> "Page[Version]":
        query = {"limit": limit, "cursor": cursor}
        return _page(self._api.json("GET", f"/environments/{quote(name, safe='')}/versions", query=query))

    def environment(self, reference: str) -> Version:
        return cast(Version, self._api.json("GET", _version_path(reference)))

    def lock(self, reference: str, platform: str = "linux-64", *, relock: bool = False) -> Lock:
        path = f"{_version_path(reference)}/locks/{quote(platform, safe='')}"
        return cast(Lock, self._api.json("POST", path, {"relock": relock}))

    def build(self, reference: str, platforms: Sequence[str] = (), *, rebuild: bool = False) -> "List[Image]":
        """Build the images of a version, or take them from a cache; one a platform."""
        body = {"platforms": list(platforms), "rebuild": rebuild}
        return cast("List[Image]", self._api.json("POST", f"{_version_path(reference)}/images", body)["items"])

    def archive(self, reference: str) -> None:
        self._api.json("POST", f"{_version_path(reference)}/archive")

    def restore(self, reference: str) -> None:
        self._api.json("POST", f"{_version_path(reference)}/restore")

    # Runs

    def submit(
        self,
        *,
        environment: Optional[str] = None,
        command: Optional[Sequence[str]] = None,
        job: Optional[PathLike] = None,
        code: Optional[PathLike] = None,
        inputs: Optional[Mapping[str, str]] = None,
        variables: Optional[Mapping[str, str]] = None,
        secrets: Optional[Mapping[str, str]] = None,
        target: Optional[str] = None,
        timeout: Optional[float] = None,
        display_name: Optional[str] = None,
        tags: Optional[Mapping[str, str]] = None,
    ) -> Run:
        """
        Submits a job file, or a command in an environment; answers as soon as the run is on record. `code` is a folder. A variable `secret:NAME`
        takes its value from `secrets`.
        """
        body = _given(
            environment=environment,
            command=None if command is None else list(command),
            job=None if job is None else Path(job).read_text(encoding="utf-8-sig"),
            inputs=inputs,
            variables=variables,
            secrets=secrets,
            target=target,
            timeout=timeout,
            displayName=display_name,
            tags=tags,
        )
        if code is not None:
            packed = pack_code(Path(code))
            self._upload(packed)
            body["code"] = packed.entries
        # Sent again after a lost answer, it starts nothing anew.
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        return cast(Run, self._api.json("POST", "/runs", body, headers=headers))

    def runs(
        self,
        *,
        status: Optional[str] = None,
        environment: Optional[str] = None,
        limit: Optional[int] = None,
        cursor: Optional[str] = None,
    ) -> "Page[Run]":
        query = {"status": status, "environment": environment, "limit": limit, "cursor": cursor}
        return _page(self._api.json("GET", "/runs", query=query))

    def run(self, id: str) -> Run:
        return cast(Run, self._api.json("GET", f"/runs/{quote(id, safe='')}"))

    def wait(self, id: str, timeout: Optional[float] = None) -> Run:
        """Until it has ended, whatever its end. `timeout` in seconds. Raises TimeoutError."""
        until = None if timeout is None else time.monotonic() + timeout
        pause = 0.05
        while True:
            run = self.run(id)
            if run["status"] in _ENDED:
                return run
            if until is not None and time.monotonic() + pause > until:
                raise TimeoutError(f"the run {id} has not ended: {run['status']}")
            time.sleep(pause)
            pause = min(1.0, pause * 1.5)

    def logs(self, id: str) -> Iterator[str]:
        """What it prints, as it comes, until its end. A connection that breaks is gone on with where it was."""
        position: Optional[str] = None
        failures = 0
        while True:
            headers = {"Accept": "text/event-stream"}
            if position is not None:
                headers["Last-Event-ID"] = position
            try:
                with self._api.open("GET", f"/runs/{quote(id, safe='')}/events", headers=headers) as answer:
                    for event, event_id, data in _events(answer):
                        failures = 0
                        position = event_id or position
                        if event == "end":
                            return
                        if event == "problem":
                            problem = json.loads(data)
                            raise TerroirError(problem["code"], problem["title"], hint=problem.get("hint"))
                        if event == "log":
                            yield json.loads(data)["text"]
            except TerroirError as error:
                if error.code != "UNREACHABLE" or failures >= 10:
                    raise
            except OSError as error:
                if failures >= 10:
                    raise TerroirError("UNREACHABLE", f"the log of {id} broke off: {error}") from error
            failures += 1
            time.sleep(0.1 * failures)

    def cancel(self, id: str) -> Run:
        return cast(Run, self._api.json("POST", f"/runs/{quote(id, safe='')}/cancel"))

    # Models

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
        header = _given(version=version, description=description, tags=tags)
        return cast(Model, self._api.json("POST", "/models", {"run": run, "name": name, "path": path, **header}))

    def models(
        self, *, name: Optional[str] = None, limit: Optional[int] = None, cursor: Optional[str] = None
    ) -> "Page[Model]":
        return _page(self._api.json("GET", "/models", query={"name": name, "limit": limit, "cursor": cursor}))

    def model(self, reference: str) -> ShownModel:
        """With the environment that trained it."""
        name, _, version = reference.partition(":")
        path = f"/models/{quote(name, safe='')}"
        return cast(ShownModel, self._api.json("GET", f"{path}/versions/{quote(version, safe='')}" if version else path))

    def me(self) -> Dict[str, Any]:
        """Who asks, and with which role."""
        return cast(Dict[str, Any], self._api.json("GET", "/me"))

    def _upload(self, packed: Files) -> None:
        if not packed.contents:
            return
        missing = self._api.json("POST", "/blobs/missing", {"digests": list(packed.contents)})["missing"]
        for digest in missing:
            path = packed.contents[digest]
            headers = {"Content-Type": "application/octet-stream", "Content-Length": str(path.stat().st_size)}
            with path.open("rb") as file:
                self._api.open("PUT", f"/blobs/{digest}", data=file, headers=headers, timeout=3600).close()


def _given(**values: Any) -> Dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _page(answer: Any) -> Any:
    page: Page[Any] = Page(answer["items"])
    page.next = answer["next"]
    return page


def _version_path(reference: str) -> str:
    plain = reference[len("azureml:") :] if reference.startswith("azureml:") else reference
    if plain.endswith("@latest"):
        plain = plain[: -len("@latest")]
    name, _, version = plain.partition(":")
    return f"/environments/{quote(name, safe='')}/versions/{quote(version, safe='') if version else '@latest'}"


def _events(answer: IO[bytes]) -> Iterator[Tuple[str, Optional[str], str]]:
    event, event_id, data = "message", None, ""
    for line in answer:
        text = line.decode().rstrip("\n")
        if text == "":
            if data:
                yield event, event_id, data
            event, event_id, data = "message", None, ""
        elif text.startswith("event: "):
            event = text[7:]
        elif text.startswith("id: "):
            event_id = text[4:]
        elif text.startswith("data: "):
            data = text[6:]
