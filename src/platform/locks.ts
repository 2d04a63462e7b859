/** Whether Web Locks exist here: secure contexts of browsers only, and not in Node 20. */
export function locksAvailable(): boolean {
  return typeof navigator !== "undefined" && (navigator as { locks?: LockManager }).locks !== undefined;
}
