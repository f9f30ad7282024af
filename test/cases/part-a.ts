import type { Case } from './case.ts';

/** What there is instead, from mapping to loops: decided where no test can show the same. */
export const casesA: readonly Case[] = [
  {
    id: 'P005',
    decision:
      'A task that is mapped over one that failed ends as `TriggerFailed`, like whatever else waits for a failure, and its message names the task that gave no list; with a trigger of its own it is `Failed`, since there is nothing to map over.',
  },
  {
    id: 'P008',
    decision:
      'A skipped child has no result, whether it raised `SKIP` itself or was skipped by its upstream: its place in the list is `undefined`, and the signal is never among the values.',
  },
  {
    id: 'P011',
    decision:
      '`flow.run()` takes no `task_states`; an upstream task that is skipped, by `SKIP` or by its own upstream, skips what is mapped over it.',
  },
  {
    id: 'P019',
    decision:
      'The context cannot be added to from outside: what all mapped children are to know is a `Parameter` of the flow, in `context.parameters`, or an `unmapped()` argument.',
  },
  {
    id: 'P030',
    decision:
      '`flow.run()` takes no `task_states`; what is mapped over a value that is no list, `undefined` too, is `Failed` with `NOT_ITERABLE`.',
  },
  {
    id: 'P037',
    decision:
      '`flatten()` of a list that is not nested is an error that names the element (`NOT_ITERABLE`), and is not passed on as it is; the compiler refuses it first.',
  },
  {
    id: 'P041',
    decision:
      'A mapped child that gives no list cannot be flattened: what is mapped over it is `Failed` with the element named, where Prefect warned and passed the value on.',
  },
  {
    id: 'P042',
    decision:
      'Children are never made again from a count: a run that is started again by its `flowRunId` knows each outcome by its index, and does what is missing.',
  },
  {
    id: 'P048',
    decision:
      'No child is handed a `Scheduled` state: one that asked for a later time with `RETRY`, or waits for its retry, is kept by the scheduler until then, and its neighbours go on.',
  },
  {
    id: 'P051',
    decision: 'A `Mapped` state always has its `children`, so there is no count to make them from.',
  },
  {
    id: 'P063',
    decision:
      'There is no `apply_map`: the builder of a part is a plain function of mapped nodes, called once, which calls each task with `.map()`, so nothing in it is forbidden.',
  },
  {
    id: 'P065',
    decision:
      'Without `apply_map`, a plain function may call `.map()` for lists of different lengths as it likes; each task is as long as what it is mapped over itself.',
  },
  {
    id: 'P069',
    decision:
      'Without `apply_map`, each task of a part waits for what it is given and for what `upstreamTasks` names, and for nothing else.',
  },
  {
    id: 'P072',
    decision: 'Edges have no keys: arguments go by their position, and the compiler checks each of them.',
  },
  {
    id: 'P076',
    decision: 'A function with rest parameters is a task like any other, because arguments go by position.',
  },
  {
    id: 'P077',
    decision:
      "There is no `defaults_from_attrs`: a parameter of the function has a default in JavaScript's own way, which stands for `undefined` and not for `null`, and a class reads `this`.",
  },
  {
    id: 'P084',
    decision:
      "A `timeout` is milliseconds or a text like `'1.5s'`, fractions and all; nothing is rounded, and 0 is refused.",
  },
  {
    id: 'P085',
    decision:
      'No argument names are reserved: `upstreamTasks` and other options are given to `task.with({ … })`, apart from the arguments.',
  },
  {
    id: 'P086',
    decision:
      'A copy made by `with()` is a copy of the definition; edges belong to the nodes that calls make, so there are none to lose and nothing to warn of.',
  },
  {
    id: 'P087',
    decision:
      'A copy has the name of its original unless `with({ name })` says otherwise, and in a flow a second use of a name gets a number: `load`, `load-2`; an explicit `slug` is used as it is.',
  },
  {
    id: 'P090',
    decision:
      'There is no `nout`: taking a node apart is an error that says so (`NODE_HAS_NO_VALUE`), and a part is made by a task that returns it, or the whole is passed on.',
  },
  {
    id: 'P096',
    decision: 'A parameter is a node and is passed as it is; it cannot be called, which the compiler says.',
  },
  {
    id: 'P099',
    decision:
      'There is no `pipe`: calls nest, as in `save(score(load(path), 2))`, and marks stand around the argument that they are for.',
  },
  {
    id: 'P105',
    decision:
      '`flow.addTask(task)` is a call of it like any other: a task that is added twice is run twice, under a slug of its own each time.',
  },
  {
    id: 'P109',
    decision:
      'Nothing is left over: a task that is made and not called belongs to no flow, a parameter that is made in a builder belongs to that flow, and a task that is passed on or returned without a call is refused (`NOT_A_NODE`).',
  },
  {
    id: 'P112',
    decision:
      'There is no `flow.update()`: what two flows share is a function that calls its tasks, and both builders call that; parameters are made once and passed to it.',
  },
  {
    id: 'P114',
    decision:
      'There is no `flow.replace()`: a part that is to differ is an argument of the function that builds the flow, or a `Parameter` with a default.',
  },
  {
    id: 'P115',
    decision:
      'Slugs are made of names alone, `load`, `load-2`, `load-3`, in the order of the calls; tags take no part.',
  },
  {
    id: 'P117',
    decision:
      'The name of a task and the slug of a node cannot be changed once they are made; `with({ name })` makes another task.',
  },
  {
    id: 'P118',
    decision:
      'Flows are not registered, so there is no `serialized_hash`; a run that is resumed compares what is bound to each task itself.',
  },
  {
    id: 'P120',
    decision:
      'A flow is always run as a whole, in an order that its edges allow; to do only a part of one again, resume its run by `flowRunId`.',
  },
  {
    id: 'P134',
    decision:
      '`RETRY` takes a `Date` or milliseconds since 1970, which are points in time and need no zone; a text is refused.',
  },
  {
    id: 'P137',
    decision:
      'No task run is handed a state to begin with; a flow run that is going on under a `flowRunId` is not begun a second time (`RUN_IS_ACTIVE`).',
  },
  {
    id: 'P138',
    decision:
      'No task run is handed a state to begin with; a flow run that is resumed by its `flowRunId` keeps what was successful or skipped, and does again what failed.',
  },
  {
    id: 'P142',
    decision: 'States do not hold each other, so there is nothing to unwrap.',
  },
  {
    id: 'P147',
    decision:
      'Waiting for a time is the business of the scheduler: a task run is begun when its time has come, at once if that is past, and is never asked before.',
  },
  {
    id: 'P150',
    decision:
      'There is no `ENDRUN`: throw the signal of the state to end in, such as `SUCCESS`, `SKIP`, `FAIL` or `PAUSE`.',
  },
  {
    id: 'P153',
    decision:
      'A missing argument is found by the compiler; in plain JavaScript it is `undefined`, as in any other call.',
  },
  {
    id: 'P154',
    decision:
      'There is no `raise_on_exception`: what a task throws is the `error` of its state, on every executor; `task.run(…)` calls the function without a flow, and `if (state.isFailed()) throw state.error` ends a script.',
  },
  {
    id: 'P168',
    decision:
      'No loop begins in its middle: the number of an iteration is in `context.taskLoopCount` for reading, and where to begin is an argument of the task.',
  },
  {
    id: 'P171',
    decision:
      '`LOOP` without a result hands on nothing: `context.taskLoopResult` is `undefined` in the next iteration, not the text of the signal.',
  },
];
