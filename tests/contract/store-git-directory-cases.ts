import type * as isomorphicGit from "isomorphic-git";
import { Slice } from "../../src/core/cooperation/slice.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { messageChannelMacrotask } from "../../src/platform/macrotask.ts";
import { type GitDirectory, openGitDirectory } from "../../src/store/git-directory.ts";
import type { Store } from "../../src/store/store.ts";
import { type Case, equal, equalBytes, ok } from "./store-case.ts";

type Git = Pick<
  typeof isomorphicGit,
  "init" | "setConfig" | "getConfig" | "writeRef" | "resolveRef" | "log" | "readObject" | "readBlob" | "listBranches"
>;

/** A pack that Git wrote and what Git says is in it; bytes as base64. */
export interface GitFixture {
  readonly key: string;
  /** From the tip of `master` to its root. */
  readonly commits: readonly string[];
  readonly pack: string;
  readonly idx: string;
  readonly objects: readonly { readonly oid: string; readonly type: string; readonly base64: string }[];
}

interface Surroundings {
  readonly git: Git;
  readonly open: (place: string) => Promise<Store>;
  readonly fixture: () => Promise<GitFixture>;
}

/** isomorphic-git on our Git directory: small files that last, and packs that are the store's. */
export function gitDirectoryCases(name: string, { git, open, fixture }: Surroundings): Case[] {
  const slice = new Slice(systemClock, messageChannelMacrotask(), 4);
  const directory = (store: Store, repository: string, place: string) =>
    openGitDirectory(store, repository, `${place}:git:${repository}`, slice);

  const withPack = async (place: string) => {
    const { key, pack, idx, ...rest } = await fixture();
    const store = await open(place);
    const writer = store.packWriter();
    await writer.write(decoded(pack));
    await writer.commit(key, decoded(idx));
    const opened = await directory(store, "default", place);
    await git.init({ fs: opened.fs, dir: opened.dir, defaultBranch: "master" });
    opened.packs([key]);
    return { store, opened, key, pack: decoded(pack), idx: decoded(idx), ...rest };
  };

  const cases: Case[] = [
    {
      title: "config, refs and shallow file last from one opening to the next",
      run: async () => {
        const store = await open("git-files");
        const first = await directory(store, "default", "git-files");
        const { fs, dir } = first;
        await git.init({ fs, dir, defaultBranch: "master" });
        await git.setConfig({ fs, dir, path: "remote.origin.url", value: "https://example.org/a.git" });
        const oid = "1".repeat(40);
        await git.writeRef({ fs, dir, ref: "refs/heads/master", value: oid, force: true });
        await promisesOf(first).writeFile(`${dir}/.git/shallow`, `${oid}\n`);
        const closing = performance.now();
        await first.close();
        await store.close();

        const again = await open("git-files");
        const second = await directory(again, "default", "git-files");
        const at = { fs: second.fs, dir: second.dir };
        equal(await git.resolveRef({ ...at, ref: "HEAD" }), oid, "HEAD");
        const ms = performance.now() - closing;
        equal(await git.getConfig({ ...at, path: "remote.origin.url" }), "https://example.org/a.git", "config");
        equal(await git.listBranches(at), ["master"], "branches");
        equal(await promisesOf(second).readFile(`${dir}/.git/shallow`, "utf8"), `${oid}\n`, "shallow file");
        await second.close();
        await again.close();
        // Left alone, LightningFS holds its lock for half a second.
        ok(ms < 400, `closing and opening again took ${ms.toFixed(0)} ms`);
        return `closed and read again after ${ms.toFixed(0)} ms`;
      },
    },
    {
      title: "changes, deletions and folders last as well",
      run: async () => {
        const store = await open("git-changes");
        const first = await directory(store, "default", "git-changes");
        const fs = promisesOf(first);
        await fs.mkdir("/a");
        await fs.mkdir("/a/b");
        for (let i = 0; i < 30; i++) await fs.writeFile(`/a/b/file-${i}`, `first ${i}`);
        await first.close();
        const second = await directory(store, "default", "git-changes");
        const next = promisesOf(second);
        for (let i = 0; i < 30; i += 3) await next.unlink(`/a/b/file-${i}`);
        for (let i = 1; i < 30; i += 3) await next.writeFile(`/a/b/file-${i}`, `second ${i}`);
        await next.writeFile("/a/new", "new");
        await next.mkdir("/gone");
        await next.rmdir("/gone");
        await second.close();
        const third = await directory(store, "default", "git-changes");
        const last = promisesOf(third);
        const names = (await last.readdir("/a/b")).sort();
        equal(names.length, 20, "number of files");
        for (const file of names) {
          const i = Number(file.slice(5));
          const expected = i % 3 === 1 ? `second ${i}` : `first ${i}`;
          equal(await last.readFile(`/a/b/${file}`, "utf8"), expected, file);
        }
        equal((await last.readdir("/")).sort(), ["a"], "root");
        equal(await last.readFile("/a/new", "utf8"), "new", "new file");
        await code("ENOENT", last.readFile("/a/b/file-0"), "reading a deleted file");
        await code("ENOENT", last.readdir("/gone"), "listing a deleted folder");
        await code("EEXIST", last.mkdir("/a"), "making a folder again");
        await code("ENOTEMPTY", last.rmdir("/a"), "removing a folder that is not empty");
        await code("ENOENT", last.writeFile("/nowhere/file", "x"), "writing where there is no folder");
        equal((await last.stat("/a")).isDirectory(), true, "kind of a folder");
        equal((await last.stat("/a/new")).size, 3, "size of a file");
        await third.close();
        await store.close();
      },
    },
    {
      title: "repositories have Git directories of their own",
      run: async () => {
        const store = await open("git-two");
        const [one, two] = await Promise.all([directory(store, "one", "git-two"), directory(store, "two", "git-two")]);
        await promisesOf(one).writeFile("/file", "one");
        await promisesOf(two).writeFile("/file", "two");
        await Promise.all([one.close(), two.close()]);
        const again = await directory(store, "one", "git-two");
        equal(await promisesOf(again).readFile("/file", "utf8"), "one", "file of the first");
        await again.close();
        await store.close();
      },
    },
    {
      title: "every object of a pack of the store is readable",
      run: async () => {
        const { store, opened, key, objects, commits } = await withPack("git-pack");
        const at = { fs: opened.fs, dir: opened.dir, cache: {} };
        await git.writeRef({ ...at, ref: "refs/heads/master", value: commits[0]!, force: true });
        equal(
          (await git.log(at)).map((entry) => entry.oid),
          commits,
          "log",
        );
        ok(objects.length > 40, `only ${objects.length} objects`);
        for (const { oid, type, base64 } of objects) {
          const read = await git.readObject({ ...at, oid, format: "content" });
          equal(read.type, type, `type of ${oid}`);
          equalBytes(read.object as Uint8Array, decoded(base64), oid);
        }
        const { blob } = await git.readBlob({ ...at, oid: commits[0]!, filepath: "file-3" });
        ok(new TextDecoder().decode(blob).includes("changed in commit 3"), "file by path");
        await promisesOf(opened).writeFile(`${opened.dir}/.git/shallow`, `${commits[1]}\n`);
        equal(
          (await git.log(at)).map((entry) => entry.oid),
          commits.slice(0, 2),
          "log of a shallow clone",
        );
        opened.packs([]);
        equal(
          await promisesOf(opened).readdir(`${opened.dir}/.git/objects/pack`),
          [],
          "packs after they were taken away",
        );
        await code(
          "ENOENT",
          promisesOf(opened).readFile(`${opened.dir}/.git/objects/pack/pack-${key}.pack`),
          "hidden pack",
        );
        await opened.close();
        await store.close();
        return `${objects.length} objects`;
      },
    },
    {
      title: "objects/pack is read-only and shows what the store has",
      run: async () => {
        const { store, opened, key, pack, idx } = await withPack("git-overlay");
        const fs = promisesOf(opened);
        const folder = `${opened.dir}/.git/objects/pack`;
        equal((await fs.readdir(folder)).sort(), [`pack-${key}.idx`, `pack-${key}.pack`], "folder");
        equalBytes(await fs.readFile(`${folder}/pack-${key}.pack`), pack, "pack");
        equalBytes(await fs.readFile(`${folder}/pack-${key}.idx`), idx, "idx");
        equal((await fs.stat(`${folder}/pack-${key}.pack`)).size, pack.length, "size");
        equal((await fs.lstat(folder)).isDirectory(), true, "kind of the folder");
        await code("EROFS", fs.writeFile(`${folder}/pack-1.pack`, "x"), "writing a pack");
        await code("EROFS", fs.unlink(`${folder}/pack-${key}.idx`), "deleting an idx");
        await code("ENOENT", fs.readFile(`${folder}/pack-${"0".repeat(40)}.pack`), "a pack that is not shown");
        await code("ENOENT", fs.stat(`${folder}/other`), "another name");
        await store.collect(new Set());
        await code("ENOENT", fs.readFile(`${folder}/pack-${key}.pack`), "a pack that was lost");
        await opened.close();
        await store.close();
      },
    },
  ];
  return cases.map((one) => ({ ...one, title: `${name}: ${one.title}` }));
}

interface Promises {
  readFile(path: string): Promise<Uint8Array>;
  readFile(path: string, encoding: "utf8"): Promise<string>;
  writeFile(path: string, data: Uint8Array | string): Promise<void>;
  unlink(path: string): Promise<void>;
  readdir(path: string): Promise<string[]>;
  mkdir(path: string): Promise<void>;
  rmdir(path: string): Promise<void>;
  stat(path: string): Promise<{ readonly size: number; isDirectory(): boolean }>;
  lstat(path: string): Promise<{ isDirectory(): boolean }>;
}

function promisesOf(directory: GitDirectory): Promises {
  return directory.fs.promises as unknown as Promises;
}

async function code(expected: string, work: Promise<unknown>, what: string): Promise<void> {
  const found = await work.then(
    () => "nothing",
    (thrown: { code?: unknown }) => thrown.code,
  );
  equal(found, expected, what);
}

function decoded(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
