import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

function pagesIn(folder: string): string[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => path.join(folder, file));
}

const PAGES = ['README.md', ...pagesIn('docs')];
const read = (page: string): string => readFileSync(path.join(ROOT, page), 'utf8');

/** Without fenced blocks, where brackets and `#` mean other things. */
const prose = (text: string): string => text.replace(/^```[^]*?^```$/gm, '');

/** The name that GitHub gives the anchor of a heading. */
function anchorOf(heading: string): string {
  const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('`', '');
  return text
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}

const anchorsOf = (text: string): string[] =>
  [...prose(text).matchAll(/^#+ (.+)$/gm)].map(([, title]) => anchorOf(title ?? ''));

/** What is wrong with the relative links of a page. */
function brokenLinks(page: string): string[] {
  const broken: string[] = [];
  for (const [, target = ''] of prose(read(page))
    .replace(/`[^`]*`/g, '')
    .matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    const [file = '', anchor] = target.split('#');
    const to = file === '' ? page : path.join(path.dirname(page), file);
    if (!existsSync(path.join(ROOT, to))) broken.push(`${target}: there is no ${to}`);
    else if (anchor !== undefined && !anchorsOf(read(to)).includes(anchor)) broken.push(`${target}: no such heading`);
  }
  return broken;
}

/** npm commands of a page that package.json does not have. */
function unknownScripts(text: string): string[] {
  const named = [...text.matchAll(/\bnpm run ([a-z][a-z0-9:-]*)/g)].map(([, name]) => name ?? '');
  const short = [...text.matchAll(/\bnpm (test|start)\b/g)].map(([, name]) => name ?? '');
  return [...named, ...short].filter((name) => !Object.hasOwn(scripts, name));
}

const OURS = /^(?:src|test|hack|docs|charts|deploy|crds|\.ci)\//;

/** Paths of the project in backticks that do not exist; `<...>` and `*` stand for something, so these are not looked up. */
function missingPaths(text: string): string[] {
  const named = [...prose(text).matchAll(/`([^`\s]+)`/g)].map(([, name]) => name ?? '');
  return named.filter((name) => OURS.test(name) && !/[<>*{}$]/.test(name) && !existsSync(path.join(ROOT, name)));
}

/** Names of the code given as `file.ts` `name()` in the walk from end to end. */
function missingNames(text: string): string[] {
  const wrong: string[] = [];
  for (const [, file = '', names = ''] of prose(text).matchAll(
    /`((?:src|hack|test)\/[\w./-]+\.ts)`\s\(((?:`[^`]+`(?:,\s)?)+)\)/g,
  )) {
    const source = existsSync(path.join(ROOT, file)) ? read(file) : '';
    for (const [, name = ''] of names.matchAll(/`([^`]+)`/g)) {
      const parts = name.replace(/\(\)$/, '').split('.');
      if (!parts.every((part) => new RegExp(`(?<![\\w$])${part.replaceAll('$', '\\$')}(?![\\w$])`).test(source)))
        wrong.push(`${file}: ${name}`);
    }
  }
  return wrong;
}

describe.each(PAGES)('%s', (page) => {
  test('has no broken relative link', () => {
    expect(brokenLinks(page)).toEqual([]);
  });

  test('names only npm commands that exist', () => {
    expect(unknownScripts(read(page))).toEqual([]);
  });

  test('names only files that exist', () => {
    expect(missingPaths(read(page))).toEqual([]);
  });

  test('names only code that exists', () => {
    expect(missingNames(read(page))).toEqual([]);
  });
});

test('the README has the two commands as they are', () => {
  const blocks = [...read('README.md').matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, code]) => code?.trim());
  expect(blocks).toEqual(expect.arrayContaining(['npm ci && npm run demo', 'npm ci && npm test']));
});

test('every npm command of people is in the README or in docs/development.md', () => {
  const text = read('README.md') + read('docs/development.md');
  const unnamed = Object.keys(scripts).filter(
    (name) => !text.includes(`npm run ${name}`) && !text.includes(`npm ${name}`),
  );
  expect(unnamed).toEqual([]);
});

test('every page is reachable from the README', () => {
  const reached = new Set(['README.md']);
  for (const page of reached) {
    for (const [, target = ''] of read(page).matchAll(/\]\(([^)\s#:]+\.md)(?:#[^)]*)?\)/g)) {
      reached.add(path.join(path.dirname(page), target));
    }
  }
  expect(PAGES.filter((page) => !reached.has(page))).toEqual([]);
});
