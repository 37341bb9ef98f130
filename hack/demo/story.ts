import { sendHeartbeat } from './heartbeat.ts';
import { shop } from './shop.ts';
import { expect, IN_SHOP, show, type Stage, until, untilCondition } from './stage.ts';
import { workflows } from './workflows.ts';

/** Everything the demo shows, in order; rejects when what it shows is not what it should be. */
export async function tell(stage: Stage): Promise<void> {
  const { kubectl, say } = stage;
  say('A shop is deployed: five services, one of them with a standby, and an OrchestratedService for each.');
  await kubectl(
    ['apply', '--server-side', '--filename=-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: shop() }),
  );
  await kubectl(['wait', '--for=condition=Ready', 'osvc', '--all', IN_SHOP, '--timeout=90s']);
  await until(kubectl, 'checkout', 'Healthy', 60);
  await show(stage, ['get', 'osvc', IN_SHOP]);
  say('All are Ready. recommendations is scaled to zero on purpose, which is healthy.');
  await heartbeats(stage);
  await failure(stage);
  await recovery(stage);
  await workflows(stage);
  await show(stage, ['get', 'orch', '--output=wide']);
  say('Orchestration/default, which Baton made, sums up the whole system.');
}

/** A component tells its own figures. */
async function heartbeats(stage: Stage): Promise<void> {
  const { kubectl, operator, say } = stage;
  await sendHeartbeat(kubectl, operator.heartbeats, 'checkout', { response_time: 6.5, source: 'checkout-1' });
  await until(kubectl, 'checkout', 'Warning', 30);
  await show(stage, ['get', 'osvc', 'checkout', IN_SHOP, '--output=wide']);
  say(
    'checkout told Baton in a heartbeat that it takes 6.5 s to answer: its pods are ready, and yet it is not Healthy.',
  );
  await sendHeartbeat(kubectl, operator.heartbeats, 'checkout', { response_time: 0.2, source: 'checkout-1' });
  await until(kubectl, 'checkout', 'Healthy', 60);
  say('It is fast again, and Healthy after its rise time.');
}

async function failure(stage: Stage): Promise<void> {
  const { kubectl, operator, say } = stage;
  say('A bad change is rolled out to payments: it asks for a node that does not exist.');
  const patch = { spec: { template: { spec: { nodeSelector: { 'example.com/pool': 'no-such-pool' } } } } };
  await kubectl(['patch', 'deployment', 'payments', IN_SHOP, `--patch=${JSON.stringify(patch)}`]);
  const payments = await until(kubectl, 'payments', 'Failed', 60);
  await untilCondition(kubectl, 'checkout', 'DependenciesReady', 'False', 30);
  await show(stage, ['get', 'osvc', IN_SHOP]);
  expect(payments.status?.score === 0, 'payments has no pod that is ready, so its score is 0');
  say('payments is Failed; checkout, which needs it, says so before anybody asks.');
  await show(stage, ['describe', 'osvc', 'payments', IN_SHOP]);
  say('The conditions, signals and Events say what happened, why, and what to do.');
  const metrics = await fetch(operator.metrics).then((response) => response.text());
  const lines = metrics.split('\n').filter((line) => MATTERS.test(line));
  expect(
    lines.some((line) => line.endsWith('level="Failed"} 1')),
    '/metrics says that payments is Failed',
  );
  stage.show(`curl ${operator.metrics}`, lines.join('\n'));
  say('The same in Prometheus metrics.');
}

const MATTERS =
  /^(baton_service_health_score|baton_service_ready_pods|baton_service_health|baton_error_budget_remaining_ratio|baton_services)\{(.*service="payments"(,level="Failed"|,objective="availability")?|level="(Failed|Healthy)")\}/;

async function recovery(stage: Stage): Promise<void> {
  const { kubectl, say } = stage;
  say('The change is undone: kubectl rollout undo deployment/payments.');
  await kubectl(['rollout', 'undo', 'deployment/payments', IN_SHOP]);
  const payments = await until(kubectl, 'payments', 'Healthy', 90);
  await untilCondition(kubectl, 'checkout', 'DependenciesReady', 'True', 30);
  await show(stage, ['get', 'osvc', IN_SHOP, '--output=wide']);
  const { uptime, objectives } = payments.status ?? {};
  expect(uptime?.state === 'Up' && uptime.down !== '0s', 'the time that payments was down is kept');
  const budget = objectives?.[0]?.budgetRemaining;
  say(`payments is Healthy again. It was down for ${uptime?.down}; ${budget} of its error budget for 30 days is left.`);
}
