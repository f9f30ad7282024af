// The task of piscina and tinypool, whose worker file exports it.

export default function inc(value: number): number {
  return value + 1;
}
