import type { ErrorRecord } from "../../core/errors.ts";

/** What the page can see of its surroundings when the mirror did not start. */
export interface Surroundings {
  readonly secureContext: boolean;
  readonly serviceWorker: boolean;
  readonly indexedDb: boolean;
  readonly online: boolean;
  readonly host: string;
}

export interface Advice {
  readonly why: string;
  readonly whatToDo: readonly string[];
}

/** Why the mirror could not start here, and what a person can do, most likely cause first. */
export function advice(error: ErrorRecord, around: Surroundings): Advice {
  if (!around.secureContext) {
    return {
      why: `${around.host} was opened over plain http. Browsers allow service workers on https, and on localhost, only.`,
      whatToDo: [
        "Open this page over https (start the server with --tls-cert and --tls-key),",
        "or open it as http://localhost on the machine that serves it.",
      ],
    };
  }
  if (!around.serviceWorker) {
    return {
      why: "This browser offers no service worker here. Private windows and some embedded browsers switch it off.",
      whatToDo: ["Open this page in an ordinary window,", "or in a current Chromium, Firefox or Safari."],
    };
  }
  if (!around.indexedDb) {
    return {
      why: "This browser offers no storage (IndexedDB) here. Private windows and strict privacy settings switch it off.",
      whatToDo: ["Open this page in an ordinary window,", "or allow this site to store data."],
    };
  }
  if (error.code === "store-newer") {
    return { why: error.message, whatToDo: ["Close all other tabs of this mirror, then reload this one."] };
  }
  if (error.code === "store-quota") {
    return { why: error.message, whatToDo: ["Free disk space or allow this site more of it, then reload."] };
  }
  return {
    why: error.message,
    whatToDo: [
      around.online ? "Reload the page." : "You are offline: reload when the network is back.",
      "If it happens again, report it with the code below.",
    ],
  };
}
