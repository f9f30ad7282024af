import { greeting } from './flow.fixture.ts';

const state = await greeting.run();
console.log(`${state.type}: ${state.output.join(', ')}`);
