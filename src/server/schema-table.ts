import { codeText, escape, words } from './markup.ts';

type Schema = Readonly<Record<string, unknown>>;

interface Row {
  name: string;
  isRequired: boolean;
  schema: Schema;
}

/** A JSON Schema as a table that a person reads: a row for each property, those of objects inside after their own. */
export function schemaTable(schema: Schema): string {
  const rows = rowsOf(schema, '');
  if (rows.length === 0) return `<p>${typeText(schema)}</p>`;
  const texts = rows.map(
    ({ name, isRequired, schema: each }) =>
      `<tr><td><code>${escape(name)}</code>${isRequired ? ' *' : ''}</td><td>${typeText(each)}</td><td>${words(each.description)}</td></tr>`,
  );
  return `<table>${texts.join('')}</table>`;
}

function rowsOf(schema: Schema, prefix: string): Row[] {
  const { properties = {}, required = [] } = schema as { properties?: Record<string, Schema>; required?: string[] };
  return Object.entries(properties).flatMap(([key, each]) => {
    const name = `${prefix}${key}`;
    const { inside, suffix } = contentOf(each);
    return [{ name, isRequired: required.includes(key), schema: each }, ...rowsOf(inside, `${name}${suffix}.`)];
  });
}

/** The object in a list, in a map, or beside null. */
function contentOf(schema: Schema): { inside: Schema; suffix: string } {
  const { items, additionalProperties, anyOf } = schema;
  if (isSchema(items)) return within(items, '[]');
  if (isSchema(additionalProperties) && schema.properties === undefined) return within(additionalProperties, '{}');
  const [only, ...others] = alternatives(anyOf).filter(({ type }) => type !== 'null');
  return only === undefined || others.length > 0 ? { inside: schema, suffix: '' } : contentOf(only);
}

function within(schema: Schema, before: string): { inside: Schema; suffix: string } {
  const { inside, suffix } = contentOf(schema);
  return { inside, suffix: before + suffix };
}

/** What a value of the schema is, in a few words. */
export function typeText(schema: Schema): string {
  const { $ref, anyOf, oneOf, type, items, additionalProperties } = schema;
  if (typeof $ref === 'string') return schemaLink($ref.split('/').at(-1) ?? '');
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => codeText(String(value))).join(' ');
  if (schema.const !== undefined) return codeText(JSON.stringify(schema.const));
  const several = [...alternatives(anyOf), ...alternatives(oneOf)];
  if (several.length > 0) return several.map(typeText).join(' or ');
  if (type === 'array') return `list${isSchema(items) ? ` of ${typeText(items)}` : ''}`;
  if (type === 'object' && isSchema(additionalProperties)) return mapText(additionalProperties);
  if (typeof type === 'string') return `${escape(type)}${limits(schema)}`;
  return 'anything';
}

function mapText(values: Schema): string {
  return Object.keys(values).length === 0 ? 'object' : `map to ${typeText(values)}`;
}

function limits({ minimum, maximum, maxLength }: Schema): string {
  if (typeof maxLength === 'number') return `, at most ${maxLength.toLocaleString('en')} long`;
  // What any integer of JavaScript is between says nothing.
  const bounds = [minimum, maximum].filter(
    (bound): bound is number => typeof bound === 'number' && Math.abs(bound) < Number.MAX_SAFE_INTEGER,
  );
  return bounds.length === 2 ? `, ${bounds.map((bound) => bound.toLocaleString('en')).join(' to ')}` : '';
}

export function schemaLink(name: string): string {
  return `<a href="#schema-${escape(name)}">${escape(name)}</a>`;
}

function alternatives(value: unknown): Schema[] {
  return Array.isArray(value) ? value.filter(isSchema) : [];
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
