import inc from './inc.ts';

export default function incList(values: readonly number[]): number[] {
  return values.map((value) => inc(value));
}
