"""What the server answers, as its description of the API has it."""

from __future__ import annotations

from typing import Any, Dict, Generic, List, Optional, TypedDict, TypeVar, Union

T = TypeVar("T")


class Version(TypedDict):
    name: str
    version: str
    category: str
    description: Optional[str]
    tags: Dict[str, str]
    archived: bool
    fingerprint: str
    definition: Dict[str, Any]
    createdAt: str
    createdBy: str


class Environment(TypedDict):
    name: str
    archived: bool
    latestVersion: Optional[str]
    nextVersion: str
    category: Optional[str]
    description: Optional[str]
    tags: Dict[str, str]
    versions: int
    createdAt: str
    updatedAt: str


class RunEnvironment(TypedDict):
    name: str
    version: str
    fingerprint: str


class Run(TypedDict):
    id: str
    status: str
    displayName: Optional[str]
    environment: RunEnvironment
    lockDigest: Optional[str]
    imageDigest: Optional[str]
    target: str
    command: Union[str, List[str]]
    tags: Dict[str, str]
    createdAt: str
    createdBy: str
    startedAt: Optional[str]
    endedAt: Optional[str]
    exitCode: Optional[int]
    error: Optional[Dict[str, Any]]


class Model(TypedDict):
    name: str
    version: str
    runId: str
    path: str
    digest: str
    size: int
    files: int
    description: Optional[str]
    tags: Dict[str, str]
    createdAt: str
    createdBy: str


class ShownModel(Model):
    environment: RunEnvironment
    lockDigest: Optional[str]
    imageDigest: Optional[str]
    run: str


class Lock(TypedDict):
    revision: Optional[int]
    outcome: str
    lock: Dict[str, Any]


class Image(TypedDict):
    platform: str
    digest: str
    repository: str
    revision: int
    base: Optional[Dict[str, str]]
    lockDigest: Optional[str]
    layers: List[Dict[str, Any]]
    size: int
    source: str


class Page(List[T], Generic[T]):
    """A page of a list. `next` is the `cursor` of the next one."""

    next: Optional[str] = None
