/** `exactly<Expected>()(value)` compiles only when `value` is of the type `Expected`: neither wider nor narrower. */
export function exactly<Expected>(): <Actual>(value: Actual, ...proof: Proof<Actual, Expected>) => void {
  return () => {};
}

/** Two types are the same when no conditional type can tell them apart. */
type Proof<A, B> = Question<A> extends Question<B> ? [] : [never: 'the types differ'];
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- that it stays open is what makes it a question
type Question<A> = <T>() => T extends A ? 1 : 2;

export function differences(count: number): void {
  exactly<number>()(count);

  // @ts-expect-error -- narrower
  exactly<number>()(5 as const);
  // @ts-expect-error -- wider
  exactly<5>()(count);
  // @ts-expect-error -- another
  exactly<string>()(count);
}
