import { AppError } from '../../errors/index.ts';
import type { HttpResponse } from '../../io/index.ts';

/** As much of an answer is read to find out what it says. */
const readAtMost = 64 << 10;

/** What an answer that is no success means. `what` is the thing that was asked for, as a person would name it. */
export async function failureOf(
  response: HttpResponse,
  { what, registry, problem }: { what: string; registry: string; problem?: string },
): Promise<AppError> {
  const { status } = response;
  const said = firstError(await readText(response));
  const details = { registry, status, code: said?.code };
  const because = said?.message ? `: ${said.message}` : '';
  if (status === 401) {
    return new AppError(
      'UNAUTHORIZED',
      `\`${registry}\` refuses ${what}: it wants credentials, or other ones${because}`,
      {
        hint: `${problem === undefined ? '' : `${problem}. `}Log in with \`docker login ${registry}\` or \`podman login ${registry}\`.`,
        details,
      },
    );
  }
  if (status === 403) {
    return new AppError('PERMISSION_DENIED', `\`${registry}\` does not permit ${what}${because}`, {
      hint: 'Ask for access to the repository, or log in as somebody who has it.',
      details,
    });
  }
  if (status === 404) {
    return new AppError('IMAGE_NOT_FOUND', `\`${registry}\` does not have ${what}${because}`, {
      hint: 'Check the name; a registry also answers so where one may not read.',
      details,
    });
  }
  if (said?.code === 'DIGEST_INVALID') {
    return new AppError('DIGEST_MISMATCH', `\`${registry}\` got other bytes than were meant for ${what}${because}`, {
      details,
    });
  }
  return new AppError('HTTP_ERROR', `\`${registry}\` answers ${what} with status ${status}${because}`, {
    hint: status < 500 ? undefined : 'The registry has a problem; try again later.',
    details,
  });
}

/** Undefined for what is no JSON. */
export async function readJson(response: HttpResponse): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Reads an answer that nobody needs, so that its connection can be used again. */
export async function discard(response: HttpResponse): Promise<void> {
  await readText(response).catch(() => undefined);
}

async function readText(response: HttpResponse): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const piece of response.stream()) {
      pieces.push(piece);
      size += piece.length;
      if (size > readAtMost) break;
    }
  } catch {
    // It only was to say what went wrong.
  }
  return Buffer.concat(pieces).toString('utf8');
}

function firstError(text: string): { code: string; message: string } | undefined {
  try {
    const { errors } = JSON.parse(text) as { errors?: { code?: unknown; message?: unknown }[] };
    const { code, message } = errors?.[0] ?? {};
    return { code: typeof code === 'string' ? code : '', message: typeof message === 'string' ? message : '' };
  } catch {
    return undefined;
  }
}
