/**
 * YAML documents with positions, read strictly.
 *
 * Purpose: every message about a file names file, line and column, what was found, what is allowed and the nearest right spelling.
 * Invariants: pure; all problems of a file are reported together; a scalar can be had as it was written (`1.10` stays `1.10`).
 */
export { nearest } from './nearest.ts';
export { formatPosition, type Position, positionAt, type SourceDocument } from './position.ts';
export { type Problem, throwProblems, withShownFiles } from './problems.ts';
export { createShapeReader, type ShapeReader } from './shape-reader.ts';
export { parseYaml, type YamlDocument, type YamlPath } from './yaml-document.ts';
