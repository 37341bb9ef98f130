import type { Workflow } from '../../src/api/kinds.ts';
import type { Kubectl } from './kubectl.ts';
import { approversRole, readRunbook, type Runbook } from './runbooks.ts';
import { SHOP } from './shop.ts';
import { expect, IN_SHOP, poll, show, type Stage, until } from './stage.ts';

/** Two runbooks of deploy/runbooks: one that is carried out, and one that a person does not like, so that it is undone. */
export async function workflows(stage: Stage): Promise<void> {
  await sale(stage);
  await maintenance(stage);
}

async function sale(stage: Stage): Promise<void> {
  const { say } = stage;
  say('A runbook: more pods for checkout while a sale lasts, then as many as before. This sale lasts a second.');
  const runbook = await apply(stage, 'sale');
  const name = await start(stage, { ...runbook, workflow: runbook.workflow.replace('2h', '1s') });
  const done = await follow(stage, name, / Succeeded /);
  const outputs = (step: string) => done.status?.steps?.find((one) => one.name === step)?.outputs;
  const [grown, shrunk] = [outputs('grow'), outputs('shrink')];
  expect(grown?.['replicas'] === 6 && shrunk?.['replicas'] === 3, 'checkout had 6 pods, and has 3 again');
  say('checkout had 6 pods while the sale lasted, ready before it began, and has 3 again.');
}

async function maintenance(stage: Stage): Promise<void> {
  const { kubectl, say } = stage;
  say('Another runbook: a new image for ledger-db while payments is stopped, if a database administrator agrees.');
  const runbook = await apply(stage, 'database-maintenance');
  const name = await start(stage, runbook);
  await follow(stage, name, / begin /);
  say('It has changed nothing yet: it waits for somebody of the group dba. bob is one, and agrees.');
  await decide(stage, name, { step: 'begin', decision: 'Approve' });
  await follow(stage, name, / keep /);
  await show(stage, ['get', 'deployment/payments', 'statefulset/ledger-db', IN_SHOP, '--output=wide']);
  say('The new image runs. bob looks at it, and does not like it.');
  await decide(stage, name, { step: 'keep', decision: 'Reject', comment: 'queries are slower' });
  await follow(stage, name, / RolledBack /);
  await show(stage, ['get', 'owf', IN_SHOP, '--output=wide']);
  await show(stage, ['get', 'deployment/payments', 'statefulset/ledger-db', IN_SHOP, '--output=wide']);
  const image = await kubectl(['get', 'statefulset/ledger-db', IN_SHOP, '--output=jsonpath={..image}']);
  expect(image === 'registry.k8s.io/pause:3.10', 'ledger-db has its image of before');
  await until(kubectl, 'payments', 'Healthy', 60);
  say('All that it did is undone, in reverse order: first the image of ledger-db, then payments came back.');
}

async function apply({ kubectl, show: print }: Stage, name: string): Promise<Runbook> {
  const runbook = await readRunbook(name, SHOP);
  const output = await kubectl(['apply', '--filename=-'], runbook.manifest);
  print(`kubectl apply --filename=deploy/runbooks/${name}.yaml`, output);
  return runbook;
}

async function start({ kubectl, show: print }: Stage, { workflow }: Runbook): Promise<string> {
  const output = await kubectl(['create', '--filename=-'], workflow);
  print(`kubectl create --filename=- <<EOF\n${workflow}\nEOF`, output);
  return /\/(\S+)/.exec(output)?.[1] ?? '';
}

/** As bob of the group dba. */
async function decide(stage: Stage, name: string, words: object): Promise<void> {
  const value = { user: 'bob', groups: ['dba'], ...words };
  const patch = JSON.stringify([{ op: 'add', path: '/spec/approvals/-', value }]);
  const args = ['patch', 'owf', name, IN_SHOP, '--as=bob', '--as-group=dba', '--type=json', `--patch=${patch}`];
  stage.show(`kubectl ${args.slice(0, -1).join(' ')} --patch='${patch}'`, await stage.kubectl(args));
}

/** Shows how it goes on until a line is as it should be; gives the workflow as it is then. */
async function follow({ kubectl, watch, show: print }: Stage, name: string, last: RegExp): Promise<Workflow> {
  const args = ['get', 'owf', name, IN_SHOP];
  const look = async () => JSON.parse(await kubectl([...args, '--output=json'])) as Workflow;
  // So that kubectl sees how wide the columns are.
  await poll(30, `${name} should be seen by Baton`, look, ({ status }) => status?.phase !== undefined);
  print(`kubectl ${args.join(' ')} --watch`, '');
  await watch([...args, '--watch'], last, 90);
  return look();
}

/** The role for people who decide, where nobody has installed the chart. Gives what takes it away again. */
export async function provideApprovers(kubectl: Kubectl): Promise<() => Promise<unknown>> {
  const command = ['clusterrole', 'baton-approve', '--ignore-not-found'];
  if ((await kubectl(['get', ...command, '--output=name'])) !== '') return () => Promise.resolve();
  await kubectl(['create', '--filename=-'], JSON.stringify(await approversRole()));
  return () => kubectl(['delete', ...command]);
}
