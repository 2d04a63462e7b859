import { checkData } from "../gateway/check.ts";
import { OperatorError } from "../gateway/operator-error.ts";
import { FolderInUse } from "../store/files-lock.ts";

/** `serve --check`: says on standard output what the folder holds; resolves with the exit code, 1 when something is damaged. */
export async function check(data: string | undefined): Promise<number> {
  if (data === undefined)
    throw new OperatorError("usage", "--check was given without --data. Name the folder that is to be checked.");
  const { sound, damaged } = await checkData(data).catch((thrown: unknown) => {
    if (!(thrown instanceof FolderInUse)) throw thrown;
    throw new OperatorError("start", `--check: ${data} is in use by ${thrown.holder}. Stop that one first.`, thrown);
  });
  for (const line of sound) process.stdout.write(`sound: ${line}\n`);
  for (const line of damaged) process.stdout.write(`damaged: ${line}\n`);
  return damaged.length === 0 ? 0 : 1;
}
