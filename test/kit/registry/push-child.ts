/**
 * Pushes images to a registry until it is killed, whatever happens to the registry: `push-child.ts HOST SEED BYTES`. Prints a line before each push.
 */
import { createHash } from 'node:crypto';
import { createHttp } from '../../../src/io/index.ts';
import { createRegistryClient } from '../../../src/registry/index.ts';
import { mediaTypes } from '../../../src/schema/index.ts';
import { describe, sha256Of, smallImage } from './image.ts';

const [host = '', seed = '', bytes = ''] = process.argv.slice(2);
const http = createHttp({ env: {} });
const findCredentials = async () => await Promise.resolve({ credentials: undefined });
const client = createRegistryClient({ http, findCredentials });
const repository = client.repository(host, 'ada/tools');

for (let number = 0; ; number += 1) {
  const layer = stretch(`${seed}-${number}`, Number(bytes));
  const image = smallImage([`small ${seed} ${number}`]);
  const document = JSON.parse(image.manifest.toString()) as { layers: unknown[] };
  document.layers.push(describe(layer, mediaTypes.ociLayer));
  process.stdout.write(`pushing ${number}\n`);
  const manifest = Buffer.from(JSON.stringify(document));
  try {
    await push([image.config, ...image.layers, layer]);
    await repository.pushManifest({ bytes: manifest, reference: `tag-${seed}-${number % 3}` });
  } catch (error) {
    process.stdout.write(`failed: ${String(error)}\n`);
  }
}

async function push(contents: readonly Buffer[]): Promise<void> {
  for (const content of contents) {
    const open = async function* (start: number) {
      for (let at = start; at < content.length; at += 65_536)
        yield await Promise.resolve(content.subarray(at, at + 65_536));
    };
    await repository.pushBlob({ digest: sha256Of(content), size: content.length, open });
  }
}

/** So many bytes that look like noise, and are always the same. */
function stretch(text: string, size: number): Buffer {
  const block = createHash('sha512').update(text).digest();
  const content = Buffer.alloc(size, block);
  content.write(text);
  return content;
}
