import { once } from "node:events";
import { mkdir, readdir, readFile, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { describe, expect, test } from "vitest";
import { openFileStore } from "../../src/store/files.ts";
import { fileFailure } from "../../src/store/files-failure.ts";
import type { Store } from "../../src/store/store.ts";
import { temporaryFolder } from "../support/gateway.ts";
import { lineWith, typescriptChild } from "../support/typescript-child.ts";
import {
  sampleArchive,
  sampleBytes,
  sampleConfig,
  sampleSnapshot,
  sampleTarball,
  storeArchive,
  storePack,
} from "./store-samples.ts";

const childModule = new URL("./store-files-child.ts", import.meta.url);

async function published(store: Store): Promise<void> {
  await store.configure(sampleConfig("default"));
  const epoch = await store.takeEpoch("default");
  await store.publish(sampleSnapshot("s1", "default", [await storePack(store, "a1")]), epoch);
}

describe("one process at a time", () => {
  test("a folder that another process holds is refused, with its number; after SIGKILL it is free", async () => {
    await using folder = await temporaryFolder();
    const child = typescriptChild(childModule, ["hold", folder.at("data")]);
    await lineWith(child, "open");
    const refusal = await openFileStore(folder.at("data")).catch((thrown: unknown) => thrown);
    expect(refusal).toMatchObject({ code: "store-failed", holder: `process ${child.pid}` });
    child.kill("SIGKILL");
    await once(child, "exit");
    const store = await openFileStore(folder.at("data"));
    await store.close();
    expect((await readdir(folder.at("data"))).filter((name) => name.startsWith("lock"))).toEqual([]);
  });

  test("the lock of another machine holds for as long as it is fresh", async () => {
    await using folder = await temporaryFolder();
    await (await openFileStore(folder.path)).close();
    const foreign = { pid: process.pid, host: `not-${hostname()}`, started: null, token: "x" };
    await writeFile(folder.at("lock"), JSON.stringify(foreign));
    await expect(openFileStore(folder.path)).rejects.toMatchObject({
      holder: `process ${process.pid} on not-${hostname()}`,
    });
    const old = new Date(Date.now() - 120_000);
    await utimes(folder.at("lock"), old, old);
    await (await openFileStore(folder.path)).close();
  });

  test("a lock whose process has another start time, or that cannot be read, counts for nothing", async () => {
    await using folder = await temporaryFolder();
    await (await openFileStore(folder.path)).close();
    const reused = { pid: process.ppid, host: hostname(), started: "another boot", token: "x" };
    for (const text of [JSON.stringify(reused), "", "{}"]) {
      await writeFile(folder.at("lock"), text);
      await (await openFileStore(folder.path)).close();
    }
  });

  test("of eight processes that start at once on a stale lock one gets it", async () => {
    await using folder = await temporaryFolder();
    await (await openFileStore(folder.path)).close();
    const dead = { pid: 2 ** 22 + 1, host: hostname(), started: null, token: "x" };
    await writeFile(folder.at("lock"), JSON.stringify(dead));
    const children = Array.from({ length: 8 }, () => typescriptChild(childModule, ["hold", folder.path]));
    const outcomes = await Promise.allSettled(children.map((child) => lineWith(child, "open")));
    for (const child of children) child.kill("SIGKILL");
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  }, 60_000);
});

describe("a killed process", () => {
  test("leaves what it had published, or the next one whole", async () => {
    await using folder = await temporaryFolder();
    let found = 0;
    for (let round = 0; round < 5; round++) {
      const child = typescriptChild(childModule, ["publish", folder.path]);
      let said = 0;
      child.stdout?.on("data", (chunk: Buffer) => {
        for (const [, number] of chunk.toString().matchAll(/published (\d+)/g)) said = Number(number);
      });
      await lineWith(child, "published");
      await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 60));
      child.kill("SIGKILL");
      await once(child, "close");
      const store = await openFileStore(folder.path);
      const id = (await store.repository("default"))!.snapshot!;
      const number = Number(id.slice(1));
      expect([said, said + 1]).toContain(number);
      const snapshot = await store.snapshot(id);
      expect(new Uint8Array(snapshot!.manifest)).toEqual(sampleBytes(40_000, number));
      const pack = await store.pack(snapshot!.packs[0]!);
      expect(await pack!.idx()).toEqual(sampleBytes(2_000, number));
      expect(await pack!.read(39 * 8_192, 8_192)).toEqual(sampleBytes(8_192, number + 39));
      await store.collect(new Set());
      expect(await readdir(folder.at("pending"))).toEqual([]);
      expect(await readdir(folder.at("snapshots"))).toEqual([id]);
      await store.close();
      found++;
    }
    expect(found).toBe(5);
  }, 60_000);
});

