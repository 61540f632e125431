// Loopback only, until there are users and roles: whoever reaches the service may do everything.

import { isIP } from 'node:net';
import { EngineError } from '../observe/errors.js';

/** Whether a host, as an option or a `Host` header has it (without port), means this machine alone. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[|\]$/g, '');
  if (name === 'localhost' || name === '::1') return true;
  return isIP(name) === 4 && name.startsWith('127.');
}

/** @throws EngineError `OPTION_INVALID` */
export function assertLoopback(host: string): void {
  if (isLoopback(host)) return;
  throw new EngineError(
    'OPTION_INVALID',
    `host: "${host}" would let others in; the service knows no users yet and listens on loopback only: 127.0.0.1, ::1, localhost`,
  );
}

/**
 * Whether the `Host` header names this machine. A page of a foreign site can be made to resolve to 127.0.0.1 (DNS
 * rebinding); its requests carry the foreign name.
 */
export function isOwnHost(header: string | undefined): boolean {
  if (header === undefined) return false;
  return isLoopback(header.replace(/:\d{1,5}$/, ''));
}
