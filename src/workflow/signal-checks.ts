// What is wrong with signals: names, those that are named twice, and flows for signals that nobody looks out for.

import { listNames, type Path, quote, type Report } from './fault.js';
import type { Graph } from './graph.js';
import { checkWordName } from './name-checks.js';

/** The signals an action monitors, or a flow raises or clears. */
export function checkMonitored(names: unknown, path: Path, report: Report): void {
  if (!Array.isArray(names)) return;
  names.forEach((name: unknown, at) => {
    if (typeof name !== 'string') return;
    if (names.indexOf(name) < at) report('SIGNAL_INVALID', [...path, at], `the signal ${quote(name)} is named twice`);
    else checkWordName(name, 'a signal', [...path, at], report);
  });
}

export function checkSignalFlows({ level, names, actions, next }: Graph, report: Report): void {
  level.flows.forEach((written: unknown, index) => {
    const path = [...level.path, 'flows', index];
    const { raise, clear, kind, signal } = (written ?? {}) as { readonly [key: string]: unknown };
    checkMonitored(raise, [...path, 'raise'], report);
    checkMonitored(clear, [...path, 'clear'], report);
    if (Array.isArray(raise) && Array.isArray(clear)) {
      const both = clear.findIndex(name => raise.includes(name));
      const message = 'a flow raises a signal or clears it, not both';
      if (both >= 0) report('SIGNAL_INVALID', [...path, 'clear', both], message);
    }
    if (kind === 'signal' && signal === undefined) {
      report('SIGNAL_INVALID', [...path, 'signal'], 'is missing: which signal the flow is taken for');
    } else if (kind !== 'signal' && signal !== undefined) {
      report(
        'SIGNAL_INVALID',
        [...path, 'signal'],
        'only a flow of kind signal is taken for one; leave this out',
        'key',
      );
    }
  });
  next.forEach((flows, place) => {
    const { monitor } = actions[place]!;
    const known = new Set<unknown>();
    for (const { flow } of flows.filter(({ kind }) => kind === 'signal')) {
      const { signal } = level.flows[flow] as { readonly signal?: unknown };
      if (typeof signal !== 'string') continue;
      const path = [...level.path, 'flows', flow, 'signal'];
      const name = quote(names[place]!);
      if (known.has(signal)) {
        report('FLOW_DUPLICATE', path, `several flows for the signal ${quote(signal)} lead out of ${name}`);
      } else if (!Array.isArray(monitor) || !monitor.includes(signal)) {
        const monitored = Array.isArray(monitor) ? monitor.filter(each => typeof each === 'string') : [];
        const what = monitored.length === 0 ? 'no signal' : listNames(monitored);
        report('SIGNAL_INVALID', path, `this flow is never taken: ${name} monitors ${what}, not ${quote(signal)}`);
      }
      known.add(signal);
    }
  });
}
