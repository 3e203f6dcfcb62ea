import type { OddRequirement } from './odd-requirement.ts';

/** Hosts that serve repositories; `https://HOST/OWNER/NAME` is one there, and a page for people. */
const hosts = 'github\\.com|gitlab\\.com|bitbucket\\.org|codeberg\\.org';
const repositoryPage = new RegExp(`^(?:https?://)?(?:www\\.)?((?:${hosts})/[^/\\s]+/[^/\\s]+?)/?$`, 'i');

/** Explains a requirement whose address nothing can be fetched from; undefined if there is none, or one that can be tried. */
export function explainAddress(requirement: string): OddRequirement | undefined {
  const address = requirement.replace(/^[A-Za-z0-9][A-Za-z0-9._-]*\s*(?:\[[^\]]*\])?\s*@\s+/, '');
  const secureCopy = /^(?:git\+)?([\w.-]+@[\w.-]+):([^/\s][^\s]*)$/.exec(address);
  if (secureCopy !== null) {
    return {
      message: `\`${address}\` is an address for git, not for pip`,
      hint: `Write \`git+ssh://${secureCopy[1]}/${secureCopy[2]}\`.`,
      about: address,
    };
  }
  const page = repositoryPage.exec(address)?.[1];
  const bare = /^https?:\/\/\S+\.git(?:@[^/\s]+)?(?:#\S*)?$/.test(address) ? address : undefined;
  if (page !== undefined || bare !== undefined) {
    return {
      message: `\`${address}\` is a repository, not an archive`,
      hint: `Write \`git+${bare ?? `https://${page}`}\`.`,
      about: address,
    };
  }
  const control = /^(git|hg|svn|bzr)\+([a-z0-9.+-]+):/i.exec(address);
  if (control !== null && control[1] !== 'git') {
    return {
      message: `\`${address}\` cannot be fetched`,
      hint: 'Only git repositories are read; name an archive of it, or a folder beside the definition.',
      about: address,
    };
  }
  if (control !== null && !/^(?:https?|ssh|file)$/i.test(control[2] ?? '')) {
    return {
      message: `\`${address}\` cannot be fetched`,
      hint: 'Write `git+https://…`, `git+ssh://…` or `git+file://…`.',
      about: address,
    };
  }
  if (/^(?!https?:|file:)[a-z][a-z0-9]*:\/\//i.test(address)) {
    return {
      message: `\`${address}\` cannot be fetched`,
      hint: 'Write `https://…`, or put the file beside the definition and name it there.',
      about: address,
    };
  }
  return undefined;
}
