import type { TestPage } from "../browsers/browser.ts";

/** One request of a probe. */
export interface Sample {
  readonly kind: "status" | "shell" | "package" | "repo" | "again";
  /** Milliseconds since the probe's first request. */
  readonly at: number;
  /** Milliseconds until the whole body was there. */
  readonly ms: number;
  /** 0: a network error. */
  readonly status: number;
  readonly source: string | null;
  readonly retryAfter: string | null;
}

export interface Probe {
  /** Asks no more, waits for the answers that are due, and returns all. */
  end(): Promise<Sample[]>;
}

/**
 * From the moment that a service worker controls the page, one request every `everyMs`: `status`, the app's page, a
 * package file, `repo`, and the package file that was answered last once more (`again`), in turn. A slow answer does not hold up the next request.
 */
export async function startProbe(
  page: TestPage,
  base: string,
  packages: readonly string[],
  everyMs: number,
): Promise<Probe> {
  await page.evaluate(
    (base, packages, everyMs) => {
      const samples: Sample[] = [];
      const pending = new Set<Promise<void>>();
      let count = 0;
      let begun = 0;
      let answered: URL | null = null;
      const ask = async (kind: Sample["kind"], url: URL) => {
        const started = performance.now();
        let [status, source, retryAfter]: [number, string | null, string | null] = [0, null, null];
        try {
          const response = await fetch(url, { cache: "no-store" });
          await response.arrayBuffer();
          status = response.status;
          source = response.headers.get("x-opam-source");
          retryAfter = response.headers.get("retry-after");
          if (kind === "package" && status === 200) answered = url;
        } catch {
          // Status 0 says it.
        }
        samples.push({ kind, at: started - begun, ms: performance.now() - started, status, source, retryAfter });
      };
      // The clock is a worker's: browsers slow down the timers of hidden pages.
      const ticks = `setInterval(() => postMessage(null), ${everyMs})`;
      const clock = new Worker(URL.createObjectURL(new Blob([ticks], { type: "text/javascript" })));
      clock.onmessage = () => {
        if (navigator.serviceWorker.controller === null) return;
        if (count === 0) begun = performance.now();
        const kinds = ["status", "shell", "package", "repo", "again"] as const;
        const kind = kinds[count % kinds.length]!;
        // Strides through the whole list, so that early and late parts of the pack are asked for alike.
        const file = packages[(Math.floor(count / kinds.length) * 7919) % packages.length]!;
        count++;
        const paths = {
          status: "opam/default/status",
          shell: "index.html",
          package: `opam/default/${encodeURI(file)}`,
          repo: "opam/default/repo",
        };
        if (kind === "again" && answered === null) return;
        const asked = ask(kind, kind === "again" ? answered! : new URL(paths[kind], base));
        pending.add(asked);
        void asked.then(() => pending.delete(asked));
      };
      Object.assign(globalThis, {
        endProbe: async () => {
          clock.terminate();
          await Promise.all(pending);
          return samples;
        },
      });
    },
    base,
    packages,
    everyMs,
  );
  return {
    end: () => page.evaluate(() => (globalThis as unknown as { endProbe(): Promise<Sample[]> }).endProbe()),
  };
}

/** The p-th percentile by nearest rank; 0 of nothing. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] ?? 0;
}
