import { createHash } from "node:crypto";

/** Where chdb's library for this machine comes from. */
const UPSTREAM = "https://registry.npmjs.org";
/** Long ago: installers pass over what was published within a day. */
const PUBLISHED = "2020-01-01T00:00:00.000Z";

/** Of chdb {@link CHDB_VERSION}. */
const CHDB_LIBRARY = "26.7.3-stable.1";
const PLATFORM = /^@chdb\/lib-(darwin|linux)-(arm64|x64)/;

/** A registry that has one package, those of chdb's scope, and nothing else. */
export interface PackageRegistry extends AsyncDisposable {
  readonly port: number;
  /** Lines of `.npmrc` that send questions here. */
  readonly npmrc: string;
}

/** What a package says of itself, in its package.json. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** Serves a tarball, as `deno pack` makes it, under the name and version that it has. */
export function serveRegistry(tarball: Uint8Array<ArrayBuffer>, manifest: Manifest): PackageRegistry {
  const { name, version } = manifest;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/weir.tgz") return new Response(tarball);
    const asked = decodeURIComponent(pathname.slice(1));
    if (asked === name) return Response.json(packument());
    if (PLATFORM.test(asked)) return platformPackage(asked);
    return new Response(null, { status: 404 });
  });
  const url = `http://127.0.0.1:${server.addr.port}/`;
  const npmrc = [name.split("/")[0], "@chdb"].map((scope) => `${scope}:registry=${url}\n`).join("");
  return { port: server.addr.port, npmrc, [Symbol.asyncDispose]: () => server.shutdown() };

  function packument(): unknown {
    const digest = (algorithm: string) => createHash(algorithm).update(tarball);
    const dist = {
      tarball: `${url}weir.tgz`,
      integrity: `sha512-${digest("sha512").digest("base64")}`,
      shasum: digest("sha1").digest("hex"),
    };
    return {
      name,
      "dist-tags": { latest: version },
      time: { created: PUBLISHED, modified: PUBLISHED, [version]: PUBLISHED },
      versions: { [version]: { ...manifest, dist } },
    };
  }
}

/**
 * A mirror need not have what other platforms load; whoever resolves chdb asks for all of them. What is made up here is
 * never loaded.
 */
async function platformPackage(name: string): Promise<Response> {
  const found = await fetch(`${UPSTREAM}/${name.replace("/", "%2f")}`);
  if (found.ok) return found;
  await found.body?.cancel();
  const [, os, cpu] = PLATFORM.exec(name)!;
  const manifest = { name, version: CHDB_LIBRARY, os: [os], cpu: [cpu] };
  const dist = { tarball: `${UPSTREAM}/none.tgz`, integrity: `sha512-${createHash("sha512").digest("base64")}` };
  return Response.json({
    name,
    "dist-tags": { latest: CHDB_LIBRARY },
    time: { [CHDB_LIBRARY]: PUBLISHED },
    versions: { [CHDB_LIBRARY]: { ...manifest, dist } },
  });
}
