import workerpool from 'workerpool';
import inc from './inc.ts';

workerpool.worker({ inc });
