from __future__ import annotations

import json
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from http.client import HTTPException
from typing import Any, Dict, IO, Mapping, Optional

from ._errors import TerroirError

_RETRIES = 3


class Transport:
    """Requests to `/api/v1`. Proxies are those of the environment, as urllib has them."""

    def __init__(self, url: str, token: Optional[str], *, cafile: Optional[str], timeout: float) -> None:
        self._base = url.rstrip("/") + "/api/v1"
        self._token = token
        self._timeout = timeout
        context = ssl.create_default_context(cafile=cafile)
        self._opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), _NoRedirect())

    def open(
        self,
        method: str,
        path: str,
        *,
        query: Optional[Mapping[str, Any]] = None,
        data: Any = None,
        headers: Optional[Mapping[str, str]] = None,
        timeout: Optional[float] = None,
    ) -> IO[bytes]:
        pairs = {key: value for key, value in (query or {}).items() if value is not None}
        search = urllib.parse.urlencode(pairs, doseq=True)
        request = urllib.request.Request(f"{self._base}{path}{'?' + search if search else ''}", data, method=method)
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        if self._token is not None:
            # Not to where the server might send us.
            request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        try:
            return self._opener.open(request, timeout=timeout or self._timeout)  # type: ignore[no-any-return]
        except urllib.error.HTTPError as error:
            raise _problem(error) from None
        except (OSError, HTTPException) as error:
            raise TerroirError("UNREACHABLE", f"{self._base} cannot be reached: {error}") from error

    def json(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Optional[Mapping[str, Any]] = None,
        headers: Optional[Mapping[str, str]] = None,
    ) -> Any:
        """What is not repeated by itself must carry an `Idempotency-Key`."""
        sent: Dict[str, str] = dict(headers or {})
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        repeatable = method == "GET" or "Idempotency-Key" in sent
        for attempt in range(_RETRIES + 1):
            try:
                with self.open(method, path, query=query, data=data, headers=sent) as answer:
                    return json.loads(answer.read())
            except TerroirError as error:
                lasting = error.code != "UNREACHABLE" and error.status not in (429, 502, 503, 504)
                if lasting or not repeatable or attempt == _RETRIES:
                    raise
                time.sleep(0.2 * 2**attempt)
        raise AssertionError


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None


def _problem(error: urllib.error.HTTPError) -> TerroirError:
    try:
        problem = json.loads(error.read())
        return TerroirError(
            problem["code"],
            problem["title"],
            status=error.code,
            hint=problem.get("hint"),
            details=problem.get("details"),
        )
    except (ValueError, KeyError, TypeError, OSError):
        hint = "Is it the address of a Terroir server, without /api/v1?"
        return TerroirError("HTTP_ERROR", f"the server answered {error.code}", status=error.code, hint=hint)
