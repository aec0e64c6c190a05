import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { windowsXmlDecoder } from './windows-xml.ts';

const SYSTEM =
  '<System><Provider Name="Linux-Sysmon" Guid="{ff032593-a8d3-4f13-b0d6-01fc615a0f97}"/><EventID>1</EventID><Version>5</Version>' +
  '<TimeCreated SystemTime="2024-05-06T07:08:09.123456000Z"/><Correlation/><Execution ProcessID="41" ThreadID="42"/>' +
  '<Channel>Linux-Sysmon/Operational</Channel><Computer>web-1</Computer></System>';
const event = (data: string): string => `<Event xmlns="urn:x">${SYSTEM}<EventData>${data}</EventData></Event>`;

function decode(text: string, maxDepth = 64) {
  const bytes = Buffer.from(text);
  expect(windowsXmlDecoder.recognises(bytes, 0, bytes.length)).toBe(true);
  return windowsXmlDecoder.decode(bytes, 0, bytes.length, { maxDepth });
}

describe('windows events in XML', () => {
  it('become what converters of EVTX files write', () => {
    const line = `${event('<Data Name="Image">/usr/bin/id</Data><Data Name="User">root</Data>')}\r`;
    expect(decode(`May  6 07:08:09 web-1 sysmon: ${line}`)).toEqual({
      events: [
        {
          message: 'May  6 07:08:09 web-1 sysmon:',
          Event: {
            '#attributes': { xmlns: 'urn:x' },
            System: {
              Provider: { '#attributes': { Name: 'Linux-Sysmon', Guid: '{ff032593-a8d3-4f13-b0d6-01fc615a0f97}' } },
              EventID: '1',
              Version: '5',
              TimeCreated: { '#attributes': { SystemTime: '2024-05-06T07:08:09.123456000Z' } },
              Correlation: '',
              Execution: { '#attributes': { ProcessID: '41', ThreadID: '42' } },
              Channel: 'Linux-Sysmon/Operational',
              Computer: 'web-1',
            },
            EventData: { Image: '/usr/bin/id', User: 'root' },
          },
        },
      ],
    });
  });

  it('give references back as characters, and leave other ampersands alone', () => {
    const { events } = decode(event('<Data Name="a">&lt;&#x41;&#66;&amp;amp; &nbsp; &#x110000; &</Data>'));
    expect(events[0]).toMatchObject({ Event: { EventData: { a: '<AB&amp; &nbsp; &#x110000; &' } } });
  });

  it('keep data without a name, data that say more than a name, and what stands twice', () => {
    const data =
      '<Data>one</Data><Data>two</Data><Data Name="n" Type="t">three</Data><Data Name="m">4</Data><Data Name="m">5</Data>';
    expect(decode(event(data)).events[0]).toMatchObject({
      Event: {
        EventData: {
          Data: ['one', 'two', { '#attributes': { Name: 'n', Type: 't' }, '#text': 'three' }],
          m: ['4', '5'],
        },
      },
    });
  });

  it('take names as names', () => {
    const [fields] = decode(event('<Data Name="__proto__">x</Data><Data Name="constructor">y</Data>')).events;
    const data = ((fields?.['Event'] ?? {}) as Record<string, object>)['EventData'] ?? {};
    expect([Object.keys(data), Object.getPrototypeOf(data)]).toEqual([['__proto__', 'constructor'], null]);
  });

  it.each([
    ['cut off inside', event('').replace('</System>', '')],
    ['a comment', event('<!-- x --><Data Name="a">b</Data>')],
    ['a section', event('<Data Name="a"><![CDATA[b]]></Data>')],
    ['an attribute without quotes', event('<Data Name=a>b</Data>')],
    ['an attribute twice', event('<Data Name="a" Name="c">b</Data>')],
    ['two events', event('') + event('')],
  ])('are searched as text when there is %s', (_what, text) => {
    expect(decode(text)).toEqual({ events: [{ message: text }], problem: 'DATA_BAD_XML' });
  });

  it('are searched as text when they nest too deeply', () => {
    const nested = `${'<a>'.repeat(5000)}${'</a>'.repeat(5000)}`;
    expect(decode(event(nested)).problem).toBe('DATA_BAD_XML');
    expect(decode(event('<a><b>c</b></a>'), 5).problem).toBe('DATA_BAD_XML');
    expect(decode(event('<a><b>c</b></a>'), 6).problem).toBeUndefined();
  });

  it('are told from other lines', () => {
    for (const text of [
      '<Events>x</Event>',
      'x </Event>',
      '<Event>x',
      '<event>x</event>',
      `${'x'.repeat(600)}<Event></Event>`,
    ]) {
      const bytes = Buffer.from(text);
      expect(windowsXmlDecoder.recognises(bytes, 0, bytes.length)).toBe(false);
    }
  });

  it('hold any text that was escaped, and never throw', () => {
    const escaped = (text: string): string => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        const [fields] = decode(event(`<Data Name="v">${escaped(value)}</Data>`)).events;
        expect(fields).toMatchObject({ Event: { EventData: { v: value.trim() } } });
      }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('<', '>', '/', '"', '=', ' ', 'a', '<Data', 'Name="x"', '</Data>', '&', '<!--')),
        (parts) => {
          expect(decode(event(parts.join(''))).events).toHaveLength(1);
        },
      ),
    );
  });
});
