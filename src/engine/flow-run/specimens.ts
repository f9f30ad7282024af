// A flow of a parameter, and a run of it that nobody started.

import { Graph } from '../../flow/graph.ts';
import { Parameter } from '../../flow/parameter.ts';
import { keepSpecimen } from '../../lib/specimens.ts';
import { FlowRunner } from './flow-runner.ts';

const graph = new Graph('');
graph.build(() => new Parameter('parameter'));

keepSpecimen(new FlowRunner(graph, {} as ConstructorParameters<typeof FlowRunner>[1]));
