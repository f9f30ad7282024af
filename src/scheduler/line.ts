/** Sends messages in the order in which they were given, even when the content of some is still being read. */
export class Line<Message> {
  readonly #send: (message: Message) => void;
  /** The messages that wait, if any do. The first of them are not there yet. */
  #waiting: (readonly Message[] | Promise<readonly Message[]>)[] | undefined;

  constructor(send: (message: Message) => void) {
    this.#send = send;
  }

  /** A promise must not reject. */
  send(messages: readonly Message[] | Promise<readonly Message[]>): void {
    if (this.#waiting !== undefined) this.#waiting.push(messages);
    else if (messages instanceof Promise) void this.#sendFrom((this.#waiting = [messages]));
    else messages.forEach(this.#send);
  }

  async #sendFrom(waiting: readonly (readonly Message[] | Promise<readonly Message[]>)[]): Promise<void> {
    // The list grows meanwhile.
    for (let next = 0; next < waiting.length; next += 1)
      (await waiting[next]!).forEach((message) => this.#send(message));
    this.#waiting = undefined;
  }
}
