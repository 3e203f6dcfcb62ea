import { nearest } from '../documents/index.ts';
import { dockerInstructions, dockerKeywords } from './dockerfile.ts';

/** What cannot be right in Dockerfile lines that stand on top of an image and have no build context. */
export function checkDockerSteps(steps: string): { message: string; hint?: string }[] {
  return dockerInstructions(steps).flatMap(({ keyword, value }) => {
    if (!dockerKeywords.includes(keyword)) return [unknownInstruction(keyword)];
    if (keyword === 'FROM') {
      return [
        {
          message: '`docker_steps` cannot have `FROM`; the base is `image`',
          hint: 'Remove the line, or use `build:` with a Dockerfile.',
        },
      ];
    }
    const fromContext =
      keyword === 'COPY'
        ? !/^(?:--\S+\s+)*--from=/.test(value) && !value.includes('<<')
        : keyword === 'ADD' && !/^(?:--\S+\s+)*(?:https?:|git@)/.test(value);
    if (fromContext)
      return [
        {
          message: `\`${keyword}\` needs a build context, and \`docker_steps\` have none`,
          hint: 'Use `build:` with a Dockerfile.',
        },
      ];
    return [];
  });
}

export function unknownInstruction(keyword: string): { message: string; hint?: string } {
  const near = nearest(keyword, dockerKeywords);
  return {
    message: `unknown Dockerfile instruction \`${keyword}\``,
    hint: near === undefined ? undefined : `Did you mean \`${near}\`?`,
  };
}
