export type { Pages } from './pages.ts';
export { connect } from './ws-connect.ts';
export type { ConnectOptions } from './ws-connect.ts';
export { listen } from './ws-listen.ts';
export type { Listener, ListenOptions } from './ws-listen.ts';
