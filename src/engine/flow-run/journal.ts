// Notes in a file of this machine what a flow run has done so far. So the same run, started again with its id, runs
// only what is missing, even when its process was killed. It is written where the flow was started, as outcomes arrive,
// and holds the very bytes in which they arrived.
//
// A record is a length, a checksum, a line of JSON, and bytes. A process that dies while it writes leaves half a record
// at the end, which is cut off when the file is opened again. If more than that is cut off, a warning says so.

import { closeSync, fstatSync, openSync, readSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { nodeZlib } from '../../lib/lazy-node.ts';
import type { Block } from '../../lib/chunk.ts';
import { HeddleError } from '../../lib/heddle-error.ts';
import { countIn, rangeOf, type Range } from '../../lib/range.ts';
import { Ranges } from '../../lib/ranges.ts';
import { makeFolder } from '../../results/make-folder.ts';
import { decodeValue, encodeValue } from '../../values/encode.ts';
import { packed } from '../../values/travels.ts';
import { lockFile } from './lock-file.ts';

/** How a run was begun, which its resumptions keep. Times in milliseconds since 1970. */
export interface RunBeginning {
  readonly flow: string;
  readonly flowRunName: string;
  readonly startedAt: number;
  readonly scheduledStartTime?: number;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** What the task runs of one node have in common. Outcomes are kept only for a node of the same shape. */
export interface NodeShape {
  readonly slug: string;
  readonly length: number;
  /** A hash of all that is bound to it in the flow. */
  readonly inputs: string;
}

/** A block of which some parts may be void. */
export interface StoredBlock {
  readonly block: Block;
  readonly valid: readonly Range[];
}

type Header =
  | ({ readonly type: 'run'; readonly format: number } & Omit<RunBeginning, 'parameters'>)
  /** The node was submitted; of the records before this one, only what it keeps is still valid. */
  | ({ readonly type: 'node'; readonly kept: readonly Range[] } & NodeShape)
  | { readonly type: 'block'; readonly slug: string; readonly start: number; readonly count: number };

interface StoredNode {
  shape: NodeShape | undefined;
  blocks: StoredBlock[];
  /** The indices that are valid in one of the blocks. */
  noted: Ranges;
}

/** To be increased whenever the format of the file changes. */
const format = 3;
const headLength = 12;
const noBytes = new Uint8Array(0);

export class Journal implements Disposable {
  readonly path: string;
  /** How the run was begun; absent in a new one. */
  readonly beginning: RunBeginning | undefined;
  /** The warning about what was cut off, if any. */
  damage: string | undefined;
  readonly #file: number;
  /** The file and the lock. */
  readonly #opened: Disposable;
  readonly #nodes = new Map<string, StoredNode>();
  readonly #warn: (text: string) => void;
  #isBroken = false;

  /**
   * Opens the journal of a run, or begins one. Throws `RUN_IS_ACTIVE` while another process has it open,
   * `JOURNAL_UNREADABLE` for a file that is none of this version's, and `JOURNAL_UNWRITABLE`.
   */
  constructor(directory: string, flowRunId: string, warn: (text: string) => void) {
    const folder = join(directory, 'runs');
    // Of what that leaves as it is, Windows has no stars in the names of files.
    this.path = join(folder, `${encodeURIComponent(flowRunId).replaceAll('*', '%2A')}.journal`);
    this.#warn = warn;
    using opened = new DisposableStack();
    try {
      makeFolder(folder, { mode: 0o700 });
      opened.use(lockFile(`${this.path}.lock`, flowRunId));
      this.#file = openSync(this.path, 'a+', 0o600);
      opened.defer(() => closeSync(this.#file));
    } catch (cause) {
      throw cause instanceof HeddleError ? cause : unwritable(this.path, flowRunId, cause);
    }
    this.beginning = this.#readAll(flowRunId);
    this.#opened = opened.move();
  }

  begin({ parameters, ...beginning }: RunBeginning): void {
    this.#append({ type: 'run', format, ...beginning }, encodeValue(packed(parameters)));
  }

  /** What is stored of a node, if it had the same shape then. */
  storedOf(shape: NodeShape): readonly StoredBlock[] {
    return this.knows(shape) ? this.#nodes.get(shape.slug)!.blocks : [];
  }

  /** Whether the node was submitted before, in the same shape. */
  knows({ slug, length, inputs }: NodeShape): boolean {
    const shape = this.#nodes.get(slug)?.shape;
    return shape?.length === length && shape.inputs === inputs;
  }

  /** The length that a node had when it was submitted in another shape, and how many of its outcomes are stored. */
  outdated(shape: NodeShape): { readonly length: number; readonly count: number } | undefined {
    const known = this.#nodes.get(shape.slug);
    if (known?.shape === undefined || this.knows(shape)) return undefined;
    const count = known.blocks.reduce((sum, { valid }) => sum + countIn(valid), 0);
    return { length: known.shape.length, count };
  }

  /** Notes that a node is submitted, and which of its stored outcomes stand. */
  submitted(shape: NodeShape, kept: readonly Range[]): void {
    this.#append({ type: 'node', ...shape, kept });
  }

  settled(slug: string, { start, count, bytes }: Block): void {
    this.#append({ type: 'block', slug, start, count }, bytes);
  }

  [Symbol.dispose](): void {
    this.#opened[Symbol.dispose]();
  }

  #append(header: Header, bytes: Uint8Array = noBytes): void {
    if (this.#isBroken) return;
    const line = Buffer.from(JSON.stringify(header));
    const record = Buffer.allocUnsafe(headLength + line.length + bytes.length);
    record.writeUInt32LE(line.length, 0);
    record.writeUInt32LE(bytes.length, 4);
    record.set(line, headLength);
    record.set(bytes, headLength + line.length);
    record.writeUInt32LE(nodeZlib().crc32(record.subarray(headLength)), 8);
    try {
      for (let written = 0; written < record.length;) written += writeSync(this.#file, record, written);
    } catch (error) {
      this.#isBroken = true;
      this.#warn(
        `the journal of this run cannot be written any more, so what is done from here on would be done again if ` +
          `the run were resumed: ${String(error)} (${this.path})`,
      );
    }
  }

  #readAll(flowRunId: string): RunBeginning | undefined {
    let beginning: RunBeginning | undefined;
    let end = 0;
    for (const { header, bytes, end: recordEnd } of this.#records()) {
      end = recordEnd;
      if (header.type === 'run') beginning = this.#readBeginning(header, bytes, flowRunId);
      else this.#readNode(header, bytes);
    }
    if (beginning === undefined && !this.#isHalfBegun()) throw this.#unreadable(flowRunId);
    this.#cutOff(end);
    return beginning;
  }

  /** Whether there is nothing, or the first record was being written when its process died. */
  #isHalfBegun(): boolean {
    const start = Buffer.from('{"type":"run",');
    const read = Buffer.alloc(headLength + start.length);
    const length = readSync(this.#file, read, 0, read.length, 0);
    return length === 0 || (length > headLength && start.includes(read.subarray(headLength, length)));
  }

  #cutOff(end: number): void {
    const { size } = fstatSync(this.#file);
    const head = Buffer.alloc(headLength);
    const hasHead = readSync(this.#file, head, 0, headLength, end) === headLength;
    const torn = hasHead ? headLength + head.readUInt32LE(0) + head.readUInt32LE(4) : headLength;
    if (end + torn < size) {
      const lost = `${size - end} of ${size} bytes`;
      this.damage = `the journal of this run is damaged (${this.path}): what its last ${lost} noted is done again`;
    }
    // Windows cuts nothing off by way of what was opened to append.
    truncateSync(this.path, end);
  }

  *#records(): Iterable<{ header: Header; bytes: Buffer; end: number }> {
    const head = Buffer.alloc(headLength);
    for (let at = 0; readSync(this.#file, head, 0, headLength, at) === headLength;) {
      const [lineLength, byteLength] = [head.readUInt32LE(0), head.readUInt32LE(4)];
      const body = this.#readBody(at + headLength, lineLength + byteLength);
      if (body === undefined || nodeZlib().crc32(body) !== head.readUInt32LE(8)) return;
      at += headLength + body.length;
      const header = JSON.parse(body.toString('utf8', 0, lineLength)) as Header;
      yield { header, bytes: body.subarray(lineLength), end: at };
    }
  }

  #readBody(at: number, length: number): Buffer | undefined {
    // Of a file that is no journal, four bytes may stand for any length; and a machine that loses its power may leave
    // zeros behind what was written, which have the checksum of nothing.
    if (length === 0 || length > 2 ** 31 - 1) return undefined;
    const body = Buffer.allocUnsafeSlow(length);
    return readSync(this.#file, body, 0, length, at) === length ? body : undefined;
  }

  #readBeginning(header: Extract<Header, { type: 'run' }>, bytes: Uint8Array, flowRunId: string): RunBeginning {
    if (header.format !== format) throw this.#unreadable(flowRunId);
    const { type: _, format: __, ...beginning } = header;
    return { ...beginning, parameters: decodeValue(bytes) as Record<string, unknown> };
  }

  #readNode(header: Exclude<Header, { type: 'run' }>, bytes: Uint8Array): void {
    const node: StoredNode = this.#nodes.get(header.slug) ?? { shape: undefined, blocks: [], noted: new Ranges() };
    this.#nodes.set(header.slug, node);
    if (header.type === 'block') return addBlock(node, { start: header.start, count: header.count, bytes });
    const { kept, slug, length, inputs } = header;
    const ranges = setOf(kept);
    node.shape = { slug, length, inputs };
    node.blocks = node.blocks.flatMap(({ block, valid }) => {
      const still = valid.flatMap((range) => ranges.overlap(range));
      return still.length === 0 ? [] : [{ block, valid: still }];
    });
    node.noted = setOf(node.blocks.flatMap(({ valid }) => valid));
  }

  #unreadable(flowRunId: string): HeddleError {
    const message =
      `${this.path} is no journal that this version of Heddle can read, so the flow run '${flowRunId}' cannot be ` +
      `resumed. Give the run another flowRunId, or remove the file to run all of it anew.`;
    return new HeddleError('JOURNAL_UNREADABLE', message, { path: this.path, flowRunId });
  }
}

export function setOf(ranges: Iterable<Range>): Ranges {
  const set = new Ranges();
  for (const range of ranges) set.add(range);
  return set;
}

/** What processes note twice that did not see each other counts as it was noted first. */
function addBlock({ blocks, noted }: StoredNode, block: Block): void {
  const range = rangeOf(block);
  const valid = Ranges.of(range);
  for (const known of noted.overlap(range)) valid.remove(known);
  if (!valid.isEmpty) blocks.push({ block, valid: valid.all });
  noted.add(range);
}

function unwritable(path: string, flowRunId: string, cause: unknown): HeddleError {
  const message =
    `the flow run '${flowRunId}' cannot be made resumable, because its journal cannot be opened: ${String(cause)}. ` +
    `Another folder can be set as results.directory in the configuration (or HEDDLE__RESULTS__DIRECTORY).`;
  return new HeddleError('JOURNAL_UNWRITABLE', message, { path, flowRunId, cause });
}
