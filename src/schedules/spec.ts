/** A filter or an adjustment that comes with Heddle, as a program writes it: `name(...parameters)`, or `name`. */
export interface Spec {
  readonly name: string;
  readonly parameters?: readonly unknown[];
}
