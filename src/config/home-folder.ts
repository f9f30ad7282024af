import { homedir } from 'node:os';

/**
 * What `~` stands for. A user whom the system does not know, like a number that a container is started as, has no home;
 * the root folder is what Docker says then.
 */
export function homeFolder(): string {
  try {
    return homedir() || '/';
  } catch {
    return '/';
  }
}
