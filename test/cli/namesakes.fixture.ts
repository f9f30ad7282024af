import { Flow } from 'heddle';

export const first = new Flow('same', () => 1);
export const second = new Flow('same', () => 2);
