"""Server-sent events, followed to their end."""

from __future__ import annotations

import json
import time
from http.client import HTTPException, HTTPResponse
from typing import Any, Iterator, Optional, Tuple

from ._errors import TerroirError
from ._transport import Transport

# In a row; with the pauses between them, half a minute: a server that is started anew is back by then.
_FAILURES = 10
# A connection that broke, a server that stops, a proxy that waits for it.
_PASSING = ("UNREACHABLE", "HTTP_ERROR", "CANCELED", "INTERNAL")


def follow(api: Transport, path: str) -> Iterator[Tuple[str, Any]]:
    """What happens at `path`, up to its `end`. A connection that breaks off is gone on with where it was."""
    position: Optional[str] = None
    has_answered = False
    failures = 0
    while True:
        headers = {"Accept": "text/event-stream"}
        if position is not None:
            headers["Last-Event-ID"] = position
        problem = TerroirError("UNREACHABLE", f"{api.url} does not say any more how it goes on")
        try:
            with api.open("GET", path, headers=headers) as answer:
                has_answered = True
                for event, event_id, data in _read(answer):
                    failures = 0
                    position = event_id or position
                    content = json.loads(data)
                    if event == "problem":
                        raise TerroirError(content["code"], content["title"], hint=content.get("hint"))
                    if event == "end":
                        return
                    yield event, content
        except TerroirError as error:
            if not has_answered or error.code not in _PASSING:
                raise
            problem = error
        except (OSError, HTTPException) as error:
            problem.__cause__ = error
        failures += 1
        if failures > _FAILURES:
            raise problem
        time.sleep(min(5.0, 0.05 * 2**failures))


def _read(answer: HTTPResponse) -> Iterator[Tuple[str, Optional[str], str]]:
    """WHATWG HTML, 9.2, as our servers send them: one line of data each."""
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
