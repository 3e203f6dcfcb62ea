import { createHmac } from 'node:crypto';
import type { RecordedVariable } from '../schema/index.ts';

const secretName =
  /(?:^|_)(?:TOKEN|SECRETS?|PASSWORD|PASSWD|PASSPHRASE|PWD|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|ACCOUNT_?KEY|SAS|CREDENTIALS?|CONNECTION_?STRING|AUTH)(?:_|$)|(?:TOKEN|SECRET|PASSWORD|APIKEY)$/i;
const secretShape =
  /^(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{20,}|glpat-[\w-]{16,}|hf_[A-Za-z0-9]{20,}|sk-[A-Za-z0-9_-]{20,}|AKIA[A-Z0-9]{16}|xox[abprs]-[\w-]{10,}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]+|pypi-[\w-]{20,}|npm_[A-Za-z0-9]{30,})$|-----BEGIN [A-Z ]*PRIVATE KEY-----|(?:AccountKey|SharedAccessSignature|[?&]sig)=|^[a-z][a-z0-9+.-]*:\/\/[^\s/@:]+:[^\s/@]+@/;

/** True if the name or the shape of a value says that it is a secret. */
export function looksSecret(name: string, value: string): boolean {
  return value !== '' && (secretName.test(name) || secretShape.test(value));
}

/** Variables for a record: secrets only as keyed hashes, which tell whether two runs had the same one, and nothing else. */
export function recordVariables(
  variables: Readonly<Record<string, string>>,
  options: { key: Uint8Array; secrets: ReadonlySet<string> },
): Record<string, RecordedVariable> {
  const recorded: Record<string, RecordedVariable> = {};
  for (const [name, value] of Object.entries(variables).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const hidden = options.secrets.has(name) || looksSecret(name, value);
    recorded[name] = hidden
      ? { secret: createHmac('sha256', options.key).update(value).digest('hex').slice(0, 16) }
      : value;
  }
  return recorded;
}
