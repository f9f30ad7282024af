import { greeting } from './flow.fixture.ts';

for (const flowRunName of ['first', 'second']) {
  const state = await greeting.run({ flowRunName });
  console.log(`${state.flowRunName}: ${state.output.join(', ')}`);
}
