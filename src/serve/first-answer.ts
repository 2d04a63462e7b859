/** The first outcome that is not null; null when all are null or failed. */
export function firstAnswer<T>(attempts: readonly Promise<T | null>[]): Promise<T | null> {
  return new Promise((resolve) => {
    let open = attempts.length;
    const lost = () => {
      if (--open === 0) resolve(null);
    };
    if (open === 0) resolve(null);
    for (const attempt of attempts) attempt.then((answer) => (answer === null ? lost() : resolve(answer)), lost);
  });
}
