import { expect, test } from 'vitest';
import { normaliseImage, parseImage, pinImage } from './image-reference.ts';

const digest = `sha256:${'a'.repeat(64)}`;

test.each([
  ['debian', 'docker.io/library/debian:latest'],
  ['debian:12', 'docker.io/library/debian:12'],
  ['ada/debian', 'docker.io/ada/debian:latest'],
  ['docker.io/debian', 'docker.io/library/debian:latest'],
  ['index.docker.io/library/debian', 'docker.io/library/debian:latest'],
  ['localhost/a', 'localhost/a:latest'],
  ['localhost:5000/a/b:c', 'localhost:5000/a/b:c'],
  ['registry.example:443/a__b/c-d', 'registry.example:443/a__b/c-d:latest'],
  ['REGISTRY.example/a', 'registry.example/a:latest'],
  [`debian@${digest}`, `docker.io/library/debian@${digest}`],
  [`localhost:5000/a:b@${digest}`, `localhost:5000/a:b@${digest}`],
])('%s is %s', (text, full) => expect(normaliseImage(text)).toBe(full));

test.each([
  [''],
  ['Debian'],
  ['a//b'],
  ['a/../b'],
  ['-a'],
  ['a:'],
  ['a:-b'],
  ['a@sha256:short'],
  ['a b'],
  ['https://registry.example/a'],
  [`a:${'b'.repeat(129)}`],
])('`%s` is no reference', (text) => expect(parseImage(text)).toBeUndefined());

test.each([
  ['debian', 'docker.io/library/debian@sha256:0'],
  ['r.example:5000/team/base:1', 'r.example:5000/team/base@sha256:0'],
  [`r.example/base:1@sha256:${'1'.repeat(64)}`, 'r.example/base@sha256:0'],
])('`%s` by digest', (text, pinned) => expect(pinImage(text, 'sha256:0')).toBe(pinned));
