import { describe, expect, it } from 'vitest';
import { dockerfileImages, replaceImages } from './dockerfile-images.ts';

describe('the images of a Dockerfile', () => {
  it.each([
    ['a base', 'FROM debian:12', ['debian:12']],
    ['nothing', 'FROM scratch\nCOPY a /a', []],
    [
      'several stages',
      'FROM a AS one\nFROM b\nCOPY --from=one /x /x\nCOPY --from=0 /y /y\nCOPY --from=c:1 /z /z',
      ['a', 'b', 'c:1'],
    ],
    ['a stage of an earlier one', 'from a as One\nFROM one', ['a']],
    ['a platform', 'FROM --platform=linux/amd64 a:1 AS x', ['a:1']],
    ['an argument with a value', 'ARG TAG=12\nARG BASE="r.example/b"\nFROM ${BASE}:$TAG', ['r.example/b:12']],
    ['a default in place', 'ARG BASE\nFROM ${BASE:-debian}', ['debian']],
    ['an argument without a value', 'ARG BASE\nFROM $BASE', []],
    ['an argument of a stage', 'FROM a\nARG B=c\nFROM $B', ['a']],
    ['a mount', 'FROM a\nRUN --mount=type=bind,from=b:1,target=/b --mount=type=cache,target=/c ls', ['a', 'b:1']],
    ['what only looks like one', 'FROM a\nRUN echo COPY --from=b\nRUN <<EOF\nFROM c\nEOF', ['a']],
    ['continuation lines', 'FROM \\\n  a:1 \\\n  AS x\nCOPY \\\n --from=b /x /x', ['a:1', 'b']],
  ])('%s', (_, text, references) => {
    expect(dockerfileImages(text).map(({ reference }) => reference)).toEqual(references);
  });

  it('can have other names', () => {
    const text = 'ARG B=a\nFROM --platform=a $B AS b\nFROM a\nCOPY --from=a a /a\nCOPY --from=b a /a\n';
    expect(replaceImages(text, new Map([['a', 'r:1/x@sha256:0']]))).toBe(
      'ARG B=a\nFROM --platform=a r:1/x@sha256:0 AS b\nFROM r:1/x@sha256:0\nCOPY --from=r:1/x@sha256:0 a /a\nCOPY --from=b a /a\n',
    );
  });
});
