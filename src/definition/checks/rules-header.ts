import type { CheckRule } from './finding.ts';

export const headerRules: readonly CheckRule[] = [
  {
    code: 'reserved-name',
    severity: 'error',
    title: 'Reserved name',
    explanation:
      'Names that begin with AzureML, Microsoft or Terroir- belong to curated environments; `anonymous` to those without a name.',
    example: 'name: AzureML-sklearn',
    azure: true,
    run: ({ header }, { name = header.name }) =>
      name !== undefined &&
      (/^(?:azureml|microsoft|terroir-)/i.test(name) || /^(?:anonymous|cliv2anonymousenvironment)$/i.test(name))
        ? [{ path: [], message: `the name \`${name}\` is reserved`, help: 'Choose another one.' }]
        : [],
  },
  {
    code: 'invalid-name',
    severity: 'error',
    title: 'Name that is not allowed',
    explanation: 'A name has 1 to 255 characters: letters, digits, `-`, `_` and `.`.',
    example: 'name: my env',
    azure: true,
    run: ({ header }, { name = header.name }) =>
      name !== undefined && !/^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$/.test(name)
        ? [
            {
              path: [],
              message:
                name.length > 255
                  ? `the name is ${name.length} characters long; 255 are allowed`
                  : `\`${name}\` is no name for an environment`,
            },
          ]
        : [],
  },
  {
    code: 'tag-limits',
    severity: 'error',
    title: 'Too many or too long tags',
    explanation: 'At most 50 tags, keys of 100 and values of 1000 characters.',
    example: 'tags: { … 51 of them … }',
    azure: true,
    run: ({ header: { tags } }) => {
      const entries = Object.entries(tags);
      const isTooLong = entries.some(([key, value]) => key.length > 100 || value.length > 1000);
      return entries.length > 50 || isTooLong
        ? [
            {
              path: [],
              message: entries.length > 50 ? `there are ${entries.length} tags; 50 are allowed` : 'a tag is too long',
            },
          ]
        : [];
    },
  },
  {
    code: 'variables-belong-to-run',
    severity: 'info',
    title: 'Variables in a definition',
    explanation:
      'They are set on runs and are not in the image; they do not change the fingerprint. A job’s `environment_variables` are the natural place.',
    example: 'environment_variables: { OMP_NUM_THREADS: 4 }',
    azure: true,
    run: ({ definition }) => {
      const [name] = Object.keys(definition.environmentVariables);
      return name === undefined
        ? []
        : [
            {
              path: ['environmentVariables', name],
              message: 'variables belong to the run: they are set there, and are not in the image',
            },
          ];
    },
  },
  {
    code: 'deprecated-docker-section',
    severity: 'warning',
    title: 'Docker settings of SDK v1',
    explanation:
      '`enabled`, `shmSize`, `arguments`, `sharedVolumes` and `gpuSupport` moved to the run long ago; they have no effect in a definition.',
    example: '"docker": { "enabled": true, "shmSize": "8g" }',
    azure: true,
    run: ({ format, sources: [main] }) => {
      if (format !== 'v1' || main === undefined) return [];
      const used = [
        ...main.text.matchAll(/"(enabled|shmSize|smhSize|arguments|gpuSupport)"\s*:\s*("[^"]*"|\[[^\]]*\]|\w+)/g),
      ].filter((match) => !/^(?:false|null|\[\s*\]|"2g")$/.test(match[2] ?? ''));
      return used.map((match) => ({
        path: [],
        message: `\`docker.${match[1]}\` has no effect in a definition`,
        help: 'Set it on the run.',
      }));
    },
  },
  {
    code: 'spark-packages',
    severity: 'info',
    title: 'Spark packages',
    explanation: 'They are part of the fingerprint. They cannot be built or run here yet.',
    example: 'spark: { packages: ["org.apache.hadoop:hadoop-azure:3.3.6"] }',
    run: ({ definition }) =>
      definition.spark === undefined
        ? []
        : [{ path: [], message: 'Spark packages are registered, but cannot be built or run yet' }],
  },
];
