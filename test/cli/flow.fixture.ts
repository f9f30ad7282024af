import { context, Flow, Parameter, task } from 'heddle';

const greet = task('greet', (name: string, times: number) => {
  if (name === 'nobody') throw new RangeError('there is nobody to greet');
  context.logger.info('greeting');
  return Array.from({ length: times }, () => `hello ${name}`);
});

const wait = task('wait', async (shouldWait: boolean) => {
  if (!shouldWait) return;
  context.logger.info('waiting for the end');
  await new Promise((resolve) => {
    const timer = setInterval(() => {}, 1_000);
    context.signal.addEventListener('abort', () => {
      context.logger.info('told to end');
      clearInterval(timer);
      resolve(undefined);
    });
  });
});

export const greeting = new Flow('greeting', () => {
  const name = new Parameter('name', { default: 'you' });
  const times = new Parameter('times', { default: 1 });
  wait(new Parameter('stay', { default: false }));
  return greet(name, times);
});

export const other = new Flow('other', () => greet('other', 1));
