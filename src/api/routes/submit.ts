// POST /v1/instances: one instance as JSON, or a stream of them as lines.

import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import { type App, problemResponses, type Service, userOf } from '../app.js';
import { chunksOf } from '../body-chunks.js';
import { type AnswerWriter, InstanceStream } from '../instance-stream.js';
import { userHeader } from '../schema/fields.js';
import { AnswerLine, type DoneLine, type ProblemLine, SubmitRecord, Submitted } from '../schema/instances.js';
import type { Problem } from '../schema/problem.js';
import { headers, limits, mediaTypes } from '../schema/protocol.js';
import { ServiceFault } from '../service-fault.js';
import { toldProblem } from '../told-problem.js';
import { streamed } from '../validation.js';

/** Instances on their way to the store: more, and single submits are sent away. Streams wait instead. */
const backlogMax = 100_000;
/** After a refusal so much time for the sender to read it, ms; then the connection is cut. */
const lingerMs = 2_000;

const schema = {
  operationId: 'submit',
  summary: 'Submit one instance, or a stream of instances',
  headers: Type.Object({
    ...userHeader,
    [headers.key]: Type.Optional(
      Type.String({ description: 'Of one instance: a repeat answers the same id. A UUIDv7 that ends with 0000' }),
    ),
  }),
  body: {
    content: {
      [mediaTypes.json]: { schema: SubmitRecord },
      [mediaTypes.lines]: {
        schema: Type.Unsafe<Readable>({
          type: 'string',
          description: 'One SubmitRecord a line; {"batch": key, "count": n} before the instances of a batch with a key',
          ...streamed,
        }),
      },
    },
  },
  response: {
    200: {
      description: 'To a stream: a line for each run of instances that are stored, at last {"done": n}, or a problem',
      content: { [mediaTypes.lines]: { schema: AnswerLine } },
    },
    201: { description: 'The instance is durable', content: { [mediaTypes.json]: { schema: Submitted } } },
    ...problemResponses,
  },
} as const;

export function submitRoutes(app: App, service: Service): void {
  app.post('/v1/instances', { schema }, async (request, reply) => {
    const body = request.body as SubmitRecord | Readable;
    return 'workflow' in body
      ? submitOne(service, request as FastifyRequest, reply as FastifyReply, body)
      : submitAll(service, request as FastifyRequest, reply as FastifyReply, body);
  });
}

async function submitOne(
  { engine }: Service,
  request: FastifyRequest,
  reply: FastifyReply,
  record: SubmitRecord,
): Promise<Submitted> {
  if (engine.submitBacklog > backlogMax) {
    throw new ServiceFault('OVERLOADED', `${engine.submitBacklog} instances wait to be stored`);
  }
  const key = request.headers[headers.key];
  if (Array.isArray(key)) throw new ServiceFault('REQUEST_INVALID', `header ${headers.key}: is there twice`);
  const [instance] = await engine.submitChecked(await engine.checkAnew([record], key ?? null), userOf(request));
  void reply.code(201).header('location', `/v1/instances/${instance}`);
  return { instance: instance! };
}

/** The status is decided by the first answer: a stream refused before it is an ordinary problem. */
async function submitAll(
  service: Service,
  request: FastifyRequest,
  reply: FastifyReply,
  body: Readable,
): Promise<FastifyReply> {
  const user = userOf(request);
  const leave = service.gate.enter('streams');
  const answers = new LazyAnswers(reply);
  try {
    const stream = new InstanceStream(service.engine, user, answers);
    const done = await stream.run(chunksOf(body, service.stopping));
    await answers.write(`${JSON.stringify({ done } satisfies DoneLine)}\n`);
    answers.end();
  } catch (error) {
    if (body.destroyed && !body.readableEnded) return answers.abandon();
    if (!answers.hasBegun && body.readableEnded) throw error;
    await answers.refuse(toldProblem(service, error));
    const isOver = body.readableEnded || (await drained(service, body));
    answers.end();
    if (!isOver) request.raw.socket.destroySoon();
  } finally {
    leave();
  }
  return reply;
}

/**
 * What the sender still sends is thrown away, until it has read our answer and ends, or for a while: a connection that is
 * closed with bytes unread takes the answer along.
 *
 * @returns false: it did not end
 */
async function drained({ clock }: Service, body: Readable): Promise<boolean> {
  return new Promise(resolve => {
    const timer = clock.setTimer(lingerMs, () => resolve(false));
    const over = (): void => {
      timer.cancel();
      resolve(true);
    };
    body.on('error', over).on('end', over).on('close', over).resume();
  });
}

/** The answer to a stream, begun with the first line. */
class LazyAnswers implements AnswerWriter {
  readonly #reply: FastifyReply;
  readonly #raw: ServerResponse;

  constructor(reply: FastifyReply) {
    this.#reply = reply;
    this.#raw = reply.raw;
  }

  get hasBegun(): boolean {
    return this.#reply.sent;
  }

  async write(lines: string): Promise<void> {
    if (!this.#reply.sent) {
      this.#reply.hijack();
      this.#raw.on('error', () => undefined);
      this.#raw.writeHead(200, { 'content-type': mediaTypes.lines, 'cache-control': 'no-store' });
    }
    const raw = this.#raw;
    if (raw.destroyed) return;
    raw.write(lines);
    if (raw.writableLength <= limits.unreadAnswersBytesMax) return;
    await new Promise<void>(resolve => {
      const go = (): void => {
        raw.off('drain', go).off('close', go);
        resolve();
      };
      raw.on('drain', go).on('close', go);
    });
  }

  /** The last line; the whole answer when nothing was said before. */
  async refuse(problem: Problem): Promise<void> {
    if (this.hasBegun) return this.write(`${JSON.stringify({ problem } satisfies ProblemLine)}\n`);
    this.#reply.hijack();
    this.#raw.on('error', () => undefined);
    const text = JSON.stringify(problem);
    const { status, retryAfterMs } = problem;
    if (retryAfterMs !== undefined) this.#raw.setHeader('retry-after', Math.ceil(retryAfterMs / 1_000));
    this.#raw.writeHead(status, {
      'content-type': mediaTypes.problem,
      'content-length': Buffer.byteLength(text),
    });
    this.#raw.write(text);
  }

  end(): void {
    this.#raw.end();
  }

  /** The sender has left: nobody reads an answer. */
  abandon(): FastifyReply {
    if (!this.#reply.sent) this.#reply.hijack();
    this.#raw.destroy();
    return this.#reply;
  }
}
