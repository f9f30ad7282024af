import assert from 'node:assert/strict';
import { Flow, ifElse, merge, Parameter, unmapped } from 'heddle';
import { newDiary } from '../../fixtures/diary.ts';
import { textsOf } from '../../fixtures/log-lines.ts';
import {
  HomeBody,
  homeBody,
  Invoice,
  invoice,
  loopsAndFails,
  megabytes,
  Money,
  pay,
  PaymentError,
  total,
  twice,
} from '../../fixtures/money.ts';
import { ask, client } from '../../fixtures/resources.ts';
import { count, echo, inc, list } from '../../fixtures/tasks.ts';
import type { Rule } from '../contract.ts';

export function registeredTypeRules(rule: Rule): void {
  rule('instances of a registered class are what they were, wherever they are given and returned', async (run) => {
    const flow = new Flow('money', () => {
      const doubled = twice.map([new Money(1), new Money(2)]);
      return {
        constant: twice(new Money(5)),
        parameter: twice(new Parameter<Money>('money')),
        default: twice(new Parameter('other', { default: new Money(7) })),
        total: total(twice.map(doubled)),
        mappedOverResult: twice.map(echo([new Money(8)]) as never),
        unmapped: list.map([1], unmapped(new Money(9))),
      };
    });

    const { state } = await run(flow, { parameters: { money: new Money(6) } });

    const { output } = state;
    assert.deepEqual([output.constant.cents, output.parameter.cents, output.default.cents], [10, 12, 14]);
    assert.equal(output.total.cents, 12);
    const [first] = output.mappedOverResult;
    assert.ok(first instanceof Money && first.cents === 16);
    const [[, money]] = output.unmapped as [[number, Money]];
    assert.ok(money instanceof Money && money.cents === 9);
  });

  rule('a task whose module knows nothing of a type gets instances of it all the same', async (run) => {
    const { state } = await run(new Flow('unaware', () => echo.map([new Money(1), { in: [new Money(2)] }])));

    const [alone, inside] = state.output as [Money, { in: [Money] }];
    assert.deepEqual([alone.cents, inside.in[0].cents], [1, 2]);
  });

  rule('so does a branch, and what merges branches', async (run) => {
    const flow = new Flow('branched', () => ifElse(inc(0), () => echo(new Money(3)), () => echo(new Money(4)))); // prettier-ignore

    const { state } = await run(new Flow('merged', () => merge(echo(new Money(3)), echo(new Money(4)))));
    const { state: branched } = await run(flow);

    assert.equal((state.output as Money).cents, 3);
    assert.equal((branched.output as Money).cents, 3);
  });

  rule('an error of a registered class is one again where the flow was started, with its fields', async (run) => {
    const { state } = await run(new Flow('paying', () => ({ thrown: pay(new Money(5)), given: echo(errorAsData()) })));

    const { error } = state.of('pay');
    assert.ok(error instanceof PaymentError && error.due instanceof Money);
    assert.deepEqual([error.message, error.due.cents], ['no funds', 5]);
    assert.match(error.stack ?? '', /money\.ts/);
    const given = state.of('echo').result;
    assert.ok(given instanceof PaymentError && given.due.cents === 6);
  });

  rule(
    'a type that cannot be rebuilt where it arrives fails who was to get it, and nobody else [D084]',
    async (run) => {
      const flow = new Flow('broken-type', () => [echo.map([1, new HomeBody(), 3]), echo(new HomeBody()), homeBody(), inc(1)]); // prettier-ignore

      const { state } = await run(flow);

      const codes = ['echo', 'echo-2', 'home-body'].map((slug) => {
        const failed = [state.of(slug), ...state.of(slug).children].find(({ error }) => error !== undefined);
        return (failed?.error as { code?: string } | undefined)?.code;
      });
      assert.deepEqual(codes, ['TYPE_CODEC_FAILED', 'TYPE_CODEC_FAILED', 'TYPE_CODEC_FAILED']);
      assert.equal(state.of('inc').type, 'Success');
    },
  );

  rule('a parameter that cannot be made again where tasks run fails none that do not read it', async (run) => {
    using diary = newDiary();
    const flow = new Flow('unread', () => {
      new Parameter('body');
      return [inc(1), ask('x', client(diary.path))];
    });

    const { state } = await run(flow, { parameters: { body: new HomeBody() } });

    assert.equal(state.type, 'Success', state.message);
  });

  rule('a run has failed when what it returned cannot be made again where the flow was started', async (run) => {
    const { state } = await run(new Flow('far-from-home', () => ({ body: homeBody(), one: inc(1) })));

    const { code, message, task } = state.of('home-body').error as Error & Readonly<Record<string, unknown>>;
    assert.deepEqual([state.type, code, task], ['Failed', 'TYPE_CODEC_FAILED', 'home-body']);
    assert.match(
      message,
      /^what task 'home-body' returned cannot be read where the flow was started: .*not at home\. The/,
    );
    assert.match(
      state.message,
      /^Some reference tasks failed: home-body: HeddleError: what task 'home-body' returned cannot be read/,
    );
    assert.equal(state.output.one, 2);
    assert.throws(() => state.output.body, { code: 'OUTPUT_UNAVAILABLE' });
  });

  rule('what arrives changed is told once for a task and a path, however many runs find it', async (run) => {
    const cents = Array.from({ length: 200 }, (_, index) => index);

    const { state, logs } = await run(new Flow('told-once', () => invoice.map(cents)));

    assert.equal(state.type, 'Success');
    assert.deepEqual(
      logs.filter(({ level }) => level === 'warn').map(({ message }) => message.replace(/\[\d+\]/, '[…]')),
      [
        `result.invoices[…] of task 'invoice' is an Invoice (class instance): it arrives as a plain object, without its ` +
          `class and so without isHigh. Fix: register it: registerType(Invoice, { tag, encode, decode ` +
          `}), in a module that both sides import`,
      ],
    );
    const [first] = state.output as { invoices: [Invoice] }[];
    assert.ok(first?.invoices[0].total instanceof Money);
    assert.ok(!(first.invoices[0] instanceof Invoice));
  });

  rule(`with check: 'strict' what would arrive changed is a failure, and with 'off' nothing`, async (run) => {
    const value = [new Invoice(new Money(1))];
    const strict = { check: 'strict' } as const;
    const flow = new Flow('checked', () => ({
      result: invoice.with({ ...strict, slug: 'result' })(1),
      constant: count.with({ ...strict, slug: 'constant' })(value),
      element: echo.with({ ...strict, slug: 'element' }).map([1, value[0]]),
      off: [invoice.with({ check: 'off' })(1), count.with({ check: 'off' })(value)],
    }));

    const { state, logs } = await run(flow);

    const errors = [state.of('result'), state.of('constant'), ...state.of('element').children].map(
      ({ error }) => error,
    );
    assert.deepEqual(
      errors.map((error) => (error as { code?: string } | undefined)?.code),
      ['VALUE_WOULD_CHANGE', 'VALUE_WOULD_CHANGE', undefined, 'VALUE_WOULD_CHANGE'],
    );
    assert.match(
      errors[0]!.message,
      /^Task 'result' returned a value that would arrive changed, and its check is 'strict'/,
    );
    assert.deepEqual(textsOf(logs, 'warn'), []);
    assert.deepEqual([state.of('invoice').type, state.of('count').type], ['Success', 'Success']);
  });

  rule('what a loop hands on, and a retry would have to send, is a failure when it cannot be sent', async (run) => {
    const { state } = await run(new Flow('loop-of-code', () => loopsAndFails.map([1, 2])));

    const codes = state.of('loops-and-fails').children.map(({ error }) => (error as { code?: string }).code);
    assert.deepEqual(codes, ['VALUE_NOT_SERIALIZABLE', 'VALUE_NOT_SERIALIZABLE']);
  });

  rule('a value over the limit is a failure that names its largest part, and fails nobody else', async (run) => {
    const big = { name: 'rows', text: 'x'.repeat(3 * 2 ** 20) };
    const small = echo.with({ valueLimit: 1, slug: 'small' });
    const flow = new Flow('limited', () => [
      megabytes.map([0, 2, 0]),
      small.map([1, big, 3]),
      small.with({ slug: 'constant' })(big),
      small.with({ slug: 'text' })('é'.repeat(2 ** 20)),
      small.with({ slug: 'filled' })({ big, other: echo(1) }),
    ]);

    const { state } = await run(flow);

    const ends = (slug: string) => state.of(slug).children.map(({ type }) => type);
    assert.deepEqual([ends('megabytes'), ends('small')], [
      ['Success', 'Failed', 'Success'],
      ['Success', 'Failed', 'Success'],
    ]); // prettier-ignore
    assert.equal(
      state.of('megabytes').children[1]!.error?.message,
      `Task 'megabytes' [map index 1] returned a value of 2 MB, and the limit is 1 MB.

  Most of it is in result.frames[0].pixels, a Uint8Array of 2 MB

  Fix:
    - write it to storage, and send where it is
    - or send it in parts: map over them
    - or raise the valueLimit of the task, or [values] limit in the configuration, in megabytes`,
    );
    const alone = ['constant', 'text', 'filled'].map((slug) => state.of(slug));
    for (const { error } of [state.of('small').children[1]!, ...alone]) {
      assert.equal((error as { code?: string } | undefined)?.code, 'VALUE_TOO_LARGE');
    }
    assert.match(state.of('constant').message, /Most of it is in input 'argument 1'\.text, a string of 3 MB/);
    assert.match(state.of('filled').message, /Most of it is in input 'argument 1'\.big\.text, a string of 3 MB/);
  });
}

function errorAsData(): PaymentError {
  return new PaymentError('as data', new Money(6));
}
