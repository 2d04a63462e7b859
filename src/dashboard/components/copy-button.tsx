import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { systemClock } from "../../platform/clock.ts";

/** Copies `text`. `what` names it for those who do not see what stands beside the button. */
export function CopyButton({ text, what }: { readonly text: string; readonly what: string }): JSX.Element {
  const state = useSignal<"idle" | "copied" | "refused">("idle");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      state.value = "copied";
    } catch {
      // No clipboard outside secure contexts, or permission refused: the text is selectable beside the button.
      state.value = "refused";
    }
    await systemClock.sleep(2_500);
    state.value = "idle";
  };
  return (
    <>
      <button
        type="button"
        class="copy"
        data-state={state.value}
        aria-label={`Copy ${what}`}
        onClick={() => void copy()}
      >
        {state.value === "copied" ? "Copied" : state.value === "refused" ? "Select it" : "Copy"}
      </button>
      <span class="visually-hidden" role="status">
        {state.value === "copied"
          ? `Copied ${what}.`
          : state.value === "refused"
            ? `The browser refused to copy ${what}; select it by hand.`
            : ""}
      </span>
    </>
  );
}
