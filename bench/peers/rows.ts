// Rows of a kind that many programs have many of, and something to do with them that makes as many.

export interface Row {
  readonly id: number;
  readonly name: string;
  readonly price: number;
  readonly count: number;
  readonly isOpen: boolean;
  readonly city: string;
}

export function makeRows(count: number): Row[] {
  const cities = ['Oslo', 'Lima', 'Accra'];
  return Array.from({ length: count }, (_, id) => ({
    id,
    name: `article ${id}`,
    price: id * 1.25,
    count: id % 7,
    isOpen: id % 2 === 0,
    city: cities[id % 3]!,
  }));
}

export function price(rows: readonly Row[]): Row[] {
  return rows.map((row) => ({ ...row, price: row.price * row.count }));
}

export default price;
