// What a TypeBox module says of each field: the schema as it is at run time, and the comments in its source. The two are
// walked side by side: the types that TypeBox computes keep the comments of the keys they were made of, through spreads,
// imports and functions, so that the compiler finds them and nothing is said twice.

import ts from 'typescript';

/** The part of JSON Schema that is read here; what else there is, is told as it stands. */
export interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly description?: string;
  readonly [keyword: string]: unknown;
}

/** A schema, with the type whose symbols have its comments; `null` when that is not known. */
export interface Described {
  readonly schema: Schema;
  readonly type: ts.Type | null;
  /** One line. Empty when there is none. */
  readonly text: string;
}

export interface Field extends Described {
  readonly name: string;
  readonly isRequired: boolean;
}

export class SchemaModule {
  readonly #checker: ts.TypeChecker;
  readonly #exports = new Map<string, Described>();
  readonly #byText = new Map<string, string>();

  /** @param file the module's source @param values what it exports at run time */
  constructor(file: string, values: Readonly<Record<string, unknown>>) {
    const program = ts.createProgram([file], {
      strict: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      skipLibCheck: true,
      types: [],
    });
    this.#checker = program.getTypeChecker();
    const source = program.getSourceFile(file)!;
    for (const symbol of this.#checker.getExportsOfModule(this.#checker.getSymbolAtLocation(source)!)) {
      const value = values[symbol.name];
      if (typeof value !== 'object' || value === null) continue;
      const schema = JSON.parse(JSON.stringify(value)) as Schema;
      const type = this.#checker.getTypeOfSymbolAtLocation(symbol, source);
      this.#exports.set(symbol.name, { schema, type, text: this.#textOf(symbol) || wordsOf(schema) });
      const text = JSON.stringify(schema);
      if (!this.#byText.has(text)) this.#byText.set(text, symbol.name);
    }
  }

  exported(name: string): Described {
    const found = this.#exports.get(name);
    if (found === undefined) throw new Error(`nothing named ${name} is exported`);
    return found;
  }

  /** The export that this schema is, or equals. */
  nameOf({ schema }: Described): string | null {
    return this.#byText.get(JSON.stringify(schema)) ?? null;
  }

  fields({ schema, type }: Described): Field[] {
    const properties = this.#member(type, 'properties');
    return Object.entries(schema.properties ?? {}).map(([name, own]) => {
      const symbol = properties?.getProperty(name);
      return {
        name,
        schema: own,
        isRequired: schema.required?.includes(name) === true,
        type: symbol === undefined ? null : this.#checker.getTypeOfSymbol(symbol),
        text: (symbol === undefined ? '' : this.#textOf(symbol)) || wordsOf(own),
      };
    });
  }

  items({ schema, type }: Described): Described | null {
    return schema.items === undefined ? null : this.#own(schema.items, this.#member(type, 'items'));
  }

  variants({ schema, type }: Described): Described[] {
    const tuple = this.#member(type, 'anyOf');
    const types = tuple !== null && this.#checker.isTupleType(tuple) ? this.#typeArguments(tuple) : [];
    return (schema.anyOf ?? []).map((variant, at) => this.#own(variant, types[at] ?? null));
  }

  /** As its export has it, if it has one: with its comment. */
  #own(schema: Schema, type: ts.Type | null): Described {
    const plain = { schema, type, text: wordsOf(schema) };
    const name = this.nameOf(plain);
    return name === null ? plain : this.exported(name);
  }

  #member(type: ts.Type | null, name: string): ts.Type | null {
    const symbol = type?.getProperty(name);
    return symbol === undefined ? null : this.#checker.getTypeOfSymbol(symbol);
  }

  #typeArguments(tuple: ts.Type): readonly ts.Type[] {
    return this.#checker.getTypeArguments(tuple as ts.TypeReference);
  }

  #textOf(symbol: ts.Symbol): string {
    return oneLine(ts.displayPartsToString(symbol.getDocumentationComment(this.#checker)));
  }
}

function wordsOf({ description }: Schema): string {
  return oneLine(description ?? '');
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
