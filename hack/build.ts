import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { rolldown, type RolldownOptions } from 'rolldown';

const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };

/** Where the bundle goes. */
const [folder = 'dist'] = process.argv.slice(2);

const beside = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** Where the bundler puts CommonJS modules, `require` has to come from somewhere. */
const banner =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

/** Comments and white space would stay in memory with the code; names stay as they are, for stack traces. */
const minify = { compress: false, mangle: false, codegen: { removeWhitespace: true } } as const;

const failOnWarning: RolldownOptions['onLog'] = (level, log, report) => {
  if (level === 'warn') throw new Error(`${log.code ?? 'warning'}: ${log.message}`);
  report(level, log);
};

/** With one character beyond ASCII Node keeps the whole source with two bytes a character. */
const ascii = (code: string): string =>
  code.replace(/[^\0-\x7f]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Threads, as text in the bundle (src/compose/threads.ts): one file is shipped, and a thread loads only its own code. */
const threads: Record<string, string> = {};
const THREADS = { HISTORY: 'src/history/thread.ts', ANNEALER: 'src/annealer/thread.ts' };
for (const [name, input] of Object.entries(THREADS)) {
  const thread = await rolldown({ input, platform: 'node', treeshake: true, onLog: failOnWarning });
  const { output } = await thread.generate({ format: 'cjs', minify });
  threads[`process.env.BATON_THREAD_${name}`] = JSON.stringify(ascii(output[0].code));
}

const bundle = await rolldown({
  input: 'src/main.ts',
  platform: 'node',
  treeshake: { moduleSideEffects: [{ test: /node_modules/, sideEffects: false }] },
  // client-node brings undici for its own requests, which Baton makes none of; loading it costs 25 MiB of memory.
  resolve: {
    alias: { undici: beside('no-undici.ts'), 'node:http': beside('lean-http.ts'), http: beside('lean-http.ts') },
  },
  transform: { define: { 'process.env.BATON_VERSION': JSON.stringify(version), ...threads } },
  onLog: failOnWarning,
});
// What is imported later stays in the one file, and is not run before.
const { output } = await bundle.generate({ format: 'esm', minify, banner, codeSplitting: false });
const code = ascii(output[0].code);
await mkdir(folder, { recursive: true });
await writeFile(`${folder}/operator.mjs`, code);
console.log(`${folder}/operator.mjs ${(code.length / 1024).toFixed(0)} KiB, version ${version}`);
