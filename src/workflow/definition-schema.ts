// The JSON Schema of a definition as plain data: the same as `WorkflowDefinition` of `model.ts`, kept by a test.
//
// Why twice: importing typebox costs 140 ms and its compiler 100 ms more, which every `millrace run` would pay; this
// costs nothing. After a change of the model:
//   UPDATE_SCHEMA=1 npx vitest run test/workflow/definition-schema.test.ts
//   npx biome check --write src/workflow/definition-schema.ts

import type { Schema } from './conform.js';

const ofEveryAction = {
  name: { type: 'string', minLength: 1, maxLength: 200 },
  description: { type: 'string', maxLength: 4096 },
  start: { type: 'boolean' },
  transactionBreak: { type: 'boolean' },
  timeoutMs: { type: 'integer', minimum: 1, maximum: 31622400000 },
  retry: {
    type: 'object',
    properties: {
      retries: { type: 'integer', minimum: 0, maximum: 1000 },
      delayMs: { type: 'integer', minimum: 0, maximum: 86400000 },
      factor: { type: 'number', minimum: 1, maximum: 100 },
      delayMaxMs: { type: 'integer', minimum: 0, maximum: 2592000000 },
      jitter: { type: 'number', minimum: 0, maximum: 1 },
      codes: {
        type: 'array',
        items: { type: 'string', minLength: 1, maxLength: 200 },
        minItems: 1,
        maxItems: 100,
      },
    },
    additionalProperties: false,
  },
  join: {
    anyOf: [
      { type: 'string', minLength: 1, maxLength: 200 },
      {
        type: 'object',
        required: ['wait'],
        properties: {
          wait: { type: 'string', minLength: 1, maxLength: 200 },
          rest: {
            anyOf: [
              { type: 'string', const: 'keep' },
              { type: 'string', const: 'cancel' },
              { type: 'string', const: 'block' },
            ],
          },
        },
        additionalProperties: false,
      },
    ],
  },
  mutex: { type: 'string', minLength: 1, maxLength: 200 },
  map: {
    type: 'array',
    items: {
      type: 'object',
      required: ['from', 'to'],
      properties: {
        from: { type: 'string', minLength: 1, maxLength: 4096 },
        to: { type: 'string', minLength: 1, maxLength: 220 },
      },
      additionalProperties: false,
    },
    maxItems: 1000,
  },
  prescript: {
    anyOf: [
      { type: 'string', minLength: 1, maxLength: 16384 },
      {
        type: 'object',
        required: ['script'],
        properties: {
          language: { type: 'string', const: 'javascript' },
          script: { type: 'string', minLength: 1, maxLength: 16384 },
        },
        additionalProperties: false,
      },
    ],
  },
  postscript: {
    anyOf: [
      { type: 'string', minLength: 1, maxLength: 16384 },
      {
        type: 'object',
        required: ['script'],
        properties: {
          language: { type: 'string', const: 'javascript' },
          script: { type: 'string', minLength: 1, maxLength: 16384 },
        },
        additionalProperties: false,
      },
    ],
  },
  startOfRun: { type: 'boolean' },
  endOfRun: { type: 'boolean' },
  monitor: {
    type: 'array',
    items: { type: 'string', minLength: 1, maxLength: 200 },
    minItems: 1,
    maxItems: 100,
  },
  race: { type: 'boolean' },
};

