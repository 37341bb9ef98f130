import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };

/** Where the bundler puts CommonJS modules, `require` has to come from somewhere. */
const banner =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

const bundle = await rolldown({
  input: 'src/main.ts',
  platform: 'node',
  treeshake: { moduleSideEffects: [{ test: /node_modules/, sideEffects: false }] },
  // client-node brings undici for its own requests, which Baton makes none of; loading it costs 25 MiB of memory.
  resolve: { alias: { undici: fileURLToPath(new URL('no-undici.ts', import.meta.url)) } },
  transform: { define: { 'process.env.BATON_VERSION': JSON.stringify(version) } },
  onLog(level, log, report) {
    if (level === 'warn') throw new Error(`${log.code ?? 'warning'}: ${log.message}`);
    report(level, log);
  },
});
const { output } = await bundle.write({
  file: 'dist/operator.mjs',
  format: 'esm',
  minify: false,
  sourcemap: true,
  banner,
});
const size = output[0].code.length;
console.log(`dist/operator.mjs ${(size / 1024).toFixed(0)} KiB, version ${version}`);
