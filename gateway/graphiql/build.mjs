// Builds the GraphiQL page into dist/: index.html, and assets/ with every script, worker, style and font under a hashed name.
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const dist = join(here, 'dist');
const assets = join(dist, 'assets');

const hash = bytes => createHash('sha256').update(bytes).digest('hex').slice(0, 8).toUpperCase();

const shared = {
  absWorkingDir: here,
  // GraphiQL imports these two in Prettier's CommonJS form, whose named exports a bundler does not see: its formatting would fail.
  alias: {
    'prettier/parser-babel': 'prettier/plugins/babel',
    'prettier/parser-graphql': 'prettier/plugins/graphql',
  },
  bundle: true,
  define: { 'process.env.NODE_ENV': '"production"' },
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  assetNames: '[name]-[hash]',
  legalComments: 'linked',
  logLevel: 'warning',
  metafile: true,
  minify: true,
  outdir: assets,
  target: ['es2022'],
};

/** Monaco answers its editors' questions in workers: one self-contained script each. */
async function buildWorkers() {
  const { metafile } = await esbuild.build({
    ...shared,
    entryPoints: {
      'worker-editor': 'monaco-editor/esm/vs/editor/editor.worker.js',
      'worker-json': 'monaco-editor/esm/vs/language/json/json.worker.js',
      'worker-graphql': 'monaco-graphql/esm/graphql.worker.js',
    },
    format: 'iife',
  });
  const urls = {};
  for (const [file, output] of Object.entries(metafile.outputs)) {
    if (output.entryPoint) urls[basename(file).match(/^worker-(\w+)-/)[1]] = `./${basename(file)}`;
  }
  return urls;
}

/** `graphiql/style.css` already holds Monaco's styles, and carries its fonts as base64: leave out the first copy, make the second files. */
const styles = {
  name: 'styles',
  setup(build) {
    build.onLoad({ filter: /monaco-editor[\\/]esm[\\/].*\.css$/ }, () => ({ contents: '', loader: 'js' }));
    build.onLoad({ filter: /graphiql[\\/]dist[\\/]style\.css$/ }, async ({ path }) => {
      const fonts = new Map();
      const css = (await readFile(path, 'utf8')).replace(
        /url\(["']?data:font\/(\w+);base64,([^"')]+)["']?\)/g,
        (_whole, kind, data) => {
          const bytes = Buffer.from(data, 'base64');
          const name = `font-${hash(bytes)}.${kind}`;
          fonts.set(name, bytes);
          return `url("./${name}")`;
        },
      );
      await Promise.all([...fonts].map(([name, bytes]) => writeFile(join(assets, name), bytes)));
      return { contents: css, loader: 'css' };
    });
    build.onResolve({ filter: /^\.\/font-[0-9A-F]{8}\./ }, ({ path }) => ({ path, external: true }));
  },
};

async function buildPage(workers) {
  const { metafile } = await esbuild.build({
    ...shared,
    define: { ...shared.define, WORKER_URLS: JSON.stringify(workers) },
    entryPoints: { main: 'src/main.jsx' },
    format: 'esm',
    jsx: 'automatic',
    loader: { '.graphql': 'text' },
    plugins: [styles],
    splitting: true,
  });
  return metafile.outputs;
}

/** The scripts that the first paint needs: what `main` imports, and the editor it asks for at once. */
function neededAtOnce(outputs, main) {
  const editor = Object.keys(outputs).filter(file => /monaco-graphql\/esm\/(monaco-editor|lite)\.js$/.test(outputs[file].entryPoint ?? ''));
  const found = new Set();
  const queue = [main, ...editor];
  while (queue.length) {
    const file = queue.pop();
    if (found.has(file)) continue;
    found.add(file);
    queue.push(...outputs[file].imports.filter(i => i.kind === 'import-statement').map(i => i.path));
  }
  found.delete(main);
  return [...found];
}

await rm(dist, { recursive: true, force: true });
await mkdir(assets, { recursive: true });

const outputs = await buildPage(await buildWorkers());
const main = Object.keys(outputs).find(file => outputs[file].entryPoint === 'src/main.jsx');
const icon = await readFile(join(here, 'src/icon.svg'));
const iconName = `icon-${hash(icon)}.svg`;
await copyFile(join(here, 'src/icon.svg'), join(assets, iconName));

// Addresses are relative to /graphql, so the page also works behind a prefix.
const url = file => `graphiql/assets/${basename(file)}`;
const html = (await readFile(join(here, 'index.html'), 'utf8'))
  .replace(/^<!--.*?-->\n/s, '')
  .replace('%ICON%', url(iconName))
  .replace('%STYLE%', url(outputs[main].cssBundle))
  .replace('%MAIN%', url(main))
  .replace('%PRELOADS%', neededAtOnce(outputs, main).map(file => `<link rel="modulepreload" href="${url(file)}">`).join('\n    '));
await writeFile(join(dist, 'index.html'), html);
console.log(`${relative(process.cwd(), dist) || 'dist'}: index.html and ${Object.keys(outputs).length} scripts and styles`);
