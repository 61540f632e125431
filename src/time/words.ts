// Names and numbers in words, for the explanations of all notations.

const weekdayWords = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const monthWords = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/** `Sunday` for 0. */
export function weekdayWord(weekday: number): string {
  return weekdayWords[weekday]!;
}

/** `January` for 1. */
export function monthWord(month: number): string {
  return monthWords[month - 1]!;
}

/** `1st`, `22nd`; `last`, `2nd-last` when negative. */
export function placeOf(n: number): string {
  if (n === -1) return 'last';
  const size = Math.abs(n);
  const tens = size % 100;
  const ending = tens >= 11 && tens <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][size % 10] ?? 'th');
  return n < 0 ? `${size}${ending}-last` : `${size}${ending}`;
}

/** `a`, `a and b`, `a, b and c`, in the order given. */
export function listInWords(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}
