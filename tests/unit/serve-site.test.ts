import { describe, expect, test } from "vitest";
import { defaultConfig, fakeHandler, fakeSnapshot, fakeStore } from "../support/fake-snapshot.ts";

const path = "packages/demo/demo.1.0/opam";
const snapshot = fakeSnapshot({ [path]: "demo" });
const other = {
  ...defaultConfig,
  name: "other",
  origins: ["https://opam.example.org/2.0", "http://plain.example:8080/"],
};

describe("which requests are ours", () => {
  const { handler } = fakeHandler({ snapshot, store: fakeStore([defaultConfig, other]) });
  const kindOf = (url: string) => {
    const route = handler.matches(new URL(url, "http://mirror.example/demo/"));
    return route && `${route.kind}${"repository" in route ? `@${route.repository}` : ""}`;
  };

  test("below the base, before anything is loaded; public URLs are undecided then", () => {
    expect(kindOf(`opam/default/${path}`)).toBe("package@default");
    expect(kindOf("opam/default/repo#fragment")).toBe("repo@default");
    expect(kindOf("index.html")).toBeNull();
    expect(kindOf("/opam/default/repo")).toBeNull();
    expect(kindOf("opam/default")).toBeNull();
    expect(kindOf("https://opam.example.org/repo")).toBe("undecided");
    expect(kindOf("https://elsewhere.example/style.css")).toBeNull();
  });

  test("public URLs once the configuration is loaded", async () => {
    await handler.refresh();
    expect(kindOf("https://opam.example.org/repo?x")).toBe("repo@default");
    expect(kindOf(`https://opam.example.org/${path}`)).toBe("package@default");
    expect(kindOf("https://opam.example.org/2.0/index.tar.gz")).toBe("tarball@other");
    expect(kindOf("http://plain.example:8080/version")).toBe("version@other");
    expect(kindOf(`https://OPAM.example.org:443/cache/md5/aa/${"a".repeat(32)}`)).toBe("archive@default");
    for (const url of [
      "https://opam.example.org/",
      "https://opam.example.org/doc/Install.html",
      "https://opam.example.org/packages",
      "https://opam.example.org/packages/demo/",
      "https://opam.example.org/status",
      "https://opam.example.org/update",
      "http://opam.example.org/repo",
      "https://opam.example.org.evil/repo",
      "http://plain.example/version",
    ]) {
      expect(kindOf(url)).toBeNull();
    }
  });

  test.each([
    ["opam/default/repo", "repo@default"],
    ["opam/%64efault/version", "version@default"],
    ["opam/default/index.tar.gz", "tarball@default"],
    ["opam/default/status", "status@default"],
    ["opam/default/update", "update@default"],
    ["opam/default/", "unknown@default"],
    ["opam/default/index.tar.gz/x", "unknown@default"],
    ["opam/default/x%2fy", "refused"],
    ["opam/DEFAULT/repo", "refused"],
    ["opam/-x/repo", "refused"],
    ["opam/__proto__/repo", "refused"],
  ])("%s is %s", (url, kind) => expect(kindOf(url)).toBe(kind));

  test("the gateway answers on any host", () => {
    const gateway = fakeHandler({ snapshot, host: "gateway" }).handler;
    expect(gateway.matches(new URL("http://127.0.0.1:8080/demo/opam/default/repo"))?.kind).toBe("repo");
    expect(gateway.matches(new URL("https://opam.example.org/repo"))).toBeNull();
  });
});

describe("undecided requests", () => {
  test("are answered when they are ours, passed through when not", async () => {
    const passed: string[] = [];
    const passThrough = async (request: Request) => {
      passed.push(request.url);
      return new Response("from the network");
    };
    const { get } = fakeHandler({ snapshot, passThrough });
    expect(await (await get(`https://opam.example.org/${path}`)).text()).toBe("demo");
    expect(await (await get("https://elsewhere.example/packages/x")).text()).toBe("from the network");
    expect(passed).toEqual(["https://elsewhere.example/packages/x"]);
  });

  test("are 404 where nothing can be passed through", async () => {
    expect((await fakeHandler({ snapshot }).get("https://elsewhere.example/repo")).status).toBe(404);
  });
});
