import type { CheckRule } from './finding.ts';
import { channelsOf, condaOf, entriesOf } from './parts.ts';

export const condaRules: readonly CheckRule[] = [
  {
    code: 'conda-no-channels',
    severity: 'warning',
    title: 'Conda file without channels',
    explanation:
      'conda’s own default is then used on one machine and conda-forge on another. Terroir takes conda-forge.',
    example: 'dependencies: [numpy]  # and no channels',
    azure: true,
    run: ({ definition: { layer } }) =>
      layer?.kind === 'conda' && layer.channels.length === 0
        ? [
            {
              path: ['layer'],
              message: 'the conda file has no `channels`; conda-forge is taken',
              help: 'Add `channels: [conda-forge]`.',
            },
          ]
        : [],
  },
  {
    code: 'defaults-terms',
    severity: 'warning',
    title: 'The `defaults` channel',
    explanation:
      'Anaconda’s terms ask organisations of more than 200 people for a paid licence to use `defaults`. conda-forge is free for everybody.',
    example: 'channels: [defaults]',
    run: (read) =>
      channelsOf(read).flatMap(({ path, channel }) =>
        /^(?:defaults|main|r|msys2|anaconda)$|repo\.anaconda\.com/.test(channel)
          ? [
              {
                path,
                message: `the channel \`${channel}\` has terms of use for organisations of more than 200 people`,
                help: 'Use `conda-forge`, with `nodefaults` behind it.',
              },
            ]
          : [],
      ),
  },
  {
    code: 'conda-no-dependencies',
    severity: 'warning',
    title: 'Conda file without dependencies',
    explanation: 'The file names no package.',
    example: 'dependencies: []',
    azure: true,
    run: ({ definition: { layer } }) =>
      layer?.kind === 'conda' && layer.dependencies.length === 0
        ? [{ path: ['layer'], message: 'the conda file names no package' }]
        : [],
  },
  {
    code: 'pip-not-listed',
    severity: 'warning',
    title: '`pip:` block without pip',
    explanation: 'conda warns about it: the block needs a pip, and which one should be said.',
    example: 'dependencies: [python=3.12, {pip: [numpy]}]',
    azure: true,
    run: (read) => {
      const { layer } = read.definition;
      const block =
        layer?.kind === 'conda'
          ? layer.dependencies.findIndex((item) => typeof item !== 'string' && item.pip.length > 0)
          : -1;
      return block !== -1 && !condaOf(read).some(({ spec }) => spec.name === 'pip')
        ? [
            {
              path: ['layer', 'dependencies', block],
              message: 'there is a `pip:` block, and `pip` is not in the dependencies',
              help: 'Add `- pip` before it.',
            },
          ]
        : [];
    },
  },
  {
    code: 'pip-not-pinned',
    severity: 'info',
    title: 'pip without version',
    explanation:
      'Azure ML advises to pin it. Here uv resolves and nothing runs pip, so it matters only for others who use the file.',
    example: 'dependencies: [pip]',
    azure: true,
    run: (read) =>
      condaOf(read).flatMap(({ path, spec }) =>
        spec.name === 'pip' && spec.version === undefined ? [{ path, message: '`pip` has no version' }] : [],
      ),
  },
  {
    code: 'several-pip-blocks',
    severity: 'info',
    title: 'Several `pip:` blocks',
    explanation: 'conda reads only one of them; Terroir reads all, in their order.',
    example: 'dependencies: [{pip: [a]}, {pip: [b]}]',
    run: ({ definition: { layer } }) => {
      const blocks =
        layer?.kind === 'conda'
          ? layer.dependencies.flatMap((item, index) => (typeof item === 'string' ? [] : [index]))
          : [];
      return blocks.slice(1).map((index) => ({
        path: ['layer', 'dependencies', index],
        message: 'there is a second `pip:` block; conda reads only one',
      }));
    },
  },
  {
    code: 'conda-variables',
    severity: 'info',
    title: 'Variables in a conda file',
    explanation:
      'Variables belong to the run: they are not part of the image. A job’s `environment_variables` are the place.',
    example: 'variables: { OMP_NUM_THREADS: 4 }',
    azure: true,
    run: ({ definition: { layer } }) =>
      layer?.kind === 'conda' && Object.keys(layer.variables ?? {}).length > 0
        ? [{ path: ['layer'], message: 'the conda file sets variables; they are set on runs and are not in the image' }]
        : [],
  },
  {
    code: 'build-string',
    severity: 'info',
    title: 'Build string',
    explanation: 'A build string binds the line to one platform; a lock does that better.',
    example: 'numpy=1.26.4=py311h64a7726_0',
    run: (read) =>
      // What a lock file lists has a build, as it should.
      (read.definition.layer?.lock === undefined ? condaOf(read) : []).flatMap(({ path, spec }) =>
        spec.build !== undefined && !spec.build.includes('*')
          ? [
              {
                path,
                message: `\`${spec.name}\` is bound to the build \`${spec.build}\`, which exists for one platform`,
              },
            ]
          : [],
      ),
  },
  {
    code: 'constraint-only',
    severity: 'info',
    title: 'Constraints without requirements',
    explanation:
      'A constraints file names versions of packages that something else requires; alone it installs nothing.',
    example: '-c constraints.txt  # and nothing else',
    run: (read) => {
      const entries = entriesOf(read);
      const constraint = entries.find(({ entry }) => entry.type === 'constraint');
      return constraint !== undefined &&
        !entries.some(({ entry }) => entry.type === 'requirement' || entry.type === 'local')
        ? [{ path: constraint.path, message: 'there are constraints, and nothing that they constrain' }]
        : [];
    },
  },
];
