// What carries requests and replies between a client and the store thread, both ways and in order: a MessagePort of the
// same process, or a socket to another. It closes behind its last message.

export interface Channel<Out, In> {
  /** @param transfer buffers in the message; they are not the sender's any more */
  postMessage(message: Out, transfer?: readonly ArrayBuffer[]): void;
  on(event: 'message', listener: (message: In) => void): unknown;
  /** @param listener told why, when the other side could not take what it was sent, or the reverse */
  on(event: 'close', listener: (reason?: unknown) => void): unknown;
  on(event: 'drain', listener: () => void): unknown;
  /** True when the other side is behind: send nothing until `drain`. Absent: never. */
  readonly isFull?: boolean;
  ref(): void;
  unref(): void;
  close(): void;
}
