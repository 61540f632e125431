// A vitest reporter: the patterns as a table, with what their tests said.
//
//   npm run patterns

import type { Reporter, TestModule } from 'vitest/node';
import { patterns } from './patterns.js';

export default class PatternTable implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const results = new Map<string, string>();
    const failures: string[] = [];
    for (const module of modules) {
      for (const { message } of module.errors()) failures.push(message);
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result();
        results.set(test.name, state);
        for (const { message, diff } of errors ?? []) failures.push(`${test.name}: ${message}\n${diff ?? ''}`);
      }
    }
    const rows = patterns.map(({ number, name, how }) => {
      const result = results.get(`${number} ${name}`);
      if (how.kind === 'next') return [String(number), name, 'next', `waits for ${how.waitsFor}`];
      return [
        String(number),
        name,
        result === 'passed' ? 'direct' : `direct: ${result ?? 'not run'}`,
        how.with,
        how.file,
      ];
    });
    const head = ['', 'Pattern', 'How', 'With', 'File'];
    const widths = head.map((_, column) => Math.max(...[head, ...rows].map(row => row[column]?.length ?? 0)));
    const lines = [head, ...rows].map(row =>
      row
        .map((cell, at) => cell.padEnd(widths[at]!))
        .join('  ')
        .trimEnd(),
    );
    const direct = rows.filter(row => row[2] === 'direct').length;
    const waiting = rows.filter(row => row[2] === 'next').length;
    process.stdout.write(`${lines.join('\n')}\n\n${direct} of 43 direct, ${waiting} next; files in test/patterns/\n`);
    for (const failure of failures) process.stdout.write(`\n${failure}\n`);
  }
}
