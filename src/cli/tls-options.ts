import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { AppError } from '../errors/index.ts';
import { readBytes } from '../io/index.ts';
import type { Emit } from '../report/index.ts';
import type { OptionValues } from './command.ts';

/** The files that `serve` speaks https with; undefined if it does not. What is wrong with them is said before anybody connects. @throws AppError USAGE, FILE_NOT_FOUND. */
export async function readTls(options: OptionValues, emit: Emit): Promise<{ cert: Buffer; key: Buffer } | undefined> {
  const [certFile, keyFile] = [options.text('tlsCert'), options.text('tlsKey')];
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined)
    throw new AppError('USAGE', `--tls-${certFile === undefined ? 'cert' : 'key'} is missing`, {
      hint: 'https needs both: --tls-cert and --tls-key.',
    });
  const [cert, key] = [await readBytes(certFile), await readBytes(keyFile)];
  const certificate = readCertificate(cert, certFile);
  if (!certificate.checkPrivateKey(readKey(key, keyFile)))
    throw new AppError('USAGE', `the key in \`${keyFile}\` is not that of the certificate in \`${certFile}\``, {
      hint: 'The server’s own certificate has to stand first in its file, before those of its authority.',
    });
  if (certificate.validToDate.getTime() < Date.now())
    emit({
      type: 'note',
      level: 'warning',
      message: `the certificate in \`${certFile}\` ended on ${certificate.validToDate.toISOString().slice(0, 10)}: clients will refuse it`,
    });
  return { cert, key };
}

function readCertificate(bytes: Buffer, file: string): X509Certificate {
  try {
    return new X509Certificate(bytes);
  } catch (error) {
    throw new AppError('USAGE', `there is no certificate in \`${file}\``, {
      hint: '--tls-cert wants PEM: `-----BEGIN CERTIFICATE-----`.',
      cause: error,
    });
  }
}

function readKey(bytes: Buffer, file: string): KeyObject {
  try {
    return createPrivateKey(bytes);
  } catch (error) {
    if (/ENCRYPTED/.test(bytes.toString('latin1')))
      throw new AppError('USAGE', `the key in \`${file}\` is encrypted, and nobody is asked for its password`, {
        hint: 'Take the password away: `openssl pkey -in FILE -out server.key`, and let only the server read it.',
        cause: error,
      });
    throw new AppError('USAGE', `there is no private key in \`${file}\``, {
      hint: '--tls-key wants PEM: `-----BEGIN PRIVATE KEY-----`.',
      cause: error,
    });
  }
}
