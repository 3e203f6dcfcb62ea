/** Unpacks a conda package whose archive a store has, as a process of its own that can be killed: `unpack-child.ts STORE SHA256 FILENAME`. */
import { isAppError } from '../../src/errors/index.ts';
import { createStore } from '../../src/store/index.ts';

const [root = '', sha256 = '', filename = ''] = process.argv.slice(2);
try {
  const { files } = await createStore({ root, threads: 1 }).ensureConda(sha256, filename);
  console.log(JSON.stringify({ files: files.length }));
} catch (error) {
  if (!isAppError(error)) throw error;
  console.log(JSON.stringify({ code: error.code, message: error.message }));
}
