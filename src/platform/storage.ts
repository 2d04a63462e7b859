/** What the platform tells of an origin's storage, in bytes. Zeros where it tells nothing (Node, insecure contexts). */
export interface StorageEstimateResult {
  readonly usageBytes: number;
  readonly quotaBytes: number;
  readonly persisted: boolean;
}

/** Never throws: the figures are for people, nothing may depend on them (Chromium's quota is artificial). */
export async function storageEstimate(): Promise<StorageEstimateResult> {
  const storage = typeof navigator === "undefined" ? undefined : (navigator as { storage?: StorageManager }).storage;
  if (!storage) return { usageBytes: 0, quotaBytes: 0, persisted: false };
  const [estimate, persisted] = await Promise.all([
    storage.estimate().catch((): StorageEstimate => ({})),
    storage.persisted().catch(() => false),
  ]);
  return { usageBytes: estimate.usage ?? 0, quotaBytes: estimate.quota ?? 0, persisted };
}
