import type { Definition, Lock } from '../../schema/index.ts';

/** Lines of a Dockerfile that would make an image like the one that is composed: for people who know Dockerfiles, and to compare. */
export function dockerfileOf({ image, build, dockerSteps = '' }: Definition, lock: Lock | undefined): string {
  const lines: string[] = [];
  if (image !== undefined) lines.push(`FROM ${image}`);
  if (build !== undefined) lines.push(`# the build context's ${build.dockerfilePath} comes first`);
  if (dockerSteps.trim() !== '') lines.push(...dockerSteps.trim().split('\n'));
  if (lock === undefined) return lines.join('\n');
  const conda = lock.packages.filter(({ kind }) => kind === 'conda');
  const pypi = lock.packages.filter(({ kind }) => kind === 'pypi');
  if (conda.length > 0)
    lines.push(
      'COPY explicit.txt /tmp/',
      'RUN conda create --prefix /opt/terroir/env --file /tmp/explicit.txt  # `terroir env lock --export explicit`',
    );
  else lines.push(`RUN python${lock.python?.version ?? '3'} -m venv --without-pip /opt/terroir/env`);
  if (pypi.length > 0)
    lines.push(
      'COPY requirements.txt /tmp/',
      'RUN python -m pip install --python /opt/terroir/env --no-deps --no-compile --require-hashes -r /tmp/requirements.txt  # `terroir env lock --export requirements`',
    );
  lines.push('ENV PATH=/opt/terroir/env/bin:$PATH CONDA_PREFIX=/opt/terroir/env PYTHONNOUSERSITE=1');
  return lines.join('\n');
}