export const definitionSchema: Schema = {
  type: 'object',
  required: ['name', 'actions', 'flows'],
  properties: {
    name: { type: 'string', minLength: 2, maxLength: 1024 },
    description: { type: 'string', maxLength: 4096 },
    priority: { type: 'integer', minimum: 1, maximum: 10000 },
    module: { type: 'string', minLength: 1, maxLength: 4096 },
    runAs: { type: 'string', minLength: 1, maxLength: 200 },
    actions: {
      type: 'array',
      items: {
        anyOf: [
          {
            type: 'object',
            required: ['name', 'type', 'function'],
            properties: {
              ...ofEveryAction,
              type: { type: 'string', const: 'call' },
              module: { type: 'string', minLength: 1, maxLength: 4096 },
              function: { type: 'string', minLength: 1, maxLength: 200 },
            },
            additionalProperties: false,
          },
          {
            type: 'object',
            required: ['name', 'type'],
            properties: { ...ofEveryAction, type: { type: 'string', const: 'null' } },
            additionalProperties: false,
          },
          {
            type: 'object',
            required: ['name', 'type', 'message'],
            properties: {
              ...ofEveryAction,
              type: { type: 'string', const: 'console' },
              message: { type: 'string', maxLength: 32768 },
              stream: {
                anyOf: [
                  { type: 'string', const: 'stdout' },
                  { type: 'string', const: 'stderr' },
                ],
              },
            },
            additionalProperties: false,
          },
          {
            type: 'object',
            required: ['name', 'type'],
            properties: {
              ...ofEveryAction,
              type: { type: 'string', const: 'forEach' },
              items: {
                anyOf: [
                  { type: 'string', minLength: 1, maxLength: 4096 },
                  { type: 'array', items: {}, maxItems: 10000 },
                ],
              },
              from: { anyOf: [{ type: 'number' }, { type: 'string', minLength: 1, maxLength: 4096 }] },
              to: { anyOf: [{ type: 'number' }, { type: 'string', minLength: 1, maxLength: 4096 }] },
              step: { anyOf: [{ type: 'number' }, { type: 'string', minLength: 1, maxLength: 4096 }] },
              as: { type: 'string', minLength: 1, maxLength: 200 },
              indexAs: { type: 'string', minLength: 1, maxLength: 200 },
              parallel: { type: 'integer', minimum: 1, maximum: 10000 },
              body: {
                type: 'object',
                required: ['actions'],
                properties: {
                  actions: { type: 'array', items: {}, minItems: 1, maxItems: 10000 },
                  flows: { type: 'array', items: {}, maxItems: 100000 },
                },
                additionalProperties: false,
              },
              workflow: { type: 'string', minLength: 2, maxLength: 1024 },
              complete: { type: 'integer', minimum: 1, maximum: 1000000 },
              rest: {
                anyOf: [
                  { type: 'string', const: 'keep' },
                  { type: 'string', const: 'cancel' },
                ],
              },
              collect: { type: 'boolean' },
              wait: { type: 'boolean' },
            },
            additionalProperties: false,
          },
          {
            type: 'object',
            required: ['name', 'type', 'workflow'],
            properties: {
              ...ofEveryAction,
              type: { type: 'string', const: 'workflow' },
              workflow: { type: 'string', minLength: 2, maxLength: 1024 },
              input: { type: 'object', properties: {}, additionalProperties: true },
              wait: { type: 'boolean' },
            },
            additionalProperties: false,
          },
          {
            type: 'object',
            required: ['name', 'type'],
            properties: { ...ofEveryAction, type: { type: 'string', const: 'end' } },
            additionalProperties: false,
          },
          {
            type: 'object',
            required: ['name', 'type', 'actions'],
            properties: {
              ...ofEveryAction,
              type: { type: 'string', const: 'cancel' },
              actions: {
                type: 'array',
                items: { type: 'string', minLength: 1, maxLength: 200 },
                minItems: 1,
                maxItems: 10000,
              },
            },
            additionalProperties: false,
          },
          {
            type: 'object',
            required: ['name', 'type', 'group', 'do'],
            properties: {
              ...ofEveryAction,
              type: { type: 'string', const: 'group' },
              group: { type: 'string', minLength: 1, maxLength: 200 },
              do: {
                anyOf: [
                  { type: 'string', const: 'complete' },
                  { type: 'string', const: 'cancel' },
                  { type: 'string', const: 'extend' },
                ],
              },
              items: {
                anyOf: [
                  { type: 'string', minLength: 1, maxLength: 4096 },
                  { type: 'array', items: {}, maxItems: 10000 },
                ],
              },
            },
            additionalProperties: false,
          },
          {
            type: 'object',
            required: ['name', 'type'],
            properties: {
              ...ofEveryAction,
              type: { type: 'string', const: 'error' },
              message: { type: 'string', maxLength: 4096 },
              code: { type: 'string', minLength: 1, maxLength: 200 },
            },
            additionalProperties: false,
          },
          {
            type: 'object',
            required: ['name', 'type', 'script'],
            properties: {
              ...ofEveryAction,
              type: { type: 'string', const: 'script' },
              language: { type: 'string', const: 'javascript' },
              script: { type: 'string', minLength: 1, maxLength: 16384 },
            },
            additionalProperties: false,
          },
          {
            type: 'object',
            required: ['name', 'type', 'statements'],
            properties: {
              ...ofEveryAction,
              type: { type: 'string', const: 'sql' },
              statements: {
                type: 'array',
                items: {
                  type: 'object',
                  required: ['sql'],
                  properties: {
                    sql: { type: 'string', minLength: 1, maxLength: 65536 },
                    parameters: { type: 'array', items: {}, maxItems: 1000 },
                  },
                  additionalProperties: false,
                },
                minItems: 1,
                maxItems: 100,
              },
            },
            additionalProperties: false,
          },
          {
            type: 'object',
            required: ['name', 'type'],
            properties: {
              ...ofEveryAction,
              timeout: { type: 'string', minLength: 2, maxLength: 200 },
              timeoutCalendar: { type: 'string', minLength: 1, maxLength: 200 },
              type: { type: 'string', const: 'delay' },
              delay: { type: 'string', minLength: 2, maxLength: 200 },
              calendar: { type: 'string', minLength: 1, maxLength: 200 },
              zone: { type: 'string', minLength: 1, maxLength: 200 },
              count: { type: 'integer', minimum: 1, maximum: 1000000000 },
              expiration: { type: 'string', minLength: 2, maxLength: 200 },
            },
            additionalProperties: false,
          },
          {
            type: 'object',
            required: ['name', 'type'],
            properties: {
              ...ofEveryAction,
              timeout: { type: 'string', minLength: 2, maxLength: 200 },
              timeoutCalendar: { type: 'string', minLength: 1, maxLength: 200 },
              type: { type: 'string', const: 'manual' },
            },
            additionalProperties: false,
          },
          {
            type: 'object',
            required: ['name', 'type', 'command'],
            properties: {
              ...ofEveryAction,
              type: { type: 'string', const: 'process' },
              command: { type: 'string', minLength: 1, maxLength: 4096 },
              arguments: {
                type: 'array',
                items: { anyOf: [{ type: 'string', maxLength: 32768 }, { type: 'number' }] },
                maxItems: 1000,
              },
              workingDirectory: { type: 'string', minLength: 1, maxLength: 4096 },
              environment: { type: 'object', properties: {}, additionalProperties: true },
              stdin: { type: 'string', maxLength: 32768 },
              stdinFile: { type: 'string', minLength: 1, maxLength: 4096 },
              stdoutFile: { type: 'string', minLength: 1, maxLength: 4096 },
              stderrFile: { type: 'string', minLength: 1, maxLength: 4096 },
              errorExitCodes: {
                type: 'array',
                items: {
                  anyOf: [
                    { type: 'integer', minimum: 0, maximum: 255 },
                    { type: 'string', minLength: 3, maxLength: 7 },
                  ],
                },
                minItems: 1,
                maxItems: 256,
              },
              asynchronous: { type: 'boolean' },
              destroyOn: {
                type: 'array',
                items: {
                  anyOf: [
                    { type: 'string', const: 'timeout' },
                    { type: 'string', const: 'interrupt' },
                    { type: 'string', const: 'signal' },
                  ],
                },
                maxItems: 3,
              },
              keepOutput: { type: 'boolean' },
            },
            additionalProperties: false,
          },
          {
            type: 'object',
            required: ['name', 'type', 'files'],
            properties: {
              ...ofEveryAction,
              timeout: { type: 'string', minLength: 2, maxLength: 200 },
              timeoutCalendar: { type: 'string', minLength: 1, maxLength: 200 },
              type: { type: 'string', const: 'fileExist' },
              files: {
                type: 'array',
                items: { type: 'string', minLength: 1, maxLength: 4096 },
                minItems: 1,
                maxItems: 100,
              },
              excludes: {
                type: 'array',
                items: { type: 'string', minLength: 1, maxLength: 4096 },
                maxItems: 100,
              },
              minimum: { type: 'integer', minimum: 1, maximum: 1000 },
              maximum: { type: 'integer', minimum: 1, maximum: 1000 },
              pollEvery: { type: 'string', minLength: 2, maxLength: 200 },
              stable: { type: 'string', minLength: 2, maxLength: 200 },
              calendar: { type: 'string', minLength: 1, maxLength: 200 },
              orderBy: {
                anyOf: [
                  { type: 'string', const: 'name' },
                  { type: 'string', const: 'modified' },
                  { type: 'string', const: 'size' },
                ],
              },
              descending: { type: 'boolean' },
            },
            additionalProperties: false,
          },
          {
            type: 'object',
            required: ['name', 'type'],
            properties: {
              ...ofEveryAction,
              timeout: { type: 'string', minLength: 2, maxLength: 200 },
              timeoutCalendar: { type: 'string', minLength: 1, maxLength: 200 },
              type: { type: 'string', const: 'timer' },
              expression: { type: 'string', minLength: 1, maxLength: 4096 },
              cron: { type: 'string', minLength: 1, maxLength: 4096 },
              rrule: { type: 'string', minLength: 1, maxLength: 4096 },
              at: { type: 'string', minLength: 1, maxLength: 40 },
              zone: { type: 'string', minLength: 1, maxLength: 200 },
              calendar: { type: 'string', minLength: 1, maxLength: 200 },
              count: { type: 'integer', minimum: 1, maximum: 1000000000 },
              end: { type: 'string', minLength: 1, maxLength: 40 },
              endAfter: { type: 'string', minLength: 2, maxLength: 200 },
              lateWindow: { type: 'string', minLength: 2, maxLength: 200 },
              makeUp: {
                anyOf: [
                  { type: 'string', const: 'none' },
                  { type: 'string', const: 'once' },
                  { type: 'string', const: 'all' },
                ],
              },
              makeUpMax: { type: 'integer', minimum: 1, maximum: 1000000 },
            },
            additionalProperties: false,
          },
          {
            type: 'object',
            required: ['name', 'type', 'publisher'],
            properties: {
              ...ofEveryAction,
              type: { type: 'string', const: 'publish' },
              publisher: { type: 'string', minLength: 2, maxLength: 1024 },
              style: {
                anyOf: [
                  { type: 'string', const: 'queue' },
                  { type: 'string', const: 'topic' },
                ],
              },
              data: {},
              priority: { type: 'integer', minimum: 1, maximum: 10000 },
              expires: { type: 'string', minLength: 2, maxLength: 200 },
            },
            additionalProperties: false,
          },
          {
            type: 'object',
            required: ['name', 'type', 'publisher'],
            properties: {
              ...ofEveryAction,
              timeout: { type: 'string', minLength: 2, maxLength: 200 },
              timeoutCalendar: { type: 'string', minLength: 1, maxLength: 200 },
              type: { type: 'string', const: 'message' },
              publisher: { type: 'string', minLength: 2, maxLength: 1024 },
              selector: { type: 'string', maxLength: 4096 },
            },
            additionalProperties: false,
          },
          {
            type: 'object',
            required: ['name', 'type'],
            properties: {
              ...ofEveryAction,
              timeout: { type: 'string', minLength: 2, maxLength: 200 },
              timeoutCalendar: { type: 'string', minLength: 1, maxLength: 200 },
              type: { type: 'string', const: 'auditTrail' },
              event: { type: 'string', minLength: 1, maxLength: 4096 },
              action: { type: 'string', minLength: 1, maxLength: 4096 },
              engine: { type: 'string', minLength: 1, maxLength: 4096 },
              message: { type: 'string', minLength: 1, maxLength: 4096 },
              workflow: { type: 'string', minLength: 1, maxLength: 4096 },
              user: { type: 'string', minLength: 1, maxLength: 4096 },
              own: { type: 'boolean' },
            },
            additionalProperties: false,
          },
        ],
      },
      minItems: 1,
      maxItems: 10000,
    },
    flows: {
      type: 'array',
      items: {
        type: 'object',
        required: ['from', 'to'],
        properties: {
          from: { type: 'string', minLength: 1, maxLength: 200 },
          to: { type: 'string', minLength: 1, maxLength: 200 },
          condition: { type: 'string', maxLength: 4096 },
          kind: {
            anyOf: [
              { type: 'string', const: 'else' },
              { type: 'string', const: 'error' },
              { type: 'string', const: 'timeout' },
              { type: 'string', const: 'expiration' },
              { type: 'string', const: 'signal' },
            ],
          },
          rollback: { type: 'boolean' },
          map: {
            type: 'array',
            items: {
              type: 'object',
              required: ['from', 'to'],
              properties: {
                from: { type: 'string', minLength: 1, maxLength: 4096 },
                to: { type: 'string', minLength: 1, maxLength: 220 },
              },
              additionalProperties: false,
            },
            maxItems: 1000,
          },
          signal: { type: 'string', minLength: 1, maxLength: 200 },
          raise: {
            type: 'array',
            items: { type: 'string', minLength: 1, maxLength: 200 },
            minItems: 1,
            maxItems: 100,
          },
          clear: {
            type: 'array',
            items: { type: 'string', minLength: 1, maxLength: 200 },
            minItems: 1,
            maxItems: 100,
          },
        },
        additionalProperties: false,
      },
      maxItems: 100000,
    },
    calendars: { type: 'array', items: {}, maxItems: 100 },
    deadline: {
      type: 'object',
      properties: {
        at: { type: 'string', minLength: 1, maxLength: 40 },
        after: { type: 'string', minLength: 2, maxLength: 200 },
        from: {
          anyOf: [
            { type: 'string', const: 'submission' },
            { type: 'string', const: 'run' },
          ],
        },
        window: { type: 'string', minLength: 2, maxLength: 200 },
        zone: { type: 'string', minLength: 1, maxLength: 200 },
      },
      additionalProperties: false,
    },
  },
  additionalProperties: false,
};
