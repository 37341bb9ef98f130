import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';

const dockerfile = await readFile('Dockerfile', 'utf8');
const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));

describe('the Dockerfile', () => {
  it('builds with the version of Node that the project pins', async () => {
    const project = JSON.parse(await readFile('package.json', 'utf8')) as { devDependencies: Record<string, string> };
    expect(dockerfile).toContain(`ARG BASE_IMAGE=node:${project.devDependencies['node']}-`);
    expect(dockerfile.match(/^FROM .*/gm)).toEqual([
      'FROM ${BASE_IMAGE} AS dependencies',
      'FROM ${BASE_IMAGE} AS build',
      'FROM scratch',
    ]);
  });

  it('ends in a stage without a build tool, as a numeric user that is not root, with Node as the process that gets the signals', () => {
    expect(last).not.toMatch(/^RUN /m);
    expect(last).toMatch(/^USER [1-9][0-9]*:[1-9][0-9]*$/m);
    expect(last).toMatch(/^ENTRYPOINT \["\/usr\/local\/bin\/node", "\/app\/operator\.mjs"\]$/m);
  });

  it('sends the builder only what it reads', async () => {
    const ignore = (await readFile('.dockerignore', 'utf8')).split('\n').filter((line) => !line.startsWith('#'));
    expect(ignore[0]).toBe('*');
    expect(ignore).not.toContain('!node_modules');
  });
});
