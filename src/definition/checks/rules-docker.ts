import { positionAt } from '../../documents/index.ts';
import { type ImageReference, normaliseImage, parseImage } from '../../schema/index.ts';
import type { ReadResult } from '../read-result.ts';
import { type DockerLine, dockerfileOf, dockerLinesOf, imagesOf } from './docker-lines.ts';
import type { CheckRule, Hit } from './finding.ts';

/** Base images that Azure ML withdrew, and distributions without patches, by the beginning of their normal form. */
const deprecatedImages: readonly (readonly [RegExp, string])[] = [
  [
    /^mcr\.microsoft\.com\/azureml\/(?:base|base-gpu|onnxruntime|tensorrt|o16n-sample-user-base)(?:[/:@-]|$)/,
    'a current `mcr.microsoft.com/azureml/openmpi…-ubuntu22.04`',
  ],
  [
    /^mcr\.microsoft\.com\/azureml\/\S*ubuntu(?:14|16|18)\.04/,
    'a current `mcr.microsoft.com/azureml/openmpi…-ubuntu22.04`',
  ],
  [/^mcr\.microsoft\.com\/azureml\/intelmpi2018/, 'a current `mcr.microsoft.com/azureml/openmpi…-ubuntu22.04`'],
  [/^docker\.io\/library\/ubuntu:(?:1[0-9]\.|20\.04|xenial|bionic|focal|trusty)/, '`ubuntu:24.04`'],
  [/^docker\.io\/library\/debian:(?:[89]|10|jessie|stretch|buster)(?:[.-]|$|@)/, '`debian:12`'],
  [/^docker\.io\/library\/centos:/, 'a distribution that still gets patches'],
  [/^docker\.io\/library\/python:(?:2|3\.[0-9])(?:[.-]|$|@)/, '`python:3.12`'],
  [/^docker\.io\/nvidia\/cuda:(?:[89]|10|11\.[0-6])\./, 'a current `nvidia/cuda`'],
];

const moving =
  /^(?:latest|stable|edge|nightly|main|master|dev|current|lts|\d+|\d+\.\d+|bookworm|bullseye|trixie|jammy|noble|slim|alpine)$/;

const find = (read: ReadResult, test: (line: DockerLine) => string | undefined, help?: string): Hit[] =>
  dockerLinesOf(read).flatMap((line) => {
    const message = test(line);
    return message === undefined ? [] : [{ ...line.place, message, help }];
  });

/** The same of the images that a definition is made from. */
const findImages = (
  read: ReadResult,
  test: (image: ImageReference, reference: string) => Pick<Hit, 'message' | 'help'> | undefined,
): Hit[] =>
  imagesOf(read).flatMap(({ reference, place }) => {
    const image = parseImage(reference);
    const hit = image === undefined ? undefined : test(image, reference);
    return hit === undefined ? [] : [{ ...place, ...hit }];
  });

const dockerfileLimit = 100_000;

