/** The objects of an e-mail: the message, and the addresses of who sent it and who was sent it. */
import { type Condition, field, list, type ObjectTemplate, type PropertySource, ref } from '../mapping.ts';

export interface MailFields {
  readonly from: readonly string[];
  /** Where it is told apart from the author. */
  readonly sender?: readonly string[];
  readonly to: readonly string[];
  readonly cc: readonly string[];
  /** Further properties of the message: subject, date, … */
  readonly more: Readonly<Record<string, PropertySource>>;
  /** Of the message; without it the addresses stand for themselves. */
  readonly when?: readonly Condition[];
}

export function mailObjects({ from, sender, to, cc, more, when }: MailFields): readonly ObjectTemplate[] {
  const each = (id: string, names: readonly string[]): ObjectTemplate => ({
    ...{ id, type: 'email-addr', each: list('email', ...names), properties: { value: { each: true, as: 'email' } } },
  });
  const one = (id: string, names: readonly string[]): ObjectTemplate => ({
    ...{ id, type: 'email-addr', properties: { value: field('email', ...names) } },
  });
  return [
    {
      id: 'mail',
      type: 'email-message',
      existsWith: ['mail-from', 'mail-to'],
      properties: {
        from_ref: ref('mail-from'),
        ...(sender !== undefined && { sender_ref: ref('mail-sender', 'mail-from') }),
        to_refs: { refs: ['mail-to'] },
        cc_refs: { refs: ['mail-cc'] },
        ...more,
      },
      ...(when !== undefined && { when }),
    },
    one('mail-from', from),
    ...(sender === undefined ? [] : [one('mail-sender', sender)]),
    each('mail-to', to),
    each('mail-cc', cc),
  ];
}
