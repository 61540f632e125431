// What a script finds in its sandbox beside the language: `flowContext`. Written in the sandbox's own JavaScript, so that no
// object of ours is ever inside: the one function that leads out takes text and gives text, all of it JSON.
//
// It runs before the script and keeps what it needs of the language for itself: a script may change its globals, not this.

/** Called with the function that leads out; gives what the host calls. */
export const flowContextSource = `(function (outside, about, outputMax) {
  const { parse, stringify } = JSON;
  const { defineProperty, freeze, setPrototypeOf, hasOwn } = Object;
  const { call } = Function.prototype;
  const cut = call.bind(String.prototype.slice);
  const [text, TypeFault, RangeFault, Buffer, Promised] = [String, TypeError, RangeError, ArrayBuffer, Promise];
  let left = outputMax;

  const json = value => {
    const found = stringify(value, (_, inner) => {
      if (typeof inner === 'function' || typeof inner === 'symbol') throw new TypeFault('a ' + typeof inner + ' is not JSON');
      return inner;
    });
    return found === undefined ? 'null' : found;
  };
  const counted = json => {
    left -= json.length;
    if (left < 0) throw new RangeFault('a script may write and return ' + outputMax + ' characters of JSON');
    return json;
  };
  const tell = (what, message) => {
    const refusal = outside(what, message);
    if (refusal !== '') throw new TypeFault(refusal);
  };

  let own;
  const variables = () => (own ??= setPrototypeOf(parse(outside('variables', '')), null));
  const write = (what, name, value) => {
    const written = counted(json(value));
    tell(what, '[' + stringify(text(name)) + ',' + written + ']');
    // It has no prototype: whatever its name, this is a property of its own.
    variables()[text(name)] = parse(written);
  };

  const { workflow, instance, user, action, attempt } = parse(about);
  const flowContext = freeze({
    workflow, instance, user, action, attempt,
    get variables() { return variables(); },
    get(name) { const all = variables(); return hasOwn(all, name) ? all[name] : undefined; },
    set(name, value) { write('set', name, value); },
    setWorkflow(name, value) { write('setWorkflow', name, value); },
    log(message) { tell('log', stringify(cut(text(message), 0, 8192))); },
    sendToAuditTrail(name, message) {
      tell('event', stringify([cut(text(name), 0, 400), cut(text(message), 0, 8192)]));
    },
  });
  defineProperty(globalThis, 'flowContext', { value: flowContext, enumerable: true });

  return {
    finish(value) {
      if (value instanceof Promised) {
        throw new TypeFault('a promise is not JSON: a script runs to its end at once, and nothing is awaited');
      }
      const found = json(value);
      return found.length > left ? '' : found;
    },
    describe(thrown, probe) {
      if (typeof thrown !== 'object' || thrown === null) {
        let isFull = false;
        if (thrown === null) try { new Buffer(probe); } catch { isFull = true; }
        return stringify({ name: '', message: cut(text(thrown), 0, 2000) + ' was thrown', stack: '', isFull });
      }
      try {
        const { name, message, stack } = thrown;
        const known = part => (typeof part === 'string' ? cut(part, 0, 2000) : '');
        return stringify({
          name: known(name),
          message: known(message) || (name ? '' : 'an object without a message was thrown'),
          stack: known(stack),
          isFull: false,
        });
      } catch {
        return stringify({ name: '', message: 'an object that cannot be read was thrown', stack: '', isFull: false });
      }
    },
  };
})`;
