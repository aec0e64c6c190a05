import { describe, expect, it } from 'vitest';
import { planInputs } from './input-plans.ts';
import { planOutputs } from '../outputs.ts';

describe('configured inputs and outputs', () => {
  it('take options from the address and from keys beside it', () => {
    const { plans, diagnostics } = planInputs(
      [{ address: 'gelf+tcp://127.0.0.1:1?timezone=Asia/Tokyo', max_record_bytes: 4096 }],
      'Z',
    );
    expect(diagnostics).toEqual([]);
    expect(plans[0]?.address).toMatchObject({
      transport: 'tcp',
      port: 1,
      options: { timezone: 'Asia/Tokyo', max_record_bytes: 4096 },
    });
  });

  it('take the top-level time zone when they have none', () => {
    expect(planInputs(['gelf://127.0.0.1:1'], 'Europe/Berlin').plans[0]?.address.options.timezone).toBe(
      'Europe/Berlin',
    );
  });

  it('have distinct names', () => {
    expect(planInputs(['gelf://127.0.0.1:1', 'gelf://127.0.0.1:1'], 'Z').plans.map((plan) => plan.name)).toEqual([
      'gelf+udp://127.0.0.1:1',
      'gelf+udp://127.0.0.1:1#2',
    ]);
  });

  it('are refused with everything that is wrong', () => {
    const inputs = planInputs(['gelv://x:1', { address: 'gelf://x:1', timezon: 'Z' }], 'Z').diagnostics.map(
      ({ message }) => message,
    );
    expect(inputs[0]).toContain('did you mean "gelf"?');
    expect(inputs[1]).toContain('did you mean "timezone"?');
    expect(planOutputs(['json+udp://127.0.0.1:1?format=stix-sprak']).diagnostics[0]?.message).toContain(
      'did you mean "stix-spark"?',
    );
  });

  it('choose the record shape of STIX Spark for a bare host and port', () => {
    const [plan] = planOutputs(['127.0.0.1:12201']).plans;
    expect([plan?.encoder.name, plan?.address.transport]).toEqual(['stix-spark', 'udp']);
  });
});
