from __future__ import annotations

from typing import Any, Optional


class TerroirError(Exception):
    """What a server refused, or that it cannot be reached. Scripts match on `code`."""

    def __init__(
        self, code: str, message: str, *, status: Optional[int] = None, hint: Optional[str] = None, details: Any = None
    ) -> None:
        super().__init__(message if hint is None else f"{message} ({hint})")
        self.code = code
        self.message = message
        self.status = status
        self.hint = hint
        self.details = details
