/** What a code means to the outside: the process's exit code, the HTTP status, and a sentence for docs/errors.md. */
export interface ErrorCodeFacts {
  exit: 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 70 | 130;
  status: number;
  meaning: string;
}

const code = (exit: ErrorCodeFacts['exit'], status: number, meaning: string): ErrorCodeFacts => ({
  exit,
  status,
  meaning,
});

/** Every error code. Codes are stable: scripts match on them. docs/errors.md is generated from this table. */
export const errorCodes = {
  USAGE: code(2, 400, 'The command line or the request cannot be understood: an unknown option, a missing argument.'),
  NOT_INTERACTIVE: code(2, 400, 'The command needs a terminal, and there is none.'),
  UNSUPPORTED_KEY: code(
    2,
    400,
    'A job file asks for something that this target cannot do. The key is named; nothing is ignored.',
  ),

  INVALID_DEFINITION: code(3, 422, 'An environment file is wrong. The message names file, line and column.'),
  INVALID_JOB: code(3, 422, 'A job file is wrong. The message names file, line and column.'),
  INVALID_SETTINGS: code(
    3,
    422,
    'The settings file of the workspace is wrong. The message names file, line and column.',
  ),
  UNSUPPORTED_FORMAT: code(3, 422, 'The file is of a kind that Terroir does not read (yet); the hint says what to do.'),
  UNSUPPORTED_FEATURE: code(3, 422, 'The definition asks for something that cannot be built or run here yet.'),
  CHECK_FAILED: code(3, 422, 'The analysis rules found errors in the definition.'),
  RESERVED_NAME: code(3, 422, 'The name begins with a prefix that is reserved for curated environments.'),
  INVALID_NAME: code(3, 422, 'The name, version or tag has a character or a length that is not allowed.'),
  INVALID_LOCK: code(3, 422, 'A lock file cannot be read, or it is not for this definition or platform.'),

  SNAPSHOT_TOO_LARGE: code(
    3,
    413,
    'The folder of a run holds more than a snapshot may; name what it does not need in `.amlignore`.',
  ),

  TOO_LARGE: code(3, 413, 'A request or an upload is larger than the server takes.'),
  UNSUPPORTED_MEDIA_TYPE: code(3, 415, 'The body of a request is of a type that the address does not take.'),

  FILE_NOT_FOUND: code(4, 404, 'A file or folder that was named does not exist.'),
  ENVIRONMENT_NOT_FOUND: code(4, 404, 'No environment or version of that name is in the workspace.'),
  RUN_NOT_FOUND: code(4, 404, 'No run of that id is in the workspace.'),
  BUILD_NOT_FOUND: code(4, 404, 'No build of that id is in the workspace.'),
  MODEL_NOT_FOUND: code(4, 404, 'No model of that name and version is in the workspace.'),
  LOCK_NOT_FOUND: code(4, 404, 'The environment has no lock (of that revision, for that platform).'),
  PYTHON_NOT_FOUND: code(4, 404, 'No Python of the version that the lock names is on this machine.'),
  TOOL_NOT_FOUND: code(4, 404, 'A program that is needed was not found and could not be brought.'),
  ENGINE_NOT_FOUND: code(
    4,
    404,
    'Something needs a container engine (Docker, Podman, Buildah), and none works on this machine.',
  ),
  COMMAND_NOT_FOUND: code(4, 404, 'The command to run does not exist in the environment or on the machine.'),
  IMAGE_NOT_FOUND: code(4, 404, 'No image, layer or tag of that name is in the registry.'),
  TOKEN_NOT_FOUND: code(4, 404, 'No token of that id is in the workspace.'),
  CONTENT_NOT_FOUND: code(
    4,
    404,
    'Content that a request names by its digest is not in the workspace: upload it first.',
  ),
  ROUTE_NOT_FOUND: code(4, 404, 'The server has nothing at that address, or not with that method.'),
  WORKSPACE_NOT_FOUND: code(4, 404, 'The workspace that was named does not exist.'),

  WORKSPACE_UNUSABLE: code(
    5,
    409,
    'The workspace was made by a newer Terroir, is no folder, or lies where a database gets damaged (a network file system).',
  ),
  VERSION_EXISTS: code(5, 409, 'That version is registered with another definition; versions cannot be changed.'),
  MODEL_EXISTS: code(5, 409, 'That model version is registered already.'),
  IN_USE: code(5, 409, 'It cannot be deleted: something uses it. Archive it instead.'),
  ARCHIVED: code(5, 409, 'The environment is archived as a whole; restore it first.'),
  FILE_CHANGED: code(5, 409, 'A file was changed while it was being sent.'),
  ALREADY_EXISTS: code(5, 409, 'The file or folder to write exists already.'),
  BUSY: code(5, 409, 'Another process holds what is needed and did not let go in time.'),
  PYTHON_MISMATCH: code(5, 409, 'The target has another minor version of Python than the lock.'),
  MACHINE_MISMATCH: code(5, 409, 'This machine does not offer what the lock requires (platform, libc, CUDA driver).'),
  COMPRESSOR_MISMATCH: code(
    5,
    409,
    'This build of Node compresses in another way than the official ones; images would get other digests.',
  ),
  RUN_LOST: code(5, 409, 'The process that drove the run is gone: it was killed, or the machine went down.'),
  FINISHED: code(5, 409, 'The run has ended; it cannot be changed any more.'),

  PRECONDITION_FAILED: code(5, 412, 'It is not what `If-Match` says: somebody changed it meanwhile.'),
  ADDRESS_IN_USE: code(5, 409, 'Another program listens at the address that the server should have.'),

  UNSOLVABLE: code(6, 422, 'No set of packages fits the definition. The solver’s own explanation is shown.'),
  BUILD_FAILED: code(6, 422, 'A source distribution, git reference or project could not be built into a wheel.'),
  ENGINE_FAILED: code(
    6,
    422,
    'A container engine could not build, load or run what it was asked to. Its own last lines are shown.',
  ),
  ACTIVATION_FAILED: code(6, 422, 'A script that a conda package wants run on activation ended its shell.'),
  PREFIX_TOO_LONG: code(
    6,
    422,
    'A binary of a conda package has room for a shorter path than the environment would have; the message names both.',
  ),
  PACKAGE_CONFLICT: code(6, 422, 'Two packages cannot be installed together.'),

  DIGEST_MISMATCH: code(7, 502, 'The bytes are not those that the digest promises. Nothing was kept.'),
  HOSTILE_ARCHIVE: code(7, 422, 'An archive tries something that no honest archive does. Nothing was written.'),
  CORRUPT_ARCHIVE: code(7, 422, 'An archive is broken or truncated. Nothing was kept.'),
  AUDIT_BROKEN: code(7, 409, 'The audit trail was changed: an entry is missing, was altered or was inserted.'),
  CORRUPT_STORE: code(7, 500, 'A file in the store, a prefix or the workspace is damaged.'),
  INVALID_IMAGE: code(7, 422, 'A manifest is not as the OCI specifications say, or its sizes or digests are not true.'),
  INVALID_WHEEL: code(7, 422, 'A wheel does not follow the wheel specification.'),
  INVALID_PACKAGE: code(7, 422, 'A conda package contradicts itself, or lacks what every conda package has.'),

  TOO_MANY_LAYERS: code(6, 422, 'The base image has so many layers that no room is left below what engines can mount.'),

  UNREACHABLE: code(8, 502, 'A server did not answer, or the connection broke and retries did not help.'),
  OFFLINE: code(8, 503, 'Something has to be fetched, and offline mode is on.'),
  HTTP_ERROR: code(8, 502, 'A server answered with an error.'),
  TOO_MANY_REQUESTS: code(8, 429, 'More requests than the server’s limit; `Retry-After` says when to come again.'),
  DISK_FULL: code(8, 507, 'The disk is full. Nothing half-written was kept.'),
  TIMEOUT: code(8, 504, 'It took longer than the limit.'),

  UNAUTHORIZED: code(9, 401, 'The server wants credentials, or refuses those that it got.'),
  PERMISSION_DENIED: code(9, 403, 'The operating system or the server does not permit it.'),

  CANCELED: code(130, 499, 'Interrupted by the user or by a cancel request.'),
  INTERNAL: code(70, 500, 'A defect in Terroir. Please report it with the text shown.'),
} as const satisfies Record<string, ErrorCodeFacts>;

export type ErrorCode = keyof typeof errorCodes;

export function exitCodeOf(code: ErrorCode): number {
  return errorCodes[code].exit;
}
