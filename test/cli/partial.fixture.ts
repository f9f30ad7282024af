import { Flow, task } from 'heddle';
import { DistributedExecutor } from 'heddle/executors';

const fine = task('fine', () => 1);
const broken = task('broken', (): number => {
  throw new RangeError('it broke');
});

const output = () => ({ fine: fine(), broken: broken() });

export const parts = new Flow('parts', output);
parts.setReferenceTasks(parts.tasks({ name: 'fine' }));

export const whole = new Flow('whole', () => [fine(), broken()][1]!);
whole.setReferenceTasks(whole.tasks({ name: 'fine' }));

const nowhere = () => {
  throw new Error('there is no other machine');
};
export const elsewhere = new Flow('elsewhere', { executor: new DistributedExecutor(nowhere) }, () => fine());
