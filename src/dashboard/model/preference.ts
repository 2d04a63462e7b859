import { type Signal, signal } from "@preact/signals";
import { scopeNames } from "../../protocol/names.ts";

/**
 * A choice of the reader, remembered per scope. Storage that is refused (private windows, strict settings) costs the
 * memory, not the choice.
 */
export class Preference<T extends string> {
  readonly value: Signal<T>;
  readonly #key: string;

  constructor(base: string, name: string, choices: readonly T[], fallback: T) {
    // public/theme.js reads the key of the theme before the first paint: the two must agree.
    this.#key = `${scopeNames(base).database}:${name}`;
    const stored = this.#read();
    this.value = signal(choices.find((choice) => choice === stored) ?? fallback);
  }

  set(value: T): void {
    this.value.value = value;
    try {
      localStorage.setItem(this.#key, value);
    } catch {
      // Refused: the choice lasts as long as the page.
    }
  }

  #read(): string | null {
    try {
      return localStorage.getItem(this.#key);
    } catch {
      return null;
    }
  }
}
