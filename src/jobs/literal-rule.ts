import type { ShapeReader, YamlPath } from '../documents/index.ts';

export const literalTypes = ['string', 'number', 'integer', 'boolean'] as const;

/** What a literal must be. */
export interface LiteralRule {
  type: (typeof literalTypes)[number];
  min?: number;
  max?: number;
  allowed?: readonly string[];
}

export function readRule(shape: ShapeReader, path: YamlPath): LiteralRule {
  const type = shape.oneOf([...path, 'type'], literalTypes) ?? 'string';
  const bound = (key: 'min' | 'max'): number | undefined => {
    const text = shape.text([...path, key]);
    if (text === undefined) return undefined;
    if (type !== 'number' && type !== 'integer')
      shape.report([...path, key], `\`${key}\` is for numbers, and the type is \`${type}\``, undefined, 'key');
    else if (!isNumber(text)) shape.report([...path, key], `\`${key}\` must be a number, not \`${text}\``);
    return Number(text);
  };
  return { type, min: bound('min'), max: bound('max'), allowed: shape.textList([...path, 'enum']) };
}

/** What is wrong with a value, as the end of a sentence. */
export function checkLiteral(text: string, { type, min, max, allowed }: LiteralRule): string | undefined {
  if (type === 'boolean' && !/^(?:true|false)$/i.test(text)) return 'it must be `true` or `false`';
  if (type === 'integer' && !/^[-+]?\d+$/.test(text)) return 'it must be a whole number';
  if (type === 'number' && !isNumber(text)) return 'it must be a number';
  if (min !== undefined && Number(text) < min) return `it must be at least ${min}`;
  if (max !== undefined && Number(text) > max) return `it must be at most ${max}`;
  if (allowed !== undefined && !allowed.includes(text))
    return `it must be one of ${allowed.map((one) => `\`${one}\``).join(', ')}`;
  return undefined;
}

/** A scalar of the file, as the script is to see it: as it was written (`1e-3`, `1.10`), whatever YAML makes of it. */
export function toLiteral(shape: ShapeReader, path: YamlPath): string | number | boolean {
  const value = shape.value(path);
  const text = shape.text(path) ?? '';
  return (typeof value === 'number' || typeof value === 'boolean') && String(value) === text ? value : text;
}

function isNumber(text: string): boolean {
  return /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(text);
}
