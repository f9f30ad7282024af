// Whose code is it? Of a class or a function, the package and its version, or the user's file and line. V8 knows, and
// tells an inspector; where that may not be asked (`--permission`), nothing is said.

import { existsSync, readFileSync } from 'node:fs';
import { findSourceMap } from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Inspector, type Code, type Location } from '../lib/inspector.ts';
import { processWide } from '../lib/process-wide.ts';
import { makersOf, nameOf } from './kinds.ts';

/** To be told of all scripts takes some ten milliseconds: too much for code that is made again and again. */
let listingsLeft = 50;
const known = new WeakMap<object, string | undefined>();

/** Of packages that came in bundles of code, which say so themselves; by the URLs that their folders had there. */
const bundledVersions = processWide('bundled-versions', () => new Map<string, string>());

/** Of a package, with its version: `pg 8.23.1`. */
const packagePattern = /^(?:@[^/ ]+\/)?[^/ :]+ \d/;
/** What these packages make is a connection to something, whatever its class is called. */
const clientPackages =
  /^(?:pg|pg-pool|ioredis|redis|@redis\/client|mongodb|mysql|mysql2|ws|amqplib|kafkajs|@prisma\/client|knex|nats) /;

/** What these packages make holds back some of what runs in one process. */
const limiterPackages =
  /^(?:p-limit|p-queue|p-throttle|bottleneck|async-mutex|async-sema|async-lock|await-lock|limiter) /;

/** What a thing is, as `nameOf` has it, but with the package that it comes from, or the place of a function. */
export function nameWithOrigin(value: unknown): string {
  const name = nameOf(value);
  const origin = makersOf(value)
    .map(originOf)
    .find((each) => each !== undefined);
  if (origin === undefined || (typeof value !== 'function' && !packagePattern.test(origin))) return name;
  return `${name.replace(/ \([^)]*\)$/, '')} (${origin})`;
}

/** The package that a thing comes from, with its version. */
export function homePackage(value: unknown): string | undefined {
  const origins = makersOf(value).map((maker) => originOf(maker) ?? '');
  return origins.find((origin) => packagePattern.test(origin));
}

export function isOfClientPackage(value: unknown): boolean {
  return clientPackages.test(homePackage(value) ?? '');
}

export function isOfLimiterPackage(value: unknown): boolean {
  return limiterPackages.test(homePackage(value) ?? '');
}

/** Such as `pg 8.23.1` or `flows/load.ts:12`; nothing when it is Node's own, or cannot be told. */
function originOf(callable: object): string | undefined {
  if (!known.has(callable)) known.set(callable, findOrigin(callable));
  return known.get(callable);
}

function findOrigin(callable: object): string | undefined {
  try {
    const place = locate(callable);
    return place && (packageOf(place.url) ?? fileOf(place));
  } catch {
    return undefined;
  }
}

interface SourceLine {
  readonly url: string;
  /** Counted from 1. */
  readonly line: number;
}

function locate(callable: object): SourceLine | undefined {
  using inspector = new Inspector();
  const location = inspector.locationOf(callable as Code);
  if (location === undefined) return undefined;
  if (!inspector.isKnown(location)) {
    if (listingsLeft === 0) return undefined;
    listingsLeft -= 1;
  }
  const script = inspector.scriptAt(location);
  return script && sourceOf(script.url, location);
}

/** What was bundled is where it was before. */
function sourceOf(url: string, { line, column }: Location): SourceLine {
  const map = url.startsWith('file:') ? findSourceMap(fileURLToPath(url)) : undefined;
  const entry = map?.findEntry(line, column);
  if (entry !== undefined && 'originalSource' in entry)
    return { url: entry.originalSource, line: entry.originalLine + 1 };
  return { url, line: line + 1 };
}

function packageOf(url: string): string | undefined {
  const [, folder, name] = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(url) ?? [];
  if (folder === undefined || name === undefined) return undefined;
  const bundled = bundledVersions.get(folder);
  if (bundled !== undefined) return `${name} ${bundled}`;
  const path = folder.startsWith('file:') ? fileURLToPath(folder) : folder;
  if (!existsSync(`${path}/package.json`)) return name;
  const { version } = JSON.parse(readFileSync(`${path}/package.json`, 'utf8')) as { version?: unknown };
  return typeof version === 'string' ? `${name} ${version}` : name;
}

function fileOf({ url, line }: SourceLine): string | undefined {
  if (!url.startsWith('file:')) return undefined;
  return `${relative(process.cwd(), fileURLToPath(url))}:${line}`;
}
