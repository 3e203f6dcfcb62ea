import { AppError, isAppError } from '../errors/index.ts';

/** An error of a PostgreSQL server or of the way to it as the user should read it; anything else comes back unchanged. */
export function explainPostgresError(error: unknown, address: string): unknown {
  if (!(error instanceof Error) || error instanceof AppError) return error;
  const code = 'code' in error ? String(error.code) : '';
  const { message } = error;
  if (code === '28P01' || code === '28000')
    return new AppError('UNAUTHORIZED', `${shownDatabase(address)} refuses the log-in: ${message}`, {
      hint: 'Check user and password in TERROIR_DATABASE (or PGPASSWORD, or `~/.pgpass`).',
      cause: error,
    });
  if (code === '3D000')
    return new AppError('WORKSPACE_NOT_FOUND', `${shownDatabase(address)} is not there: ${message}`, {
      hint: 'Make it: `createdb --template template0 --locale C --encoding UTF8 NAME`.',
      cause: error,
    });
  if (code === '42501')
    return new AppError('PERMISSION_DENIED', `${shownDatabase(address)} does not let this user in: ${message}`, {
      hint: 'Let the user own the database: `createdb --owner USER …`, or `grant all on schema public to USER`.',
      cause: error,
    });
  if (code === '53100')
    return new AppError('DISK_FULL', `the disk of ${shownDatabase(address)} is full`, {
      hint: 'Free some space there and try again; nothing half-written was kept.',
      cause: error,
    });
  if (isAway(code, message))
    return new AppError('UNREACHABLE', `${shownDatabase(address)} cannot be reached: ${message}`, {
      hint: 'Check that the server runs, and the address in TERROIR_DATABASE.',
      details: { database: true },
      cause: error,
    });
  return error;
}

/** Codes of the network; classes 08 (connection exception) and 57P (the server stops, crashed, starts), 53300 (too many connections); and the driver's own words. */
function isAway(code: string, message: string): boolean {
  return (
    /^(?:ECONN|ENOTFOUND|EAI_|ETIMEDOUT|EHOST|ENETUNREACH|EPIPE|57P0|08|53300)/.test(code) ||
    /timeout|^Connection terminated|^Client has encountered a connection error/.test(message)
  );
}

/** True if the database of a workspace is not there at the moment: what was asked of it may be asked again. */
export function isDatabaseAway(error: unknown): boolean {
  return isAppError(error, 'UNREACHABLE') && error.details?.database === true;
}

/** Without user and password. */
export function shownDatabase(address: string): string {
  const { host, pathname } = URL.parse(address) ?? { host: '', pathname: '' };
  return `the database \`${host}${pathname}\``;
}
