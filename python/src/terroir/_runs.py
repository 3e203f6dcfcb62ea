from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import Iterator, Mapping, Optional, Sequence, Union, cast

from ._events import follow
from ._pack import pack_code
from ._request import PathLike, given, page, segment
from ._transport import Transport
from ._types import Page, Run
from ._upload import upload

_ENDED = ("Completed", "Failed", "Canceled")


class RunCalls:
    _api: Transport

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
        compute: Optional[str] = None,
        gpus: Union[int, str, None] = None,
        priority: Optional[int] = None,
        timeout: Optional[float] = None,
        display_name: Optional[str] = None,
        tags: Optional[Mapping[str, str]] = None,
    ) -> Run:
        """
        Submits a job file, or a command in an environment; answers as soon as the run is on record. `code` is a folder. A variable `secret:NAME`
        takes its value from `secrets`. `target` is `local` or `docker`, `compute` the name of a worker, `gpus` a number or `all`, for a container.
        Of what waits, the highest `priority` comes first; 0 if not given. `timeout` in seconds.
        """
        body = given(
            environment=environment,
            command=None if command is None else list(command),
            job=None if job is None else Path(job).read_text(encoding="utf-8-sig"),
            inputs=inputs,
            variables=variables,
            secrets=secrets,
            target=target,
            compute=compute,
            gpus=None if gpus is None else str(gpus),
            priority=priority,
            timeout=timeout,
            displayName=display_name,
            tags=tags,
        )
        if code is not None:
            packed = pack_code(Path(code))
            upload(self._api, packed)
            body["code"] = packed.entries
        # Sent again after a lost answer, it starts nothing anew.
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        return cast(Run, self._api.json("POST", "/runs", body, headers=headers, repeatable=True))

    def runs(
        self,
        *,
        status: Optional[str] = None,
        environment: Optional[str] = None,
        sort: Optional[str] = None,
        limit: Optional[int] = None,
        cursor: Optional[str] = None,
    ) -> Page[Run]:
        """`sort`: `-created`, the newest first, if not given, or `created`."""
        query = {"status": status, "environment": environment, "sort": sort, "limit": limit, "cursor": cursor}
        return page(self._api.json("GET", "/runs", query=query))

    def run(self, id: str) -> Run:
        return cast(Run, self._api.json("GET", f"/runs/{segment(id)}"))

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
        for event, content in follow(self._api, f"/runs/{segment(id)}/events"):
            if event == "log":
                yield content["text"]

    def cancel(self, id: str) -> Run:
        """Asks it to end; `wait` shows when it has."""
        return cast(Run, self._api.json("POST", f"/runs/{segment(id)}/cancel"))
