from __future__ import annotations

import json
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from http.client import HTTPException, HTTPResponse
from typing import Any, Dict, Mapping, Optional, Tuple

from ._errors import TerroirError

_RETRIES = 3
_ADDRESS = "Is it the address of a Terroir server, without /api/v1?"


class Transport:
    """Requests to `/api/v1`. Proxies are those of the environment, as urllib has them."""

    def __init__(self, url: str, token: Optional[str], *, cafile: Optional[str], timeout: float) -> None:
        self.url = url.rstrip("/")
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
    ) -> HTTPResponse:
        pairs = {key: value for key, value in (query or {}).items() if value is not None}
        search = urllib.parse.urlencode(pairs, doseq=True)
        request = urllib.request.Request(f"{self.url}/api/v1{path}{'?' + search if search else ''}", data, method=method)
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
            raise TerroirError("UNREACHABLE", f"{self.url} cannot be reached: {error}") from error

    def json(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Optional[Mapping[str, Any]] = None,
        headers: Optional[Mapping[str, str]] = None,
        repeatable: bool = False,
    ) -> Any:
        return self.ask(method, path, body, query=query, headers=headers, repeatable=repeatable)[1]

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Optional[Mapping[str, Any]] = None,
        headers: Optional[Mapping[str, str]] = None,
        repeatable: bool = False,
    ) -> Tuple[int, Any]:
        """The answer with its status. `repeatable`: sent twice, it does no more than once."""
        sent: Dict[str, str] = dict(headers or {})
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        for attempt in range(_RETRIES + 1):
            try:
                with self.open(method, path, query=query, data=data, headers=sent) as answer:
                    return answer.status, _parse(self.url, answer)
            except TerroirError as error:
                lasting = error.code != "UNREACHABLE" and error.status not in (429, 502, 503, 504)
                if lasting or attempt == _RETRIES or not (repeatable or method == "GET"):
                    raise
                time.sleep(0.2 * 2**attempt)
        raise AssertionError


def _parse(url: str, answer: HTTPResponse) -> Any:
    try:
        return json.loads(answer.read())
    except ValueError:
        raise TerroirError("HTTP_ERROR", f"what answers at {url} is no Terroir server", hint=_ADDRESS) from None
    except (OSError, HTTPException) as error:
        raise TerroirError("UNREACHABLE", f"{url} broke off: {error}") from error


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
        return TerroirError("HTTP_ERROR", f"the server answered {error.code}", status=error.code, hint=_ADDRESS)
