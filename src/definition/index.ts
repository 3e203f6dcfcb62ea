/**
 * Definitions of environments: reading every input format, the canonical form and its fingerprint, diff, edits, names and references.
 *
 * Invariants: pure (files come in through `FileAccess`); a definition never depends on a folder, only on content;
 * every problem of a file is reported with file, line and column.
 */

export { anonymousVersion, definitionDigest } from './anonymous.ts';
export { category } from './category.ts';
export { type DefinitionChange, diffDefinitions } from './diff.ts';
export { type DockerInstruction, dockerInstructions, needsEngine } from './dockerfile.ts';
export { dockerfileBase, dockerfileImages, replaceImages } from './dockerfile-images.ts';
export { type CloneChanges, editSources } from './edit.ts';
export type { FileAccess, ReferencedFile, TreeEntry } from './file-access.ts';
export { fingerprint, imageRepository } from './fingerprint.ts';
export { layoutPath } from './layout-path.ts';
export { lockFileFormat, readLockFile } from './lock-files/index.ts';
export { anonymousName, checkName, checkTags, checkVersion, isAnonymousName } from './names.ts';
export { chooseMainFile, readDefinition } from './read-definition.ts';
export { type DefinitionFormat, type ReadResult, type ReadWarning, type Span } from './read-result.ts';
export { environmentKeys } from './read-v2.ts';
export { parseReference, type Reference } from './reference.ts';
export { treeDigest } from './tree-digest.ts';
export { type V1Folder, writeV1Folder } from './v1-folder.ts';
