export default function inc(value) {
  return value + 1;
}