describe("damage and deletion", () => {
  test("what is held is read to its end, also when it is deleted", async () => {
    await using folder = await temporaryFolder();
    const store = await openFileStore(folder.path);
    await storePack(store, "a1", 300_000);
    await store.saveTarball(sampleTarball("s1", sampleBytes(500_000, 1)));
    const pack = await store.pack("a1");
    const tarball = await store.tarball("s1");
    const body = new Response(tarball!.bytes).body!.getReader();
    expect((await store.collect(new Set())).packs).toBe(1);
    expect(await store.pack("a1")).toBeUndefined();
    expect((await pack!.read(299_000, 2_000)).length).toBe(1_000);
    let length = 0;
    for (let part = await body.read(); !part.done; part = await body.read()) length += part.value.length;
    expect(length).toBe(500_000);
    expect(await tarball!.bytes.slice(-10).bytes()).toEqual(sampleBytes(500_000, 1).subarray(-10));
    await store.close();
  });

  test("a file that has become shorter is lost, and nothing else is", async () => {
    await using folder = await temporaryFolder();
    const store = await openFileStore(folder.path);
    await published(store);
    await storeArchive(store, "11", sampleBytes(5_000, 1));
    const pack = await store.pack("a1");
    await truncate(folder.at("packs/a1.pack"), 500);
    await expect(pack!.read(0, 1_000)).rejects.toMatchObject({ code: "store-lost" });
    await truncate(folder.at("snapshots/s1"), 100);
    expect(await store.snapshot("s1")).toBeUndefined();
    await truncate(folder.at("archives/11"), 3_000);
    expect(await store.archive("11")).toBeUndefined();
    // The sync that repairs it stores the same pack again.
    await storePack(store, "a1");
    expect((await (await store.pack("a1"))!.read(0, 1_000)).length).toBe(1_000);
    await store.close();
  });

  test("an archive whose commit fails, at its record or at its bytes, leaves neither behind", async () => {
    await using folder = await temporaryFolder();
    const store = await openFileStore(folder.path);
    const stored = async () => ({
      bytes: await readdir(folder.at("archives")),
      records: await readdir(folder.at("archive-records")),
      pending: await readdir(folder.at("pending")),
      ...(await store.archiveTotals()),
    });
    const nothing = { bytes: [], records: [], pending: [], stored: 0, storedBytes: 0 };
    // No file can take the place of a folder with something in it.
    for (const name of ["archive-records", "archives"]) {
      await mkdir(folder.at(`${name}/11`));
      await writeFile(folder.at(`${name}/11/in-the-way`), "");
      const writer = store.archiveWriter();
      await writer.write(sampleBytes(5_000, 1));
      await expect(writer.commit(sampleArchive("11", 5_000))).rejects.toMatchObject({ code: "store-failed" });
      await writer.abort();
      await rm(folder.at(`${name}/11`), { recursive: true });
      expect(await store.archive("11")).toBeUndefined();
      await store.collect(new Set());
      expect([name, await stored()]).toEqual([name, nothing]);
    }
    await storeArchive(store, "11", sampleBytes(5_000, 1));
    const whole = { bytes: ["11"], records: ["11"], pending: [], stored: 1, storedBytes: 5_000 };
    // What a process that was killed has left.
    await writeFile(folder.at("archives/22"), "bytes");
    await writeFile(folder.at("archive-records/33"), "{}");
    await store.collect(new Set());
    expect(await stored()).toEqual(whole);
    await store.close();
  });

  test("the whole folder may vanish; what comes next is stored again", async () => {
    await using folder = await temporaryFolder();
    const store = await openFileStore(folder.at("data"));
    await published(store);
    await rm(folder.at("data"), { recursive: true });
    expect(await store.snapshot("s1")).toBeUndefined();
    expect(await store.pack("a1")).toBeUndefined();
    await expect(store.takeEpoch("default")).rejects.toMatchObject({ code: "store-failed" });
    await store.close();
    const again = await openFileStore(folder.at("data"));
    expect(await again.repositories()).toEqual([]);
    await published(again);
    await again.close();
  });

  test("a pointer that cannot be read is no pointer", async () => {
    await using folder = await temporaryFolder();
    const store = await openFileStore(folder.path);
    await published(store);
    await store.close();
    await writeFile(folder.at("repositories/default"), '{"name":"default"');
    const again = await openFileStore(folder.path);
    expect(await again.repository("default")).toBeUndefined();
    await again.close();
  });

  test("a layout of a later version is left alone", async () => {
    await using folder = await temporaryFolder();
    await (await openFileStore(folder.path)).close();
    const later = '{"store":"opam-web-mirror","version":2}\n';
    await writeFile(folder.at("layout"), later);
    await expect(openFileStore(folder.path)).rejects.toMatchObject({ code: "store-newer" });
    expect(await readFile(folder.at("layout"), "utf8")).toBe(later);
    expect(await readdir(folder.path)).not.toContain("lock");
  });

  test("a full disk is store-quota, with the size of what found no room", () => {
    const error = fileFailure("write pack", Object.assign(new Error("no space left"), { code: "ENOSPC" }), 11_000_000);
    expect(error).toMatchObject({ code: "store-quota", data: { needed: 11_000_000 } });
    expect(
      fileFailure("publish", Object.assign(new Error("open '/data/x'"), { code: "EACCES" })).toJSON(),
    ).toMatchObject({
      code: "store-failed",
      data: { operation: "publish", reason: "EACCES" },
    });
  });
});
