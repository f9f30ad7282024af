/**
 * Fills the mask of a frame that goes to this address; undefined when that takes chance. What a client sends is masked
 * so that no proxy that reads along takes it for something else. Where none can, because it is encrypted or does not
 * leave this machine, a mask of zeros does as well, with which all bytes stay what they are: the other end need not
 * unmask them, nor this one copy them first.
 */
export function maskingFor({ protocol, hostname }: URL): ((mask: Buffer) => void) | undefined {
  return protocol === 'wss:' || isThisMachine(hostname) ? (mask) => void mask.fill(0) : undefined;
}

function isThisMachine(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
