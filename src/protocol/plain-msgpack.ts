// The part of MessagePack that our messages use: nil, booleans, numbers, texts, bytes, lists and maps. Extensions are
// left out on purpose. msgpackr would obey them: they rebuild errors, sets, regular expressions, references and records
// (whose reader it compiles), none of which a message needs, and several of which let a few bytes cost much time.

import { ProtocolError } from './protocol-error.ts';

/** Deeper than any message, and far from the end of the stack. */
const maxDepth = 16;

/** Throws unless the frame is exactly one value of that part, complete, and not too deep. Reads no body; one pass. */
export function assertPlain(frame: Uint8Array): void {
  // The values still to come on each open level; the last is the innermost.
  const toCome = [1];
  let position = 0;
  while (toCome.length > 0) {
    const innermost = toCome.length - 1;
    if (toCome[innermost] === 0) {
      toCome.pop();
      continue;
    }
    toCome[innermost]! -= 1;
    const { size, children } = measure(frame, position);
    position += size;
    if (position > frame.length) throw malformed(frame, 'it ends too early');
    if (children > frame.length - position) throw malformed(frame, 'it promises more values than it has bytes');
    if (children > 0) toCome.push(children);
    if (toCome.length > maxDepth) throw malformed(frame, `it is nested deeper than ${maxDepth} levels`);
  }
  if (position < frame.length) throw malformed(frame, `${frame.length - position} bytes follow its end`);
}

interface Measure {
  /** Bytes of the token and of its body. Lists and maps have no body of their own. */
  size: number;
  children: number;
}

/** One object for all answers, since this runs for every value of every frame. */
const answer: Measure = { size: 0, children: 0 };

function measure(frame: Uint8Array, position: number): Measure {
  const token = frame[position];
  if (token === undefined) throw malformed(frame, 'it ends too early');
  if (token < 0x80 || token >= 0xe0) return sized(1);
  if (token < 0x90) return holding(1, (token & 0x0f) * 2);
  if (token < 0xa0) return holding(1, token & 0x0f);
  if (token < 0xc0) return sized(1 + (token & 0x1f));
  const at = position + 1;
  // Tokens that are measured alike stand in one line.
  // oxfmt-ignore
  switch (token) {
    case 0xc0: case 0xc2: case 0xc3: return sized(1);
    case 0xc4: case 0xd9: return sized(2 + lengthAt(frame, at, 1));
    case 0xc5: case 0xda: return sized(3 + lengthAt(frame, at, 2));
    case 0xc6: case 0xdb: return sized(5 + lengthAt(frame, at, 4));
    case 0xcc: case 0xd0: return sized(2);
    case 0xcd: case 0xd1: return sized(3);
    case 0xca: case 0xce: case 0xd2: return sized(5);
    case 0xcb: case 0xcf: case 0xd3: return sized(9);
    case 0xdc: return holding(3, lengthAt(frame, at, 2));
    case 0xdd: return holding(5, lengthAt(frame, at, 4));
    case 0xde: return holding(3, lengthAt(frame, at, 2) * 2);
    case 0xdf: return holding(5, lengthAt(frame, at, 4) * 2);
    default: throw malformed(frame, `it holds a value of the kind 0x${token.toString(16)}`);
  }
}

function sized(size: number): Measure {
  answer.size = size;
  answer.children = 0;
  return answer;
}

function holding(size: number, children: number): Measure {
  answer.size = size;
  answer.children = children;
  return answer;
}

function lengthAt(frame: Uint8Array, position: number, width: 1 | 2 | 4): number {
  let length = 0;
  // A byte past the end reads as 0 here: the size alone then reaches past the end, which the caller refuses.
  for (let i = 0; i < width; i += 1) length = length * 256 + (frame[position + i] ?? 0);
  return length;
}

function malformed(frame: Uint8Array, problem: string): ProtocolError {
  return new ProtocolError(`a frame of ${frame.length} bytes is not a batch of messages: ${problem}`, {
    frameBytes: frame.length,
  });
}
