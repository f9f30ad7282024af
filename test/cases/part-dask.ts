import type { Case } from './case.ts';

/** What there is instead of what Dask has: decided where no test can show the same. */
export const daskCases: readonly Case[] = [
  {
    id: 'D009',
    decision:
      'Nothing is scattered or replicated: what many runs share is an argument, held once by the scheduler and once by each worker that needs it, and no death of a worker can take it.',
  },
  {
    id: 'D023',
    decision:
      'There are no leases that could expire: a limit counts what the scheduler has handed out, so what a lost worker had of it is free the moment that it is lost.',
  },
  {
    id: 'D027',
    decision:
      'Workers never fetch from each other, so none waits for another that is gone: results come with the chunk.',
  },
  {
    id: 'D034',
    decision:
      'No answer calls a worker unknown: a worker is its connection, the scheduler closes that of one which it has given up, and what comes back over another one is a new worker.',
  },
  {
    id: 'D039',
    decision:
      'A cluster is not restarted in place, so no heartbeat can meet a restart: `close()` and `start()` give another scheduler, whose workers are new.',
  },
  {
    id: 'D040',
    decision:
      'A heartbeat is a ping of the WebSocket and says nothing of tasks, so none can name one that was cancelled.',
  },
  {
    id: 'D042',
    decision:
      'The interval of pings is a fifth of the heartbeat timeout, however many there are: a ping is a frame of two bytes, and ten thousand of them are a few milliseconds of work.',
  },
  {
    id: 'D048',
    decision:
      'A worker process that does not end when it is told is killed five seconds later, with all that it started; `close()` resolves when it is gone.',
  },
  {
    id: 'D058',
    decision:
      'There is no restart that cancels the work of all clients: each cancels its own, and the others do not notice.',
  },
  {
    id: 'D059',
    decision:
      'There is no restart that could time out: a worker process that does not end when it is told is killed five seconds later, and `close()` resolves when it is gone.',
  },
  {
    id: 'D080',
    decision:
      'A failure stops nothing but what waits for it: a run goes on until each task run is settled, since their results are worth having; who wants to stop at the first one aborts the signal of the run.',
  },
  {
    id: 'D082',
    decision:
      'A task cannot ask to be run elsewhere: `RETRY` asks for another time, and what a task needs of a worker is said in its options.',
  },
  {
    id: 'D087',
    decision:
      'A large input is not warned of, since it is sent once to each worker that needs it and held as bytes; over `valueLimit` it is an error that names its largest part.',
  },
  {
    id: 'D093',
    decision:
      'A scheduler does not judge whether inputs fit into a worker: `valueLimit` bounds each value, and a thread that runs out of memory ends its run as `Crashed`, with the limit in the message.',
  },
  {
    id: 'D094',
    decision:
      'No object is passed by reference, not even on the thread of the flow: what works there works on every executor. Memory that is shared on purpose is a `SharedArrayBuffer`.',
  },
  {
    id: 'D113',
    decision:
      'There is no work without an owner: what a flow run submitted is dropped with it, and what is to outlive its client is started by `heddle run` on a machine that stays.',
  },
  {
    id: 'D116',
    decision:
      'An executor holds nothing that could be shut down: it has a session for each flow run, which waits for its work or cancels it; a cluster that was closed is started again by the next run.',
  },
  {
    id: 'D117',
    decision:
      'Results are not iterated while a run goes on: it gives a state when all is settled. A run of which no more is wanted is cancelled by its signal.',
  },
  {
    id: 'D118',
    decision:
      'Nothing is stolen, so no two can ask for one task: a chunk stays where it was assigned, and is small enough for nobody to wait long behind it.',
  },
  { id: 'D120', decision: 'Nothing is stolen, so nothing can be asked for that was released already.' },
  { id: 'D121', decision: 'Nothing is stolen, so nothing is in flight between two workers when it is run again.' },
  { id: 'D122', decision: 'Nothing is balanced between workers that could lose a task on its way.' },
  {
    id: 'D125',
    decision:
      'Nothing is stolen: short tasks of equal length are dealt out in turn, and the chunks of all end together.',
  },
  {
    id: 'D133',
    decision:
      'A run without workers waits, and says what it waits for and how to start one, once; who does not want to wait gives the run a signal, like `AbortSignal.timeout(60_000)`.',
  },
  {
    id: 'D140',
    decision:
      'A task does not leave its slot while it runs: what waits for a time, a condition or a retry holds none, and a flow that a task runs on its own cluster is told when it waits for itself.',
  },
  {
    id: 'D156',
    decision:
      'What is sent on a closed channel is dropped in silence, since its sender hears once that it is closed, by whom and why, and a race between the two is nobody’s mistake.',
  },
  {
    id: 'D164',
    decision:
      'No user code runs on the thread of a scheduler or a worker process, so nothing blocks their event loops for long; a scheduler that was asleep forgives silence, whatever it was asleep for.',
  },
];
