// Latencies in logarithmic buckets, 1 % wide: constant memory, every instance counted, none sampled.

const firstBucketMs = 0.001;
const logOfGrowth = Math.log(1.01);
const bucketCount = 2_500; // 0.001 ms * 1.01^2500 is about 18 hours

/** Counts durations; `percentileMs` is right to 1 %. */
export class LatencyHistogram {
  readonly #buckets = new Float64Array(bucketCount);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(durationMs: number): void {
    const bucket = Math.ceil(Math.log(Math.max(durationMs, firstBucketMs) / firstBucketMs) / logOfGrowth);
    const index = Math.min(bucket, bucketCount - 1);
    this.#buckets[index] = this.#buckets[index]! + 1;
    this.#count++;
  }

  /** @param fraction 0.5 for the median. Returns 0 when nothing was added. */
  percentileMs(fraction: number): number {
    const wanted = Math.max(1, Math.ceil(this.#count * fraction));
    let seen = 0;
    for (let index = 0; index < bucketCount; index++) {
      seen += this.#buckets[index]!;
      if (seen >= wanted) return firstBucketMs * 1.01 ** index;
    }
    return 0;
  }
}
