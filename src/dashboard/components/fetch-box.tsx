import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { requestAddress } from "../model/address.ts";
import type { Dashboard } from "../model/dashboard.ts";
import { failureInWords, type ProbeAnswer, type ProbeHost, type ProbeMethod, probe } from "../model/probe.ts";
import { AnswerView } from "./answer-view.tsx";

/** What every repository answers; which packages there are differs. */
const suggestions = ["repo", "index.tar.gz", "status"];

/** Fetches any path of a repository the way opam does, and shows what comes back. */
export function FetchBox({
  dashboard,
  host,
  path,
}: {
  readonly dashboard: Dashboard;
  readonly host: ProbeHost;
  readonly path: string;
}): JSX.Element {
  const names = dashboard.status.value?.repositories.map((repository) => repository.name) ?? ["default"];
  const typed = useSignal(path === "" ? "repo" : path);
  const repository = useSignal<string | null>(null);
  const method = useSignal<ProbeMethod>("GET");
  const answer = useSignal<ProbeAnswer | null>(null);
  const problem = useSignal<string | null>(null);
  const running = useSignal<AbortController | null>(null);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (path !== "") typed.value = path;
    input.current?.focus({ preventScroll: true });
  }, [path]);
  useEffect(() => () => running.value?.abort(), []);

  const chosen = repository.value ?? names[0] ?? "default";
  const address = requestAddress(dashboard.base.value, chosen, typed.value);
  const run = async () => {
    running.value?.abort();
    const stop = new AbortController();
    running.value = stop;
    problem.value = null;
    try {
      const asked = requestAddress(dashboard.base.value, chosen, typed.value);
      answer.value = await probe(asked, method.value, host, stop.signal);
    } catch (thrown) {
      answer.value = null;
      problem.value = failureInWords(thrown, dashboard.online.value);
    } finally {
      if (running.value === stop) running.value = null;
    }
  };

  return (
    <>
      <form
        class="fetch-box"
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        {names.length > 1 && (
          <label class="field">
            <span>Repository</span>
            <select
              value={chosen}
              onChange={(event) => {
                repository.value = event.currentTarget.value;
              }}
            >
              {names.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
        )}
        <label class="field field-path">
          <span>Path</span>
          <input
            ref={input}
            type="text"
            name="path"
            list="paths"
            value={typed}
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            enterkeyhint="go"
            placeholder="packages/…"
            onInput={(event) => {
              typed.value = event.currentTarget.value;
            }}
          />
        </label>
        <datalist id="paths">
          {suggestions.map((suggestion) => (
            <option key={suggestion} value={suggestion} />
          ))}
        </datalist>
        <label class="check">
          <input
            type="checkbox"
            name="head"
            checked={method.value === "HEAD"}
            onChange={(event) => {
              method.value = event.currentTarget.checked ? "HEAD" : "GET";
            }}
          />{" "}
          Headers only
        </label>
        {running.value === null ? (
          <button type="submit" class="button">
            Fetch
          </button>
        ) : (
          <button type="button" class="button" onClick={() => running.value?.abort()}>
            Stop
          </button>
        )}
        <p class="request-line">
          {method} <span class="breakable">{address}</span>
        </p>
        <p class="suggestions">
          Try{" "}
          {suggestions.map((suggestion) => (
            <button
              key={suggestion}
              type="button"
              class="link"
              onClick={() => {
                typed.value = suggestion;
                void run();
              }}
            >
              {suggestion}
            </button>
          ))}
        </p>
      </form>
      <p class="visually-hidden" role="status">
        {running.value !== null
          ? "Fetching."
          : answer.value !== null
            ? `Answer: ${answer.value.status} ${answer.value.statusText}.`
            : ""}
      </p>
      {problem.value !== null && (
        <p class="fetch-problem" role="alert">
          {problem}
        </p>
      )}
      {answer.value !== null && <AnswerView answer={answer.value} />}
    </>
  );
}
