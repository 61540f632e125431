// Counters, gauges and histograms, and how they are written for Prometheus. No dependency: this is all that is needed.
//
// A metric is made once and kept by whoever counts; counting is an addition, never a look-up by name.

/** Values of labels by name. */
export type Labels = Readonly<Record<string, string>>;

/** Only ever grows. */
export class Counter {
  value = 0;

  add(by = 1): void {
    this.value += by;
  }
}

/** Goes up and down. */
export class Gauge {
  value = 0;

  set(value: number): void {
    this.value = value;
  }

  add(by = 1): void {
    this.value += by;
  }
}

// A bucket holds the values of a 32nd of an octave, so a quantile is within 1.1 % of a value that was recorded; 2^-10 to
// 2^40 covers a microsecond to 34 years, counted in ms. 12.5 kB a histogram.
const bucketsPerOctave = 32;
const lowestExponent = -10;
const bucketCount = 50 * bucketsPerOctave;

/** Distribution of values of zero or more, in buckets of equal relative width: recording is constant time and memory. */
export class Histogram {
  readonly #counts = new Float64Array(bucketCount);
  #count = 0;
  #sum = 0;
  #least = Number.POSITIVE_INFINITY;
  #most = 0;

  /** @param times how often the value occurred */
  record(value: number, times = 1): void {
    const position = Math.floor((Math.log2(value) - lowestExponent) * bucketsPerOctave);
    // Zero has no logarithm; it, and what a clock that was set back makes negative, counts as the least there is.
    const bucket = value > 0 ? Math.max(0, Math.min(bucketCount - 1, position)) : 0;
    this.#counts[bucket]! += times;
    this.#count += times;
    this.#sum += value * times;
    if (value < this.#least) this.#least = value;
    if (value > this.#most) this.#most = value;
  }

  get count(): number {
    return this.#count;
  }

  get sum(): number {
    return this.#sum;
  }

  get max(): number {
    return this.#most;
  }

  get mean(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }

  /** The value that `fraction` of all recorded ones do not exceed; 0 when there are none. */
  quantile(fraction: number): number {
    if (this.#count === 0) return 0;
    let left = Math.max(1, Math.ceil(this.#count * fraction));
    let bucket = 0;
    for (; bucket < bucketCount - 1; bucket++) {
      left -= this.#counts[bucket]!;
      if (left <= 0) break;
    }
    const middle = 2 ** ((bucket + 0.5) / bucketsPerOctave + lowestExponent);
    return Math.min(this.#most, Math.max(this.#least, middle));
  }

  /** Forget everything: for a window of time. */
  reset(): void {
    this.#counts.fill(0);
    this.#count = 0;
    this.#sum = 0;
    this.#least = Number.POSITIVE_INFINITY;
    this.#most = 0;
  }
}

type Kind = 'counter' | 'gauge' | 'summary';

interface Family {
  readonly help: string;
  readonly kind: Kind;
  /** By rendered labels. */
  readonly members: Map<string, Counter | Gauge | Histogram>;
}

const quantiles = [0.5, 0.9, 0.99] as const;

/** The metrics of one engine. */
export class Metrics {
  readonly #families = new Map<string, Family>();

  counter(name: string, help: string, labels: Labels = {}): Counter {
    return this.#member(name, help, 'counter', labels, () => new Counter());
  }

  gauge(name: string, help: string, labels: Labels = {}): Gauge {
    return this.#member(name, help, 'gauge', labels, () => new Gauge());
  }

  histogram(name: string, help: string, labels: Labels = {}): Histogram {
    return this.#member(name, help, 'summary', labels, () => new Histogram());
  }

  /** Prometheus text format, version 0.0.4. */
  render(): string {
    const lines: string[] = [];
    for (const [name, { help, kind, members }] of this.#families) {
      lines.push(`# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`, `# TYPE ${name} ${kind}`);
      for (const [labels, member] of members) {
        if (member instanceof Histogram) {
          for (const fraction of quantiles) {
            const all = [labels, `quantile="${fraction}"`].filter(text => text !== '').join(',');
            lines.push(`${name}{${all}} ${member.quantile(fraction)}`);
          }
          lines.push(`${name}_sum${braced(labels)} ${member.sum}`, `${name}_count${braced(labels)} ${member.count}`);
        } else {
          lines.push(`${name}${braced(labels)} ${member.value}`);
        }
      }
    }
    return lines.map(line => `${line}\n`).join('');
  }

  /** The member with these labels, made if need be. One name has one kind. */
  #member<T extends Counter | Gauge | Histogram>(
    name: string,
    help: string,
    kind: Kind,
    labels: Labels,
    make: () => T,
  ): T {
    if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)) throw new Error(`"${name}" is not a name for a metric`);
    let family = this.#families.get(name);
    if (family === undefined) {
      family = { help, kind, members: new Map() };
      this.#families.set(name, family);
    }
    if (family.kind !== kind) throw new Error(`metric ${name} is a ${family.kind}, not a ${kind}`);
    const key = rendered(labels);
    const known = family.members.get(key);
    if (known !== undefined) return known as T;
    const made = make();
    family.members.set(key, made);
    return made;
  }
}

function rendered(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replace(/["\\\n]/g, found => (found === '\n' ? '\\n' : `\\${found}`))}"`)
    .join(',');
}

function braced(labels: string): string {
  return labels === '' ? '' : `{${labels}}`;
}
