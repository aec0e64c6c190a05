/**
 * ATT&CK from Sigma tags (`attack.t1059.001`, `attack.defense-evasion`, `attack.g0016`; Sigma tags appendix) and from kill-chain
 * phases of STIX (`mitre-attack`): to the `threat` fields of ECS. Tactics are named as ATT&CK writes them ("Command and Control"),
 * so that both spellings and both sources give one name.
 */
import type { Alert } from '../core/alert.ts';
import type { KillChainPhase } from '../core/indicator.ts';

type AttackFields = Pick<NonNullable<Alert['threat']>, 'framework' | 'technique' | 'tactic' | 'group' | 'software'>;

const ATTACK_CHAINS = new Set(['mitre-attack', 'mitre-mobile-attack', 'mitre-ics-attack']);

export function attackFields(tags: readonly string[], phases: readonly KillChainPhase[]): AttackFields {
  const techniques = new Set<string>();
  const tacticIds = new Set<string>();
  const tactics = new Set<string>();
  const groups = new Set<string>();
  const software = new Set<string>();
  for (const tag of tags) {
    const name = /^attack\.(.+)$/i.exec(tag)?.[1]?.toLowerCase();
    if (name === undefined) continue;
    if (/^t\d{4}(\.\d{3})?$/.test(name)) techniques.add(name.toUpperCase());
    else if (/^ta\d{4}$/.test(name)) tacticIds.add(name.toUpperCase());
    else if (/^g\d{4}$/.test(name)) groups.add(name.toUpperCase());
    else if (/^s\d{4}$/.test(name)) software.add(name.toUpperCase());
    else if (/^[a-z]+([-_][a-z]+)*$/.test(name)) tactics.add(tacticName(name));
  }
  for (const { chain, phase } of phases)
    if (ATTACK_CHAINS.has(chain.toLowerCase())) tactics.add(tacticName(phase.toLowerCase()));

  const fields: { -readonly [Key in keyof AttackFields]: AttackFields[Key] } = {};
  if (techniques.size > 0) fields.technique = { id: [...techniques] };
  if (tactics.size > 0 || tacticIds.size > 0)
    fields.tactic = {
      ...(tacticIds.size > 0 && { id: [...tacticIds] }),
      ...(tactics.size > 0 && { name: [...tactics] }),
    };
  if (groups.size > 0) fields.group = { id: [...groups] };
  if (software.size > 0) fields.software = { id: [...software] };
  if (Object.keys(fields).length > 0) fields.framework = 'MITRE ATT&CK';
  return fields;
}

function tacticName(name: string): string {
  return name
    .split(/[-_]/)
    .map((word) => (word === 'and' ? word : word.charAt(0).toUpperCase() + word.slice(1)))
    .join(' ');
}
