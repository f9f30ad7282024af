#!/usr/bin/env node
// The way in. Plain JavaScript, because an older Node cannot even read the rest, and shall say so in one sentence.
'use strict';

const [major] = process.versions.node.split('.').map(Number);
if (major < 24) {
  console.error(`heddle needs Node 24 or newer; this is Node ${process.versions.node} (${process.execPath}).`);
  process.exitCode = 1;
} else {
  const extension = import.meta.url.includes('/dist/') || import.meta.url.includes('/node_modules/') ? 'js' : 'ts';
  await import(`./main.${extension}`);
}
