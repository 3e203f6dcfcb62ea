from __future__ import annotations

from ._pack import Files
from ._transport import Transport


def upload(api: Transport, packed: Files) -> None:
    """Sends the content that the server lacks."""
    if not packed.contents:
        return
    missing = api.json("POST", "/blobs/missing", {"digests": list(packed.contents)}, repeatable=True)["missing"]
    for digest in missing:
        path = packed.contents[digest]
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(path.stat().st_size)}
        with path.open("rb") as file:
            api.open("PUT", f"/blobs/{digest}", data=file, headers=headers, timeout=3600).close()
