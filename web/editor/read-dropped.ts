import { chooseMainFile } from '../../src/definition/index.ts';
import type { OpenFile } from './analyse.ts';

/** Files, and folders with all that is in them. What is a definition by its name comes first. */
export async function readDropped(transfer: DataTransfer | null): Promise<OpenFile[]> {
  // The list is gone once the first of it was awaited.
  const entries = [...(transfer?.items ?? [])].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const found: OpenFile[] = [];
  for (const entry of entries) await collect(entry, '', found);
  const main =
    chooseMainFile(found.map(({ path }) => path)) ?? found.find(({ path }) => /\.(?:ya?ml|txt)$/.test(path))?.path;
  return [...found.filter(({ path }) => path === main), ...found.filter(({ path }) => path !== main)];
}

async function collect(entry: FileSystemEntry, folder: string, found: OpenFile[]): Promise<void> {
  const path = `${folder}${entry.name}`;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    found.push({ path, content: textOrBytes(new Uint8Array(await file.arrayBuffer())) });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return;
    for (const each of some) await collect(each, `${path}/`, found);
  }
}

function textOrBytes(bytes: Uint8Array): string | Uint8Array {
  if (bytes.length > 1_000_000 || bytes.includes(0)) return bytes;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return bytes;
  }
}
