// TypeScript types out of JSON Schemas, as far as docs/protocol.schema.json uses those. A keyword that is
// not known here is an error, so that no part of the contract gets lost.

// Keywords that limit values and no types.
const kIgnored = new Set([
  'description', 'examples', 'minimum', 'maximum', 'minLength', 'maxLength', 'minItems', 'maxItems', 'pattern',
  'uniqueItems', 'title',
]);
const kKnown = new Set([
  'type', 'const', 'enum', '$ref', 'properties', 'required', 'additionalProperties', 'items', 'oneOf', 'anyOf',
]);

const pascal = (name) => name.replace(/(^|_)([a-z])/g, (_, __, letter) => letter.toUpperCase());

function typeOf(schema, indent) {
  for (const keyword of Object.keys(schema)) {
    if (!kIgnored.has(keyword) && !kKnown.has(keyword)) throw new Error(`unknown keyword '${keyword}'`);
  }
  if (schema.$ref) return nameOf(schema.$ref);
  if ('const' in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices) return choices.map((choice) => typeOf(choice, indent)).join(' | ');
  if (schema.type === undefined) return 'unknown';
  return [schema.type].flat().map((type) => ofType(type, schema, indent)).join(' | ');
}

function ofType(type, schema, indent) {
  switch (type) {
    case 'integer':
    case 'number':
      return 'number';
    case 'string':
    case 'boolean':
    case 'null':
      return type;
    case 'array': {
      const items = typeOf(schema.items ?? {}, indent);
      return items.includes('|') ? `(${items})[]` : `${items}[]`;
    }
    case 'object':
      return schema.properties ? members(schema, indent) : 'Record<string, unknown>';
    default:
      throw new Error(`unknown type '${type}'`);
  }
}

function nameOf(reference) {
  const [, name] = reference.match(/^#\/definitions\/(\w+)$/) ?? [];
  if (!name) throw new Error(`unknown reference '${reference}'`);
  return pascal(name);
}

function members({ properties, required = [] }, indent) {
  const deeper = `${indent}  `;
  const lines = Object.entries(properties).map(([name, schema]) => {
    const mark = required.includes(name) ? '' : '?';
    return `${deeper}${name}${mark}: ${typeOf(schema, deeper)};\n`;
  });
  return `{\n${lines.join('')}${indent}}`;
}

function group(title, comment, schemas) {
  const lines = Object.entries(schemas).map(
    ([type, schema]) => `  /** ${schema.description} */\n  ${type}: ${typeOf(schema, '  ')};\n`,
  );
  return `/** ${comment} */\nexport interface ${title} {\n${lines.join('')}}\n`;
}

// The text of a TypeScript file with all types of the schema.
export function typesOf({ definitions }) {
  const { server, client, client_of_managed_rooms: ofManagedRooms, ...shared } = definitions;
  const parts = ['// Made from docs/protocol.schema.json by sdk/js/build.mjs: do not edit.\n'];
  for (const [name, schema] of Object.entries(shared)) {
    parts.push(`export type ${pascal(name)} = ${typeOf(schema, '')};\n`);
  }
  parts.push(group('ServerMessages', 'What the server sends, by type.', server));
  parts.push(group('ClientMessages', 'What a client sends, by type.', client));
  parts.push(
    group('ManagedRoomMessages', 'What a client sends to rooms of the policy `managed`, by type.', ofManagedRooms),
  );
  return parts.join('\n');
}
