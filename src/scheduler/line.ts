/** Sends messages in the order in which they were given, also those of which the content is still on its way. */
export class Line<Message> {
  readonly #send: (message: Message) => void;
  /** What waits, when something does; what it begins with is not there yet. */
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
    // It grows meanwhile.
    for (let next = 0; next < waiting.length; next += 1)
      (await waiting[next]!).forEach((message) => this.#send(message));
    this.#waiting = undefined;
  }
}
