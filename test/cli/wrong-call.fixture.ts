import { task } from 'heddle';

const double = task('double', (n: number) => 2 * n);

console.log(double(2));
