import { describe, expect, it } from 'vitest';
import { memoryFiles } from '../../../test/kit/memory-files.ts';
import { readDefinition } from '../index.ts';
import { checkDefinition } from './index.ts';

async function findings(codes: readonly string[], text: string, files: Readonly<Record<string, string>> = {}) {
  const read = await readDefinition({ path: 'env.yml', text }, memoryFiles({ ...files, 'env.yml': text }));
  return checkDefinition(read)
    .filter(({ code }) => codes.includes(code))
    .map(({ code, position }) => `${code} ${position?.file}:${position?.line}:${position?.column}`);
}
const ofImages = ['deprecated-image', 'image-without-tag', 'moving-tag', 'unresolved-from'];
const inContext = async (dockerfile: string) =>
  await findings(ofImages, 'build: { path: c, dockerfile_path: docker/D }\n', { 'c/docker/D': dockerfile });
const here = (place: string): string => place.replace('@', 'c/docker/D:');

describe('rules on images look at a build context’s Dockerfile', () => {
  it.each<[what: string, dockerfile: string, found: string[]]>([
    ['its base', '# top\nFROM ubuntu:bionic-20230530\n', ['deprecated-image @2:6']],
    ['no tag', 'FROM debian\n', ['image-without-tag @1:6']],
    ['a tag that moves', 'FROM --platform=linux/amd64 python:3.12\n', ['moving-tag @1:29']],
    ['every stage', 'FROM debian:12.5-slim AS a\nFROM python:3.12\nCOPY --from=a / /\n', ['moving-tag @2:6']],
    ['what is copied from', 'FROM debian:12.5-slim\nCOPY --from=node:20 / /\n', ['moving-tag @2:13']],
    ['what is mounted', 'FROM debian:12.5-slim\nRUN --mount=from=uv,target=/u ls\n', ['image-without-tag @2:18']],
    ['an argument’s value', 'ARG BASE=ubuntu:bionic-20230530\nFROM $BASE\n', ['deprecated-image @2:6']],
    ['each image once', 'FROM debian\nCOPY --from=debian / /\n', ['image-without-tag @1:6']],
    ['no stages', 'FROM debian:12.5-slim AS latest\nFROM latest\nCOPY --from=0 / /\n', []],
    ['nothing at all', 'FROM scratch\nCOPY . /\n', []],
    ['a digest', `FROM python:3.12@sha256:${'a'.repeat(64)}\n`, []],
  ])('%s', async (_what, dockerfile, found) => {
    expect((await inContext(dockerfile)).sort()).toEqual(found.map(here).sort());
  });

  it('which may be called like another file', async () => {
    const files = {
      Dockerfile: 'FROM debian\n',
      'c/Dockerfile': 'FROM debian:12.5-slim\n',
      'x/Dockerfile': 'FROM a\n',
    };
    expect(await findings(ofImages, 'build: { path: c }\n', files)).toEqual([]);
  });
});

describe('rules on images look at steps', () => {
  const steps = (text: string): string =>
    `image: debian:12.5-slim\ndocker_steps: |\n  ${text.replaceAll('\n', '\n  ')}\n`;

  it.each<[what: string, steps: string, found: string[]]>([
    ['that copy from an image', 'USER a\nCOPY --from=python:3.12 / /', ['moving-tag env.yml:4:8']],
    ['that mount one', 'RUN --mount=type=bind,from=uv,target=/u ls', ['image-without-tag env.yml:3:7']],
    ['but not at the base again', 'COPY --from=debian:12.5-slim /a /b', []],
  ])('%s', async (_what, text, found) => {
    expect(await findings(ofImages, steps(text))).toEqual(found);
  });

  it('and point at the line', async () => {
    const text = steps('USER a\nRUN apt-get install -y gcc\nRUN pip install x');
    const codes = ['unpinned-system-packages', 'python-packages-in-steps'];
    expect(await findings(codes, text)).toEqual([
      'unpinned-system-packages env.yml:4:3',
      'python-packages-in-steps env.yml:5:3',
    ]);
  });
});

it('a Dockerfile over the limit is found, where it is', async () => {
  const large = { 'c/Dockerfile': `FROM a:1\nRUN ${'x'.repeat(100_001)}\n` };
  expect(await findings(['dockerfile-too-large'], 'build: { path: c }\n', large)).toEqual([
    'dockerfile-too-large c/Dockerfile:1:1',
  ]);
  const small = { 'c/Dockerfile': `FROM a:1\nRUN ${'x'.repeat(99_000)}\n` };
  expect(await findings(['dockerfile-too-large'], 'build: { path: c }\n', small)).toEqual([]);
});
