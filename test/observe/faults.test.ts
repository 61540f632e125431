import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { armFault, armFaultsFrom, disarmFaults, FaultError, faultPoint } from '../../src/observe/faults.js';
import { builtFile } from '../../src/observe/thread-entry.js';

afterEach(disarmFaults);

describe('fault points', () => {
  test('do nothing while nothing is armed, and beside what is', () => {
    expect(faultPoint('engine.after-commit')).toBeUndefined();
    armFault('engine.elsewhere', { kind: 'throw' });
    expect(faultPoint('engine.after-commit')).toBeUndefined();
  });

  test('throw, and stop throwing when disarmed', () => {
    const fault = armFault('store.commit', { kind: 'throw' });
    expect(() => faultPoint('store.commit')).toThrow(FaultError);
    fault.disarm();
    expect(faultPoint('store.commit')).toBeUndefined();
    const own = new RangeError('mine');
    armFault('store.commit', { kind: 'throw', error: own });
    expect(() => faultPoint('store.commit')).toThrow(own);
  });

  test('strike only the n-th time when told so', () => {
    const fault = armFault('store.commit', { kind: 'throw' }, 2);
    faultPoint('store.commit');
    expect(() => faultPoint('store.commit')).toThrow();
    faultPoint('store.commit');
    expect(fault.reachedCount).toBe(3);
  });

  test('hold who awaits them until released, and tell that they have struck', async () => {
    const fault = armFault('engine.claimed', { kind: 'pause' });
    const order: string[] = [];
    const held = (async () => {
      await faultPoint('engine.claimed');
      order.push('went on');
    })();
    await fault.struck;
    order.push('struck');
    fault.release();
    await held;
    expect(order).toEqual(['struck', 'went on']);
  });

  test('call back', async () => {
    let calls = 0;
    armFault('engine.claimed', { kind: 'call', callback: () => void calls++ });
    await faultPoint('engine.claimed');
    expect(calls).toBe(1);
  });

  test('block the thread', () => {
    armFaultsFrom('engine.block-main:30');
    const startedMs = performance.now();
    faultPoint('engine.block-main');
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(29);
  });

  test('a text that cannot be read is refused by name', () => {
    expect(() => armFaultsFrom('a.b:throw, c.d:explode')).toThrow('" c.d:explode"');
  });

  test('a child process is armed by its environment, and killed the second time', async () => {
    const script = `
      import { faultPoint } from ${JSON.stringify(builtFile('src/observe/faults.js').href)};
      for (let n = 1; n <= 3; n++) { console.log(n); faultPoint('engine.after-commit'); }`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, MILLRACE_FAULTS: 'engine.after-commit:kill@2,other.point:throw' },
    });
    let said = '';
    child.stdout.on('data', (text: Buffer) => (said += text.toString()));
    const [, signal] = (await once(child, 'close')) as [number | null, string | null];
    expect([signal, said]).toEqual(['SIGKILL', '1\n2\n']);
  });
});
