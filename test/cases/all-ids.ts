// What is known of Prefect 1 that a user of it may count on: its behaviour, case by case (P), and the questions that its
// own documentation answers (S), but for those that only arise with a server; and what clusters of Dask (D) and of Node
// (N) do when machines die, hang, lie and come back. The numbers have gaps.

const ranges: readonly (readonly [about: string, ids: string])[] = [
  ['questions and pitfalls', 'S01-S07 S10 S12-S18 S20-S21 S23-S24'],
  [
    'mapping',
    'P003-P006 P008-P020 P022-P025 P027 P030 P032 P034-P035 P037-P038 P040-P042 P044 P046-P049 P051 P053-P054',
  ],
  ['builders over elements, marks, collections', 'P063-P077'],
  ['making tasks and parameters', 'P081-P088 P090-P093 P095-P099'],
  ['building flows', 'P103-P107 P109-P112 P114-P122'],
  ['task runs: retries, upstream, triggers, timeouts', 'P131-P134 P136-P138 P142-P151 P153-P154 P156-P158'],
  ['loops', 'P161-P171'],
  ['state handlers', 'P182-P183 P185-P186 P188-P190 P192-P194'],
  ['signals, states, triggers', 'P201-P203 P205-P206 P208 P210-P213 P215-P218'],
  ['flow runs', 'P222-P226 P228-P233 P236 P238-P241'],
  ['schedules and caches from run to run', 'P252-P254 P256-P259'],
  ['results, targets, serializers, cache validators', 'P262-P263 P265 P267-P272 P274-P275 P277 P279'],
  ['context, configuration, log, secrets, debugging', 'P283-P284 P286-P289 P291-P301'],
  ['branches and resources', 'P311 P314 P316-P317 P319 P321-P323 P325-P329'],
  ['executors', 'P342-P344 P346 P349 P351-P358'],
  ['schedules', 'P362 P365-P378 P380-P382'],
  [
    'servers, agents, sub-flows, command line',
    'P391-P393 P395-P396 P398-P399 P402-P404 P408-P412 P415 P417 P419-P421 P423-P425 P427-P432 P434',
  ],
  ['loss of workers', 'D001-D007 D009 D012-D020 D023-D024 D026-D028'],
  ['hung workers, heartbeats, coming back', 'D029 D032 D034 D037 D039-D042'],
  ['starting and ending clusters', 'D043-D044 D046-D048 D050-D051 D053-D055 D057-D059 D061-D064'],
  ['retries and errors', 'D065-D066 D069-D071 D073-D082'],
  ['values, sizes, code', 'D083-D094 D096-D097 D099'],
  ['cancelling and races', 'D100-D101 D103-D113 D115-D118 D120-D123 D125'],
  ['scheduling and scaling', 'D127-D133 D136 D139-D140 D142-D143 D145'],
  ['logs, connections, security', 'D146-D147 D149-D152 D154-D156 D159-D160 D162-D167'],
  ['what Node does', 'N02-N10 N12-N15'],
];

/** All ids, by what they are about. */
export const allIds: ReadonlyMap<string, readonly string[]> = new Map(
  ranges.map(([about, text]) => [about, text.split(' ').flatMap(idsOf)]),
);

/** `P003-P006` are four. */
function idsOf(range: string): string[] {
  const [first, last = first] = range.split('-') as [string, string?];
  const [from, to] = [Number(first.slice(1)), Number(last.slice(1))];
  const digits = first.length - 1;
  return Array.from({ length: to - from + 1 }, (_, step) => first[0] + String(from + step).padStart(digits, '0'));
}
