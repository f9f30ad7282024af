// A flow whose task leaves a request behind that nobody answers.

import { Flow, Parameter, task } from 'heddle';

const ask = task('ask', (port: number) => {
  void fetch(`http://127.0.0.1:${port}/`).catch(() => {});
  return 1;
});

export const flow = new Flow('asking', () => [ask(new Parameter<number>('port'))]);