export const dockerRules: readonly CheckRule[] = [
  {
    code: 'missing-image',
    severity: 'info',
    title: 'No base image',
    explanation:
      'Without an image the environment can be locked and run on this machine; an image cannot be built of it.',
    example: 'requirements: requirements.txt  # and no image:',
    azure: true,
    run: ({ definition }) =>
      definition.image === undefined && definition.build === undefined
        ? [{ path: [], message: 'there is no base image: locking and local runs work, images need `image:`' }]
        : [],
  },
  {
    code: 'deprecated-image',
    severity: 'warning',
    title: 'Base image without patches',
    explanation: 'The image, or the distribution in it, gets no security patches any more.',
    example: 'image: mcr.microsoft.com/azureml/openmpi3.1.2-ubuntu18.04',
    azure: true,
    run: (read) =>
      findImages(read, (_image, reference) => {
        const found = deprecatedImages.find(([pattern]) => pattern.test(normaliseImage(reference)));
        return found === undefined
          ? undefined
          : { message: `\`${reference}\` gets no patches any more`, help: `Use ${found[1]}.` };
      }),
  },
  {
    code: 'image-without-tag',
    severity: 'warning',
    title: 'Base image without tag and digest',
    explanation: 'Without a tag, `latest` is meant, and that is another image every few weeks.',
    example: 'image: debian',
    azure: true,
    run: (read) =>
      findImages(read, ({ tag, digest }, reference) =>
        tag === undefined && digest === undefined
          ? {
              message: `\`${reference}\` has neither tag nor digest, so it means \`${reference}:latest\``,
              help: 'Name a tag, or better a digest.',
            }
          : undefined,
      ),
  },
  {
    code: 'moving-tag',
    severity: 'info',
    title: 'Tag that moves',
    explanation:
      'The tag is given to a new image from time to time. Terroir records the digest and makes a new revision when the tag moves; `auto_rebuild: disabled` or a digest keeps it still.',
    example: 'image: python:3.12',
    run: (read) =>
      findImages(read, ({ tag, digest }, reference) =>
        tag !== undefined && digest === undefined && moving.test(tag)
          ? {
              message: `the tag of \`${reference}\` moves`,
              help: 'Pin a digest (`name:tag@sha256:…`) if it must not.',
            }
          : undefined,
      ),
  },
  {
    code: 'dockerfile-too-large',
    severity: 'error',
    title: 'Dockerfile over the limit',
    explanation: 'Azure ML refuses Dockerfiles over 100 KB, and no builder likes them.',
    example: 'docker_steps: …  # more than 100 KB',
    azure: true,
    run: (read) => {
      const steps = read.definition.dockerSteps ?? '';
      const dockerfile = dockerfileOf(read);
      const texts = [
        { text: steps, what: 'the Docker steps are', place: { path: ['dockerSteps'] } },
        ...(dockerfile === undefined
          ? []
          : [
              {
                text: dockerfile.text,
                what: 'the Dockerfile is',
                place: { path: ['build'], position: positionAt(dockerfile, 0) },
              },
            ]),
      ];
      return texts
        .filter(({ text }) => text.length > dockerfileLimit)
        .map(({ text, what, place }) => ({
          ...place,
          message: `${what} ${text.length} characters long; 100 KB are allowed`,
        }));
    },
  },
  {
    code: 'large-context',
    severity: 'info',
    title: 'Large build context',
    explanation:
      'Azure ML takes contexts of at most 100 files and 1 MB. Terroir does not mind, but every builder has to be sent all of it.',
    example: 'build: { path: . }  # with data next to the Dockerfile',
    azure: true,
    run: ({ definition, files }) => {
      const tree = files.find(({ path }) => path === definition.build?.context.path);
      const count = tree?.entries?.length ?? 0;
      return tree !== undefined && (count > 100 || tree.size > 1e6)
        ? [
            {
              path: ['build'],
              message: `the build context has ${count} files and ${(tree.size / 1e6).toFixed(1)} MB`,
              help: 'Name in `.dockerignore` what the build does not need.',
            },
          ]
        : [];
    },
  },
  {
    code: 'windows-environment',
    severity: 'warning',
    title: 'Windows environment',
    explanation: 'Images and runs are Linux ones.',
    example: 'os_type: windows',
    run: ({ definition }) =>
      definition.osType === 'windows'
        ? [{ path: ['osType'], message: '`os_type: windows` can be registered, but not built or run' }]
        : [],
  },
  {
    code: 'python-packages-in-steps',
    severity: 'warning',
    title: 'Python packages in Docker steps',
    explanation: 'What a step installs is in no lock, cannot be compared, and moves with every build.',
    example: 'docker_steps: RUN pip install numpy',
    run: (read) =>
      find(
        read,
        ({ keyword, value }) =>
          keyword === 'RUN' && /\b(?:pip3?|conda|mamba|micromamba|uv pip)\s+install\b/.test(value)
            ? 'a Docker step installs Python packages past the lock'
            : undefined,
        'List them in `requirements` or `conda_file`.',
      ),
  },
  {
    code: 'unpinned-system-packages',
    severity: 'info',
    title: 'System packages without version',
    explanation:
      'The step installs whatever the distribution has on the day of the build. The built image is kept by digest, so this matters only for a rebuild.',
    example: 'docker_steps: RUN apt-get install -y gcc',
    run: (read) =>
      find(read, ({ keyword, value }) =>
        keyword === 'RUN' &&
        /\bapt(?:-get)?\s+(?:-\S+\s+)*install\b/.test(value) &&
        !/\binstall\b[^&;|]*\S=\S/.test(value)
          ? '`apt-get install` without versions'
          : undefined,
      ),
  },
  {
    code: 'download-without-checksum',
    severity: 'warning',
    title: 'Download without checksum',
    explanation: 'What is behind the address can be something else tomorrow.',
    example: 'docker_steps: ADD https://example.com/tool.tgz /opt/',
    run: (read) =>
      find(read, ({ keyword, value }) =>
        keyword === 'ADD' && /https?:\/\//.test(value) && !value.includes('--checksum')
          ? '`ADD` downloads a file without `--checksum`'
          : undefined,
      ),
  },
  {
    code: 'unresolved-from',
    severity: 'info',
    title: 'Base that is an argument',
    explanation:
      'The base of the Dockerfile is decided by a build argument that has no value in the file, so it cannot be checked here.',
    example: 'FROM ${BASE}',
    run: (read) =>
      find(read, ({ keyword, value, images }) =>
        keyword === 'FROM' && value.includes('$') && images.length === 0
          ? `the base \`${value}\` is an argument`
          : undefined,
      ),
  },
];
