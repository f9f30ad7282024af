// npm run bench [-- NAME… --rounds N --json FILE]

import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { carryOut, type Findings, type Measurement } from './lib/measurement.ts';
import { formatReport } from './lib/report.ts';
import { observeSetting } from './lib/setting.ts';
import { measurements } from './measurements/all.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '7' }, json: { type: 'string' } },
});
const names = measurements.map(({ name }) => name);
const unknown = positionals.filter((name) => !names.includes(name));
const rounds = Number(values.rounds);

if (unknown.length > 0 || !Number.isSafeInteger(rounds) || rounds < 1) {
  const problem = unknown.length > 0 ? `no measurement '${unknown.join(`', '`)}'` : `--rounds should be 1 or more`;
  console.error(`bench: ${problem}. Usage: npm run bench [-- NAME… --rounds N --json FILE], of ${names.join(', ')}`);
  process.exitCode = 2;
} else {
  const wanted = measurements.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  await measure(wanted);
}

async function measure(wanted: readonly Measurement[]): Promise<void> {
  const finishSetting = observeSetting(rounds);
  const findings: Findings[] = [];
  for (const measurement of wanted) {
    process.stderr.write(`measuring ${measurement.name} …\n`);
    try {
      findings.push(await carryOut(measurement, rounds));
    } catch (error) {
      // The others shall not have been for nothing.
      const { name, title } = measurement;
      findings.push({ name, title, lines: [], absent: [`it failed (${String(error)})`] });
      process.exitCode = 1;
    }
  }
  const setting = finishSetting();
  console.log(formatReport(findings, setting));
  if (values.json !== undefined) {
    await writeFile(values.json, `${JSON.stringify({ setting, findings }, undefined, 2)}\n`);
  }
}
