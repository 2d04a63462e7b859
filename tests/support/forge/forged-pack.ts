import type { ErrorCode } from "../../../src/core/errors.ts";
import type { Limits } from "../../../src/core/git/limits.ts";
import { type FinishOptions, PackForge } from "./pack-forge.ts";
import { type Sample, type SampleOptions, sampleRepository } from "./sample-repository.ts";

export type Verdict = "accept" | "refuse";

/** A pack of a first sync at depth 1, and what must come of it. */
export interface ForgedPack {
  readonly class: string;
  readonly title: string;
  readonly pack: Uint8Array;
  /** The commit that was asked for. */
  readonly commit: string;
  /** The shallow boundary, commits whose parents are not sent; the wanted commit unless given. */
  readonly boundary?: readonly string[];
  /**
   * `skip-count`: the pack is taken, and an entry that is not served is left out of the manifest and counted; a refusal with one of
   * `codes` is right as well.
   */
  readonly expect: "refuse" | "accept" | "skip-count";
  /** Codes that a refusal may have. */
  readonly codes: readonly ErrorCode[];
  /** What `git index-pack --strict` and a walk from the commit say. Never may we accept what Git refuses. */
  readonly git: Verdict;
  /** Both verdicts are defensible (Git and the format's text differ); only an untyped error, a hang or excess memory is wrong. */
  readonly eitherIsRight?: true;
  /** Limits of this case; the defaults otherwise. */
  readonly limits?: Partial<Limits>;
  readonly note: string;
}

export interface CaseOptions {
  readonly expect?: ForgedPack["expect"];
  readonly codes?: readonly ErrorCode[];
  readonly git?: Verdict;
  readonly eitherIsRight?: true;
  readonly limits?: Partial<Limits>;
  readonly boundary?: readonly string[];
  readonly note?: string;
}

/** Collects the cases of one class with what they share. */
export class CaseList {
  readonly #cases: ForgedPack[] = [];
  readonly #class: string;
  readonly #shared: CaseOptions;

  constructor(name: string, shared: CaseOptions) {
    this.#class = name;
    this.#shared = shared;
  }

  add(title: string, pack: Uint8Array, commit: string, own: CaseOptions = {}): this {
    const {
      expect = "refuse",
      codes = [],
      note = "",
      eitherIsRight,
      limits,
      boundary,
      ...rest
    } = { ...this.#shared, ...own };
    this.#cases.push({
      class: this.#class,
      title,
      pack,
      commit,
      expect,
      codes,
      git: rest.git ?? (expect === "refuse" ? "refuse" : "accept"),
      note,
      ...(eitherIsRight === undefined ? {} : { eitherIsRight }),
      ...(boundary === undefined ? {} : { boundary }),
      ...(limits === undefined ? {} : { limits }),
    });
    return this;
  }

  /** A case whose pack is the sample repository of its title, completed by `forge`. */
  forge(
    title: string,
    forge: (pack: PackForge, sample: Sample) => FinishOptions | undefined,
    own: CaseOptions = {},
  ): this {
    const sample = this.sample(title);
    const pack = new PackForge();
    const finish = forge(pack, sample) ?? {};
    return this.add(title, pack.finish(finish), sample.tip.oid, own);
  }

  /** A case whose pack is well formed and holds a repository with something unusual in it. */
  repository(title: string, options: SampleOptions, own: CaseOptions = {}): this {
    const sample = this.sample(title, options);
    return this.add(title, new PackForge().objects(sample.objects).finish(), sample.tip.oid, own);
  }

  sample(title: string, options: SampleOptions = {}): Sample {
    return sampleRepository(`${this.#class}/${title}`, options);
  }

  get cases(): readonly ForgedPack[] {
    return this.#cases;
  }
}
