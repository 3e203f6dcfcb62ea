import type { OpenFile } from './analyse.ts';

/** Where a new environment may start. */
export const templates: readonly { title: string; files: readonly OpenFile[] }[] = [
  {
    title: 'Requirements',
    files: [
      { path: 'environment.yml', content: 'python:\n  version: "3.11"\nrequirements: requirements.txt\n' },
      { path: 'requirements.txt', content: 'numpy\n' },
    ],
  },
  {
    title: 'conda file',
    files: [
      { path: 'environment.yml', content: 'conda_file: conda.yml\n' },
      { path: 'conda.yml', content: 'channels:\n  - conda-forge\ndependencies:\n  - python=3.11\n  - numpy\n' },
    ],
  },
  {
    title: 'Image and conda file',
    files: [
      { path: 'environment.yml', content: 'image: debian:12\nconda_file: conda.yml\n' },
      { path: 'conda.yml', content: 'channels:\n  - conda-forge\ndependencies:\n  - python=3.11\n  - numpy\n' },
    ],
  },
  {
    title: 'Docker context',
    files: [
      { path: 'environment.yml', content: 'build:\n  path: context\n  dockerfile_path: Dockerfile\n' },
      { path: 'context/Dockerfile', content: 'FROM debian:12\nRUN apt-get update\n' },
    ],
  },
];
