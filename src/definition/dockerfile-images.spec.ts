import { describe, expect, it } from 'vitest';
import { dockerfileBase, dockerfileImages, replaceImages } from './dockerfile-images.ts';

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
    ['an argument made of another', 'ARG V=12 B=debian:$V\nARG C="${B}-slim"\nFROM $C', ['debian:12-slim']],
    ['an argument made of what nobody knows', 'ARG B=debian:$V\nFROM $B', []],
    ['an argument in single quotes, as it is', "ARG V=12\nARG B='debian:$V'\nFROM $B", []],
    [
      'an argument that counts if it is there',
      'ARG S=x\nFROM a:1${S:+-slim}\nFROM b:1${T:+-slim}',
      ['a:1-slim', 'b:1'],
    ],
    ['an argument that is empty', 'ARG S=\nFROM a${S:-b}\nFROM a${S-b}\nFROM a${S+b}', ['ab', 'a', 'ab']],
    ['an argument of the platform', 'FROM a:$TARGETARCH\nFROM b:${TARGETARCH:-amd64}', []],
    ['an argument of a stage', 'FROM a\nARG B=c\nFROM $B', ['a']],
    ['a mount', 'FROM a\nRUN --mount=type=bind,from=b:1,target=/b --mount=type=cache,target=/c ls', ['a', 'b:1']],
    ['mounts of one image', 'FROM a\nRUN --mount=from=b,target=/b --mount=from=b,target=/c ls', ['a', 'b', 'b']],
    ['a digest', 'FROM a:1@sha256:00 AS x\nFROM x', ['a:1@sha256:00']],
    ['a number that is no stage', 'FROM a\nCOPY --from=0 /x /x\nFROM b:1', ['a', 'b:1']],
    ['what is no flag', 'FROM a\nCOPY /x --from=b /y\nADD --from=c /x /y', ['a']],
    ['what only looks like one', 'FROM a\nRUN echo COPY --from=b\nRUN <<EOF\nFROM c\nEOF', ['a']],
    ['continuation lines', 'FROM \\\n  a:1 \\\n  AS x\nCOPY \\\n --from=b /x /x', ['a:1', 'b']],
  ])('%s', (_, text, references) => {
    expect(dockerfileImages(text).map(({ reference }) => reference)).toEqual(references);
  });

  it.each([
    ['its only image', 'FROM a', 'a'],
    ['of several stages the last one’s', 'FROM a\nFROM b:1', 'b:1'],
    ['through the stages', 'FROM a AS One\nFROM one AS two\nFROM b AS other\nFROM Two', 'a'],
    ['not what is copied from', 'FROM a\nCOPY --from=b / /', 'a'],
    ['nothing', 'FROM a AS b\nFROM scratch', undefined],
    ['a stage on nothing', 'FROM scratch AS a\nFROM a', undefined],
    ['what nobody knows', 'FROM a\nFROM $B', undefined],
  ])('have a base: %s', (_, text, base) => {
    expect(dockerfileBase(text)).toBe(base);
  });

  it('can have other names, each place its own', () => {
    const text = 'FROM \\\n# a or b\n  a\nRUN --mount=from=a,target=/b --mount=target=/c,from=a ls a\n';
    expect(replaceImages(text, new Map([['a', 'long/name']]))).toBe(
      'FROM \\\n# a or b\n  long/name\nRUN --mount=from=long/name,target=/b --mount=target=/c,from=long/name ls a\n',
    );
  });

  it('can have other names', () => {
    const text = 'ARG B=a\nFROM --platform=a $B AS b\nFROM a\nCOPY --from=a a /a\nCOPY --from=b a /a\n';
    expect(replaceImages(text, new Map([['a', 'r:1/x@sha256:0']]))).toBe(
      'ARG B=a\nFROM --platform=a r:1/x@sha256:0 AS b\nFROM r:1/x@sha256:0\nCOPY --from=r:1/x@sha256:0 a /a\nCOPY --from=b a /a\n',
    );
  });
});
