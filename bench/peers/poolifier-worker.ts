import { ThreadWorker } from 'poolifier';
import inc from './inc.ts';

export default new ThreadWorker<number, number>((value) => inc(value ?? 0));
