// Properties of the runtime configuration that were set by operation. Part of the Store contract (`contract.ts`).
//
// Guarantees:
//   T1. The version of the settings grows by one with each change, and versions become visible in order.
//   T2. What is read is of one version, whole.
//   T3. There are at most `settingsMax`, with `settingsBytesMax` of values together: a commit that brings more is refused
//       (`isTooMany`).

import { decode, encode } from './binary.js';
import type { SqlCall, SqlDriver } from './driver.js';
import { changeSetting, isTooMany, readSettings } from './sql/settings.js';

export const settingsMax = 10_000;
export const settingsBytesMax = 4_194_304;

export { isTooMany };

export interface SettingChange {
  /** With a trailing `/`. */
  readonly branch: string;
  /** In upper case. */
  readonly property: string;
  /** JSON text; `null`: it is taken away. */
  readonly value: string | null;
  readonly by: string;
}

export interface StoredSetting extends SettingChange {
  readonly value: string;
  /** Of the settings, as of this one. */
  readonly version: number;
  readonly atMs: number;
}

export interface StoredSettings {
  /** 0: nothing was ever set. */
  readonly version: number;
  /** By branch, then by property, in the order of code points. */
  readonly settings: readonly StoredSetting[];
}

export interface Settings {
  /** @param known a version @returns `null` when it is that still */
  read(known: number | null): Promise<StoredSettings | null>;
}

export class SqlSettings implements Settings {
  readonly #driver: SqlDriver;

  constructor(driver: SqlDriver) {
    this.#driver = driver;
  }

  async read(known: number | null): Promise<StoredSettings | null> {
    const call: SqlCall = { statement: readSettings, parameters: [encode.int8(known ?? -1)] };
    const [rows] = await this.#driver.transaction([call], { readOnly: true });
    const [first] = rows!;
    if (first === undefined) return null;
    const settings = rows!.flatMap(row => {
      if (row[1] === null) return [];
      return {
        branch: decode.text(row[1]!),
        property: decode.text(row[2]!),
        value: decode.text(row[3]!),
        version: decode.int8(row[4]!),
        by: decode.text(row[5]!),
        atMs: decode.int8(row[6]!),
      };
    });
    return { version: decode.int8(first[0]!), settings };
  }
}

/** The call of a commit. */
export function settingCall({ branch, property, value, by }: SettingChange, atMs: number, most: number): SqlCall {
  const bounds = [encode.int4(most), encode.int4(settingsBytesMax)];
  return { statement: changeSetting, parameters: [branch, property, value, by, encode.int8(atMs), ...bounds] };
}
