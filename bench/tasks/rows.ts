import { task } from 'heddle';
import { price, type Row } from '../peers/rows.ts';

export const priceRows = task('price-rows', (rows: readonly Row[]) => price(rows));
