// A bundle as bytes: a list of its files, which its id is a hash of, and their contents. Whoever unpacks it can tell
// whether it is what its id says.

import { nodeCrypto, nodeZlib } from '../../lib/lazy-node.ts';
import { HeddleError } from '../../lib/heddle-error.ts';

export interface BundleFile {
  /** Below the bundle's folder, with `/` between its parts. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** What is known of a bundle besides its files. */
export interface BundleFacts {
  /** Packages that it leaves out, because they hold native code or are large, with their versions. */
  readonly externals: Readonly<Record<string, string>>;
  /** Folders that stand for others, by their paths below the bundle's folder. */
  readonly links: Readonly<Record<string, string>>;
}

export interface BundleManifest extends BundleFacts {
  readonly files: readonly { readonly path: string; readonly length: number; readonly hash: string }[];
}

/** The bytes to send, and the id that they go by. */
export interface PackedBundle {
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** Where the list of its files is kept, in the folder of an unpacked bundle. */
export const manifestFile = '__heddle_manifest.json';

const headLength = 4;

export function pack(files: readonly BundleFile[], facts: BundleFacts): PackedBundle {
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const manifest = manifestOf(sorted, facts);
  const text = Buffer.from(JSON.stringify(manifest));
  const head = Buffer.alloc(headLength);
  head.writeUInt32LE(text.length);
  const bytes = nodeZlib().gzipSync(Buffer.concat([head, text, ...sorted.map((file) => file.bytes)]));
  return { id: idOf(manifest), bytes };
}

/** Throws `BUNDLE_CORRUPT` unless the bytes are the very bundle that has this id. */
export function unpack(id: string, bytes: Uint8Array): { manifest: BundleManifest; files: readonly BundleFile[] } {
  try {
    const content = nodeZlib().gunzipSync(bytes, { maxOutputLength: 2 ** 30 });
    const start = headLength + content.readUInt32LE(0);
    const manifest = JSON.parse(content.toString('utf8', headLength, start)) as BundleManifest;
    let at = start;
    const files = manifest.files.map(({ path, length }) => ({ path, bytes: content.subarray(at, (at += length)) }));
    if (isIntact(id, manifest, files)) return { manifest, files };
  } catch (cause) {
    throw corrupt(id, cause);
  }
  throw corrupt(id, undefined);
}

/** Whether these files are those of the bundle with this id, each of them whole and inside of its folder. */
export function isIntact(id: string, manifest: BundleManifest, files: readonly BundleFile[]): boolean {
  const paths = [...files.map(({ path }) => path), ...Object.entries(manifest.links).flat()];
  if (idOf(manifest) !== id || !paths.every(isInside)) return false;
  return files.every((file, index) => hashOf(file.bytes) === manifest.files[index]?.hash);
}

/** What `heddle` makes of a path in a bundle must not be able to leave the bundle's folder. */
function isInside(path: string): boolean {
  return path !== '' && !/[\\:\0]/.test(path) && !path.split('/').some((part) => ['', '.', '..'].includes(part));
}

function manifestOf(files: readonly BundleFile[], facts: BundleFacts): BundleManifest {
  return { ...facts, files: files.map(({ path, bytes }) => ({ path, length: bytes.length, hash: hashOf(bytes) })) };
}

function idOf(manifest: BundleManifest): string {
  return hashOf(Buffer.from(JSON.stringify(manifest))).slice(0, 32);
}

function hashOf(bytes: Uint8Array): string {
  return nodeCrypto().hash('sha256', bytes, 'hex');
}

function corrupt(id: string, cause: unknown): HeddleError {
  const message =
    `a bundle of code arrived that is not the one that was announced (${id}), so none of it is run. Something ` +
    `between the flow and this worker changes what is sent, or is no Heddle.`;
  return new HeddleError('BUNDLE_CORRUPT', message, { bundle: id, cause });
}
