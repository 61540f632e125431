// millrace publish: a message to workflows that wait for it, in a data folder that no engine holds, or on a server.

import type { Command } from 'commander';
import type { Json } from '../workflow/model.js';
import { type Ended, exitCodes, Refusal } from './exit.js';
import { print } from './output.js';
import { addPlaceOptions, withPlace } from './place.js';

interface PublishOptions {
  readonly style?: string;
  readonly priority?: string;
  readonly expires?: string;
  readonly json?: true;
}

const examples = `
Examples:
  millrace publish /orders/placed '{"region": "EU", "amount": 120}' --url http://127.0.0.1:7433
  millrace publish /news '"closed today"' --style topic --expires +8H
  millrace publish /orders/placed '{}' --priority 1                the highest; default 10

A publisher is made by its first message. Workflows wait for it with a trigger of type message.`;

export function addPublish(program: Command, ended: Ended): void {
  addPlaceOptions(program.command('publish'))
    .summary('publish a message to workflows that wait for it')
    .description('Publish a message: of a queue one workflow gets it, of a topic each that waits.')
    .argument('<publisher>', 'full name: /branch/name')
    .argument('<data>', 'JSON')
    .option('--style <style>', 'queue or topic (default: what the publisher has, of a new one queue)')
    .option('--priority <number>', '1 is the highest (default: 10)')
    .option('--expires <expression>', 'so long it can be taken: a relative time expression')
    .option('--json', 'print {"publisher"}')
    .addHelpText('after', examples)
    .action(async (publisher: string, data: string, options: PublishOptions, command: Command) =>
      ended(await publish(publisher, data, options, command)),
    );
}

async function publish(publisher: string, text: string, options: PublishOptions, command: Command): Promise<number> {
  const { style, priority, expires, json } = options;
  const message = {
    publisher,
    data: dataOf(text),
    ...(style === undefined ? {} : { style: styleOf(style) }),
    ...(priority === undefined ? {} : { priority: Number(priority) }),
    ...(expires === undefined ? {} : { expires }),
  };
  await withPlace(command, place => place.publish(message), 'make-store');
  print(json === true ? JSON.stringify({ publisher }) : `published to ${publisher}`);
  return exitCodes.done;
}

function styleOf(style: string): 'queue' | 'topic' {
  if (style === 'queue' || style === 'topic') return style;
  throw new Refusal([`--style: accepted are queue and topic, found ${style} (INPUT_INVALID)`]);
}

function dataOf(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new Refusal([`data: is not JSON: ${(error as Error).message} (INPUT_INVALID)`]);
  }
}
