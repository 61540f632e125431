// What a `sql` action may say: one statement that changes data, and nothing of Millrace's own.
//
// The text is cut into words the way PostgreSQL cuts it, and everything that could be cut in two ways is refused: comments,
// dollar quotes, strings with a prefix (`E''`, `U&''`) or a backslash. So what is seen here is what the server sees. One
// statement that begins with one of `beginnings` can hold no other command, whatever follows: the rest are names.

const beginnings = ['insert', 'update', 'delete', 'merge', 'with'];

/** Names that reach the server itself, or run a text as a statement. */
const refusedNames: ReadonlySet<string> = new Set([
  'set_config',
  'setval',
  'table_to_xml',
  'query_to_xml',
  'query_to_xmlschema',
  'query_to_xml_and_xmlschema',
  'cursor_to_xml',
  'cursor_to_xmlschema',
  'schema_to_xml',
  'schema_to_xml_and_xmlschema',
  'table_to_xml_and_xmlschema',
  'database_to_xml',
  'database_to_xml_and_xmlschema',
  'ts_stat',
  'ts_rewrite',
  'connectby',
  'xpath_table',
  'current_logfile',
]);
const refusedPrefixes = ['millrace', 'pg_', 'lo_', 'dblink', 'crosstab'];

const parameterMax = 1_000;

/** In the order in which they are tried. `bad` is what may not come. */
const token =
  /\s+|(?<bad>--|\/\*|[\\;$](?!\d)|[a-z_\u0080-\uffff][\w$\u0080-\uffff]*'|u&["'])|'(?<text>(?:[^']|'')*)'(?!')|"(?<quoted>(?:[^"]|"")+)"(?!")|\$(?<parameter>\d+)|(?<word>[a-z_\u0080-\uffff][\w\u0080-\uffff]*)|(?<number>\.?\d[\w.]*)|(?<sign>[-+*/<>=~!@#%^&|`?()[\],.:])/iy;

/** Why the text is refused, or `null`. @param parameters how many it is given; COST linear in the text */
export function sqlRefusal(text: string, parameters: number): string | null {
  let isFirst = true;
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const at = token.lastIndex;
    const found = token.exec(text);
    if (found === null || found.groups!.bad !== undefined) {
      const what = JSON.stringify(text.slice(at, at + 12));
      return `at character ${at + 1} ${what}: comments, several statements, dollar quotes, prefixed strings and backslashes are refused`;
    }
    const { text: literal, quoted, parameter, word } = found.groups!;
    if (literal?.includes('\\')) return `at character ${at + 1}: a string with a backslash; give it as a parameter`;
    if (parameter !== undefined && (Number(parameter) < 1 || Number(parameter) > Math.min(parameters, parameterMax)))
      return `$${parameter} at character ${at + 1}: there are ${parameters} parameters`;
    const name = word?.toLowerCase() ?? quoted?.replaceAll('""', '"').toLowerCase();
    if (name === undefined && found[0].trim() === '') continue;
    if (isFirst && (word === undefined || !beginnings.includes(name!)))
      return `begins with ${JSON.stringify(found[0])}; accepted are ${beginnings.join(', ').toUpperCase()}`;
    isFirst = false;
    if (name === undefined) continue;
    if (refusedNames.has(name) || refusedPrefixes.some(prefix => name.startsWith(prefix)))
      return `names ${JSON.stringify(name)} at character ${at + 1}, which is not for workflows`;
  }
  return isFirst ? 'is empty' : null;
}
