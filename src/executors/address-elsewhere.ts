import { hostname } from 'node:os';

/** How other machines reach what has this `url` here: by the name of this one, if it listens at all addresses. */
export function addressElsewhere(url: string, host: string | undefined): string {
  if (host !== '0.0.0.0' && host !== '::') return url;
  const { protocol, port } = new URL(url);
  return `${protocol}//${hostname()}:${port}`;
}
