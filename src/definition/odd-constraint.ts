import { parseRequirement } from '../requirements/index.ts';
import type { OddRequirement } from './odd-requirement.ts';
import { type RequirementLine, splitRequirementOptions } from './requirement-line.ts';

/** What pip refuses in a file of constraints, in its words; undefined for what may stand there. */
export function explainConstraint(line: RequirementLine): OddRequirement | undefined {
  if (line.type !== 'requirement' && line.type !== 'path') return undefined;
  const text = line.type === 'path' ? line.path : splitRequirementOptions(line.text).requirement;
  const requirement = line.type === 'path' ? undefined : parseRequirement(text);
  const name = line.type === 'path' ? line.name : (requirement?.name ?? /[#&]egg=([A-Za-z0-9._-]+)/.exec(text)?.[1]);
  if (name === undefined)
    return {
      message: `unnamed requirements are not allowed as constraints: \`${text}\``,
      hint: `Write its name before it: \`NAME @ ${text}\`.`,
    };
  if (line.editable)
    return {
      message: `editable requirements are not allowed as constraints: \`-e ${text}\``,
      hint: 'Move it to the requirements, or leave `-e` out.',
    };
  const extras = line.type === 'path' ? line.extras : (requirement?.extras ?? []);
  if (extras.length === 0) return undefined;
  return {
    message: `constraints cannot have extras: \`${name}[${extras.join(',')}]\``,
    hint: `A constraint is about versions only: write \`${name}\` without them; what asks for extras belongs to the requirements.`,
  };
}
