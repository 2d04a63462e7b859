import type { ReadonlySignal } from "@preact/signals";

/**
 * Single-key shortcuts. They can be switched off (WCAG 2.1.4) and never fire while something is typed or a modifier is
 * held.
 */
export function followShortcuts(
  enabled: ReadonlySignal<"on" | "off">,
  actions: Readonly<Record<string, () => unknown>>,
): void {
  addEventListener("keydown", (event) => {
    if (enabled.value === "off" || event.defaultPrevented || event.repeat || event.isComposing) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { target } = event;
    if (target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select")))
      return;
    const action = Object.hasOwn(actions, event.key) ? actions[event.key] : undefined;
    if (action === undefined) return;
    event.preventDefault();
    action();
  });
}
