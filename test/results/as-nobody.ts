/** Permissions mean nothing to an administrator, who acts as somebody else meanwhile. */
export async function asNobody(body: () => Promise<void>): Promise<void> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid!(65_534);
  try {
    await body();
  } finally {
    if (isRoot) process.seteuid!(0);
  }
}
