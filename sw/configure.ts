import { errorRecord } from "../src/core/errors.ts";
import type { RepositoryConfig } from "../src/protocol/config.ts";
import { type Configured, protocolVersion } from "../src/protocol/messages.ts";
import type { Store } from "../src/store/store.ts";

/** Writes the configuration where every context finds it, and answers with what is mirrored. Never rejects. */
export async function configure(
  store: Store,
  given: readonly RepositoryConfig[] | null,
  refresh: () => Promise<void>,
  port: MessagePort | undefined,
): Promise<void> {
  const protocol = protocolVersion;
  try {
    for (const config of given ?? []) await store.configure(config);
    await refresh();
    const repositories = given ?? (await store.repositories()).map(({ config }) => config);
    port?.postMessage({ type: "configured", protocol, repositories } satisfies Configured);
  } catch (thrown) {
    port?.postMessage({ type: "failed", protocol, error: errorRecord(thrown) } satisfies Configured);
  }
}
