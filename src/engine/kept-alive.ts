/** The process goes on until it is disposed of: work on other threads and in other processes does not keep it. */
export function keptAlive(): Disposable {
  const timer = setInterval(() => {}, 2 ** 30);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
