/** Makes it when it is first asked for; from then on, what was made is given, and what made it is let go. */
export function once<Made>(make: () => Made): () => Made {
  let toMake: (() => Made) | undefined = make;
  let made!: Made;
  return () => {
    if (toMake === undefined) return made;
    made = toMake();
    toMake = undefined;
    return made;
  };
}

interface Kept<Key, Made> {
  get(key: Key): Made | undefined;
  set(key: Key, made: Made): unknown;
}

/** The same for each key of a map, which keeps what was made. */
export function onceIn<Key, Made>(map: Kept<Key, Made>, key: Key, make: () => Made): Made {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
