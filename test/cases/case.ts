export interface Case {
  readonly id: string;
  readonly decision: string;
}
