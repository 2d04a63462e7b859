import type { JSX } from "preact";
import type { StorageStatus } from "../../protocol/status.ts";
import { formatBytes } from "../format/bytes.ts";

/** What this origin stores, of what the browser allows. */
export function StorageMeter({ storage }: { readonly storage: StorageStatus }): JSX.Element {
  const { usageBytes, quotaBytes, persisted } = storage;
  const share = quotaBytes > 0 ? Math.min(1, usageBytes / quotaBytes) : 0;
  return (
    <section class="panel storage" aria-labelledby="storage">
      <h2 id="storage">Storage</h2>
      <p class="storage-figure">
        <span class="storage-used">{formatBytes(usageBytes)}</span>{" "}
        {quotaBytes > 0 && `of ${formatBytes(quotaBytes)} allowed`}
      </p>
      <meter class="visually-hidden" aria-labelledby="storage" min={0} max={1} value={share}>
        {formatBytes(usageBytes)} of {formatBytes(quotaBytes)}
      </meter>
      <div class="meter" aria-hidden="true">
        <div style={{ width: `${share * 100}%` }} />
      </div>
      <p class="remark">
        {persisted
          ? "Kept: the browser has promised not to evict it."
          : "Best effort: the browser may evict it when the disk gets full. What is lost is noticed and cloned again."}
      </p>
    </section>
  );
}
