// What a caller's text names: an instance, a workflow, or a branch with a trailing `/`.

import { EngineError } from '../observe/errors.js';
import type { Scope } from '../store/contract.js';
import { lastPart, splitInstanceId } from '../workflow/instance-id.js';
import { parseBranch, parseName } from '../workflow/namespace.js';
import type { Target } from './operations/operator.js';
import type { Instances } from './reads/instances.js';

/** @throws EngineError `NAMESPACE_INVALID`, `INSTANCE_UNKNOWN` */
export async function targetOf(text: string, instances: Instances): Promise<Target> {
  if (text.endsWith('/')) {
    const branch = parseBranch(text);
    if (!branch.ok) throw new EngineError('NAMESPACE_INVALID', branch.fault.message);
    return { kind: 'branch', branch: branch.value };
  }
  const instance = await instances.idOf(text);
  if (instance !== null) return { kind: 'instance', instance };
  const name = parseName(text);
  if (!name.ok) throw new EngineError('NAMESPACE_INVALID', name.fault.message);
  if (splitInstanceId(lastPart(text)) !== null) throw new EngineError('INSTANCE_UNKNOWN', `no instance is ${text}`);
  return { kind: 'workflow', name: name.value };
}

/** @throws EngineError `NAMESPACE_INVALID`, `INSTANCE_UNKNOWN` */
export async function scopeOf(text: string, instances: Instances): Promise<Scope> {
  const target = await targetOf(text, instances);
  if (target.kind === 'instance') throw new EngineError('NAMESPACE_INVALID', `"${text}" names an instance`);
  return target;
}
