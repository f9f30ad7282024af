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

/** The path, with the home folder in the place of a `~` at its beginning. */
export function expandHome(path: string, home = homeFolder()): string {
  return path.replace(/^~(?=$|[/\\])/, () => home);
}
