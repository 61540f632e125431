// The 43 control-flow patterns (Russell, ter Hofstede, van der Aalst, Mulyar: Workflow Control-Flow Patterns, A Revised
// View, BPM-06-22), and how this engine has each.

export type How =
  /** A workflow file shows it, and a trace beside it says what must hold. */
  | { readonly kind: 'direct'; readonly file: string; readonly with: string }
  /** It needs something that is not there yet. */
  | { readonly kind: 'next'; readonly waitsFor: string };

export interface Pattern {
  readonly number: number;
  readonly name: string;
  readonly how: How;
}

const direct = (number: number, name: string, by: string): Pattern => {
  const words = name
    .toLowerCase()
    .replace(/[^a-z]+/g, '-')
    .replace(/-$/, '');
  return { number, name, how: { kind: 'direct', file: `${String(number).padStart(2, '0')}-${words}.yaml`, with: by } };
};

export const patterns: readonly Pattern[] = [
  direct(1, 'Sequence', 'a flow'),
  direct(2, 'Parallel Split', 'several flows without condition'),
  direct(3, 'Synchronization', 'join: all'),
  direct(4, 'Exclusive Choice', 'conditions, and an else flow'),
  direct(5, 'Simple Merge', 'several flows to an action'),
  direct(6, 'Multi-Choice', 'conditions: each that holds is followed'),
  direct(7, 'Structured Synchronizing Merge', 'join: all activated'),
  direct(8, 'Multi-Merge', 'several flows to an action without join'),
  direct(9, 'Structured Discriminator', 'join: first'),
  direct(10, 'Arbitrary Cycles', 'flows back to any action'),
  direct(11, 'Implicit Termination', 'an instance in which nothing lives is over'),
  direct(12, 'Multiple Instances without Synchronization', 'forEach, wait: false'),
  direct(13, 'Multiple Instances, Design-Time Number', 'forEach from, to'),
  direct(14, 'Multiple Instances, Run-Time Number', 'forEach items'),
  direct(15, 'Multiple Instances, No A Priori Number', 'group: extend'),
  direct(16, 'Deferred Choice', 'race: the first trigger to fire'),
  direct(17, 'Interleaved Parallel Routing', 'mutex on the actions, flows for their order'),
  direct(18, 'Milestone', 'monitor: a signal that is raised, and cleared'),
  direct(19, 'Cancel Task', 'cancel, of one action'),
  direct(20, 'Cancel Case', 'remove, by an operator'),
  direct(21, 'Structured Loop', 'a conditional flow back'),
  direct(22, 'Recursion', 'workflow, of itself'),
  direct(23, 'Transient Trigger', 'a signal raised, and cleared at once'),
  direct(24, 'Persistent Trigger', 'message, of a publisher that keeps it'),
  direct(25, 'Cancel Region', 'cancel, of several actions'),
  direct(26, 'Cancel Multiple Instance Task', 'group: cancel'),
  direct(27, 'Complete Multiple Instance Task', 'group: complete'),
  direct(28, 'Blocking Discriminator', 'join: first, rest: block'),
  direct(29, 'Cancelling Discriminator', 'join: first, rest: cancel'),
  direct(30, 'Structured Partial Join', 'join: 2 of 3'),
  direct(31, 'Blocking Partial Join', 'join: 2 of 3, rest: block'),
  direct(32, 'Cancelling Partial Join', 'join: 2 of 3, rest: cancel'),
  direct(33, 'Generalized AND-Join', 'join: all, arrivals queue for each flow'),
  direct(34, 'Static Partial Join for Multiple Instances', 'forEach, complete'),
  direct(35, 'Cancelling Partial Join for Multiple Instances', 'forEach, complete, rest: cancel'),
  direct(36, 'Dynamic Partial Join for Multiple Instances', 'forEach, complete, and group: extend'),
  direct(37, 'Local Synchronizing Merge', 'join: all activated'),
  direct(38, 'General Synchronizing Merge', 'join: all activated, in loops too'),
  direct(39, 'Critical Section', 'mutex'),
  direct(40, 'Interleaved Routing', 'mutex'),
  direct(41, 'Thread Merge', 'join: 3 tokens'),
  direct(42, 'Thread Split', 'forEach: its body is the branch'),
  direct(43, 'Explicit Termination', 'end'),
];
