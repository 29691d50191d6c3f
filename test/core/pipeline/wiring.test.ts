import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wantOutput } from '../../../core/pipeline/wiring.js';
import { FakeOutput, metricOf } from '../../support/fake-output.js';
import { AGENT, environment, output } from '../../support/pipeline.js';

test('a batch is as large as the output says, else as suits it, else as the agent says', async () => {
  for (const [own, suitable, expected] of [
    [undefined, undefined, AGENT.metric_batch_size],
    [undefined, 25, 25],
    [undefined, 3, 3],
    [4, 25, 4],
  ]) {
    const [env, plugin] = [environment(), new FakeOutput()];
    const made = output('fake', () => plugin, own === undefined ? {} : { metric_batch_size: own });
    const definition = { ...made.definition, batchSize: () => suitable };
    const running = wantOutput(env, AGENT, { ...made, definition }).build();
    await running.start();
    for (let i = 0; i < 60; i += 1) running.add(metricOf(`m${i}`));
    await env.clock.advance(0);
    assert.equal(plugin.batches[0]?.length, expected);
    await running.stop(0);
  }
});
