// The document of the service: it is valid, it is what the schemas say, and a client generated from it works.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { problemCodes } from '../../src/api/schema/problem.js';
import { ServiceWorld } from './setup.js';

let world: ServiceWorld;
beforeAll(async () => {
  world = await ServiceWorld.open();
  await world.engine.start();
});
afterAll(async () => {
  expect(world.faults).toEqual([]);
  await world.close();
});

test('every route is in it, with its answers and its problems', async () => {
  const { body } = await world.get('/openapi.json');
  expect(body.openapi).toBe('3.1.0');
  const routes = Object.entries(body.paths as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods).map(method => `${method} ${path}`),
  );
  expect(routes.sort()).toEqual([
    'delete /v1/configuration',
    'get /v1/audit',
    'get /v1/configuration',
    'get /v1/forecast',
    'get /v1/instances',
    'get /v1/instances/{name}',
    'get /v1/instances/{name}/export',
    'get /v1/instances/{name}/result',
    'get /v1/instances/{name}/why',
    'get /v1/runs',
    'get /v1/runs/averages',
    'get /v1/runs/executions',
    'get /v1/workflows',
    'get /v1/workflows/{name}',
    'post /v1/instances',
    'post /v1/messages',
    'post /v1/operations/expedite',
    'post /v1/operations/interrupt',
    'post /v1/operations/pause',
    'post /v1/operations/recover',
    'post /v1/operations/remove',
    'post /v1/operations/rename',
    'post /v1/operations/reschedule',
    'post /v1/operations/restart',
    'post /v1/operations/resume',
    'post /v1/operations/signal',
    'post /v1/runs/clear',
    'post /v1/workflows/copy',
    'put /v1/configuration',
    'put /v1/workflows',
  ]);
  for (const methods of Object.values(body.paths as Record<string, Record<string, { responses: object }>>)) {
    for (const { responses } of Object.values(methods))
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(['4XX', '5XX']));
  }
  const problem = body.paths['/v1/instances'].post.responses['4XX'].content['application/problem+json'].schema;
  expect(problem.properties.code.enum).toEqual(problemCodes);
  expect(JSON.stringify(body)).not.toContain('~');
});

/** What a user of the generated client writes. */
const program = `
import createClient from 'openapi-fetch';
import type { paths } from './schema.js';

export async function run(baseUrl: string, workflow: string): Promise<{ states: string[]; events: string[]; code: string }> {
  const client = createClient<paths>({ baseUrl });
  const following = await client.GET('/v1/audit', {
    params: { query: { workflow } },
    headers: { accept: 'text/event-stream' },
    parseAs: 'stream',
  });
  const submitted = await client.POST('/v1/instances', { body: { workflow, input: { n: 1 }, priority: 5 } });
  const instance: string = submitted.data && 'instance' in submitted.data ? submitted.data.instance : '';
  const result = await client.GET('/v1/instances/{name}/result', {
    params: { path: { name: instance }, query: { waitMs: 30_000 } },
  });
  const shown = await client.GET('/v1/instances/{name}', { params: { path: { name: workflow + '/' + instance } } });
  const why = await client.GET('/v1/instances/{name}/why', { params: { path: { name: instance } } });
  const code: 'finished' | undefined = why.data?.reasons[0]?.code === 'finished' ? 'finished' : undefined;
  const states = [result.data?.state ?? '', shown.data?.state ?? '', code ?? ''];
  const events: string[] = [];
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of following.data as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes('"FinishedFlowChart"') || text.split('event: audit').length > 5) break;
  }
  for (const [, name] of text.matchAll(/"shortName":"(\\w+)"/g)) events.push(name!);
  const refused = await client.POST('/v1/operations/pause', { body: { target: 'x' } });
  return { states, events, code: refused.error?.code ?? '' };
}
`;

test('a client generated from it is typed, submits an instance and follows it', { timeout: 120_000 }, async () => {
  const workflow = await world.deploy(['echo']);
  const { body } = await world.get('/openapi.json');
  const types = astToString(await openapiTS(body));
  // Below the project, so that packages are found.
  const folder = mkdtempSync(fileURLToPath(new URL('./generated-', import.meta.url)));
  try {
    writeFileSync(join(folder, 'schema.ts'), types);
    const file = join(folder, 'client.ts');
    writeFileSync(file, program);
    const options: ts.CompilerOptions = {
      strict: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.dom.asynciterable.d.ts'],
      types: [],
      skipLibCheck: true,
    };
    const compiled = ts.createProgram([file], options);
    const faults = ts
      .getPreEmitDiagnostics(compiled)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
    expect(faults).toEqual([]);
    compiled.emit();
    const { run } = (await import(/* @vite-ignore */ pathToFileURL(join(folder, 'client.js')).href)) as {
      run: (url: string, workflow: string) => Promise<{ states: string[]; events: string[]; code: string }>;
    };
    const { states, events, code } = await run(world.url, workflow);
    expect(states).toEqual(['finished', 'finished', 'finished']);
    expect(events).toContain('EnteringAction');
    expect(code).toBe('NAMESPACE_INVALID');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
