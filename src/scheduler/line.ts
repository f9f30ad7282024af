/** Sends messages in the order in which they were given, even when the content of some is still being read. */
export class Line<Message> {
  readonly #send: (message: Message) => void;
  /** The messages that wait, if any do. The first of them are not there yet. */
  #waiting: (readonly Message[] | Promise<readonly Message[]>)[] | undefined;

  constructor(send: (message: Message) => void) {
    this.#send = send;
  }

  send(...messages: readonly Message[]): void {
    if (this.#waiting === undefined) messages.forEach(this.#send);
    else this.#waiting.push(messages);
  }

  /** The promise must not reject. */
  sendWhenRead(messages: Promise<readonly Message[]>): void {
    if (this.#waiting === undefined) void this.#sendFrom((this.#waiting = [messages]));
    else this.#waiting.push(messages);
  }

  async #sendFrom(waiting: readonly (readonly Message[] | Promise<readonly Message[]>)[]): Promise<void> {
    // The list grows meanwhile.
    for (let next = 0; next < waiting.length; next += 1)
      (await waiting[next]!).forEach((message) => this.#send(message));
    this.#waiting = undefined;
  }
}
