// Keeps secrets out of what is shown. A line of a log is searched for all of them in one pass: the last four
// characters, rolled into sixteen bits, say whether any could begin here, and almost always none could.

/** Shorter ones are not hidden: they would be found in every other word. */
const minLength = 4;

/** A secret of several lines may be shown line by line; those that say nothing, such as `},`, are left alone. */
const minLineLength = 8;

/** What of a secret survives in base64 when other bytes precede it is too short, below this, to tell it from others. */
const minEmbeddedBytes = 8;

const stars = '***';
const isStart = 1;

/** Text with every secret in it replaced by `***`. */
export type Mask = (text: string) => string;

/**
 * Hides each secret of at least four characters: as it is, without the space around it, line by line, and as it looks
 * inside JSON, a URL, or base64 (by itself, or behind other bytes as in `Authorization: Basic`). What comes out never
 * contains a secret, not even one that the stars would complete.
 */
export function createMask(secrets: Iterable<string>): Mask {
  const forms = new Set([...secrets].flatMap((secret) => formsOf(secret)));
  if (forms.size === 0) return (text) => text;
  const starting = new Map<number, string[]>();
  for (const form of forms) {
    const start = rolled(form, minLength);
    starting.set(start, [...(starting.get(start) ?? []), form]);
  }
  const starts = new Uint8Array(0x1_0000);
  for (const start of starting.keys()) starts[start] = isStart;

  // Each round makes the text shorter, so there is a last one.
  return (text) => {
    let shown = text;
    for (let hidden = hide(shown); hidden !== shown; hidden = hide(shown)) shown = hidden;
    return shown;
  };

  function hide(text: string): string {
    let result = '';
    let copied = 0;
    // The stretch that is to be hidden, grown by every secret that overlaps or touches it.
    let start = -1;
    let end = -1;
    let hash = rolled(text, minLength - 1);
    for (let at = 0; at + minLength <= text.length; at += 1) {
      hash = roll(hash, text.charCodeAt(at + minLength - 1));
      if (starts[hash] !== isStart) continue;
      const length = longestAt(text, at, starting.get(hash)!);
      if (length === 0) continue;
      if (at > end) {
        if (start !== -1) result += text.slice(copied, start) + stars;
        copied = Math.max(end, 0);
        start = at;
      }
      end = Math.max(end, at + length);
    }
    return start === -1 ? text : result + text.slice(copied, start) + stars + text.slice(end);
  }
}

function longestAt(text: string, at: number, forms: readonly string[]): number {
  let longest = 0;
  for (const form of forms) if (form.length > longest && text.startsWith(form, at)) longest = form.length;
  return longest;
}

/** Four shifts by four bits push a character out of the sixteen: only the last four count. */
function roll(hash: number, code: number): number {
  return ((hash << 4) ^ code) & 0xffff;
}

function rolled(text: string, length: number): number {
  let hash = 0;
  for (let index = 0; index < length; index += 1) hash = roll(hash, text.charCodeAt(index));
  return hash;
}

function formsOf(secret: string): string[] {
  const trimmed = secret.trim();
  const lines = trimmed.split(/\r?\n/).map((line) => line.trim());
  const parts = [secret, trimmed, ...(lines.length > 1 ? lines.filter((line) => line.length >= minLineLength) : [])];
  return [...new Set(parts)]
    .filter((part) => part.length >= minLength)
    .flatMap((part) => [part, inJson(part), ...inUrl(part), ...inBase64(part)])
    .filter((form) => form.length >= minLength);
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function inUrl(text: string): string[] {
  const encoded = encodeURIComponent(text.toWellFormed());
  const inForm = new URLSearchParams([['', text]]).toString().slice(1);
  return [encoded, inForm].flatMap((form) => [form, form.replaceAll(/%../g, (code) => code.toLowerCase())]);
}

function inBase64(text: string): string[] {
  const bytes = Buffer.from(text);
  const whole = bytes.toString('base64');
  const forms = [whole, whole.replaceAll('=', '')];
  if (bytes.length >= minEmbeddedBytes) forms.push(...[0, 1, 2].map((offset) => embedded(bytes, offset)));
  return forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}

/** The characters that depend on nothing but `bytes`, wherever they stand: those cut off share bits with neighbours. */
function embedded(bytes: Buffer, offset: number): string {
  const shifted = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
  return shifted.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
}
