import { AppError } from '../../errors/index.ts';

/** What uv said, as our error. uv's own explanation is the message: nobody can say it better. */
export function uvError(stderr: string, subject: string, offline: boolean): AppError {
  const text = explanation(stderr);
  if (/Network connectivity is disabled|not found in the (?:cache|local)|because (?:networking|network) was disabled|--offline/i.test(text) && offline) {
    return new AppError('OFFLINE', `${subject} needs something that is not on this machine, and offline mode is on\n${text}`, { hint: 'Run it once without --offline.' });
  }
  if (/\b401\b|\b403\b|Unauthorized|authentication failed|credentials/i.test(text) && !/No solution found/.test(text.split('\n')[0] ?? '')) {
    return new AppError('UNAUTHORIZED', `${subject} failed: an index wants credentials, or other ones\n${text}`, {
      hint: 'Put user and password into `~/.netrc`, or into the index URL of pip’s configuration.',
    });
  }
  if (/No solution found/.test(text)) return unsolvable(text, subject);
  if (/Failed to build|build backend|Failed to prepare|Building .* failed|Build failed|build_wheel|setup\.py/i.test(text)) {
    return new AppError('BUILD_FAILED', `${subject} failed: a source cannot be built\n${text}`, {
      hint: 'Choose a version that has wheels, or install what the build needs (a compiler, headers) on this machine.',
    });
  }
  if (/not found in the package registry|404 Not Found|Distribution not found|was not found/i.test(text)) return unsolvable(text, subject);
  if (/dns error|error sending request|Connection refused|connection (?:reset|closed)|timed out|tcp connect|Failed to fetch|client error|certificate/i.test(text)) {
    return new AppError('UNREACHABLE', `${subject} failed: an index cannot be reached\n${text}`, {
      hint: 'Check the connection and the index in pip’s configuration; behind a proxy, set HTTPS_PROXY; with a company’s certificate authority, SSL_CERT_FILE.',
    });
  }
  if (/No space left/i.test(text)) return new AppError('DISK_FULL', `${subject} failed: the disk is full`, { hint: 'Free some space and try again.' });
  return new AppError('UNSOLVABLE', `${subject} failed\n${text}`, { hint: 'The text above is uv’s own.' });
}

function unsolvable(text: string, subject: string): AppError {
  const hints = [];
  const python = /Python\s*(?:version)?\s*(?:\(([\d.]+)\)|>=?\s*([\d.]+))|requires-python/i.test(text);
  if (python) hints.push('Another Python may fit: `python: {version: "3.12"}`.');
  if (/no (?:usable )?wheels|no wheels with a matching/i.test(text)) hints.push('A version may have no wheel for this platform: try another one.');
  if (/was not found|not found in the package registry|there are no versions/i.test(text)) hints.push('Check the spelling, and whether the package is on your index (`terroir doctor` lists the indexes).');
  hints.push('Loosen one of the requirements that the explanation names.');
  return new AppError('UNSOLVABLE', `${subject} failed: no set of packages fits\n${text}`, { hint: hints.join(' ') });
}

/** Without warnings and progress. */
function explanation(stderr: string): string {
  const lines = stderr.split(/\r?\n/).filter((line) => !/^(?:warning:|Resolved|Prepared|Downloading|Updating|\s+Updated|\s*Building|\s*Built|Using)/.test(line));
  const start = lines.findIndex((line) => /^error:/.test(line));
  return (start === -1 ? lines : lines.slice(start)).join('\n').replace(/^error:\s*/, '').trim();
}
