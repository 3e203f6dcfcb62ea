import { AppError, type ErrorCode, isAppError } from '../errors/index.ts';

/** The codes of the OCI distribution specification (1.1, "Error Codes"), each with its HTTP status and our own code. */
const ociErrors = {
  BLOB_UNKNOWN: { status: 404, code: 'IMAGE_NOT_FOUND' },
  BLOB_UPLOAD_INVALID: { status: 400, code: 'USAGE' },
  BLOB_UPLOAD_UNKNOWN: { status: 404, code: 'IMAGE_NOT_FOUND' },
  DIGEST_INVALID: { status: 400, code: 'DIGEST_MISMATCH' },
  MANIFEST_BLOB_UNKNOWN: { status: 404, code: 'INVALID_IMAGE' },
  MANIFEST_INVALID: { status: 400, code: 'INVALID_IMAGE' },
  MANIFEST_UNKNOWN: { status: 404, code: 'IMAGE_NOT_FOUND' },
  NAME_INVALID: { status: 400, code: 'INVALID_NAME' },
  NAME_UNKNOWN: { status: 404, code: 'IMAGE_NOT_FOUND' },
  SIZE_INVALID: { status: 400, code: 'INVALID_IMAGE' },
  UNAUTHORIZED: { status: 401, code: 'UNAUTHORIZED' },
  DENIED: { status: 403, code: 'PERMISSION_DENIED' },
  UNSUPPORTED: { status: 405, code: 'USAGE' },
  TOOMANYREQUESTS: { status: 429, code: 'BUSY' },
} as const satisfies Record<string, { status: number; code: ErrorCode }>;

type OciCode = keyof typeof ociErrors;

interface RegistryErrorOptions {
  detail?: unknown;
  status?: number;
  /** What a client needs to know to come back with credentials. */
  challenge?: string;
  cause?: unknown;
}

/** An error that a client of the registry gets with `code`. Where the status is another than the code's own, `status` says so. */
export function registryError(
  code: OciCode,
  message: string,
  { detail, status, challenge, cause }: RegistryErrorOptions = {},
): AppError {
  return new AppError(ociErrors[code].code, message, {
    details: { oci: code, status: status ?? ociErrors[code].status, detail, challenge },
    cause,
  });
}

/** What a client gets to read. */
export interface OciFailure {
  status: number;
  challenge?: string;
  errors: { code: string; message: string; detail?: unknown }[];
}

/** Any error as the specification's envelope wants it. What is our own affair is not told. */
export function toOciFailure(error: unknown): OciFailure {
  if (!isAppError(error)) return { status: 500, errors: [{ code: 'UNKNOWN', message: 'the registry failed' }] };
  const { oci, status, detail, challenge } = error.details ?? {};
  if (typeof oci === 'string' && typeof status === 'number') {
    const details: unknown[] = Array.isArray(detail) ? detail : [detail];
    return {
      status,
      challenge: typeof challenge === 'string' ? challenge : undefined,
      errors: details.map((each) => ({ code: oci, message: error.message, detail: each })),
    };
  }
  if (error.code === 'DISK_FULL') {
    return { status: 507, errors: [{ code: 'UNKNOWN', message: 'the disk of the registry is full' }] };
  }
  const isBehind = error.code === 'HTTP_ERROR' && Number(status) >= 500;
  if (error.code === 'UNREACHABLE' || isBehind) {
    return { status: 503, errors: [{ code: 'UNKNOWN', message: 'the registry does not answer at the moment' }] };
  }
  return { status: 500, errors: [{ code: 'UNKNOWN', message: 'the registry failed' }] };
}
