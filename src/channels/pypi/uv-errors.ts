import { AppError } from '../../errors/index.ts';

/** So many lines of a build's output are shown. */
const shownLines = 25;

/** What uv said, as our error. uv's own explanation stands in the message: nobody can say it better. `subject` is what was done. */
export function uvError(stderr: string, subject: string, offline: boolean): AppError {
  const text = explanation(stderr);
  const says = (pattern: RegExp): boolean => pattern.test(text);
  if (offline && says(/network (?:connectivity )?(?:is|was) disabled|not found in the cache|--offline/i)) {
    return new AppError('OFFLINE', `${subject} needs what is not on this machine, and offline mode is on\n${text}`, {
      hint: 'Run it once without --offline.',
    });
  }
  if (says(/No space left on device|os error 28/i)) {
    return new AppError('DISK_FULL', `${subject} failed: the disk is full`, { hint: 'Free some space and try again.' });
  }
  if (says(/No interpreter found|No virtual environment found|Python interpreter not found/i)) {
    return new AppError('PYTHON_NOT_FOUND', `${subject} failed: uv found no Python\n${text}`, {
      hint: 'Any Python 3 serves: `uv python install 3.12`, pyenv, or your system’s packages.',
    });
  }
  if (says(/^No solution found/) && !says(/Failed to build/)) return unsolvable(text, subject);
  if (says(/Failed to build|build backend|Failed to (?:install|resolve) requirements from `build-system/i)) {
    return new AppError('BUILD_FAILED', `${subject} failed: a source cannot be built\n${text}`, {
      hint: 'Choose a version that has wheels, or install what the build needs (a compiler, headers) on this machine.',
    });
  }
  return requestError(text, subject);
}

/** A build that was asked for: the last lines of its output are what matters. */
export function buildError(stderr: string, subject: string, offline: boolean): AppError {
  const known = uvError(stderr, subject, offline);
  if (['OFFLINE', 'DISK_FULL', 'UNREACHABLE', 'UNAUTHORIZED', 'PYTHON_NOT_FOUND'].includes(known.code)) return known;
  const lines = stderr
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '' && !/^(?:hint: |Building |warning: )/.test(line));
  const left = lines.length - shownLines;
  const shown = [...(left > 0 ? [`… ${left} lines before`] : []), ...lines.slice(-shownLines)];
  return new AppError('BUILD_FAILED', `${subject} failed\n${shown.join('\n')}`, {
    hint: 'Choose a version that has wheels, or install what the build needs (a compiler, headers) on this machine.',
  });
}

function requestError(text: string, subject: string): AppError {
  if (
    /\b40[13]\b|Unauthorized|authentication failed|could not read Username|Permission denied \(publickey/i.test(text)
  ) {
    return unauthorized(text, subject);
  }
  // HTTP/2 has no reason after the status, and HTTP/1.1 any.
  if (/\b(?:404 Not Found|410 Gone)\b|status client error \((?:404|410)\b/.test(text)) {
    return new AppError('HTTP_ERROR', `${subject} failed: a file is not there\n${text}`, {
      hint: 'It is not there (any more): check the address.',
    });
  }
  if (unreachable.test(text)) {
    return new AppError('UNREACHABLE', `${subject} failed: a server cannot be reached\n${text}`, {
      hint: 'Check the connection and the index in pip’s configuration; behind a proxy, set HTTPS_PROXY; with a company’s certificate authority, SSL_CERT_FILE.',
    });
  }
  if (text.includes('Git operation failed')) {
    return new AppError('UNSOLVABLE', `${subject} failed: git cannot fetch a source\n${text}`, {
      hint: 'Check the address, the branch, tag or commit, and whether you may read it.',
    });
  }
  return new AppError('UNSOLVABLE', `${subject} failed\n${text}`, { hint: 'The explanation is uv’s own.' });
}

const unreachable =
  /dns error|error sending request|connection refused|connection (?:reset|closed)|timed out|tcp connect|Could(?:n't| not) (?:connect|resolve)|client error|certificate|Request failed after|\b50\d\b/i;

function unauthorized(text: string, subject: string): AppError {
  return new AppError('UNAUTHORIZED', `${subject} failed: the server wants credentials, or other ones\n${text}`, {
    hint: 'Put user and password into `~/.netrc`, or into the index URL of pip’s configuration.',
  });
}

function unsolvable(text: string, subject: string): AppError {
  const shown = text
    .split('\n')
    .filter((line) => !/^No solution found|^hint: .*`?--(?:python-version|prerelease|index-strategy)/.test(line))
    .map((line) => line.replace(/^\s*(?:cause|hint): /, '').trim())
    .filter((line) => line !== '');
  return new AppError('UNSOLVABLE', `${subject} failed: no set of packages fits\n${shown.join('\n')}`, {
    hint: hintsFor(text).join(' '),
  });
}

function hintsFor(text: string): string[] {
  const hints: string[] = [];
  const says = (pattern: RegExp): boolean => pattern.test(text);
  const python = /depends on Python>=?\s*(\d+\.\d+(?:\.\d+)?)/.exec(text)?.[1];
  if (python !== undefined) hints.push(`Another Python may fit: \`python: {version: "${python}"}\`.`);
  if (says(/no wheels with a matching (?:platform|Python (?:ABI|implementation))/i)) {
    hints.push('A version may have no wheel for this platform or Python: try another one.');
  }
  const libc = Math.max(...[...text.matchAll(/manylinux_2_(\d+)/g)].map((match) => Number(match[1])), 28);
  if (libc > 28) hints.push(`Newer wheels need a newer glibc: \`system_requirements: {glibc: "2.${libc}"}\`.`);
  if (says(/was not found in the package registry/i)) {
    hints.push('Check the spelling, and whether the package is on your index (`terroir doctor` lists the indexes).');
  }
  if (says(/there are no versions of/i)) {
    hints.push('The index has a page without files for it: is it the address of an index, and does it want a login?');
  }
  if (says(/pre-release/i)) hints.push('`--pre` on a line of its own lets pre-releases in.');
  return hints.length > 0 ? hints : ['Loosen one of the requirements that the explanation names.'];
}

/** Without warnings, progress, drawn lines and places of the cache. */
function explanation(stderr: string): string {
  const lines = stderr
    .split(/\r?\n/)
    .filter(
      (line) =>
        !/^(?:warning:|Resolved|Prepared|Downloading|Updating|\s+Updat|\s*Building|\s*Built|Using|hint: Build failures usually)/.test(
          line,
        ),
    )
    .filter(
      (line) =>
        !/^\s*cause: (?:failed to (?:clone|fetch) into: |process didn't exit successfully: .*\bgit\b)|^\s*--- stderr$/.test(
          line,
        ),
    )
    .map((line) => line.replace(/^\s*(?:×|╰─▶|├─▶|│)\s*/, '').trimEnd());
  const start = lines.findIndex((line) => line.startsWith('error:'));
  return lines
    .slice(Math.max(start, 0))
    .join('\n')
    .replace(/^error:\s*/, '')
    .replaceAll(/\n{2,}/g, '\n')
    .trim();
}
