// Times in sentences.

export function instantWords(atMs: number): string {
  return new Date(atMs).toISOString();
}

const units = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
] as const;

/** In the largest unit of which there is one whole, and the next: `2 d 3 h`, `4 min 12 s`, `90 ms`. */
export function spanWords(ms: number): string {
  const at = units.findIndex(([unit]) => ms >= unit);
  if (at < 0) return `${Math.round(ms)} ms`;
  const [[unit, name], smaller] = [units[at]!, units[at + 1]];
  const rest = smaller === undefined ? 0 : Math.floor((ms % unit) / smaller[0]);
  return `${Math.floor(ms / unit)} ${name}${rest === 0 ? '' : ` ${rest} ${smaller![1]}`}`;
}
