import type { Case } from './case.ts';

/** What there is instead, from signals to the command line: decided where no test can show the same. */
export const casesB: readonly Case[] = [
  {
    id: 'P205',
    decision:
      'States are not compared by value: compare the `type` and the `result` that you mean, or what `state.toJSON()` gives.',
  },
  {
    id: 'P206',
    decision: 'No state holds another: `Submitted` and `Queued` are types like the others, so nothing nests.',
  },
  {
    id: 'P210',
    decision:
      '`state.result` can always be read, children included: it is decoded when it is first asked for, so there is no `load_result`.',
  },
  {
    id: 'P225',
    decision:
      '`flow.run()` takes no `task_states`, so there is nothing that it could change; to try a function by itself, call `task.run(…)`.',
  },
  {
    id: 'P226',
    decision:
      '`flow.run()` takes no `state` to begin with: a run that is to go on is named by its `flowRunId`, and knows itself what it has done.',
  },
  {
    id: 'P233',
    decision:
      'What is cached is stored, and so used again by later runs in this and in other processes; without `cacheFor` nothing is.',
  },
  {
    id: 'P236',
    decision:
      'The context takes no keys of yours, so none can stand in the place of ours: values for a whole run are parameters.',
  },
  {
    id: 'P270',
    decision:
      'There are no constant, secret or database results that would have to refuse a serializer: `LocalResult` takes one, and a result of your own decides for itself.',
  },
  {
    id: 'P271',
    decision: 'A secret is no result: a task reads `context.secrets.NAME` where it needs it, anew in every run.',
  },
  {
    id: 'P279',
    decision:
      'No state can be given to a task run, so none can contradict what is cached; a run that is resumed keeps the outcomes that it had.',
  },
  {
    id: 'P288',
    decision:
      'A configuration is not made variables of: a worker process is started with the environment of its cluster, and reads the same files.',
  },
  {
    id: 'P289',
    decision:
      'A configuration is not changed for a while: what is to differ in one run or one task is an option of that run or task.',
  },
  {
    id: 'P293',
    decision:
      'Log lines are not uploaded: they come to the run on the road of its results, and an `onLog` of yours that throws ends the run with `LOG_LISTENER_FAILED` rather than losing lines in silence.',
  },
  {
    id: 'P296',
    decision:
      'A log record has fixed fields, of which those that do not apply are absent; whatever else you want to see goes into its message.',
  },
  {
    id: 'P301',
    decision:
      'In no mode does what a task throws leave `flow.run()`: the state carries it as `error`, reading `state.output` throws with it as the cause, and `task.run(…)` calls the function without a flow.',
  },
  {
    id: 'P344',
    decision:
      'Nobody waits for futures by hand: a node stands for its value in arrays and plain objects of any shape, which arrive with the values in their places.',
  },
  {
    id: 'P349',
    decision:
      'A cluster does not scale itself: workers join and leave it when they like, also while a flow runs, so whatever starts processes on your machines may do it.',
  },
  {
    id: 'P354',
    decision:
      'There is no switch for watching workers: that they come and go is told by the connection itself, and costs nothing.',
  },
  {
    id: 'P355',
    decision:
      'The report of a run is a text, `await state.timelineHtml()`: writing it to a file is yours, and so is what goes wrong there.',
  },
  {
    id: 'P391',
    decision: 'No server counts versions of states: the states of a run are with the process that started it.',
  },
  {
    id: 'P392',
    decision: 'Nobody sets the states of a run from outside while it runs: it can be started and cancelled.',
  },
  {
    id: 'P393',
    decision: 'A task that waits, for a retry or for another task, calls nobody: the scheduler keeps the time.',
  },
  {
    id: 'P396',
    decision:
      'A retry loads nothing from a storage: the values that it needs are kept as bytes until no task run needs them any more.',
  },
  {
    id: 'P398',
    decision:
      'States are reported to no server, so no report can fail; when the connection to the scheduler is lost, the run ends as `Failed`, with `SCHEDULER_LOST`.',
  },
  {
    id: 'P399',
    decision:
      'No server sees the states that a handler put others in place of: only what the last handler returned counts.',
  },
  {
    id: 'P402',
    decision:
      'Nothing is `Queued` for a limit by tag: how many tasks run at once is the number of threads of the cluster.',
  },
  {
    id: 'P403',
    decision:
      'Loops and retries call no API: both are counted where the task runs, as `context.taskLoopCount` and `context.taskRunCount`.',
  },
  { id: 'P408', decision: 'A cancel is not polled for: it is sent, on the connection that the work came over.' },
  {
    id: 'P409',
    decision: 'A run that waits does not look again every few seconds: a message or its own timer wakes it.',
  },
  {
    id: 'P410',
    decision:
      'The heartbeat is part of the connection between scheduler and worker, answered by a thread on which no task runs: it is always on, and cannot fail by itself.',
  },
  {
    id: 'P411',
    decision:
      'There are no agents: a flow runs in the process that calls `flow.run()` or `flow.serve()`, so nobody can submit it a second time.',
  },
  {
    id: 'P412',
    decision: 'No agent waits for the time of a run: `flow.serve()` does, and starts it in its own process.',
  },
  { id: 'P415', decision: 'Nobody polls for runs: `flow.serve({ maxRuns })` ends after so many.' },
  { id: 'P417', decision: 'A run is never marked as submitted: the call that makes it starts it.' },
  {
    id: 'P419',
    decision:
      'No environment is sent along with a run: tasks see the variables of their worker, and what differs from run to run is a parameter or a secret.',
  },
  {
    id: 'P421',
    decision:
      'There is no `create_flow_run` that takes an id or a name: import the other flow, and await its `run()` in a task.',
  },
  {
    id: 'P423',
    decision:
      'There is no `wait_for_flow_run`: `await other.run()` waits, and gives the state, a failed one too; `if (state.isFailed()) throw state.error` hands that on.',
  },
  {
    id: 'P424',
    decision:
      'A task cannot ask for the result of another by its slug: it takes that as an argument, or reads `state.of(slug)` of a flow that it ran itself.',
  },
  { id: 'P425', decision: 'There is no interval that could be too short: nothing is polled to wait for a flow.' },
  { id: 'P432', decision: 'There is no GraphQL API, and so nothing that builds queries for it.' },
];
