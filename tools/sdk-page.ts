import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

interface Call {
  name: string;
  parameters: string;
  answer: string;
  text: string;
}

/** docs/sdk.md, from the types that the package publishes and the example that the tests run. @throws Error for a call without a word on it. */
export function sdkPage(): string {
  const types = readFileSync(join(root, 'src', 'sdk', 'types.ts'), 'utf8');
  const example = readFileSync(join(root, 'examples', 'sdk', 'train.mjs'), 'utf8');
  const begin = types.indexOf('export interface Terroir {');
  const end = types.indexOf('\n}\n', begin);
  const calls = readCalls(types.slice(begin, end));
  const others = [types.slice(types.indexOf('*/') + 2, types.lastIndexOf('/**', begin)), types.slice(end + 3)];
  const listed = calls.map(
    ({ name, parameters, answer, text }) =>
      `### ${name}\n\n\`\`\`ts\n${name}(${parameters}): ${answer}\n\`\`\`\n\n${text}\n`,
  );
  return `<!-- Made by \`npm run docs\` from src/sdk/types.ts and examples/sdk. -->

# The SDK for JavaScript and TypeScript

\`import { connect } from 'terroir'\` makes the same calls on a folder and on a server. What one takes and answers, the other does, too.

\`\`\`js
${example.trim()}
\`\`\`

\`connect(where?, options?)\` opens a workspace: a folder (it is made if it is not there) or the URL of a server. Without one, \`TERROIR_WORKSPACE\` says which, and
\`TERROIR_TOKEN\` has the token. What goes wrong comes as an error with a \`code\` ([errors](errors.md)) and mostly a \`hint\`. References are \`name\`, \`name:version\`
and \`name@latest\`. Lists are pages: \`next\` is the \`cursor\` of the next one.

## Calls

${listed.join('\n')}
## Types

\`\`\`ts
${others.map((part) => part.trim()).join('\n\n')}
\`\`\`
`;
}

function readCalls(block: string): Call[] {
  const members = [...block.matchAll(/^ {2}(?:\/\*\*((?:(?!\*\/)[^])*)\*\/\s+)?(\w+): \(([^]*?)\) => (.*);$/gm)];
  return members.map(([, comment, name = '', parameters = '', answer = '']) => {
    if (comment === undefined) throw new Error(`src/sdk/types.ts says nothing of \`${name}\``);
    const text = comment.replaceAll(/\s*\n\s*\*\s*/g, ' ').trim();
    return { name, parameters: parameters.replaceAll(/\s+/g, ' ').replaceAll(/^ |,? $/g, ''), answer, text };
  });
}
