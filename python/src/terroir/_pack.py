"""Files of this machine as the API takes them: by path and digest."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from pathlib import Path, PurePosixPath
from typing import Dict, Iterable, Iterator, List, Optional, Tuple

Entry = Dict[str, object]
_NEVER = {".git", ".terroir", ".venv", "venv", "__pycache__", ".ipynb_checkpoints", ".mypy_cache", ".pytest_cache"}
_KEYS = re.compile(r"^\s*(?:conda_file|requirements)\s*:\s*[\"']?([^\s\"'\[\]{}#]+)", re.M)
_CONTEXT = re.compile(r"^build\s*:\s*(?:#.*)?\n(?:\s+.*\n)*?\s+path\s*:\s*[\"']?([^\s\"'#]+)", re.M)
_INCLUDE = re.compile(r"^\s*-?\s*(?:-r|-c|--requirement|--constraint)[\s=]+([^\s#]+)", re.M)


class Files:
    """What goes with a request, and where its content is."""

    def __init__(self) -> None:
        self.entries: Dict[str, Entry] = {}
        self.contents: Dict[str, Path] = {}

    def add(self, name: str, path: Path) -> None:
        if path.is_symlink():
            self.entries[name] = {"link": os.readlink(path)}
            return
        digest = _digest(path)
        entry: Entry = {"digest": digest}
        if os.access(path, os.X_OK):
            entry["executable"] = True
        self.entries[name] = entry
        self.contents[digest] = path


def pack_definition(path: Path, more: Iterable[str]) -> Tuple[str, Files]:
    """The text of a definition, and the files that it names. `more`: paths beside it that it refers to in another way."""
    text = path.read_text(encoding="utf-8-sig")
    files = Files()
    todo: List[str] = [*_KEYS.findall(text), *_INCLUDE.findall(text), *more]
    while todo:
        name = _normal(todo.pop())
        file = path.parent / name
        if name in files.entries or not file.is_file():
            continue
        files.add(name, file)
        included = _INCLUDE.findall(file.read_text(encoding="utf-8-sig", errors="replace"))
        todo.extend(os.path.join(os.path.dirname(name), each) for each in included)
    for context in _CONTEXT.findall(text):
        folder = path.parent / context
        for name, file in _walk(folder):
            files.add(_normal(os.path.join(context, name)), file)
    return text, files


def pack_code(folder: Path) -> Files:
    """What git does not ignore, or everything outside of a repository. Secrets in `.env` files never go."""
    if not folder.is_dir():
        raise NotADirectoryError(f"the code `{folder}` is no folder")
    files = Files()
    for name, path in _tracked(folder) or _walk(folder):
        base = PurePosixPath(name).name
        if not (base == ".env" or base.startswith(".env.")):
            files.add(name, path)
    return files


def _tracked(folder: Path) -> Optional[List[Tuple[str, Path]]]:
    command = ["git", "-C", str(folder), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, capture_output=True, check=True).stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        return None
    found = [(name, folder / name) for name in listed if name]
    return [(name, path) for name, path in found if path.is_symlink() or path.is_file()]


def _walk(folder: Path) -> Iterator[Tuple[str, Path]]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _NEVER)
        for name in sorted(names):
            path = Path(root, name)
            if path.is_symlink() or path.is_file():
                yield path.relative_to(folder).as_posix(), path


def _normal(name: str) -> str:
    return PurePosixPath(os.path.normpath(name)).as_posix()


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for piece in iter(lambda: file.read(1 << 20), b""):
            digest.update(piece)
    return digest.hexdigest()
