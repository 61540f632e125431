// A Dockerfile as its instructions, read as far as ours goes.

export interface Instruction {
  /** Upper case. */
  readonly name: string;
  readonly text: string;
  /** Number of the stage, from 0. */
  readonly stage: number;
}

export function instructionsOf(text: string): Instruction[] {
  const lines = text.split('\n').filter(line => line.trim() !== '' && !line.startsWith('#'));
  const whole = lines
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n');
  let stage = -1;
  return whole.map(line => {
    const [, name, rest] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
    if (name === undefined || rest === undefined) throw new Error(`no instruction: ${line}`);
    if (name === 'FROM') stage++;
    return { name, text: rest, stage };
  });
}

/** Sources and target of a COPY; `from`: the stage they come from, `null`: the build context. */
export function copyOf({ text }: Instruction): { from: string | null; sources: string[]; target: string } {
  const words = text.split(/\s+/);
  const flag = words[0]!.startsWith('--from=') ? words.shift()! : null;
  const target = words.pop()!;
  return { from: flag === null ? null : flag.slice('--from='.length), sources: words, target };
}

/** The words of an instruction in exec form, a HEALTHCHECK's command too. */
export function wordsOf({ text }: Instruction): string[] {
  return JSON.parse(text.slice(text.indexOf('['))) as string[];
}
