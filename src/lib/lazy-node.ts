// Parts of Node that take milliseconds to load, in each thread again, and that few programs need: loaded on first use.

import { once } from './once.ts';

export const nodeCrypto = once(() => process.getBuiltinModule('node:crypto'));

export const nodeTls = once(() => process.getBuiltinModule('node:tls'));

export const nodeZlib = once(() => process.getBuiltinModule('node:zlib'));
