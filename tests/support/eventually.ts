/** Waits until the condition holds; rejects after `ms`. For hooks too, where `expect.poll` must not be. */
export async function eventually(condition: () => Promise<boolean>, ms = 15_000): Promise<void> {
  const end = performance.now() + ms;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
