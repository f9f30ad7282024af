// Parts of Node that take milliseconds to load, in each thread again, and that few programs need: loaded on first use.

export const nodeCrypto = () => process.getBuiltinModule('node:crypto');

export const nodeTls = () => process.getBuiltinModule('node:tls');

export const nodeZlib = () => process.getBuiltinModule('node:zlib');
