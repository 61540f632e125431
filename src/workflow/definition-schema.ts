// The JSON Schema of a definition as plain data: the same as `WorkflowDefinition` of `model.ts`, kept by a test.
//
// Why twice: importing typebox costs 140 ms and its compiler 100 ms more, which every `millrace run` would pay; this
// costs nothing. After a change of the model:
//   UPDATE_SCHEMA=1 npx vitest run test/workflow/definition-schema.test.ts
//   npx biome check --write src/workflow/definition-schema.ts

import type { Schema } from './conform.js';

export const definitionSchema: Schema = {
  type: 'object',
  required: ['name', 'actions', 'flows'],
  properties: {
    name: {
      type: 'string',
      minLength: 2,
      maxLength: 1024,
    },
    description: {
      type: 'string',
      maxLength: 4096,
    },
    priority: {
      type: 'integer',
      minimum: 1,
      maximum: 10000,
    },
    module: {
      type: 'string',
      minLength: 1,
      maxLength: 4096,
    },
    actions: {
      type: 'array',
      items: {
        anyOf: [
          {
            type: 'object',
            required: ['name', 'type', 'function'],
            properties: {
              name: {
                type: 'string',
                minLength: 1,
                maxLength: 200,
              },
              description: {
                type: 'string',
                maxLength: 4096,
              },
              start: {
                type: 'boolean',
              },
              transactionBreak: {
                type: 'boolean',
              },
              timeoutMs: {
                type: 'integer',
                minimum: 1,
                maximum: 31622400000,
              },
              retry: {
                type: 'object',
                properties: {
                  retries: {
                    type: 'integer',
                    minimum: 0,
                    maximum: 1000,
                  },
                  delayMs: {
                    type: 'integer',
                    minimum: 0,
                    maximum: 86400000,
                  },
                  factor: {
                    type: 'number',
                    minimum: 1,
                    maximum: 100,
                  },
                  delayMaxMs: {
                    type: 'integer',
                    minimum: 0,
                    maximum: 2592000000,
                  },
                },
                additionalProperties: false,
              },
              type: {
                type: 'string',
                const: 'call',
              },
              module: {
                type: 'string',
                minLength: 1,
                maxLength: 4096,
              },
              function: {
                type: 'string',
                minLength: 1,
                maxLength: 200,
              },
            },
            additionalProperties: false,
          },
          {
            type: 'object',
            required: ['name', 'type'],
            properties: {
              name: {
                type: 'string',
                minLength: 1,
                maxLength: 200,
              },
              description: {
                type: 'string',
                maxLength: 4096,
              },
              start: {
                type: 'boolean',
              },
              transactionBreak: {
                type: 'boolean',
              },
              timeoutMs: {
                type: 'integer',
                minimum: 1,
                maximum: 31622400000,
              },
              retry: {
                type: 'object',
                properties: {
                  retries: {
                    type: 'integer',
                    minimum: 0,
                    maximum: 1000,
                  },
                  delayMs: {
                    type: 'integer',
                    minimum: 0,
                    maximum: 86400000,
                  },
                  factor: {
                    type: 'number',
                    minimum: 1,
                    maximum: 100,
                  },
                  delayMaxMs: {
                    type: 'integer',
                    minimum: 0,
                    maximum: 2592000000,
                  },
                },
                additionalProperties: false,
              },
              type: {
                type: 'string',
                const: 'null',
              },
            },
            additionalProperties: false,
          },
          {
            type: 'object',
            required: ['name', 'type', 'message'],
            properties: {
              name: {
                type: 'string',
                minLength: 1,
                maxLength: 200,
              },
              description: {
                type: 'string',
                maxLength: 4096,
              },
              start: {
                type: 'boolean',
              },
              transactionBreak: {
                type: 'boolean',
              },
              timeoutMs: {
                type: 'integer',
                minimum: 1,
                maximum: 31622400000,
              },
              retry: {
                type: 'object',
                properties: {
                  retries: {
                    type: 'integer',
                    minimum: 0,
                    maximum: 1000,
                  },
                  delayMs: {
                    type: 'integer',
                    minimum: 0,
                    maximum: 86400000,
                  },
                  factor: {
                    type: 'number',
                    minimum: 1,
                    maximum: 100,
                  },
                  delayMaxMs: {
                    type: 'integer',
                    minimum: 0,
                    maximum: 2592000000,
                  },
                },
                additionalProperties: false,
              },
              type: {
                type: 'string',
                const: 'console',
              },
              message: {
                type: 'string',
                maxLength: 4096,
              },
              stream: {
                anyOf: [
                  {
                    type: 'string',
                    const: 'stdout',
                  },
                  {
                    type: 'string',
                    const: 'stderr',
                  },
                ],
              },
            },
            additionalProperties: false,
          },
        ],
      },
      minItems: 1,
      maxItems: 1000,
    },
    flows: {
      type: 'array',
      items: {
        type: 'object',
        required: ['from', 'to'],
        properties: {
          from: {
            type: 'string',
            minLength: 1,
            maxLength: 200,
          },
          to: {
            type: 'string',
            minLength: 1,
            maxLength: 200,
          },
          condition: {
            type: 'string',
            maxLength: 4096,
          },
          kind: {
            anyOf: [
              {
                type: 'string',
                const: 'else',
              },
              {
                type: 'string',
                const: 'error',
              },
              {
                type: 'string',
                const: 'timeout',
              },
            ],
          },
          rollback: {
            type: 'boolean',
          },
        },
        additionalProperties: false,
      },
      maxItems: 10000,
    },
  },
  additionalProperties: false,
};
