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


class NamedVersion(TypedDict):
    name: str
    version: str
    fingerprint: str


class Lock(TypedDict):
    revision: Optional[int]
    outcome: str
    lock: Dict[str, Any]


class _Problem(TypedDict):
    code: str
    message: str


class Problem(_Problem, total=False):
    """Why a run or a build failed."""

    hint: str


class Layer(TypedDict):
    digest: str
    size: int
    kind: str
    packages: List[str]


class Image(TypedDict):
    platform: str
    digest: str
    repository: str
    revision: int
    base: Optional[Dict[str, str]]
    lockDigest: Optional[str]
    layers: List[Layer]
    size: int
    source: str


class BuiltPlatform(TypedDict):
    platform: str
    revision: int
    digest: str
    size: int
    source: str


class Build(TypedDict):
    id: str
    status: str
    environment: NamedVersion
    platforms: List[str]
    rebuild: bool
    priority: int
    worker: Optional[str]
    attempts: int
    createdAt: str
    createdBy: str
    startedAt: Optional[str]
    endedAt: Optional[str]
    error: Optional[Problem]
    images: Optional[List[BuiltPlatform]]


class _Progress(TypedDict):
    time: str
    type: str


class Progress(_Progress, total=False):
    """
    What a build reports. By `type`: `step-started` (`id`, `title`), `step-progress` (`id`, `done`, `total`), `step-finished` (`id`, `title`, `outcome`,
    `detail`, `ms`), `note` (`level`, `message`, `hint`), and `output`, a line of an engine (`source`, `text`).
    """

    id: int
    title: str
    unit: str
    done: int
    total: int
    outcome: str
    detail: str
    ms: float
    level: str
    message: str
    hint: str
    source: str
    text: str


class Run(TypedDict):
    id: str
    status: str
    displayName: Optional[str]
    environment: NamedVersion
    lockDigest: Optional[str]
    imageDigest: Optional[str]
    target: str
    compute: Optional[str]
    worker: Optional[str]
    command: Union[str, List[str]]
    tags: Dict[str, str]
    createdAt: str
    createdBy: str
    startedAt: Optional[str]
    endedAt: Optional[str]
    exitCode: Optional[int]
    error: Optional[Problem]


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
    environment: NamedVersion
    lockDigest: Optional[str]
    imageDigest: Optional[str]
    run: str


class Caller(TypedDict):
    user: str
    role: str
    token: Optional[str]
    session: bool


class Page(List[T], Generic[T]):
    """A page of a list. `next` is the `cursor` of the next one."""

    next: Optional[str] = None
