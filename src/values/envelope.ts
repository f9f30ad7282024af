// What stands in a value where something of a registered type stood, on its way through the copier.

/** No memory of its own: what counts is beside it. */
const nothing = new ArrayBuffer(0);

/** A place in a value, told apart by its change: what arrives there is not what was there. */
export interface EnvelopeChange {
  readonly kind: 'error' | 'added-property';
  readonly what: string;
  readonly why: string;
  readonly remedy: readonly string[];
}

/**
 * The tag of a type, and what its `encode` made of an instance. It is a view because the copier asks us how to write
 * views, and nothing else; so an envelope is written in its place, and shared references and cycles take care of
 * themselves.
 */
export class Envelope extends DataView<ArrayBuffer> {
  readonly tag: string;
  data: unknown;
  /** Why there is nothing in it, if so: a clause that follows the name of the thing. */
  problem: string | undefined;
  /** In which way what arrives is not the same. */
  readonly change: EnvelopeChange | undefined;
  /** Whether what is in it is memory that both sides look at: the copier carries it, and does not look inside. */
  isShared = false;
  /** In a few words, what was there: `a Money (class instance)`. */
  readonly what: string;

  /** By its brand, which is there to tell it by: to ask a Proxy, or what inherits from one, would run a trap. */
  readonly #isEnvelope = true;

  static is(value: object): value is Envelope {
    return #isEnvelope in value && value.#isEnvelope;
  }

  constructor(tag: string, what: string, change?: EnvelopeChange) {
    super(nothing);
    this.tag = tag;
    this.what = what;
    this.change = change;
  }
}
