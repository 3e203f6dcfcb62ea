import { describe, expect, test } from 'vitest';
import type { Descriptor, OciPlatform } from '../schema/index.ts';
import { choosePlatform, ociPlatform } from './choose-platform.ts';

const digest = `sha256:${'0'.repeat(64)}`;
function manifests(...names: string[]): Descriptor[] {
  return names.map((name, size) => {
    const [os = '', architecture = '', variant] = name.split('/');
    const platform: OciPlatform = { os, architecture, ...(variant === undefined ? {} : { variant }) };
    return { mediaType: 'm', digest, size, platform };
  });
}

describe('choosing a platform', () => {
  test.each([
    ['linux/amd64', ['linux/arm64', 'linux/amd64'], 1],
    ['linux/amd64', ['linux/amd64/v3', 'linux/amd64'], 1],
    ['linux/amd64', ['linux/amd64/v2', 'linux/amd64/v1'], 1],
    ['linux/amd64/v3', ['linux/amd64', 'linux/amd64/v3', 'linux/amd64/v4'], 1],
    ['linux/arm64/v8', ['linux/arm/v7', 'linux/arm64'], 1],
    ['linux/arm64/v8', ['linux/arm64', 'linux/arm64/v8'], 1],
    ['linux/arm64/v8', ['unknown/unknown', 'windows/arm64', 'linux/arm64/v8'], 2],
  ])('%s of %j', (wanted, names, expected) => {
    const [{ platform } = {}] = manifests(wanted);
    expect(choosePlatform(manifests(...names), platform as OciPlatform, 'x').size).toBe(expected);
  });

  test.each([
    ['linux/amd64', ['linux/amd64/v3', 'unknown/unknown'], 'It has linux/amd64/v3.'],
    ['linux/amd64', ['linux/arm64', 'linux/arm64', 'windows/amd64'], 'It has linux/arm64, windows/amd64.'],
  ])('no %s in %j', (wanted, names, hint) => {
    const [{ platform } = {}] = manifests(wanted);
    expect(() => choosePlatform(manifests(...names), platform as OciPlatform, 'the base')).toThrow(
      expect.objectContaining({ code: 'IMAGE_NOT_FOUND', message: '`the base` has no image for linux/amd64', hint }),
    );
  });

  test('knows which of our platforms have images', () => {
    expect(ociPlatform('linux-64')).toEqual({ os: 'linux', architecture: 'amd64' });
    expect(ociPlatform('linux-aarch64')).toEqual({ os: 'linux', architecture: 'arm64', variant: 'v8' });
    expect(() => ociPlatform('osx-arm64')).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_FEATURE' }));
  });
});
