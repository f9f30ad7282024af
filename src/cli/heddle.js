#!/usr/bin/env node
// The way in. Plain JavaScript, because an older Node cannot even read the rest, and shall say so in one sentence.
import { existsSync } from 'node:fs';

const { bun, deno, node } = process.versions;
const here = bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node ${node}`;
if (bun || deno || parseInt(node) < 24) {
  const found = `heddle needs Node 24 or newer; this is ${here} (${process.execPath}).`;
  console.error(`${found} Install one, or run npm install node@24 in your project and use npx.`);
  process.exitCode = 1;
} else {
  // As written in the repository, as emitted in the package.
  const main = existsSync(new URL('main.ts', import.meta.url)) ? './main.ts' : './main.js';
  await import(main);
}
