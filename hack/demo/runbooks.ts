import { readFile } from 'node:fs/promises';
import { type KubernetesObject, parseObjects } from '../generate/deploy.ts';

/** A file of deploy/runbooks, as it is for one namespace. */
export interface Runbook {
  /** For kubectl apply. */
  readonly manifest: string;
  /** The commands in its comments, in their order, for a shell. */
  readonly commands: readonly string[];
  /** The Workflow that the first of them which creates one gives to kubectl: YAML. */
  readonly workflow: string;
}

/** Throws where the file does not say how to start it. */
export async function readRunbook(name: string, namespace: string): Promise<Runbook> {
  const text = await readFile(`deploy/runbooks/${name}.yaml`, 'utf8');
  const manifest = text
    .replaceAll('namespace: shop', `namespace: ${namespace}`)
    .replaceAll('--namespace shop', `--namespace ${namespace}`);
  const comments = manifest.slice(0, manifest.indexOf('\napiVersion:'));
  // A command goes on until a comment without words.
  const commands = comments
    .split(/^#$/m)
    .map((block) => block.trim().replaceAll(/^# ?/gm, ''))
    .filter((block) => block.startsWith('kubectl '));
  const workflow = commands.map((command) => /<<EOF\n([\s\S]*)\nEOF$/.exec(command)?.[1]).find(Boolean);
  if (workflow === undefined) throw new Error(`deploy/runbooks/${name}.yaml does not say how to start it`);
  return { manifest, commands, workflow };
}

/** baton-approve, as the chart has it: what the people are bound to who decide in runbooks. */
export async function approversRole(): Promise<KubernetesObject> {
  const objects = parseObjects(await readFile('deploy/rbac.yaml', 'utf8'));
  const role = objects.find(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === 'baton-approve');
  if (role === undefined) throw new Error('deploy/rbac.yaml has no ClusterRole baton-approve');
  return role;
}
