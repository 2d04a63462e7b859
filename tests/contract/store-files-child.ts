import { openFileStore } from "../../src/store/files.ts";
import { sampleBytes, sampleConfig, sampleSnapshot, sampleTarball } from "./store-samples.ts";

// A process that publishes one snapshot after the other into a folder, until it is killed: `publish FOLDER`, or only holds it: `hold FOLDER`.

const [order, folder = ""] = process.argv.slice(-2);
const store = await openFileStore(folder);
console.log(`open ${process.pid}`);
if (order === "hold") setInterval(() => undefined, 1_000);
else {
  await store.configure(sampleConfig("default"));
  for (let round = Date.now(); ; round++) {
    const epoch = await store.takeEpoch("default");
    const key = round.toString(16).padStart(40, "0");
    const writer = store.packWriter();
    for (let at = 0; at < 40; at++) await writer.write(sampleBytes(8_192, round + at));
    await writer.commit(key, sampleBytes(2_000, round));
    const snapshot = { ...sampleSnapshot(`s${round}`, "default", [key]), manifest: sampleBytes(40_000, round).buffer };
    await store.publish(snapshot, epoch);
    // What is said here was promised: it must still be there after the process was killed.
    console.log(`published ${round}`);
    await store.saveTarball(sampleTarball(snapshot.id, sampleBytes(60_000, round)));
    await store.collect(new Set());
  }
}
