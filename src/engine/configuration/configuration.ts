// The runtime configuration as it is operated on: what holds and who says it, properties set over the file's while engines run.
//
// A change is one commit with its record in the audit. It holds here when the call resolves; the other engines of a cluster
// are told to look, and look with their next beat if that is lost. What the queue has is brought there by whoever leads.

import { windowsFaultAt } from '../../config/fairness-windows.js';
import type { Outcome } from '../../config/fault.js';
import type { PropertyPlace } from '../../config/property-checks.js';
import { settingOf, settingPlace } from '../../config/settings.js';
import { holdingAt, propertyAt, type ShownProperty, type ShownTrees, saidEverywhere } from '../../config/shown.js';
import { canonicalProperty, type Property } from '../../config/tree.js';
import { EngineError } from '../../observe/errors.js';
import type { Throttle } from '../../queue/contract.js';
import type { AuditRow } from '../../store/contract.js';
import { SqlError } from '../../store/driver.js';
import { emptyCommit } from '../../store/empty-commit.js';
import { isTooMany } from '../../store/settings.js';
import { formatFault } from '../../workflow/fault.js';
import type { Json } from '../../workflow/model.js';
import { parseBranch } from '../../workflow/namespace.js';
import type { CallAudit } from '../call-audit.js';
import type { EngineParts } from '../parts.js';
import { withPatience } from '../store-trouble.js';

/** What of the configuration is asked for. */
export interface ConfigurationQuery {
  /** What holds for the workflows of this branch, also what is said above it. Default: what each branch says. */
  readonly branch?: string;
  /** This property alone, in any case. Default: all. */
  readonly property?: string;
}

export interface ShownConfiguration {
  /** Of the settings: one more with each change by operation. */
  readonly version: number;
  /** In order of branches, then names; those that hold for a branch in order of names, of throttles each on the way up. */
  readonly properties: readonly ShownProperty[];
  /** As the queue has them now, of the branch and those above, or all; in order of branches. `null`: it cannot be asked. */
  readonly throttles: readonly ShownThrottle[] | null;
}

/** Of a branch: what executes below it at most, and what does. */
export interface ShownThrottle extends Throttle {
  readonly branch: string;
  /** Contexts and triggers of all engines, those on their way to a thread included. */
  readonly running: number;
  /** By engine; those that have some. */
  readonly runningBy: { readonly [engine: string]: number };
}

/** A property of a branch; its trailing `/` may be left out. */
export interface SettingName {
  readonly branch: string;
  /** In any case. */
  readonly property: string;
}

export interface GivenSetting extends SettingName {
  /** At most 65,536 characters of JSON, not null. Paths in it are absolute. */
  readonly value: Json;
}

export interface SettingOptions {
  /** Who does it, for the audit and whoever looks. Default: who runs the engine. */
  readonly user?: string;
  /** Tell what would hold, and change nothing. Default false. */
  readonly dryRun?: boolean;
}

export interface SettingResult extends SettingName {
  /** Of the settings, after the change. */
  readonly version: number;
  /** What held for the workflows of the branch before; `null`: nothing. */
  readonly before: ShownProperty | null;
  readonly now: ShownProperty | null;
}

/** @param version of the settings before */
type ValueAt = (place: PropertyPlace, version: number) => Outcome<Property | null>;

interface Decided {
  readonly place: PropertyPlace;
  /** `null`: it is to be taken away. */
  readonly value: Property | null;
  readonly before: ShownProperty | null;
}

/** Characters of a value that the audit tells. */
const toldLengthMax = 200;

export class Configuration {
  readonly #parts: EngineParts;
  readonly #calls: CallAudit;
  readonly #defaultUser: string;

  constructor(parts: EngineParts, calls: CallAudit, defaultUser: string) {
    this.#parts = parts;
    this.#calls = calls;
    this.#defaultUser = defaultUser;
  }

