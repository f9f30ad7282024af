import { Flow, task, triggers } from 'heddle';

const deploy = task('deploy', { trigger: triggers.manualOnly }, () => 'deployed');

export const release = new Flow('release', () => deploy());