  /** What holds, with who says it: a line of the file, an operation, or nobody. @throws EngineError `NAMESPACE_INVALID` */
  async show({ branch, property }: ConfigurationQuery = {}): Promise<ShownConfiguration> {
    const { configuration } = this.#parts;
    const at = branch === undefined ? null : parseBranch(branch.endsWith('/') ? branch : `${branch}/`);
    if (at !== null && !at.ok) throw new EngineError('NAMESPACE_INVALID', at.fault.message);
    await configuration.look();
    const { trees, settings } = configuration;
    const all = at === null ? saidEverywhere(trees) : holdingAt(trees, at.value);
    const name = property === undefined ? null : canonicalProperty(property);
    const properties = all.filter(each => name === null || each.property === name);
    return { version: settings.version, properties, throttles: await this.#throttlesAt(at?.value ?? null) };
  }

  /**
   * Set a property of a branch. It holds over what the file says there, until it is taken away, and for what waits already.
   *
   * @throws EngineError `SETTING_INVALID` with every fault, `SETTINGS_FULL`: nothing was changed
   */
  set({ branch, property, value }: GivenSetting, options: SettingOptions = {}): Promise<SettingResult> {
    const { user = this.#defaultUser } = options;
    return this.#change('setConfiguration', { branch, property }, options, (place, version) =>
      settingOf(place, value, { kind: 'operation', by: user, atMs: this.#parts.clock.nowMs(), version: version + 1 }),
    );
  }

  /** Take away what was set: what the file says holds again, or a branch above. Where nothing was set nothing changes.
   * @throws EngineError `SETTING_INVALID` */
  unset(name: SettingName, options: SettingOptions = {}): Promise<SettingResult> {
    return this.#change('unsetConfiguration', name, options, () => ({ ok: true, value: null }));
  }

  async #throttlesAt(branch: string | null): Promise<ShownThrottle[] | null> {
    const states = await this.#parts.queue.throttles();
    if (states === null) return null;
    return [...states]
      .filter(([at]) => branch === null || branch.startsWith(at))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([at, { perEngine, clusterWide, rate, running, runningBy }]) => ({
        ...{ branch: at, perEngine, clusterWide, rate, running },
        runningBy: Object.fromEntries([...runningBy].sort(([a], [b]) => (a < b ? -1 : 1))),
      }));
  }

  async #change(
    call: string,
    given: SettingName,
    { user = this.#defaultUser, dryRun = false }: SettingOptions,
    valueAt: ValueAt,
  ): Promise<SettingResult> {
    const { configuration } = this.#parts;
    // What changes nothing is not recorded.
    if (dryRun) {
      const decided = await this.#decide(given, valueAt);
      return this.#result(decided, configuration.treesWith(decided));
    }
    return this.#calls.within(call, user, async rowsOf => {
      const decided = await this.#decide(given, valueAt);
      const { place, value, before } = decided;
      const what = `${place.branch}${place.name}${said(value?.written)}, before${said(before?.value)}`;
      await this.#store(decided, user, rowsOf(what));
      return this.#result(decided, configuration.trees);
    });
  }

  async #decide(given: SettingName, valueAt: ValueAt): Promise<Decided> {
    const { configuration } = this.#parts;
    const place = checked(settingPlace(given.branch, given.property));
    await configuration.look();
    const value = checked(valueAt(place, configuration.settings.version));
    const { tree } = configuration.treesWith({ place, value });
    // It alone would be left out, as one too many.
    if (value !== null && tree.branches.get(place.branch)?.get(place.name) !== value) {
      checked({ ok: false, faults: [windowsFaultAt(place)] });
    }
    return { place, value, before: propertyAt(configuration.trees, place.branch, place.name) };
  }

  async #store({ place, value }: Decided, user: string, audit: readonly AuditRow[]): Promise<void> {
    const { store, ids, clock, health, queue, configuration } = this.#parts;
    const text = value === null ? null : JSON.stringify(value.written);
    const setting = { branch: place.branch, property: place.name, value: text, by: user };
    const commit = { ...emptyCommit(ids.next(), clock.nowMs()), setting, audit };
    await withPatience(() => store.commit(commit), clock, health).catch((error: unknown) => {
      if (!(error instanceof SqlError && error.code === isTooMany)) throw error;
      throw new EngineError('SETTINGS_FULL', error.message, { cause: error });
    });
    await withPatience(() => configuration.look(), clock, health);
    // Whoever hears that an engine may have left looks at the store, and finds this.
    await queue.tellLeft();
  }

  #result({ place, before }: Decided, trees: ShownTrees): SettingResult {
    const { branch, name } = place;
    const { version } = this.#parts.configuration.settings;
    return { branch, property: name, version, before, now: propertyAt(trees, branch, name) };
  }
}

function checked<Value>(outcome: Outcome<Value>): Value {
  if (outcome.ok) return outcome.value;
  throw new EngineError('SETTING_INVALID', outcome.faults.map(formatFault).join('; '));
}

/** ` = 5`; bounded, as the audit is no place for large values. */
function said(value: Json | undefined): string {
  if (value === undefined) return ' not set';
  const text = JSON.stringify(value);
  return ` = ${text.length > toldLengthMax ? `${text.slice(0, toldLengthMax)}…` : text}`;
}
